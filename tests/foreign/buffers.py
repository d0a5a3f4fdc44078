"""What travels inside the byte arrays of EMSMDB: RPC_HEADER_EXT, auxiliary blocks, and the ROPs of a logon.

[MS-OXCRPC] 2.2.2.1 (RPC_HEADER_EXT) and 2.2.2.2 (auxiliary blocks), [MS-OXCROPS] 2.2.1 (the ROP buffer),
[MS-OXCSTOR] 2.2.1.1 (RopLogon). All integers little-endian; strings UTF-16LE with their NUL. Built with
`struct` alone and never compressed.
"""

from __future__ import annotations

import struct
from typing import List, NamedTuple, Optional

FLAG_XOR_MAGIC = 0x0002
FLAG_LAST = 0x0004
XOR_MAGIC = 0xA5

PROCESS_GUID = bytes.fromhex("443322116655887799aabbccddeeff00")
SESSION_GUID = bytes.fromhex("a3a2a1a0a5a4a7a6a8a9aaabacadaeaf")

LOGON_SUCCESS_SIZE = 166
"""A private mailbox's successful RopLogon response. [MS-OXCSTOR] 2.2.1.1.3"""

NO_OBJECT = 0xFFFFFFFF


class BadBuffer(Exception):
    """A buffer of the server's does not follow its layout."""


def utf16(text: str) -> bytes:
    """UTF-16LE with a NUL."""
    return (text + "\0").encode("utf-16-le")


def xor(data: bytes) -> bytes:
    """Obfuscates, and undoes it."""
    return bytes(byte ^ XOR_MAGIC for byte in data)


def header_ext(payload: bytes, *, obfuscate: bool = False, version: int = 0, size: Optional[int] = None) -> bytes:
    """RPC_HEADER_EXT and its payload; `version` and `size` are there to be got wrong."""
    length = len(payload) if size is None else size
    flags = FLAG_LAST | (FLAG_XOR_MAGIC if obfuscate else 0)
    header = struct.pack("<HHHH", version, flags, length, length)
    return header + (xor(payload) if obfuscate else payload)


def payload_of(buffer: bytes) -> bytes:
    """What one uncompressed RPC_HEADER_EXT, the last of its chain, carries."""
    if len(buffer) < 8:
        raise BadBuffer(f"no room for RPC_HEADER_EXT in {len(buffer)} bytes")
    version, flags, size, actual = struct.unpack_from("<HHHH", buffer)
    payload = buffer[8:]
    if version != 0 or not flags & FLAG_LAST or flags & ~(FLAG_LAST | FLAG_XOR_MAGIC):
        raise BadBuffer(f"RPC_HEADER_EXT with version {version} and flags {flags:#x}")
    if size != len(payload) or actual != size:
        raise BadBuffer(f"RPC_HEADER_EXT says {size} and {actual} bytes, {len(payload)} follow")
    return xor(payload) if flags & FLAG_XOR_MAGIC else payload


def block(version: int, kind: int, body: bytes) -> bytes:
    """AUX_HEADER and a block's body, padded to four bytes. [MS-OXCRPC] 2.2.2.2"""
    padded = body + bytes(-len(body) % 4)
    return struct.pack("<HBB", 4 + len(padded), version, kind) + padded


class ClientInfo(NamedTuple):
    """What AUX_PERF_CLIENTINFO tells."""

    machine: str = "WKS1"
    user: str = "jane"
    adapter: str = "NIC"
    ip: bytes = bytes((10, 0, 0, 2))
    mask: bytes = bytes((255, 255, 255, 0))
    mac: bytes = bytes.fromhex("001122334455")
    mode: int = 2
    """0 unknown, 1 classic online, 2 cached."""


def client_info(info: ClientInfo) -> bytes:
    """AUX_PERF_CLIENTINFO, version 1 type 02. Offsets count from the block's first byte."""
    data = b""
    offsets: List[int] = []
    for part in (utf16(info.machine), utf16(info.user), info.ip, info.mask, utf16(info.adapter), info.mac):
        offsets.append(32 + len(data))
        data += part
    machine, user, ip, mask, adapter, mac = offsets
    fixed = struct.pack(
        "<I12H",
        100_000,
        1,
        machine,
        user,
        len(info.ip),
        ip,
        len(info.mask),
        mask,
        adapter,
        len(info.mac),
        mac,
        info.mode,
        0,
    )
    return block(1, 0x02, fixed + data)


def process_info(name: str, version: int = 2) -> bytes:
    """AUX_PERF_PROCESSINFO, version 1 or 2 (the same layout) type 0B: the process that is speaking."""
    return block(version, 0x0B, struct.pack("<HH16sHH", 1, 0, PROCESS_GUID, 28, 0) + utf16(name))


def session_info_v2() -> bytes:
    """AUX_PERF_SESSIONINFO_V2, version 2 type 04."""
    return block(2, 0x04, struct.pack("<HH16sI", 1, 0, SESSION_GUID, 1))


def connect_aux(process: Optional[str], version: int = 2, obfuscate: bool = False) -> bytes:
    """The auxiliary buffer of a connect: CLIENTINFO, PROCESSINFO (unless there is no name), SESSIONINFO_V2."""
    named = b"" if process is None else process_info(process, version)
    return header_ext(client_info(ClientInfo()) + named + session_info_v2(), obfuscate=obfuscate)


def rop_buffer(rops: bytes, handles: List[int]) -> bytes:
    """RopSize (which counts itself and the ROPs), the ROPs, and the table of server object handles."""
    return struct.pack("<H", 2 + len(rops)) + rops + struct.pack(f"<{len(handles)}I", *handles)


def rop_logon(dn: bytes) -> bytes:
    """A ROP buffer with one RopLogon to the private mailbox of `dn`. [MS-OXCROPS] 2.2.3.1.1"""
    essdn = dn + b"\0"
    request = struct.pack("<BBBBIIH", 0xFE, 0, 0, 0x01, 0x0000000C, 0, len(essdn)) + essdn
    return rop_buffer(request, [NO_OBJECT])


class Logon(NamedTuple):
    """What a RopLogon answer says."""

    response: bytes
    """The whole of the ROP's response, from its RopId."""
    code: int
    handle: int
    """The server object that the logon is."""


def logon_answer(buffer: bytes) -> Logon:
    """Takes the one RopLogon response of a ROP buffer apart."""
    if len(buffer) < 2:
        raise BadBuffer("a ROP buffer without RopSize")
    (size,) = struct.unpack_from("<H", buffer)
    response, table = buffer[2:size], buffer[size:]
    if size < 8 or len(table) != 4:
        raise BadBuffer(f"RopSize {size} of {len(buffer)} bytes is not one RopLogon and one handle")
    rop, index, code = struct.unpack_from("<BBI", response)
    if rop != 0xFE or index != 0:
        raise BadBuffer(f"RopId {rop:#x} for handle index {index} is not the logon's answer")
    return Logon(response, code, struct.unpack("<I", table)[0])
