"""The EMSMDB interface, declared with impacket's own NDR classes.

[MS-OXCRPC] 3.1.4 for opnums 1, 4, 6, 10 and 11; opnums 0 and 2, which the current document no longer shows,
follow the layout that clients before Outlook 2003 use. NDR20, [C706] chapter 14: nothing here packs a byte
by itself, so what reaches the wire is impacket's idea of these declarations, its padding included (0xBF and
0xAB where C706 leaves the octets open).
"""

from __future__ import annotations

from typing import Dict, Tuple, Type

from impacket.dcerpc.v5.dtypes import ULONG, USHORT, UUID
from impacket.dcerpc.v5.ndr import (
    NDRCALL,
    NDRSTRUCT,
    NDRUniConformantArray,
    NDRUniConformantVaryingArray,
    PNDRUniConformantVaryingArray,
)
from impacket.uuid import uuidtup_to_bin

INTERFACE = uuidtup_to_bin(("a4f1db00-ca47-1067-b31f-00dd010662da", "0.81"))

EC_NONE = 0x00000000
EC_CLIENT_VER_DISALLOWED = 0x000004DF

FAULT_OP_RANGE = 0x1C010002
FAULT_UNKNOWN_INTERFACE = 0x1C010003
FAULT_PROTOCOL_ERROR = 0x1C01000B
FAULT_CONTEXT_MISMATCH = 0x1C00001A
FAULT_BAD_STUB_DATA = 0x000006F7

AUX_LIMIT = 0x1008
"""The most that cbAuxIn and pcbAuxOut may say: 0x1000 bytes of blocks and their RPC_HEADER_EXT."""

NULL_HANDLE = bytes(20)


class ContextHandle(NDRSTRUCT):
    """CXH: 20 bytes, 4-aligned; all zero is NULL. [C706] 14.2.17 and chapter 6"""

    structure = (("attributes", ULONG), ("uuid", UUID))

    @classmethod
    def of(cls, raw: bytes) -> ContextHandle:
        """The handle that these 20 bytes are."""
        handle = cls()
        handle.fromString(raw)
        return handle


class Version(NDRSTRUCT):
    """Three unsigned shorts, 2-aligned, without a count: rgwClientVersion and its like."""

    structure = (("w0", USHORT), ("w1", USHORT), ("w2", USHORT))

    @classmethod
    def of(cls, words: Tuple[int, int, int]) -> Version:
        """The version that these three words are."""
        version = cls()
        version["w0"], version["w1"], version["w2"] = words
        return version

    def words(self) -> Tuple[int, int, int]:
        """The three words, as on the wire."""
        return self["w0"], self["w1"], self["w2"]


class EcDoConnect(NDRCALL):
    """Opnum 0: what Outlook up to 2002 connects with. No auxiliary buffer, so no process name."""

    opnum = 0
    structure = (
        ("szUserDN", NDRUniConformantVaryingArray),
        ("ulFlags", ULONG),
        ("ulConMod", ULONG),
        ("cbLimit", ULONG),
        ("ulCpid", ULONG),
        ("ulLcidString", ULONG),
        ("ulLcidSort", ULONG),
        ("ulIcxrLink", ULONG),
        ("usFCanConvertCodePages", USHORT),
        ("rgwClientVersion", Version),
        ("pulTimeStamp", ULONG),
    )


class EcDoConnectResponse(NDRCALL):
    """Answers opnum 0."""

    structure = (
        ("pcxh", ContextHandle),
        ("pcmsPollsMax", ULONG),
        ("pcRetry", ULONG),
        ("pcmsRetryDelay", ULONG),
        ("picxr", USHORT),
        ("szDNPrefix", PNDRUniConformantVaryingArray),
        ("szDisplayName", PNDRUniConformantVaryingArray),
        ("rgwServerVersion", Version),
        ("rgwClientVersion", Version),
        ("pulTimeStamp", ULONG),
        ("ErrorCode", ULONG),
    )


class EcDoDisconnect(NDRCALL):
    """Opnum 1. [MS-OXCRPC] 3.1.4.3"""

    opnum = 1
    structure = (("pcxh", ContextHandle),)


class EcDoDisconnectResponse(NDRCALL):
    """Answers opnum 1."""

    structure = (("pcxh", ContextHandle), ("ErrorCode", ULONG))


