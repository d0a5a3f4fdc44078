"""What no well-behaved client would send, and what a server must make of it.

    hostile.py RPC_HOST:PORT [CONTROL_URL]

Expected outcomes: [C706] 12.6.3 and chapter 14, [MS-RPCE] 3.3.1.5, [MS-OXCRPC] 3.1.4.1, and what Windows was
seen to do where those leave it open. With the control URL the rows about process names also look up what name
the server made out; the store must have no block list and no other sessions. Prints `ok NAME` for each row;
the first that does not hold is shown with both sides, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import socket
import struct
import sys
from typing import Any, Callable, List, NamedTuple, Optional, Tuple
from unittest.mock import ANY

from impacket import ntlm
from impacket.uuid import uuidtup_to_bin

import buffers
import client
import emsmdb
import pdu
from client import Connection, Refused, Session, open_session_with
from control import Store
from story import address

UNKNOWN_INTERFACE = uuidtup_to_bin(("deadbeef-0000-1111-2222-333344445555", "1.0"))
LARGEST_FRAGMENT = 5840
PROCESS = "mdl.exe"

Outcome = Tuple[Any, ...]

GONE: Outcome = ("closed",)


class Row(NamedTuple):
    """A case: what it is called, what it does, and how that must end."""

    name: str
    act: Callable[[Server], List[Outcome]]
    wanted: List[Outcome]


class Server(NamedTuple):
    """The server under test."""

    rpc: Tuple[str, int]
    store: Optional[Store]

    def dial(self) -> socket.socket:
        """A raw connection."""
        return socket.create_connection(self.rpc, timeout=client.WAIT_SECONDS)

    def bound(self) -> socket.socket:
        """A raw connection that has bound EMSMDB as context 0."""
        connection = self.dial()
        connection.sendall(pdu.bind(emsmdb.INTERFACE))
        if pdu.bind_ack_of(pdu.receive(connection)).results != [(0, 0)]:
            raise pdu.BadPdu("EMSMDB was not accepted")
        return connection

    def names(self) -> List[Optional[str]]:
        """The process name of each session, as far as the control plane can be asked."""
        return [] if self.store is None else [session["process"] for session in self.store.sessions()]


def outcome(connection: socket.socket) -> Outcome:
    """The next thing that the server does, in words."""
    try:
        answer = pdu.receive(connection)
    except (pdu.Closed, ConnectionResetError):
        return GONE
    if answer.kind == pdu.FAULT:
        fault = pdu.fault_of(answer)
        executed = "not executed" if fault.did_not_execute else "executed"
        return ("fault", f"{fault.status:08X}", executed, f"context {fault.context}", f"call {answer.call_id}")
    if answer.kind == pdu.BIND_ACK:
        return ("bind_ack", pdu.bind_ack_of(answer).results)
    if answer.kind == pdu.BIND_NAK:
        return ("bind_nak", pdu.bind_nak_reason(answer))
    return ("pdu", answer.kind, answer.raw[24:].hex(), f"call {answer.call_id}")


def fault(status: int, executed: Any = ANY, context: int = 0, call_id: int = 2) -> Outcome:
    """A fault, as `outcome` words it; where nothing says whether the call counts as executed, either will do."""
    words = ANY if executed is ANY else "executed" if executed else "not executed"
    return ("fault", f"{status:08X}", words, f"context {context}", f"call {call_id}")


DUMMY_CALL = 77
ALIVE: Outcome = ("pdu", pdu.RESPONSE, "00000000", f"call {DUMMY_CALL}")


def dummy(connection: socket.socket) -> Outcome:
    """EcDummyRpc on a raw connection: whether it still serves."""
    connection.sendall(pdu.request(6, b"", call_id=DUMMY_CALL))
    return outcome(connection)


def alive(server: Server) -> Outcome:
    """EcDummyRpc on a new connection: whether the server still serves."""
    with server.bound() as connection:
        return dummy(connection)


def kerberos_bind(server: Server) -> List[Outcome]:
    """A bind that asks for Kerberos, which is not offered; what the token is makes no difference."""
    token = ntlm.getNTLMSSPType1("", "", signingRequired=True).getData()
    trailer = struct.pack("<BBBBI", 16, 2, 0, 0, 79231)
    with server.dial() as connection:
        connection.sendall(pdu.bind(emsmdb.INTERFACE, auth=trailer + token))
        return [outcome(connection), alive(server)]


def unknown_interface(server: Server) -> List[Outcome]:
    """A bind to what isn't there, and a call on the context that it did not get."""
    with server.dial() as connection:
        connection.sendall(pdu.bind(UNKNOWN_INTERFACE))
        first = outcome(connection)
        connection.sendall(pdu.request(0, b"", call_id=DUMMY_CALL))
        return [first, outcome(connection)]


