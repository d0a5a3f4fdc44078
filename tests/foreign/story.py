"""The article's story, told by impacket clients against a running server.

    story.py RPC_HOST:PORT CONTROL_URL [--capture FILE]

"Every 15 minutes, the store queries the registry key. If the registry key changes, these changes are
immediately put into effect. If any current open connections are established by using a newly blocked version,
these connections are immediately disconnected. All new connections are blocked if you are using a blocked
version." (Microsoft Knowledge Base article 920185)

The store `default` must be on a manual clock, without sessions and without a block list. One line per step;
the first that does not hold ends the program with exit code 1.
"""

from __future__ import annotations

import argparse
import sys
import traceback
from collections import Counter
from functools import partial
from typing import Any, Callable, Dict, List, Optional, Tuple

import buffers
import capture
import emsmdb
from client import Connection, Fault, Refused, Session, fault_status, open_legacy_session, open_session
from control import Store

BLOCKED = "mdl.exe"
ALLOWED = "OUTLOOK.EXE"
VALUE = "mdl.exe; program2.exe"
POLL_INTERVAL = "15m"


class StoryFailed(Exception):
    """A step did not go as told."""


def expect(actual: Any, wanted: Any, what: str) -> None:
    """The one assertion."""
    if actual != wanted:
        raise StoryFailed(f"{what}: {actual!r}, expected {wanted!r}")


class Story:
    """The clients, and what becomes of them."""

    def __init__(self, rpc: Tuple[str, int], store: Store) -> None:
        self.rpc = rpc
        self.store = store
        self.connections: List[Connection] = []
        self.sessions: Dict[str, Session] = {}

    def connect(self, group: int = 0) -> Connection:
        """A TCP connection bound to EMSMDB, in a group of its own unless one is named."""
        connection = Connection(self.rpc, group)
        self.connections.append(connection)
        return connection

    def open(self, name: str, process: Optional[str], connection: Optional[Connection] = None) -> Session:
        """A session of a process, remembered by a name."""
        session = open_session(connection or self.connect(), process)
        self.sessions[name] = session
        return session

    def expect_logon(self, *names: str) -> None:
        """These sessions work: RopLogon succeeds on each."""
        for name in names:
            answer = self.sessions[name].logon()
            expect(answer.code, emsmdb.EC_NONE, f"{name}'s RopLogon")
            expect(len(answer.response), buffers.LOGON_SUCCESS_SIZE, f"the size of {name}'s RopLogon answer")
            if answer.handle == buffers.NO_OBJECT:
                raise StoryFailed(f"{name}'s logon has no handle")

    def expect_processes(self, *wanted: Optional[str]) -> None:
        """The control plane shows sessions of exactly these processes; None is one without a name."""
        shown = Counter(session["process"] for session in self.store.sessions())
        expect(shown, Counter(wanted), "processes of the sessions shown")

    def advance(self, disconnected: int) -> None:
        """Fifteen minutes pass, in which one poll disconnects so many sessions."""
        answer = self.store.advance(POLL_INTERVAL)
        expect(answer["polls_run"], 1, "polls run in fifteen minutes")
        expect(answer["disconnected"], disconnected, "sessions that the poll disconnected")

    def close(self) -> None:
        """Ends every connection that is left."""
        for connection in self.connections:
            connection.close()


def open_connections(story: Story) -> None:
    """OUTLOOK.EXE, mdl.exe and an old client connect and log on"""
    expect(story.store.sessions(), [], "sessions before the story")
    story.open("outlook", ALLOWED)
    story.open("idle", BLOCKED)
    story.open("alone", BLOCKED)
    story.sessions["old"] = open_legacy_session(story.connect())
    groups = [story.sessions[name].connection.group for name in ("outlook", "idle", "alone", "old")]
    if 0 in groups or len(set(groups)) != len(groups):
        raise StoryFailed(f"association groups are not each their own: {groups}")
    story.expect_logon("outlook", "idle", "alone", "old")
    expect(story.sessions["outlook"].connection.dummy(), 0, "EcDummyRpc")