class EcDoRpc(NDRCALL):
    """Opnum 2: the ROPs of a session that opnum 0 opened.

    `size`, `offset` and the array's actual count stand where a conformant-varying array has its three
    counts, so that is what they are: `rgb` with a maximum count of its own.
    """

    opnum = 2
    structure = (
        ("pcxh", ContextHandle),
        ("rgb", NDRUniConformantVaryingArray),
        ("pcb", USHORT),
        ("cbMax", USHORT),
    )


class EcDoRpcResponse(NDRCALL):
    """Answers opnum 2."""

    structure = (
        ("pcxh", ContextHandle),
        ("rgb", NDRUniConformantVaryingArray),
        ("pcb", USHORT),
        ("ErrorCode", ULONG),
    )


class EcRRegisterPushNotification(NDRCALL):
    """Opnum 4: where a client wants to be told of events. [MS-OXCRPC] 3.1.4.5"""

    opnum = 4
    structure = (
        ("pcxh", ContextHandle),
        ("iRpc", ULONG),
        ("rgbContext", NDRUniConformantArray),
        ("cbContext", USHORT),
        ("grbitAdviseBits", ULONG),
        ("rgbCallbackAddress", NDRUniConformantArray),
        ("cbCallbackAddress", USHORT),
    )


class EcRRegisterPushNotificationResponse(NDRCALL):
    """Answers opnum 4."""

    structure = (("pcxh", ContextHandle), ("hNotification", ULONG), ("ErrorCode", ULONG))


class EcDummyRpc(NDRCALL):
    """Opnum 6: nothing in, a zero out. [MS-OXCRPC] 3.1.4.6"""

    opnum = 6
    structure = ()


class EcDummyRpcResponse(NDRCALL):
    """Answers opnum 6."""

    structure = (("ErrorCode", ULONG),)


class EcDoConnectEx(NDRCALL):
    """Opnum 10: what Outlook 2003 and later connect with. [MS-OXCRPC] 3.1.4.1"""

    opnum = 10
    structure = EcDoConnect.structure + (
        ("rgbAuxIn", NDRUniConformantArray),
        ("cbAuxIn", ULONG),
        ("pcbAuxOut", ULONG),
    )


class EcDoConnectExResponse(NDRCALL):
    """Answers opnum 10."""

    structure = (
        ("pcxh", ContextHandle),
        ("pcmsPollsMax", ULONG),
        ("pcRetry", ULONG),
        ("pcmsRetryDelay", ULONG),
        ("picxr", USHORT),
        ("szDNPrefix", PNDRUniConformantVaryingArray),
        ("szDisplayName", PNDRUniConformantVaryingArray),
        ("rgwServerVersion", Version),
        ("rgwBestVersion", Version),
        ("pulTimeStamp", ULONG),
        ("rgbAuxOut", NDRUniConformantVaryingArray),
        ("pcbAuxOut", ULONG),
        ("ErrorCode", ULONG),
    )


class EcDoRpcExt2(NDRCALL):
    """Opnum 11: the ROPs of a session that opnum 10 opened. [MS-OXCRPC] 3.1.4.2"""

    opnum = 11
    structure = (
        ("pcxh", ContextHandle),
        ("pulFlags", ULONG),
        ("rgbIn", NDRUniConformantArray),
        ("cbIn", ULONG),
        ("pcbOut", ULONG),
        ("rgbAuxIn", NDRUniConformantArray),
        ("cbAuxIn", ULONG),
        ("pcbAuxOut", ULONG),
    )


class EcDoRpcExt2Response(NDRCALL):
    """Answers opnum 11."""

    structure = (
        ("pcxh", ContextHandle),
        ("pulFlags", ULONG),
        ("rgbOut", NDRUniConformantVaryingArray),
        ("pcbOut", ULONG),
        ("rgbAuxOut", NDRUniConformantVaryingArray),
        ("pcbAuxOut", ULONG),
        ("pulTransTime", ULONG),
        ("ErrorCode", ULONG),
    )


RESPONSES: Dict[int, Type[NDRCALL]] = {
    0: EcDoConnectResponse,
    1: EcDoDisconnectResponse,
    2: EcDoRpcResponse,
    4: EcRRegisterPushNotificationResponse,
    6: EcDummyRpcResponse,
    10: EcDoConnectExResponse,
    11: EcDoRpcExt2Response,
}


class BadStub(Exception):
    """A response stub is not what its declaration encodes to."""


