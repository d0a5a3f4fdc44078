"""impacket authenticates with NTLM, at every level and in both versions, and is refused and cut off like anybody.

    authenticated.py RPC_HOST:PORT CONTROL_URL

The store `default` must be on a manual clock, without sessions, users, or a block list; its domain is EXSTORE. Then, with
what impacket has and no well-behaved client would use: several users on one connection, fragments and
signatures that were changed on their way, calls sent twice. Prints `ok ...` lines; the first thing that does not hold
goes to standard error, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import sys
import traceback
from typing import Callable, List, Tuple

from impacket.dcerpc.v5.rpcrt import (
    RPC_C_AUTHN_LEVEL_CALL,
    RPC_C_AUTHN_LEVEL_CONNECT,
    RPC_C_AUTHN_LEVEL_PKT,
    RPC_C_AUTHN_LEVEL_PKT_INTEGRITY,
    RPC_C_AUTHN_LEVEL_PKT_PRIVACY,
)

import buffers
import client
import emsmdb
import pdu
import scenes
from client import Connection, Fault, Login, Refused, Session
from control import Store
from scenes import Account, Kind, Outcome, expect
from story import address

Server = Tuple[str, int]

LEVELS = {
    "connect": RPC_C_AUTHN_LEVEL_CONNECT,
    "call": RPC_C_AUTHN_LEVEL_CALL,
    "packet": RPC_C_AUTHN_LEVEL_PKT,
    "integrity": RPC_C_AUTHN_LEVEL_PKT_INTEGRITY,
    "privacy": RPC_C_AUTHN_LEVEL_PKT_PRIVACY,
}


class Signed(int):
    """A level at which impacket leaves the verifier out, though the level has one: it signs as for integrity."""

    def __eq__(self, other: object) -> bool:
        return int(self) == other or other == RPC_C_AUTHN_LEVEL_PKT_INTEGRITY

    __hash__ = int.__hash__


def signing(level: int) -> int:
    """A level, with which impacket signs when the level asks for it."""
    return Signed(level) if level in (RPC_C_AUTHN_LEVEL_CALL, RPC_C_AUTHN_LEVEL_PKT) else level


class Impacket:
    """A client of the scenes."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def connect(self, dn: bytes, version: Tuple[int, int, int], process: str) -> Outcome:
        """EcDoConnectEx."""
        request = emsmdb.connect_ex_request(dn, version, buffers.connect_aux(process))
        return outcome(lambda: ("handle", client.granted(self.connection.call(request))))

    def logon(self, handle: bytes) -> Outcome:
        """RopLogon."""
        return outcome(lambda: code_of(Session(self.connection, handle).logon().code))

    def disconnect(self, handle: bytes) -> Outcome:
        """EcDoDisconnect."""
        Session(self.connection, handle).disconnect()
        return scenes.OK

    def ended(self) -> Outcome:
        """The end of the connection, and no byte before."""
        self.connection.closes_silently()
        return scenes.CLOSED

    def close(self) -> None:
        """Ends the connection."""
        self.connection.close()


def outcome(call: Callable[[], Outcome]) -> Outcome:
    """What a call comes to."""
    try:
        return call()
    except Refused as refused:
        return ("code", refused.code)
    except Fault as fault:
        return ("fault", fault.body.status)
    except pdu.Closed:
        return scenes.CLOSED


def code_of(code: int) -> Outcome:
    """A ROP's return value."""
    return scenes.OK if code == 0 else ("code", code)


def kinds(rpc: Server) -> List[Kind]:
    """impacket's clients: each level with each version of NTLM."""

    def kind(name: str, level: int, ntlmv2: bool) -> Kind:
        def make(who: Account) -> Impacket:
            login = Login(who.user, who.password, signing(level), who.domain, ntlmv2)
            return Impacket(Connection(rpc, login=login))

        version = "NTLMv2" if ntlmv2 else "NTLMv1 with extended session security"
        return Kind(f"impacket, {version}, {name}", level, make)

    return [kind(name, level, ntlmv2) for name, level in LEVELS.items() for ntlmv2 in (True, False)]


def login_of(level: int, user: str = scenes.USER) -> Login:
    """A user with the right password."""
    return Login(user, scenes.USERS[user], level)


def session_of(connection: Connection, user: str = scenes.USER) -> Session:
    """A user's session."""
    return Session(connection, scenes.opened(Impacket(connection), scenes.ALLOWED, user))


def unsigned_calls(rpc: Server, _store: Store) -> None:
    """a call without the verifier that its level asks for is a fault, and closed"""
    for level in (RPC_C_AUTHN_LEVEL_CALL, RPC_C_AUTHN_LEVEL_PKT):
        connection = Connection(rpc, login=login_of(level))
        expect(dummy(connection), scenes.FAULT_ACCESS_DENIED, f"a call without a verifier at level {level}")
        connection.closes_silently()
        connection.close()


def dummy(connection: Connection) -> Outcome:
    """EcDummyRpc."""
    return outcome(lambda: code_of(connection.dummy()))


