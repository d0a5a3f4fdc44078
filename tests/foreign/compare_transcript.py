"""Holds what a store says of its connections against what tshark, which nobody here wrote, makes of them.

    compare_transcript.py CONTROL_URL RPC_PORT FOLDER [--sealed]

The store `default` has been written to FOLDER from its beginning (`exstore serve --pcap FOLDER`). tshark reads default.pcap
with default.keytab, and must have nothing to say against it, as in check_capture.py, and open whatever was sealed. Then each
PDU of GET /transcript must be the PDU that tshark has in its place, and agree on the fields that tshark knows:

- of every PDU its bytes, type, flags, length, call, and the trailer: kind, level, context, length, padding
- of a bind and an alter_context, and their answers: sizes of fragments, association group, secondary address, and of
  each context its number, interface, transfer syntaxes, result, reason
- of a bind_nak and a fault why
- of a request and a response the operation; of EMSMDB's opnums 0, 1 and 2 each parameter that tshark's dissector
  shows, with the ROPs' names, results, mailbox and handles
- of opnums 10 and 11, which that dissector doesn't know, the stub as tshark opened it, taken apart by impacket's NDR
- who authenticated, and that tshark found the same key for it

With --sealed there must be sealed calls. Exit code 1 when there is a difference.
"""

from __future__ import annotations

import argparse
import struct
import sys
import uuid
import xml.etree.ElementTree as ElementTree
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Iterator, List, Optional, Set, Tuple

import capture
import check_capture
import emsmdb
import pdu
from check_capture import Finding
from control import Store

Way = Tuple[int, bool]
"""A connection, and whether the client sent it."""

TYPES = {
    pdu.REQUEST: "request",
    pdu.RESPONSE: "response",
    pdu.FAULT: "fault",
    pdu.BIND: "bind",
    pdu.BIND_ACK: "bind_ack",
    pdu.BIND_NAK: "bind_nak",
    pdu.ALTER_CONTEXT: "alter_context",
    pdu.ALTER_CONTEXT_RESPONSE: "alter_context_resp",
    pdu.AUTH3: "auth3",
}
FLAGS = {
    "first_frag": 0x01,
    "last_frag": 0x02,
    "pending_cancel": 0x04,
    "support_header_sign": 0x04,
    "conc_mpx": 0x10,
    "did_not_execute": 0x20,
    "maybe": 0x40,
    "object_uuid": 0x80,
}
LEVELS = {2: "connect", 3: "call", 4: "packet", 5: "integrity", 6: "privacy"}
NEGOTIATE_ACK = 3
SPNEGO = 9
SHORT_REQUEST = 24 + 16 + 8 + 16
"""The length of a request whose stub has 16 bytes: its header, stub, trailer and signature."""

UNHEARD = ("call", "packet")
"""Levels at which tshark doesn't look at how somebody authenticates."""
ROPS = {0xFE: "RopLogon"}


@dataclass
class Dissected:
    """A PDU as tshark shows it."""

    way: Way
    frame: int
    parts: List[ElementTree.Element] = field(default_factory=list)
    """Its own layer, and those of what is in it."""

    def all(self, name: str) -> List[str]:
        """The values of the fields with a name."""
        fields = (each for part in self.parts for each in part.iter("field"))
        return [each.get("show") or "" for each in fields if each.get("name") == name]

    def numbers(self, name: str) -> List[int]:
        """The same, as numbers."""
        return [int(each, 0) for each in self.all(name)]

    def one(self, name: str) -> Optional[int]:
        """The first of them."""
        return next(iter(self.numbers(name)), None)

    def octets(self, name: str) -> Optional[bytes]:
        """The bytes of the first field with a name."""
        for part in self.parts:
            for each in part.iter("field"):
                if each.get("name") == name:
                    return bytes.fromhex(each.get("value") or "")
        return None