def answered_in_place(data: bytes) -> Callable[[Server], List[Outcome]]:
    """Bytes that get an answer, on a connection that must go on."""

    def act(server: Server) -> List[Outcome]:
        with server.bound() as connection:
            connection.sendall(data)
            return [outcome(connection), dummy(connection)]

    return act


def answered_and_closed(*parts: bytes) -> Callable[[Server], List[Outcome]]:
    """Bytes that get an answer, after which the connection ends and the server goes on."""

    def act(server: Server) -> List[Outcome]:
        with server.bound() as connection:
            for part in parts:
                connection.sendall(part)
            return [outcome(connection), outcome(connection), alive(server)]

    return act


def thrown_at(data: bytes) -> Callable[[Server], List[Outcome]]:
    """Bytes on a connection that never bound: it ends, with or without an answer, and the server goes on."""

    def act(server: Server) -> List[Outcome]:
        with server.dial() as connection:
            connection.sendall(data)
            last = outcome(connection)
            while last != GONE:
                last = outcome(connection)
            return [last, alive(server)]

    return act


def cut_short(data: bytes, bind_first: bool) -> Callable[[Server], List[Outcome]]:
    """The beginning of a PDU and then the end of the stream: no answer, and the server goes on."""

    def act(server: Server) -> List[Outcome]:
        with server.bound() if bind_first else server.dial() as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            return [outcome(connection), alive(server)]

    return act


def with_aux(aux: bytes, fragment: int = -1) -> Callable[[Server], List[Outcome]]:
    """EcDoConnectEx by impacket with an auxiliary buffer, in fragments if told: who does the server think it is?

    The session is ended, so that the next row finds none. Without a control plane the name is taken as right.
    """

    def act(server: Server) -> List[Outcome]:
        connection = Connection(server.rpc)
        try:
            connection.rpc.set_max_fragment_size(fragment)
            session = open_session_with(connection, aux)
            connection.rpc.set_max_fragment_size(-1)
            return [("connected",), *known_as(server), *ended(session)]
        except Refused as refused:
            return [("refused", f"{refused.code:#x}")]
        except client.Fault as failed:
            return [("fault", f"{failed.body.status:08X}")]
        finally:
            connection.close()

    return act


def known_as(server: Server) -> List[Outcome]:
    """The names that the control plane shows, if there is one."""
    return [] if server.store is None else [("known as", server.names())]


def ended(session: Session) -> List[Outcome]:
    """EcDoDisconnect."""
    session.disconnect()
    return [("disconnected",)]


def connected(name: Optional[str], server: Server) -> List[Outcome]:
    """What `with_aux` must see for a client that is known by a name, or None."""
    shown: List[Outcome] = [] if server.store is None else [("known as", [name])]
    return [("connected",), *shown, ("disconnected",)]


def connect_stub(aux: bytes) -> bytes:
    """The stub of EcDoConnectEx."""
    return bytes(emsmdb.connect_ex_request(client.DN, client.OUTLOOK_2003, aux).getData())