def anonymous_clients(rpc: Server, store: Store) -> None:
    """a client that does not authenticate is let in, unless the store does not want any"""
    connection = Connection(rpc)
    anonymous = Impacket(connection)
    session_of(connection).disconnect()
    store.send("PATCH", "", {"anonymous": False})
    try:
        refused = anonymous.connect(client.DN, client.OUTLOOK_2003, scenes.ALLOWED)
        expect((refused, scenes.refusal(store)), (scenes.EC_ACCESS_DENIED, "anonymous"), "an anonymous client")
        known = Connection(rpc, login=login_of(RPC_C_AUTHN_LEVEL_CONNECT))
        session_of(known).disconnect()
        known.close()
    finally:
        store.send("PATCH", "", {"anonymous": True})
    connection.close()


def several_users(rpc: Server, store: Store) -> None:
    """one connection carries an anonymous client and two users, each with its own calls and sessions"""
    nobody = Connection(rpc)
    jane = nobody.beside(login_of(RPC_C_AUTHN_LEVEL_PKT_PRIVACY))
    bob = jane.beside(login_of(RPC_C_AUTHN_LEVEL_PKT_INTEGRITY, scenes.OTHER))
    sessions = [session_of(jane), session_of(bob, scenes.OTHER), session_of(nobody)]
    wanted = [(scenes.ALLOWED, user) for user in (scenes.USER, scenes.OTHER, None)]
    found = [(each["process"], each["user"]) for each in store.sessions()]
    expect(sorted(found, key=str), sorted(wanted, key=str), "the sessions")
    for _ in range(3):
        for session in sessions:
            expect(session.logon().code, 0, "a logon in turn")
    for session, other in ((sessions[0], bob), (sessions[1], nobody), (sessions[2], jane)):
        used = outcome(lambda session=session, other=other: code_of(session.on(other).logon().code))
        expect(used, scenes.FAULT_ACCESS_DENIED, "a call on another user's session")
    for session in sessions:
        session.disconnect()
    nobody.close()


def fragments(rpc: Server, _store: Store) -> None:
    """a connect and a logon in fragments are checked, and opened, fragment by fragment"""
    for level in LEVELS.values():
        connection = Connection(rpc, login=login_of(signing(level)))
        connection.rpc.set_max_fragment_size(24)
        session = session_of(connection)
        expect(session.logon().code, 0, "a logon in fragments")
        session.disconnect()
        connection.close()


Change = Callable[[bytes], bytes]


def flip(place: int, bit: int = 1) -> Change:
    """Turns a bit of a PDU over."""

    def change(data: bytes) -> bytes:
        at = place % len(data)
        return data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :]

    return change


# Places in a request with a verifier of 16 bytes at its end; a call's number starts at byte 12, its opnum at 22.
TAMPERED = {
    "the call's number": flip(12, 0x40),
    "the hint": flip(16),
    "the opnum": flip(22, 0x0D),
    "the first byte of the stub": flip(24),
    "the padding": flip(-25),
    "the version of the signature": flip(-16),
    "the first byte of the checksum": flip(-12),
    "the last byte of the checksum": flip(-5),
    "the sequence number": flip(-4),
}


def tampered_calls(rpc: Server, store: Store) -> None:
    """a request that was changed on its way is a fault that blames the security package, and closed"""
    for name, change in TAMPERED.items():
        for level in list(LEVELS.values())[1:]:
            connection = Connection(rpc, login=login_of(signing(level)))
            session = session_of(connection)
            connection.transport.on_its_way = change
            used = outcome(lambda session=session: code_of(session.logon().code))
            expect(used, scenes.FAULT_SEC_PKG_ERROR, f"{name} changed at level {level}")
            connection.closes_silently()
            connection.close()
    expect(scenes.shown(store), [], "the sessions of those connections")


def replayed_calls(rpc: Server, _store: Store) -> None:
    """a request that comes again, or before the one that is due, is a fault, and closed"""
    for level in list(LEVELS.values())[1:]:
        connection = Connection(rpc, login=login_of(signing(level)))
        expect(dummy(connection), scenes.OK, "a call")
        again = connection.transport.last_sent
        connection.transport.on_its_way = lambda _data, again=again: again
        expect(dummy(connection), scenes.FAULT_SEC_PKG_ERROR, f"the same call again at level {level}")
        connection.closes_silently()
        connection.close()


MORE: List[Callable[[Server, Store], None]] = [
    unsigned_calls,
    anonymous_clients,
    several_users,
    fragments,
    tampered_calls,
    replayed_calls,
]


def run(rpc: Server, store: Store) -> None:
    """Everything."""
    scenes.add_users(store)
    scenes.play(store, kinds(rpc))
    for each in MORE:
        try:
            each(rpc, store)
        except Exception as failure:
            raise scenes.SceneFailed(f"{each.__doc__}: {type(failure).__name__}: {failure}") from failure
        print(f"ok {each.__doc__}", flush=True)


def main(arguments: List[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Has impacket authenticate to a running exstore.")
    parser.add_argument("rpc", type=address, help="HOST:PORT of the store's RPC listener")
    parser.add_argument("control", help="base URL of the control plane, such as http://127.0.0.1:8135")
    options = parser.parse_args(arguments)
    try:
        run(options.rpc, Store(options.control))
    except scenes.SceneFailed as failed:
        print(f"not ok {failed}", file=sys.stderr)
        return 1
    except Exception:
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