def open_groups(story: Story) -> None:
    """mdl.exe and OUTLOOK.EXE share an association group: over two connections, and over one"""
    blocked = story.open("two-blocked", BLOCKED)
    allowed = story.open("two-allowed", ALLOWED, story.connect(blocked.connection.group))
    expect(allowed.connection.group, blocked.connection.group, "the group that a second connection joined")
    both = story.connect()
    story.open("one-blocked", BLOCKED, both)
    story.open("one-allowed", ALLOWED, both)
    story.expect_logon("two-blocked", "two-allowed", "one-blocked", "one-allowed")
    answer = blocked.on(allowed.connection).logon()
    expect(answer.code, emsmdb.EC_NONE, "a logon on a handle of the group's other connection")
    story.expect_processes(ALLOWED, ALLOWED, ALLOWED, BLOCKED, BLOCKED, BLOCKED, BLOCKED, None)


def write_value(story: Story) -> None:
    """the value is written, and nothing happens before the poll"""
    story.store.block(VALUE)
    story.expect_logon(*story.sessions)
    story.expect_processes(ALLOWED, ALLOWED, ALLOWED, BLOCKED, BLOCKED, BLOCKED, BLOCKED, None)


def poll_disconnects(story: Story) -> None:
    """fifteen minutes later one poll disconnects the four sessions of mdl.exe"""
    story.advance(disconnected=4)
    story.expect_processes(ALLOWED, ALLOWED, ALLOWED, None)


def idle_clients_are_closed(story: Story) -> None:
    """an idle mdl.exe sees the end of its connection and no byte before; OUTLOOK.EXE and the old client go on"""
    for name in ("idle", "alone"):
        story.sessions.pop(name).connection.closes_silently()
    story.expect_logon("outlook", "old")


def new_connections_are_refused(story: Story) -> None:
    """a new mdl.exe is refused with 0x4DF and no handle, and its connection stays open"""
    connection = story.connect()
    attempts: Dict[str, Callable[[], Session]] = {
        "mdl.exe": lambda: open_session(connection, BLOCKED),
        "mdl.exe in a version 1 block": lambda: open_session(connection, BLOCKED, version=1),
        "mdl.exe, obfuscated": lambda: open_session(connection, BLOCKED, obfuscate=True),
        "MDL.EXE": lambda: open_session(connection, "MDL.EXE"),
        "program2.exe": lambda: open_session(connection, "program2.exe"),
    }
    for name, attempt in attempts.items():
        expect_refused(name, attempt)
        expect(connection.dummy(), 0, f"EcDummyRpc after {name} was refused")
    # 17 is odd and so small that the name's UTF-16 units are cut in two, wherever they stand.
    connection.rpc.set_max_fragment_size(17)
    expect_refused("mdl.exe in fragments of 17 bytes", attempts["mdl.exe"])
    connection.rpc.set_max_fragment_size(-1)
    story.open("newcomer", ALLOWED, connection)
    story.expect_logon("newcomer")


def expect_refused(name: str, attempt: Callable[[], Session]) -> None:
    """A connect is answered with ecClientVerDisallowed and the NULL handle."""
    try:
        attempt()
    except Refused as refused:
        expect(refused.code, emsmdb.EC_CLIENT_VER_DISALLOWED, f"the code for {name}")
        return
    raise StoryFailed(f"{name} was let in")


def old_clients_are_not(story: Story) -> None:
    """a client that sends no name is let in while the list is in force"""
    story.sessions["old newcomer"] = open_legacy_session(story.connect())
    story.open("nameless", None)
    story.expect_logon("old newcomer", "nameless")


def late_name_is_disconnected(story: Story) -> None:
    """a client that names mdl.exe only in a later call gets its answer with no handle, then the end"""
    session = story.open("late", ALLOWED)
    story.expect_logon("late")
    try:
        session.logon(aux=buffers.header_ext(buffers.process_info(BLOCKED)))
    except Refused as refused:
        if refused.code != emsmdb.EC_CLIENT_VER_DISALLOWED:
            raise StoryFailed(f"the code for the late name is {refused.code:#x}") from None
    else:
        raise StoryFailed("the call that named mdl.exe kept its handle")
    del story.sessions["late"]
    session.connection.closes_silently()


def shared_groups_stay(story: Story) -> None:
    """in a shared group the dead handle is answered as NULL once, then faults; the other session goes on"""
    for pair in ("two", "one"):
        dead = story.sessions.pop(f"{pair}-blocked")
        expect_refused(f"the dead handle of the {pair}-connection group", partial(answer_of, dead))
        expect(fault_status(dead), emsmdb.FAULT_CONTEXT_MISMATCH, "the fault for a dead handle")
        expect(dead.connection.dummy(), 0, "EcDummyRpc on the connection of a dead handle")
        story.expect_logon(f"{pair}-allowed")