def dissected(folder: str, port: int) -> List[Dissected]:
    """tshark's PDUs, in the order in which they ended."""
    found: List[Dissected] = []
    for packet in check_capture.dissect(f"{folder}/default.pcap", port, f"{folder}/default.keytab"):
        from_client = check_capture.number(packet, "tcp.dstport") == port
        client = check_capture.number(packet, "tcp.srcport" if from_client else "tcp.dstport")
        current: Optional[Dissected] = None
        for part in packet:
            if part.get("name") == "dcerpc":
                way = (capture.connection_of(client, port), from_client)
                current = Dissected(way, check_capture.number(packet, "frame.number"))
                found.append(current)
            if current is not None:
                current.parts.append(part)
    return found


def told(store: Store) -> List[Dict[str, Any]]:
    """The store's PDUs, in the order in which they ended."""
    found: List[Dict[str, Any]] = []
    after = ""
    while True:
        page = store.send("GET", f"/transcript?hex=true&limit=1000{after}")
        if page["dropped"]:
            raise Finding(f"{page['dropped']} reads and writes have left the transcript")
        found += page["items"]
        if page["next"] is None:
            return found
        after = f"&after={page['next']}"


class Pair:
    """One PDU, as the store tells it and as tshark shows it."""

    def __init__(self, ours: Dict[str, Any], theirs: Dissected, blind: bool) -> None:
        self.ours = ours
        self.theirs = theirs
        self.blind = blind
        """Whether only the headers are worth comparing: tshark can't have the stub, or the call was a fault and may be anything."""

    def __str__(self) -> str:
        ours = self.ours
        return f"frame {self.theirs.frame}, connection {ours['connection']}, {ours['type']} {ours['call_id']}"

    def same(self, what: str, ours: Any, theirs: Any) -> None:
        """Raises unless both say the same."""
        COMPARED[what] += 1
        if ours != theirs:
            raise Finding(f"{self}: {what} is {ours!r} to exstore and {theirs!r} to tshark")

    def says(self, name: str) -> Any:
        """A field of what the store makes of it."""
        return (self.ours["decoded"] or {})[name]


COMPARED: Counter[str] = Counter()
"""How often each field was compared."""


def compare_header(pair: Pair) -> None:
    """What every PDU has."""
    ours, theirs = pair.ours, pair.theirs
    verifier = ours["verifier"] or {}
    pair.same("type", ours["type"], TYPES.get(theirs.one("dcerpc.pkt_type") or 0))
    pair.same("flags", sum(FLAGS[name] for name in ours["flags"]), theirs.one("dcerpc.cn_flags"))
    pair.same("frag_length", ours["length"], theirs.one("dcerpc.cn_frag_len"))
    pair.same("call_id", ours["call_id"], theirs.one("dcerpc.cn_call_id"))
    pair.same("auth_length", verifier.get("auth_length", 0), theirs.one("dcerpc.cn_auth_len"))
    for name, field_name in (("auth_type", "type"), ("auth_context_id", "ctx_id"), ("auth_pad_length", "pad_len")):
        pair.same(name, verifier.get(name), theirs.one(f"dcerpc.auth_{field_name}"))
    level = theirs.one("dcerpc.auth_level")
    pair.same("auth_level", verifier.get("auth_level"), None if level is None else LEVELS[level])


def compare_bind(pair: Pair) -> None:
    """What is offered."""
    compare_sizes(pair)
    theirs, contexts = pair.theirs, pair.says("p_context_elem")
    pair.same("p_cont_id", [each["p_cont_id"] for each in contexts], theirs.numbers("dcerpc.cn_ctx_id"))
    versions = zip(
        theirs.all("dcerpc.cn_bind_to_uuid"),
        theirs.all("dcerpc.cn_bind_if_ver"),
        theirs.all("dcerpc.cn_bind_if_ver_minor"),
    )
    interfaces = [f"{syntax} v{major}.{minor}" for syntax, major, minor in versions]
    pair.same("abstract_syntax", [each["abstract_syntax"] for each in contexts], interfaces)
    offered = [syntax for each in contexts for syntax in each["transfer_syntaxes"]]
    pair.same("transfer_syntaxes", offered, syntaxes(theirs, "dcerpc.cn_bind_trans"))


