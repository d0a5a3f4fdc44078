"""DCE/RPC connection-oriented PDUs by hand, for what no well-behaved client would send.

[C706] 12.6 and [MS-RPCE] 2.2.2: the 16-byte common header, bind and request going out; headers, bind
results, refusals and faults coming back. Integers little-endian, NDR20 only.
"""

from __future__ import annotations

import socket
import struct
import uuid
from typing import Iterator, List, NamedTuple, Optional, Tuple

REQUEST, RESPONSE, FAULT, BIND, BIND_ACK, BIND_NAK = 0, 2, 3, 11, 12, 13
ALTER_CONTEXT, ALTER_CONTEXT_RESPONSE, AUTH3 = 14, 15, 16
FIRST, LAST = 0x01, 0x02
DID_NOT_EXECUTE = 0x20
HEADER_SIZE = 16

NDR20 = uuid.UUID("8a885d04-1ceb-11c9-9fe8-08002b104860").bytes_le + struct.pack("<I", 2)


class BadPdu(Exception):
    """Bytes that are not the PDU they should be."""


class Closed(Exception):
    """The peer ended the connection where a PDU was due."""


class Pdu(NamedTuple):
    """A PDU and the header fields that matter."""

    kind: int
    flags: int
    call_id: int
    raw: bytes


def pdu(kind: int, body: bytes, call_id: int = 1, flags: int = FIRST | LAST, auth: bytes = b"") -> bytes:
    """A PDU; `auth` is a security trailer's eight bytes and its token."""
    auth_length = len(auth) - 8 if auth else 0
    total = HEADER_SIZE + len(body) + len(auth)
    head = struct.pack("<BBBBIHHI", 5, 0, kind, flags, 0x10, total, auth_length, call_id)
    return head + body + auth


def bind(interface: bytes, *, group: int = 0, auth: bytes = b"", kind: int = BIND, call_id: int = 1) -> bytes:
    """A bind, or an alter_context, that offers one interface as context 0, with fragments of 5840 bytes."""
    element = struct.pack("<HBB", 0, 1, 0) + interface + NDR20
    body = struct.pack("<HHIBBH", 5840, 5840, group, 1, 0, 0) + element
    return pdu(kind, body, call_id, auth=auth)


def request(
    opnum: int,
    stub: bytes,
    *,
    call_id: int = 2,
    context: int = 0,
    flags: int = FIRST | LAST,
    hint: Optional[int] = None,
) -> bytes:
    """A request, or a fragment of one."""
    alloc_hint = len(stub) if hint is None else hint
    return pdu(REQUEST, struct.pack("<IHH", alloc_hint, context, opnum) + stub, call_id, flags)


def parse(raw: bytes) -> Pdu:
    """Checks the common header of one whole PDU."""
    if len(raw) < HEADER_SIZE:
        raise BadPdu(f"{len(raw)} bytes are no header: {raw.hex()}")
    major, minor, kind, flags, drep, length, _, call_id = struct.unpack_from("<BBBBIHHI", raw)
    if (major, minor, drep) != (5, 0, 0x10) or length != len(raw):
        raise BadPdu(f"version {major}.{minor}, drep {drep:#x}, length {length} of {len(raw)}: {raw.hex()}")
    return Pdu(kind, flags, call_id, raw)


def split(stream: bytes) -> Iterator[Pdu]:
    """The PDUs that a stream is made of, to its last byte."""
    at = 0
    while at < len(stream):
        if at + HEADER_SIZE > len(stream):
            raise BadPdu(f"{len(stream) - at} bytes remain, no header: {stream[at:].hex()}")
        (length,) = struct.unpack_from("<H", stream, at + 8)
        yield parse(stream[at : at + max(length, HEADER_SIZE)])
        at += max(length, HEADER_SIZE)


def receive(connection: socket.socket) -> Pdu:
    """The next PDU; `Closed` when the peer ended the connection before it."""
    head = receive_exactly(connection, HEADER_SIZE)
    (length,) = struct.unpack_from("<H", head, 8)
    return parse(head + receive_exactly(connection, max(length, HEADER_SIZE) - HEADER_SIZE))


def receive_exactly(connection: socket.socket, count: int) -> bytes:
    """So many bytes, and none more."""
    data = b""
    while len(data) < count:
        part = connection.recv(count - len(data))
        if not part:
            raise Closed(f"the connection ended after {len(data)} of {count} bytes")
        data += part
    return data


class Trailer(NamedTuple):
    """The security trailer of a PDU, and the token behind it. [C706] 13.2.6.1, [MS-RPCE] 2.2.2.11"""

    kind: int
    level: int
    padding: int
    context: int
    token: bytes


def trailer(kind: int, level: int, context: int, token: bytes, padding: int = 0) -> bytes:
    """A security trailer and its token, as `pdu` takes them."""
    return struct.pack("<BBBBI", kind, level, padding, 0, context) + token


def trailer_of(answer: Pdu) -> Optional[Trailer]:
    """Takes the end of a PDU apart; None where it is not authenticated."""
    (length,) = struct.unpack_from("<H", answer.raw, 10)
    if length == 0:
        return None
    start = len(answer.raw) - length - 8
    if start < HEADER_SIZE:
        raise BadPdu(f"no room for a token of {length} bytes: {answer.raw.hex()}")
    kind, level, padding, reserved, context = struct.unpack_from("<BBBBI", answer.raw, start)
    if reserved != 0 or start % 4 != 0 or padding > start - HEADER_SIZE:
        raise BadPdu(f"not a security trailer: {answer.raw[start:].hex()}")
    return Trailer(kind, level, padding, context, answer.raw[start + 8 :])


class FaultBody(NamedTuple):
    """What a fault says. [C706] 12.6.4.7"""

    status: int
    context: int
    did_not_execute: bool


def fault_of(answer: Pdu) -> FaultBody:
    """Takes a fault apart; it is 32 bytes long."""
    if answer.kind != FAULT or len(answer.raw) != 32:
        raise BadPdu(f"not a fault of 32 bytes: {answer.raw.hex()}")
    context, _, _, status, _ = struct.unpack_from("<HBBII", answer.raw, 20)
    return FaultBody(status, context, bool(answer.flags & DID_NOT_EXECUTE))


class BindAck(NamedTuple):
    """What a bind_ack says. [C706] 12.6.4.4"""

    max_fragment: int
    group: int
    results: List[Tuple[int, int]]
    """Result and reason of each offered context, in the order of the offers."""


def bind_ack_of(answer: Pdu) -> BindAck:
    """Takes a bind_ack apart."""
    if answer.kind != BIND_ACK:
        raise BadPdu(f"not a bind_ack: {answer.raw.hex()}")
    transmit, take, group, address_length = struct.unpack_from("<HHIH", answer.raw, 16)
    if transmit != take:
        raise BadPdu(f"max_xmit {transmit} and max_recv {take} differ")
    at = (26 + address_length + 3) & ~3
    count = answer.raw[at]
    results = [struct.unpack_from("<HH", answer.raw, at + 4 + 24 * n) for n in range(count)]
    return BindAck(transmit, group, [(result, reason) for result, reason in results])


def bind_nak_reason(answer: Pdu) -> int:
    """Why a bind was refused as a whole. [C706] 12.6.4.5"""
    if answer.kind != BIND_NAK or len(answer.raw) < 18:
        raise BadPdu(f"not a bind_nak: {answer.raw.hex()}")
    (reason,) = struct.unpack_from("<H", answer.raw, 16)
    return int(reason)