def lying_count(aux_count: int) -> bytes:
    """EcDoConnectEx whose cbAuxIn is not what its array holds."""
    stub = connect_stub(buffers.connect_aux(PROCESS))
    return stub[:-8] + struct.pack("<II", aux_count, emsmdb.AUX_LIMIT)


def protocol_rows() -> List[Row]:
    """Binds, fragments and headers."""
    protocol_error = fault(emsmdb.FAULT_PROTOCOL_ERROR)
    part = pdu.request(10, bytes(32), flags=pdu.FIRST)
    oversized = pdu.request(10, bytes(LARGEST_FRAGMENT - 24 + 8))
    return [
        Row("a bind that asks for Kerberos is refused with reason 8", kerberos_bind, [("bind_nak", 8), ALIVE]),
        Row(
            "an unknown interface is rejected and the connection stays",
            unknown_interface,
            [
                ("bind_ack", [(2, 1)]),
                fault(emsmdb.FAULT_UNKNOWN_INTERFACE, executed=False, call_id=DUMMY_CALL),
            ],
        ),
        Row(
            "opnum 99 is out of range",
            answered_in_place(pdu.request(99, b"")),
            [fault(emsmdb.FAULT_OP_RANGE, executed=False), ALIVE],
        ),
        Row(
            "a context that was never bound is unknown",
            answered_in_place(pdu.request(6, b"", context=9)),
            [fault(emsmdb.FAULT_UNKNOWN_INTERFACE, executed=False), ALIVE],
        ),
        Row("garbage ends the connection", thrown_at(b"GET / HTTP/1.1\r\nHost: exchange\r\n\r\n"), [GONE, ALIVE]),
        Row("bytes of 0xFF end the connection", thrown_at(b"\xff" * 4096), [GONE, ALIVE]),
        Row("a header that is cut short", cut_short(pdu.bind(emsmdb.INTERFACE)[:9], False), [GONE, ALIVE]),
        Row("a bind that is cut short", cut_short(pdu.bind(emsmdb.INTERFACE)[:-1], False), [GONE, ALIVE]),
        Row("a request that is cut short", cut_short(pdu.request(10, connect_stub(b""))[:-1], True), [GONE, ALIVE]),
        Row("a call of which only a fragment came", cut_short(part, True), [GONE, ALIVE]),
        Row(
            "a fragment above 5840 bytes is a protocol error",
            answered_and_closed(oversized),
            [protocol_error, GONE, ALIVE],
        ),
        Row(
            "a middle fragment of no call is a protocol error",
            answered_and_closed(pdu.request(10, bytes(32), flags=0)),
            [protocol_error, GONE, ALIVE],
        ),
        Row(
            "a last fragment of no call is a protocol error",
            answered_and_closed(pdu.request(10, bytes(32), flags=pdu.LAST)),
            [protocol_error, GONE, ALIVE],
        ),
        Row(
            "a first fragment that is repeated is a protocol error",
            answered_and_closed(part, part),
            [protocol_error, GONE, ALIVE],
        ),
    ]


def stub_rows() -> List[Row]:
    """Stubs that are no arguments of the call."""
    bad_stub = fault(emsmdb.FAULT_BAD_STUB_DATA)
    handle = emsmdb.rpc_ext2_request(bytes(4) + b"\x55" * 16, buffers.header_ext(buffers.rop_logon(client.DN)))
    return [
        Row(
            "cbAuxIn above 0x1008 is bad stub data",
            answered_in_place(pdu.request(10, connect_stub(bytes(emsmdb.AUX_LIMIT + 1)))),
            [bad_stub, ALIVE],
        ),
        Row(
            "cbAuxIn above its array is bad stub data",
            answered_in_place(pdu.request(10, lying_count(emsmdb.AUX_LIMIT))),
            [bad_stub, ALIVE],
        ),
        Row("a connect without arguments is bad stub data", answered_in_place(pdu.request(10, b"")), [bad_stub, ALIVE]),
        Row(
            "a connect whose last byte is missing is bad stub data",
            answered_in_place(pdu.request(10, connect_stub(b"")[:-1])),
            [bad_stub, ALIVE],
        ),
        Row(
            "an array of 4 GiB is bad stub data",
            answered_in_place(pdu.request(10, b"\xff" * 64)),
            [bad_stub, ALIVE],
        ),
        Row(
            "a context handle that nobody was given",
            answered_in_place(pdu.request(11, handle.getData())),
            [fault(emsmdb.FAULT_CONTEXT_MISMATCH, executed=True), ALIVE],
        ),
    ]