def compare_bind_ack(pair: Pair) -> None:
    """What became of it."""
    compare_sizes(pair)
    theirs, results = pair.theirs, pair.says("p_result_list")
    pair.same("sec_addr", pair.says("sec_addr"), next(iter(theirs.all("dcerpc.cn_sec_addr")), ""))
    pair.same("result", [each["result"] for each in results], theirs.numbers("dcerpc.cn_ack_result"))
    pair.same("transfer_syntax", [each["transfer_syntax"] for each in results], syntaxes(theirs, "dcerpc.cn_ack_trans"))
    features = [each["reason"] for each in results if each["result"] == NEGOTIATE_ACK]
    pair.same("features of the bind", features, theirs.numbers("dcerpc.cn_bind_trans_btfn"))
    reasons = [each["reason"] for each in results if each["result"] not in (0, NEGOTIATE_ACK)]
    pair.same("reason", reasons, theirs.numbers("dcerpc.cn_ack_reason"))


def compare_sizes(pair: Pair) -> None:
    """Of a bind and of its answer."""
    for ours, theirs in (("max_xmit_frag", "max_xmit"), ("max_recv_frag", "max_recv"), ("assoc_group_id", "assoc_group")):
        pair.same(ours, pair.says(ours), pair.theirs.one(f"dcerpc.cn_{theirs}"))


def syntaxes(theirs: Dissected, name: str) -> List[str]:
    """UUIDs and the versions beside them; bind time features are told by their UUID alone."""
    found = zip(theirs.all(f"{name}_id"), theirs.all(f"{name}_ver"))
    return [f"{syntax} v{int(version, 0) & 0xFFFF}.{int(version, 0) >> 16}" for syntax, version in found]


def compare_nak(pair: Pair) -> None:
    """Why a bind was refused."""
    pair.same("provider_reject_reason", pair.says("provider_reject_reason"), pair.theirs.one("dcerpc.cn_reject_reason"))


def compare_fault(pair: Pair) -> None:
    """Why a call failed."""
    pair.same("p_cont_id of a fault", pair.says("p_cont_id"), pair.theirs.one("dcerpc.cn_ctx_id"))
    pair.same("status", number_in(pair.says("status")), pair.theirs.one("dcerpc.cn_status"))


def number_in(text: str) -> int:
    """The number of `name (0x0000)`."""
    return int(text.rpartition("(")[2].rstrip(")"), 0)


def compare_call(pair: Pair) -> None:
    """A request or a response."""
    ours, theirs = pair.ours, pair.theirs
    if pair.blind:
        return
    pair.same("opnum", ours["opnum"], theirs.one("dcerpc.opnum"))
    if ours["problem"] is not None:
        raise Finding(f"{pair}: {ours['problem']}")
    whole = ours["decoded"] is not None
    if ours["sealed"]:
        pair.same("a seal", True, theirs.octets("dcerpc.encrypted_stub_data") is not None or not whole)
    if whole and ours["interface"] == "emsmdb":
        compare_emsmdb(pair)


def compare_emsmdb(pair: Pair) -> None:
    """What a stub says, when it is whole."""
    key = (pair.ours["type"], pair.ours["opnum"])
    if pair.ours["opnum"] == 6:
        # tshark takes EcDummyRpc to have no result.
        return
    fields = FIELDS.get(key)
    if fields is None:
        compare_with_impacket(pair)
        return
    for ours, theirs in fields.items():
        pair.same(f"{pair.ours['operation']} {key[0]}: {ours}", reading(ours)(pair.says(ours)), theirs(pair.theirs))
    if pair.ours["opnum"] == 2:
        compare_rops(pair)


def reading(name: str) -> Callable[[Any], Any]:
    """How a field of ours is made one of tshark's."""
    if name == "pcxh":
        return handle_bytes
    if name == "ReturnValue":
        return number_in
    return words if name.startswith("rgw") else lambda value: value


def handle_bytes(value: Optional[str]) -> bytes:
    """The 20 bytes of a context handle."""
    return bytes(20) if value is None else bytes(4) + uuid.UUID(value).bytes_le


def words(value: Dict[str, str]) -> List[int]:
    """The three words of a version."""
    return [int(word, 16) for word in value["words"].split()]


