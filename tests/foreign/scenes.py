"""What a client that authenticates has to meet, whoever wrote it: the scenes that `authenticated.py` and
`samba_authenticated.py` play. The standard library alone, since Samba's interpreter has nothing else.

A scene is given a way to make clients, and a store that has the users of `USERS`, on a manual clock. What becomes of
a call is an `Outcome`: `("handle", bytes)`, `("ok",)`, `("code", number)` beside a NULL handle, `("fault", status)`,
or `("closed",)`.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, NamedTuple, Protocol, Tuple

from control import Store

Outcome = Tuple[Any, ...]

USER = "janedow"
OTHER = "bob"
USERS = {USER: "correct horse battery", OTHER: "another's"}
RECIPIENTS = b"/o=First Organization/ou=First Administrative Group/cn=Recipients/cn="

OUTLOOK_2003 = (0x000B, 0x15E8, 0x0000)
"""11.0.5608.0."""
OUTLOOK_2007 = (0x0C00, 0x91A6, 0x0000)
"""12.0.4518.0."""

BLOCKED = "mdl.exe"
ALLOWED = "OUTLOOK.EXE"
POLL_INTERVAL = "15m"

PRIVACY = 6

EC_ACCESS_DENIED: Outcome = ("code", 0x80070005)
EC_UNKNOWN_USER: Outcome = ("code", 0x000003EB)
EC_CLIENT_VER_DISALLOWED: Outcome = ("code", 0x000004DF)
EC_NOT_ENCRYPTED: Outcome = ("code", 0x00000970)
FAULT_ACCESS_DENIED: Outcome = ("fault", 0x00000005)
FAULT_SEC_PKG_ERROR: Outcome = ("fault", 0x00000721)
FAULT_CONTEXT_MISMATCH: Outcome = ("fault", 0x1C00001A)
OK: Outcome = ("ok",)
CLOSED: Outcome = ("closed",)


class SceneFailed(Exception):
    """Something did not go as told."""


class Account(NamedTuple):
    """Who a client says it is."""

    user: str
    password: str
    domain: str = "EXSTORE"


class Client(Protocol):
    """A connection that has bound EMSMDB as somebody."""

    def connect(self, dn: bytes, version: Tuple[int, int, int], process: str) -> Outcome:
        """EcDoConnectEx."""

    def logon(self, handle: bytes) -> Outcome:
        """RopLogon to the user's mailbox, by EcDoRpcExt2."""

    def disconnect(self, handle: bytes) -> Outcome:
        """EcDoDisconnect."""

    def ended(self) -> Outcome:
        """Waits for the server to close, and says what came before it did."""

    def close(self) -> None:
        """Ends the connection from this side."""


class Kind(NamedTuple):
    """A way to be a client: who wrote it, how it authenticates, at which level."""

    name: str
    level: int
    make: Callable[[Account], Client]
    """Raises `Denied` when the server refuses already the bind."""


class Denied(Exception):
    """A bind was refused."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(str(outcome))
        self.outcome = outcome


def expect(actual: Any, wanted: Any, what: str) -> None:
    """The one assertion."""
    if actual != wanted:
        raise SceneFailed(f"{what}: {actual!r}, expected {wanted!r}")


def distinguished_name(user: str) -> bytes:
    """What a store makes of a name."""
    return RECIPIENTS + user.encode()


def account(user: str = USER) -> Account:
    """A user with the right password."""
    return Account(user, USERS[user])


def add_users(store: Store) -> None:
    """Gives the store its users."""
    for name, password in USERS.items():
        store.send("PUT", f"/users/{name}", {"password": password})


def opened(client: Client, process: str, user: str = USER) -> bytes:
    """The handle of a user's session. Raises when there is none."""
    outcome = client.connect(distinguished_name(user), OUTLOOK_2003, process)
    expect(outcome[0], "handle", f"what {user} gets for {process}, {outcome}")
    handle: bytes = outcome[1]
    return handle


def shown(store: Store) -> List[Tuple[str, str]]:
    """The sessions that the control plane shows: process, and the user who proved to be it."""
    return sorted((each["process"], each["user"]) for each in store.sessions())


def refusal(store: Store) -> Any:
    """Why the last client was refused, by the journal."""
    told = [event for event in store.events() if event["type"] == "session.refused"]
    return told[-1]["refusal"] if told else None


def poll(store: Store, disconnected: int) -> None:
    """Fifteen minutes, in which a poll disconnects so many sessions."""
    answer = store.advance(POLL_INTERVAL)
    expect((answer["polls_run"], answer["disconnected"]), (1, disconnected), "polls, and sessions disconnected")


