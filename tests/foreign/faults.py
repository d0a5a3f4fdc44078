"""Fault rules as a client meets them that nobody here wrote: impacket is refused, reset, cut short and kept waiting.

    faults.py RPC_HOST:PORT CONTROL_URL

The store `default` must be on a manual clock, without sessions, rules and block list. One line per effect; the first
that is not as the rule says ends the program with exit code 1.
"""

from __future__ import annotations

import sys
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, Callable, Dict, List, Tuple, TypeVar

from impacket.dcerpc.v5.rpcrt import DCERPCException

import emsmdb
import pdu
from client import Connection, Fault, Refused, Session, open_session
from control import Store
from story import BLOCKED, StoryFailed, address, expect

WAIT_SECONDS = 60.0
EC_SERVER_BUSY = 0x480
NCA_SERVER_TOO_BUSY = 0x1C010014
SECONDS_LATE = 30

Answer = TypeVar("Answer")


class Site:
    """The store, and impacket's way to it."""

    def __init__(self, rpc: Tuple[str, int], store: Store, pool: ThreadPoolExecutor) -> None:
        self.rpc = rpc
        self.store = store
        self.pool = pool

    def rule(self, stage: str, effect: Dict[str, Any]) -> int:
        """Adds a rule that hits once, at this stage."""
        body = {"match": {"stage": stage}, "effect": effect, "schedule": {"next": 1}}
        return int(self.store.send("POST", "/faults", body)["id"])

    def session(self, process: str = "a.exe") -> Session:
        """A session on a connection of its own, that has logged on."""
        session = open_session(Connection(self.rpc), process)
        session.logon()
        return session

    def during(self, call: Callable[[], Answer], rule: int) -> Future[Answer]:
        """Makes a call, and returns when the rule holds it."""
        future = self.pool.submit(call)
        met = {"event": {"type": "fault.hit", "where": {"fault": rule}, "count": {"at_least": 1}}}
        self.store.send("POST", "/waits", {"after": "1-0", "timeout": "50s", "until": met})
        expect(future.done(), False, "whether a call that is held was answered")
        return future


def ends(call: Callable[[], Any]) -> str:
    """How a call that is not answered ends its connection."""
    try:
        call()
    except ConnectionResetError:
        return "reset"
    except DCERPCException as error:
        # What impacket makes of a reset that comes while it connects.
        return "reset" if "Connection reset by peer" in str(error) else str(error)
    except pdu.Closed:
        return "closed"
    raise StoryFailed("the call was answered")


def refuse(site: Site) -> None:
    """a connection is refused with a reset, whose client knows at once or by its bind"""
    site.rule("accept", {"refuse": True})
    expect(ends(partial(Connection, site.rpc)), "reset", "the bind")
    Connection(site.rpc).close()


def reset(site: Site) -> None:
    """a call is answered with a reset, and the session is gone with it"""
    session = site.session()
    site.rule("rpc", {"reset": True})
    expect(ends(session.logon), "reset", "RopLogon")


def close_inside(site: Site) -> None:
    """the connection is closed inside the answer"""
    session = site.session()
    site.rule("rpc", {"close_after": 20})
    expect(ends(session.logon), "closed", "RopLogon")


def rpc_fault(site: Site) -> None:
    """a connect is answered with a fault, and the next one is granted"""
    connection = Connection(site.rpc)
    site.rule("connect", {"rpc_fault": "nca_s_server_too_busy"})
    try:
        open_session(connection, "a.exe")
    except Fault as fault:
        expect(fault.body.status, NCA_SERVER_TOO_BUSY, "the fault")
    else:
        raise StoryFailed("the connect was answered")
    open_session(connection, "a.exe").disconnect()
    connection.close()


def code(site: Site) -> None:
    """a connect is refused with the rule's code"""
    connection = Connection(site.rpc)
    site.rule("connect", {"ec": "ecServerBusy"})
    try:
        open_session(connection, "a.exe")
    except Refused as refused:
        expect(refused.code, EC_SERVER_BUSY, "the code")
    else:
        raise StoryFailed("the connect was granted")
    connection.close()


def late_process_block(site: Site) -> None:
    """a listed program whose process block comes late is let in, and cut off by the call that it comes with"""
    site.store.block(BLOCKED)
    site.store.advance("15m")
    site.rule("connect", {"late_aux": "next_call"})
    session = open_session(Connection(site.rpc), BLOCKED)
    expect([shown["process"] for shown in site.store.sessions()], [None], "programs before the call")
    try:
        session.logon()
    except Refused as refused:
        expect(refused.code, emsmdb.EC_CLIENT_VER_DISALLOWED, "the code")
    else:
        raise StoryFailed("RopLogon was answered")
    session.connection.closes_silently()
    site.store.unblock()
    site.store.advance("15m")


def latency(site: Site) -> None:
    """an answer is late by store time, not by the clock on the wall"""
    session = site.session()
    rule = site.rule("rpc", {"latency": f"{SECONDS_LATE}s"})
    answer = site.during(session.logon, rule)
    site.store.advance(f"{SECONDS_LATE - 1}s")
    expect(answer.done(), False, "whether a second too early it was answered")
    site.store.advance("1s")
    expect(answer.result(WAIT_SECONDS).code, emsmdb.EC_NONE, "RopLogon")
    session.disconnect()
    session.connection.close()


def slow_bytes(site: Site) -> None:
    """an answer that comes slowly comes whole"""
    session = site.session()
    rule = site.rule("rpc", {"slow_bytes": {"bytes": 16, "per": "1s"}})
    answer = site.during(session.logon, rule)
    site.store.advance("1h")
    expect(answer.result(WAIT_SECONDS).code, emsmdb.EC_NONE, "RopLogon")
    session.disconnect()
    session.connection.close()


def hang(site: Site) -> None:
    """a call that hangs goes on when its rule is taken away"""
    session = site.session()
    rule = site.rule("rpc", {"hang": True})
    answer = site.during(session.logon, rule)
    site.store.send("DELETE", f"/faults/{rule}")
    expect(answer.result(WAIT_SECONDS).code, emsmdb.EC_NONE, "RopLogon")
    session.disconnect()
    session.connection.close()


EFFECTS: List[Callable[[Site], None]] = [
    refuse,
    reset,
    close_inside,
    rpc_fault,
    code,
    late_process_block,
    latency,
    slow_bytes,
    hang,
]


def main(rpc: str, control: str) -> int:
    """The command line."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        site = Site(address(rpc), Store(control), pool)
        for effect in EFFECTS:
            try:
                effect(site)
            except Exception as failure:
                print(f"not ok {effect.__doc__}: {type(failure).__name__}: {failure}", file=sys.stderr)
                return 1
            print(f"ok {effect.__doc__}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