def compare_rops(pair: Pair) -> None:
    """The ROPs of an EcDoRpc, which tshark reads where it is RopLogon."""
    buffer, theirs = pair.says("rgb"), pair.theirs
    pair.same("EcDoRpc handles", buffer["handles"], theirs.numbers("mapi.mapi_handle"))
    names = [ROPS.get(number, hex(number)) for number in theirs.numbers("mapi.EcDoRpc_MAPI_REPL.opnum")]
    pair.same("EcDoRpc ROPs", [each["rop"] for each in buffer["rops"]], names)
    for ours, name in (("Essdn", "mapi.EcDoRpc.mailbox"), ("OutputHandleIndex", "mapi.EcDoRpc.handle_index")):
        said = [each[ours] for each in buffer["rops"] if ours in each]
        shown = theirs.all(name)
        if said or ours == "Essdn":
            pair.same(f"EcDoRpc {ours}", [str(each) for each in said], shown)
    if pair.ours["type"] == "response":
        results = [number_in(each["ReturnValue"]) for each in buffer["rops"]]
        pair.same("EcDoRpc ROPs' results", results, theirs.numbers("mapi.MAPISTATUS_status")[:-1])


def nth(name: str, index: int = 0) -> Callable[[Dissected], Any]:
    """One of the fields of tshark's with a name, a number."""
    return lambda theirs: theirs.numbers(f"mapi.{name}")[index]


def text(name: str) -> Callable[[Dissected], Any]:
    """A field of text."""
    return lambda theirs: theirs.all(f"mapi.{name}")[0]


def every(name: str) -> Callable[[Dissected], Any]:
    """All the fields with a name, numbers."""
    return lambda theirs: theirs.numbers(f"mapi.{name}")


def their_handle(theirs: Dissected) -> Optional[bytes]:
    """The context handle."""
    return theirs.octets("mapi.handle")


STATUS = nth("MAPISTATUS_status", -1)

FIELDS: Dict[Tuple[str, int], Dict[str, Callable[[Dissected], Any]]] = {
    ("request", 0): {
        "szUserDN": text("EcDoConnect.name"),
        "ulFlags": nth("EcDoConnect.unknown1", 0),
        "ulConMod": nth("EcDoConnect.unknown1", 1),
        "cbLimit": nth("EcDoConnect.unknown1", 2),
        "ulCpid": nth("EcDoConnect.code_page"),
        "ulLcidString": nth("input_locale.language"),
        "ulLcidSort": nth("input_locale.method"),
        "ulIcxrLink": nth("EcDoConnect.unknown2"),
        "usFCanConvertCodePages": nth("EcDoConnect.unknown3"),
        "rgwClientVersion": every("EcDoConnect.emsmdb_client_version"),
        "pulTimeStamp": nth("EcDoConnect.alloc_space"),
    },
    ("response", 0): {
        "pcxh": their_handle,
        "pcmsPollsMax": nth("EcDoConnect.unknown4", 0),
        "pcRetry": nth("EcDoConnect.unknown4", 1),
        "pcmsRetryDelay": nth("EcDoConnect.unknown4", 2),
        "picxr": nth("EcDoConnect.session_nb"),
        "szDNPrefix": text("EcDoConnect.org_group"),
        "szDisplayName": text("EcDoConnect.user"),
        "rgwServerVersion": every("EcDoConnect.store_version"),
        "rgwClientVersion": every("EcDoConnect.emsmdb_client_version"),
        "pulTimeStamp": nth("EcDoConnect.alloc_space"),
        "ReturnValue": STATUS,
    },
    ("request", 1): {"pcxh": their_handle},
    ("response", 1): {"pcxh": their_handle, "ReturnValue": STATUS},
    ("request", 2): {"pcxh": their_handle, "max_data": nth("EcDoRpc.max_data")},
    ("response", 2): {"pcxh": their_handle, "ReturnValue": STATUS},
}