def decode(opnum: int, stub: bytes) -> NDRCALL:
    """The response to a call.

    impacket alone would take a stub with bytes to spare, or too few for an array. So the stub must be all used,
    and encode to itself, but for alignment gaps: impacket fills them with marks, a server with zeroes.
    """
    response = RESPONSES[opnum]()
    used = response.fromString(stub)
    again = response.getData()
    if used != len(stub) or len(again) != used:
        raise BadStub(f"opnum {opnum}: {used} bytes decoded, {len(again)} encoded of {len(stub)}: {stub.hex()}")
    if any(theirs not in (0, ours) for theirs, ours in zip(stub, again)):
        raise BadStub(f"opnum {opnum}: {stub.hex()} encodes to {again.hex()}")
    check_counts(opnum, response)
    return response


def check_counts(opnum: int, response: NDRCALL) -> None:
    """Arrays start at their first element, and the counts beside them are theirs."""
    for name, kind in response.structure:
        array = response.fields[name]
        if kind is PNDRUniConformantVaryingArray and array["ReferentID"] != 0:
            array = array.fields["Data"]
        if isinstance(array, NDRUniConformantVaryingArray) and array.fields["Offset"] != 0:
            raise BadStub(f"opnum {opnum}: {name} starts at offset {array.fields['Offset']}")
    for count, name in (("pcbOut", "rgbOut"), ("pcbAuxOut", "rgbAuxOut"), ("pcb", "rgb")):
        if count in response.fields and response[count] != len(octets(response, name)):
            raise BadStub(f"opnum {opnum}: {count} is {response[count]}, not the size of {name}")


def octets(call: NDRCALL, field: str) -> bytes:
    """An array or a string of bytes, whichever of impacket's forms it is in; empty for a NULL pointer."""
    data = call[field]
    return data if isinstance(data, bytes) else b"".join(data)


def handle(call: NDRCALL) -> bytes:
    """The 20 bytes of a response's context handle."""
    raw: bytes = call["pcxh"].getData()
    return raw


def connect_request(dn: bytes, version: Tuple[int, int, int]) -> EcDoConnect:
    """Opnum 0 of a client that links no session."""
    call = EcDoConnect()
    fill_connect(call, dn, version)
    return call


def connect_ex_request(dn: bytes, version: Tuple[int, int, int], aux: bytes) -> EcDoConnectEx:
    """Opnum 10 of a client that links no session; `aux` is its RPC_HEADER_EXT and blocks, or empty."""
    call = EcDoConnectEx()
    fill_connect(call, dn, version)
    call["rgbAuxIn"] = aux
    call["cbAuxIn"] = len(aux)
    call["pcbAuxOut"] = AUX_LIMIT
    return call


def fill_connect(call: NDRCALL, dn: bytes, version: Tuple[int, int, int]) -> None:
    """The eleven parameters that opnums 0 and 10 share."""
    call["szUserDN"] = dn + b"\0"
    call["ulConMod"] = 0x2A2A2A2A
    call["ulCpid"] = 1252
    call["ulLcidString"] = 1033
    call["ulLcidSort"] = 1033
    call["ulIcxrLink"] = 0xFFFFFFFF
    call["usFCanConvertCodePages"] = 1
    call["rgwClientVersion"] = Version.of(version)


def rpc_ext2_request(session: bytes, rops: bytes, aux: bytes = b"") -> EcDoRpcExt2:
    """Opnum 11, asking for an answer neither compressed nor obfuscated."""
    call = EcDoRpcExt2()
    call["pcxh"] = ContextHandle.of(session)
    call["pulFlags"] = 3
    call["rgbIn"] = rops
    call["cbIn"] = len(rops)
    call["pcbOut"] = 0x8008
    call["rgbAuxIn"] = aux
    call["cbAuxIn"] = len(aux)
    call["pcbAuxOut"] = AUX_LIMIT
    return call


def rpc_request(session: bytes, obfuscated: bytes) -> EcDoRpc:
    """Opnum 2, with room for 0x7FFF bytes of answer."""
    call = EcDoRpc()
    call["pcxh"] = ContextHandle.of(session)
    call["rgb"] = obfuscated
    call.fields["rgb"].fields["MaximumCount"] = 0x7FFF
    call["pcb"] = len(obfuscated)
    call["cbMax"] = 0x7FFF
    return call


def disconnect_request(session: bytes) -> EcDoDisconnect:
    """Opnum 1."""
    call = EcDoDisconnect()
    call["pcxh"] = ContextHandle.of(session)
    return call