def answer_of(session: Session) -> Session:
    """Makes a call for the sake of the `Refused` that it raises."""
    session.logon()
    return session


def value_is_deleted(story: Story) -> None:
    """the value is deleted: mdl.exe is refused until the poll, and connects after it"""
    story.store.unblock()
    connection = story.connect()
    expect_refused("mdl.exe before the poll", lambda: open_session(connection, BLOCKED))
    story.advance(disconnected=0)
    story.open("back", BLOCKED, connection)
    story.expect_logon("back")


def clients_disconnect(story: Story) -> None:
    """EcDoDisconnect leaves no handle, and a call on the old one faults"""
    for name in ("outlook", "old", "back"):
        session = story.sessions.pop(name)
        session.disconnect()
        expect(fault_status(session), emsmdb.FAULT_CONTEXT_MISMATCH, f"the fault for {name}'s old handle")
        expect(disconnect_fault(session), emsmdb.FAULT_CONTEXT_MISMATCH, f"the fault for {name}'s second disconnect")
        expect(session.connection.dummy(), 0, f"EcDummyRpc after {name} disconnected")


def disconnect_fault(session: Session) -> int:
    """The fault that EcDoDisconnect on a dead handle is answered with."""
    try:
        session.disconnect()
    except Fault as fault:
        return fault.body.status
    raise StoryFailed("a dead handle was disconnected")


def journal_agrees(story: Story) -> None:
    """the journal and the decisions tell the same story"""
    events = Counter((event["type"], event.get("process")) for event in story.store.events())
    # mdl.exe was refused in three shapes, in fragments, and once more between the deletion and its poll.
    told = {
        ("session.connected", ALLOWED): 5,
        ("session.connected", BLOCKED): 5,
        ("session.refused", BLOCKED): 5,
        ("session.refused", "MDL.EXE"): 1,
        ("session.refused", "program2.exe"): 1,
    }
    for key, count in told.items():
        expect(events[key], count, f"events {key}")
    disconnected = sum(count for (kind, _), count in events.items() if kind == "session.disconnected")
    expect(disconnected, 5, "sessions that the store disconnected: four by the poll, one for its late name")
    if not any(BLOCKED in str(decision) for decision in story.store.decisions()):
        raise StoryFailed("no decision mentions mdl.exe")


STEPS: List[Tuple[str, Callable[[Story], None]]] = [
    ("a", open_connections),
    ("a", open_groups),
    ("b", write_value),
    ("c", poll_disconnects),
    ("d", idle_clients_are_closed),
    ("e", new_connections_are_refused),
    ("e", old_clients_are_not),
    ("f", late_name_is_disconnected),
    ("g", shared_groups_stay),
    ("h", value_is_deleted),
    ("i", clients_disconnect),
    ("j", journal_agrees),
]


def tell(story: Story) -> None:
    """All steps in order. Whatever goes wrong in one is raised as `StoryFailed`, with the step's name."""
    for letter, step in STEPS:
        try:
            step(story)
        except Exception as failure:
            raise StoryFailed(f"({letter}) {step.__doc__}: {type(failure).__name__}: {failure}") from failure
        print(f"ok ({letter}) {step.__doc__}", flush=True)


def run(rpc: Tuple[str, int], control_url: str, capture_file: Optional[str]) -> None:
    """The story, through a recording relay when a capture is wanted, whose file is written whatever happens."""
    relay = capture.Relay(rpc) if capture_file else None
    story = Story(relay.address if relay else rpc, Store(control_url))
    try:
        tell(story)
    finally:
        story.close()
        if relay and capture_file:
            capture.write_pcap(capture_file, relay.finish())


def address(text: str) -> Tuple[str, int]:
    """`HOST:PORT`."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit():
        raise argparse.ArgumentTypeError(f"`{text}` is not HOST:PORT")
    return host.strip("[]"), int(port)


def main(arguments: List[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Tells the article's story to a running exstore.")
    parser.add_argument("rpc", type=address, help="HOST:PORT of the store's RPC listener")
    parser.add_argument("control", help="base URL of the control plane, such as http://127.0.0.1:8135")
    parser.add_argument("--capture", metavar="FILE", help="record the RPC connections as a pcap file")
    options = parser.parse_args(arguments)
    try:
        run(options.rpc, options.control, options.capture)
    except StoryFailed as failed:
        print(f"not ok {failed}", file=sys.stderr)
        return 1
    except Exception:
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