NUMBERS = {
    ("request", 10): ("ulFlags", "ulConMod", "cbLimit", "ulCpid", "ulLcidString", "ulLcidSort", "ulIcxrLink", "pcbAuxOut"),
    ("response", 10): ("pcmsPollsMax", "pcRetry", "pcmsRetryDelay", "picxr", "pulTimeStamp"),
    ("request", 11): ("pulFlags", "cbIn", "pcbOut", "cbAuxIn", "pcbAuxOut"),
    ("response", 11): ("pulFlags", "pcbOut", "pulTransTime"),
}
STRINGS = {("request", 10): ("szUserDN",), ("response", 10): ("szDNPrefix", "szDisplayName")}
VERSIONS = {("request", 10): ("rgwClientVersion",), ("response", 10): ("rgwServerVersion", "rgwBestVersion")}
REQUESTS = {10: emsmdb.EcDoConnectEx, 11: emsmdb.EcDoRpcExt2}


def compare_with_impacket(pair: Pair) -> None:
    """Opnums 10 and 11: tshark opens them, and impacket takes them apart."""
    kind, opnum = pair.ours["type"], pair.ours["opnum"]
    stub = pair.theirs.octets("dcerpc.decrypted_stub_data") or pair.theirs.octets("dcerpc.stub_data")
    if stub is None:
        raise Finding(f"{pair}: tshark has no stub of opnum {opnum}")
    call = decoded(pair, kind, opnum, stub)
    if (kind, opnum) != ("request", 10):
        pair.same(f"opnum {opnum} {kind}: pcxh", handle_bytes(pair.says("pcxh")), emsmdb.handle(call))
    for name in NUMBERS[kind, opnum]:
        pair.same(f"opnum {opnum} {kind}: {name}", pair.says(name), call[name])
    for name in STRINGS.get((kind, opnum), ()):
        said = emsmdb.octets(call, name).rstrip(b"\0").decode("latin-1")
        pair.same(f"opnum {opnum} {kind}: {name}", pair.says(name), said)
    for name in VERSIONS.get((kind, opnum), ()):
        pair.same(f"opnum {opnum} {kind}: {name}", words(pair.says(name)), list(call[name].words()))
    if kind == "response":
        pair.same(f"opnum {opnum} {kind}: ReturnValue", number_in(pair.says("ReturnValue")), call["ErrorCode"])


def decoded(pair: Pair, kind: str, opnum: int, stub: bytes) -> Any:
    """What impacket makes of a stub."""
    try:
        if kind == "response":
            return emsmdb.decode(opnum, stub)
        call = REQUESTS[opnum]()
        call.fromString(stub)
        return call
    except (emsmdb.BadStub, struct.error, ValueError) as error:
        raise Finding(f"{pair}: impacket can't read what tshark opened: {error}: {stub.hex()}") from None


COMPARISONS: Dict[str, Callable[[Pair], None]] = {
    "bind": compare_bind,
    "alter_context": compare_bind,
    "bind_ack": compare_bind_ack,
    "alter_context_resp": compare_bind_ack,
    "bind_nak": compare_nak,
    "fault": compare_fault,
    "request": compare_call,
    "response": compare_call,
    "auth3": lambda _: None,
}


def pairs(ours: List[Dict[str, Any]], theirs: List[Dissected]) -> Iterator[Pair]:
    """The n-th PDU of one is the n-th of the other, on each way of each connection."""
    blind = unreadable(ours)
    ways: Dict[Way, Iterator[Dissected]] = {}
    for way in {each.way for each in theirs}:
        ways[way] = iter([each for each in theirs if each.way == way])
    for each in ours:
        way = (each["connection"], each["direction"] == "received")
        found = next(ways.get(way, iter(())), None)
        if found is None:
            raise Finding(f"tshark does not have {each['type']} {each['call_id']} of connection {way}")
        yield Pair(each, found, each["id"] in blind)
    left = [each.frame for way in ways.values() for each in way]
    if left:
        raise Finding(f"only tshark has the PDUs in frames {left[:5]}")