def aux_rows(server: Server) -> List[Row]:
    """Auxiliary buffers, broken and whole: none of them fails a connect."""
    named = buffers.process_info(PROCESS)
    blocks = buffers.client_info(buffers.ClientInfo()) + named
    nobody, somebody = connected(None, server), connected(PROCESS, server)
    cut = connect_stub(buffers.connect_aux(PROCESS)).index(PROCESS.encode("utf-16-le")) + 5
    rows = [
        ("RPC_HEADER_EXT of version 7", buffers.header_ext(blocks, version=7), nobody),
        ("RPC_HEADER_EXT longer than the buffer", buffers.header_ext(blocks, size=len(blocks) + 1), nobody),
        ("RPC_HEADER_EXT cut short", buffers.header_ext(blocks)[:7], nobody),
        ("an empty auxiliary buffer", b"", nobody),
        ("RPC_HEADER_EXT and no block", buffers.header_ext(b""), nobody),
        ("garbage instead of blocks", buffers.header_ext(b"\xde\xad\xbe\xef" * 16), nobody),
        ("a block longer than the buffer", buffers.header_ext(struct.pack("<HBB", 0x200, 2, 0x0B) + bytes(24)), nobody),
        ("a block of no length", buffers.header_ext(bytes(4) + named), nobody),
        ("an unknown block before the name", buffers.header_ext(buffers.block(9, 0x7F, bytes(8)) + named), somebody),
        ("a name in a version 1 block", buffers.connect_aux(PROCESS, version=1), somebody),
        ("an obfuscated name", buffers.connect_aux(PROCESS, obfuscate=True), somebody),
    ]
    table = [Row(f"{name}: connected", with_aux(aux), wanted) for name, aux, wanted in rows]
    for size in (cut, 17, 8, 1):
        split = with_aux(buffers.connect_aux(PROCESS), size)
        table.append(Row(f"a name split over fragments of {size} bytes: identified", split, somebody))
    return table


def run(server: Server) -> None:
    """All rows. Raises AssertionError at the first that does not hold."""
    for row in protocol_rows() + stub_rows() + aux_rows(server):
        try:
            got = row.act(server)
        except Exception as error:
            got = [(type(error).__name__, str(error))]
        if got != row.wanted:
            raise AssertionError(difference(row, got))
        print(f"ok {row.name}", flush=True)


def difference(row: Row, got: List[Outcome]) -> str:
    """Both sides of a row, step by step."""
    lines = [f"not ok {row.name}"]
    for step in range(max(len(got), len(row.wanted))):
        wanted_step = row.wanted[step] if step < len(row.wanted) else "nothing"
        got_step = got[step] if step < len(got) else "nothing"
        mark = " " if wanted_step == got_step else "!"
        lines.append(f"  {mark} step {step + 1}: expected {wanted_step}")
        lines.append(f"  {mark}         got      {got_step}")
    return "\n".join(lines)


def main(arguments: List[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Throws malformed traffic at a running exstore.")
    parser.add_argument("rpc", type=address, help="HOST:PORT of the store's RPC listener")
    parser.add_argument("control", nargs="?", help="base URL of the control plane, to look up process names")
    options = parser.parse_args(arguments)
    try:
        run(Server(options.rpc, Store(options.control) if options.control else None))
    except AssertionError as failed:
        print(failed, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