def is_let_in_and_cut_off(store: Store, kind: Kind) -> None:
    """Two clients log on; the list changes: one is closed, one keeps its connection and loses one handle."""
    alone, both = kind.make(account()), kind.make(account())
    handle, kept = opened(alone, BLOCKED), opened(both, ALLOWED)
    lost = opened(both, BLOCKED)
    for client, each in ((alone, handle), (both, kept), (both, lost)):
        expect(client.logon(each), OK, "a logon")
    wanted = [(ALLOWED, USER), (BLOCKED, USER), (BLOCKED, USER)]
    expect(shown(store), wanted, "the sessions")
    store.block(BLOCKED)
    expect(shown(store), wanted, "the sessions before the poll")
    poll(store, disconnected=2)
    expect(alone.ended(), CLOSED, "what the client without another session sees")
    expect(both.logon(lost), EC_CLIENT_VER_DISALLOWED, "the first call on a handle that was taken away")
    expect(both.logon(lost), FAULT_CONTEXT_MISMATCH, "the second one")
    expect(both.logon(kept), OK, "a logon on the session that stays")
    again = both.connect(distinguished_name(USER), OUTLOOK_2003, BLOCKED)
    expect(again, EC_CLIENT_VER_DISALLOWED, "a new connect of a blocked process")
    store.unblock()
    poll(store, disconnected=0)
    back = opened(both, BLOCKED)
    for each in (back, kept):
        expect(both.disconnect(each), OK, "a disconnect")
    expect(shown(store), [], "the sessions after everything")
    alone.close()
    both.close()


def is_refused_with_bad_credentials(store: Store, kind: Kind) -> None:
    """A wrong password, no password, somebody unknown, an unknown domain: a fault, and no session."""
    events = len(store.events())
    for bad in (
        Account(USER, "wrong"),
        Account(USER, ""),
        Account(USER, USERS[OTHER]),
        Account("nobody", USERS[USER]),
        Account(USER, USERS[USER], "ELSEWHERE"),
    ):
        expect(attempt(kind, bad), FAULT_ACCESS_DENIED, f"what {bad} gets")
    expect((shown(store), len(store.events())), ([], events), "sessions and events of those that were refused")


def attempt(kind: Kind, who: Account) -> Outcome:
    """What becomes of a client that tries to connect, and then of its connection."""
    try:
        client = kind.make(who)
        outcome = client.connect(distinguished_name(USER), OUTLOOK_2003, ALLOWED)
    except Denied as denied:
        return denied.outcome
    expect(client.ended(), CLOSED, f"what {who} sees after that")
    client.close()
    return outcome


def has_its_own_mailbox_alone(store: Store, kind: Kind) -> None:
    """Another's distinguished name is denied, nobody's is unknown, and the connection goes on."""
    client = kind.make(account())
    rows: Dict[str, Tuple[Outcome, str]] = {
        OTHER: (EC_ACCESS_DENIED, "other_user"),
        "nobody": (EC_UNKNOWN_USER, "unknown_user"),
    }
    for name, (code, why) in rows.items():
        expect(client.connect(distinguished_name(name), OUTLOOK_2003, ALLOWED), code, f"{USER} as {name}")
        expect(refusal(store), why, "why, by the journal")
    handle = opened(client, ALLOWED)
    expect(client.disconnect(handle), OK, "a disconnect")
    client.close()


def must_encrypt_where_it_is_asked_to(store: Store, kind: Kind) -> None:
    """A store that wants privacy refuses all else with a code that the client's version knows."""
    store.send("PATCH", "", {"min_auth_level": "privacy"})
    try:
        client = kind.make(account())
        for version, code in ((OUTLOOK_2003, EC_CLIENT_VER_DISALLOWED), (OUTLOOK_2007, EC_NOT_ENCRYPTED)):
            outcome = client.connect(distinguished_name(USER), version, ALLOWED)
            if kind.level == PRIVACY:
                expect(outcome[0], "handle", f"what {version} gets with privacy")
                expect(client.disconnect(outcome[1]), OK, "a disconnect")
            else:
                expect((outcome, refusal(store)), (code, "not_encrypted"), f"what {version} gets without privacy")
        client.close()
    finally:
        store.send("PATCH", "", {"min_auth_level": "none"})


SCENES: List[Callable[[Store, Kind], None]] = [
    is_let_in_and_cut_off,
    is_refused_with_bad_credentials,
    has_its_own_mailbox_alone,
    must_encrypt_where_it_is_asked_to,
]


def play(store: Store, kinds: List[Kind]) -> None:
    """Every scene with every kind of client, a line for each kind."""
    for kind in kinds:
        for scene in SCENES:
            try:
                scene(store, kind)
            except Exception as failure:
                raise SceneFailed(f"{kind.name} {scene.__name__}: {type(failure).__name__}: {failure}") from failure
        print(f"ok {kind.name}", flush=True)