def unreadable(ours: List[Dict[str, Any]]) -> Set[int]:
    """The calls that were answered with a fault, and the sealed PDUs that tshark 4.0.17 can't open.

    It keeps one state of NTLM for a connection, where there may be several security contexts. Within SPNEGO it doesn't run
    the key stream over a signature: each PDU after the first of its way is opened with a stream that is eight bytes
    behind. And it gives up on a sealed request of fewer than 16 bytes.
    """
    faulted = {(each["connection"], each["call_id"]) for each in ours if each["type"] == "fault"}
    contexts: Dict[int, Set[int]] = {}
    for each in ours:
        if each["verifier"] is not None:
            contexts.setdefault(each["connection"], set()).add(each["verifier"]["auth_context_id"])
    found: Set[int] = set()
    begun: Set[Tuple[int, str]] = set()
    for each in ours:
        way = (each["connection"], each["direction"])
        late = each["sealed"] and each["verifier"]["auth_type"] == SPNEGO and way in begun
        several = each["sealed"] and len(contexts[each["connection"]]) > 1
        short = each["sealed"] and each["type"] == "request" and each["length"] < SHORT_REQUEST
        if late or several or short or (each["connection"], each["call_id"]) in faulted:
            found.add(each["id"])
        if each["sealed"]:
            begun.add(way)
    return found


def check_remarks(pair: Pair) -> None:
    """tshark has nothing to say against a PDU, unless its call was refused for what it is."""
    kind = pair.theirs.one("dcerpc.pkt_type") or 0
    owner = check_capture.Dissected(
        pair.theirs.frame, pair.theirs.way, kind, pair.ours["call_id"] or 0, pair.theirs.one("dcerpc.opnum")
    )
    if pair.blind and kind in (pdu.REQUEST, pdu.RESPONSE):
        return
    for part in pair.theirs.parts:
        check_capture.check_part(pair.theirs.frame, part, owner)


def compare_users(store: Store, ours: List[Dict[str, Any]], theirs: List[Dissected]) -> int:
    """Whoever opened a session has authenticated on its connection, to tshark, with that user's key."""
    opened = {each["session"]: each["connection"] for each in ours if each["operation"] == "EcDoConnectEx"}
    unheard = {each["connection"] for each in ours if (each["verifier"] or {}).get("auth_level") in UNHEARD}
    found: Dict[int, List[str]] = {}
    for each in theirs:
        for remark in each.all("_ws.expert.message"):
            if "authenticated using keytab principal" in remark:
                found.setdefault(each.way[0], []).append(remark.split("principal ")[1].partition("@")[0])
    connected = [each for each in store.events() if each["type"] == "session.connected" and each["user"] is not None]
    sessions = [each for each in connected if opened[each["session"]] not in unheard]
    for session in sessions:
        if session["user"] not in found.get(opened[session["session"]], []):
            raise Finding(f"{session['user']} opened session {session['session']}, and tshark knows of {found}")
    return len(sessions)


def check(store: Store, port: int, folder: str, sealed: bool) -> str:
    """Everything, and in a line what was compared. Raises `Finding`."""
    ours, theirs = told(store), dissected(folder, port)
    streams = {(each.connection, each.from_client): each.data for each in capture.read_streams(f"{folder}/default.pcap", port)}
    for pair in pairs(ours, theirs):
        start = pair.ours["offset"]
        wire = streams[pair.theirs.way][start : start + pair.ours["length"]]
        pair.same("bytes", pair.ours["hex"], wire.hex())
        check_remarks(pair)
        compare_header(pair)
        COMPARISONS[pair.ours["type"]](pair)
    users = compare_users(store, ours, theirs)
    if not COMPARED["opnum"] or (sealed and not (COMPARED["a seal"] and users)):
        raise Finding(f"there is too little to compare: {dict(COMPARED)}, {users} users' sessions")
    total = sum(COMPARED.values())
    return (
        f"{len(ours)} PDUs, {total} values of {len(COMPARED)} fields are the same, "
        f"{COMPARED['a seal']} sealed stubs opened, {users} sessions of users"
    )


def main(arguments: List[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Compares a store's transcript with what tshark makes of its capture.")
    parser.add_argument("control", help="base URL of the control plane, such as http://127.0.0.1:8135")
    parser.add_argument("port", type=int, help="the store's RPC port")
    parser.add_argument("folder", help="the folder that the store's captures are written to")
    parser.add_argument("--sealed", action="store_true", help="there must be sealed calls")
    options = parser.parse_args(arguments)
    try:
        print("ok", check(Store(options.control), options.port, options.folder, options.sealed))
    except (Finding, capture.BadCapture, emsmdb.BadStub, KeyError) as finding:
        print(f"{type(finding).__name__}: {finding}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
