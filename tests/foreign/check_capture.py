"""Asks tshark, which nobody here wrote, whether a capture holds correct DCE/RPC.

    check_capture.py FILE [--opnums 0,1,2,6,10,11]

The PDUs are counted twice, by their own lengths and by tshark, and must be the same ones in the same order.
Then tshark must have nothing to say against them: no malformed packet, no trouble with fragments or TCP, no
expert remark above chat. What is let through is only where tshark 4.0.17 is itself behind the documents:
its EMSMDB knows no opnum above 9, and takes EcRRegisterPushNotification's request and EcDummyRpc's response
to be shorter than [MS-OXCRPC] 3.1.4.5 and 3.1.4.6 have them ("Long frame"). Exit code 1 when it finds fault.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter
from dataclasses import dataclass
from typing import FrozenSet, Iterator, List, Optional, Tuple

import capture
import pdu

STORY_OPNUMS = frozenset((0, 1, 2, 6, 10, 11))
NEEDED_KINDS = {pdu.BIND: "bind", pdu.BIND_ACK: "bind_ack", pdu.REQUEST: "request", pdu.RESPONSE: "response"}

CHAT = 0x00200000
"""tshark's severity of what is worth no attention: a SYN, a FIN."""

TROUBLE = ("_ws.malformed", "_ws.short", "_ws.unreassembled")
"""Layers and fields of tshark's that mean it could not make sense of the bytes."""

CLOSING = ("This frame initiates the connection closing", "This frame undergoes the connection closing")
"""What tshark notes of a FIN, of either side."""

LONG_FRAME_ALLOWED = frozenset(((pdu.REQUEST, 4), (pdu.RESPONSE, 6)))
UNKNOWN_OPERATION_ALLOWED = frozenset((10, 11))


class Finding(Exception):
    """What is wrong with a capture."""


@dataclass
class Dissected:
    """A PDU as tshark saw it."""

    frame: int
    way: Tuple[int, bool]
    """The connection, and whether the client sent it."""
    kind: int
    call_id: int
    opnum: Optional[int]

    def __str__(self) -> str:
        return f"frame {self.frame}, PDU type {self.kind}, call {self.call_id}, opnum {self.opnum}"


def check(path: str, opnums: FrozenSet[int] = STORY_OPNUMS) -> str:
    """Checks one capture, and says in a line what it held. Raises `Finding`."""
    recorded = recorded_pdus(path)
    dissected: List[Dissected] = []
    for packet in dissect(path):
        dissected += check_packet(packet)
    compare(recorded, dissected)
    check_presence(dissected, opnums)
    return f"{len(dissected)} PDUs of {len({each.way[0] for each in dissected})} connections, nothing malformed"


def recorded_pdus(path: str) -> Counter[Tuple[Tuple[int, bool], int, int, int]]:
    """Each PDU as (way, its place in it, type, call id), read from the capture without tshark."""
    found: Counter[Tuple[Tuple[int, bool], int, int, int]] = Counter()
    for stream in capture.read_streams(path):
        try:
            for place, each in enumerate(pdu.split(stream.data)):
                found[(stream.connection, stream.from_client), place, each.kind, each.call_id] += 1
        except pdu.BadPdu as error:
            raise Finding(f"connection {stream.connection} is no row of PDUs: {error}") from None
    return found


def compare(recorded: Counter[Tuple[Tuple[int, bool], int, int, int]], dissected: List[Dissected]) -> None:
    """The two readings of the capture agree."""
    seen: Counter[Tuple[Tuple[int, bool], int, int, int]] = Counter()
    places: Counter[Tuple[int, bool]] = Counter()
    for each in dissected:
        seen[each.way, places[each.way], each.kind, each.call_id] += 1
        places[each.way] += 1
    if recorded != seen:
        raise Finding(
            f"tshark dissected {len(dissected)} PDUs of {sum(recorded.values())}; "
            f"not as recorded: {sorted((recorded - seen) + (seen - recorded))[:5]}"
        )


def check_presence(dissected: List[Dissected], opnums: FrozenSet[int]) -> None:
    """The capture holds what it is supposed to show; an empty one shows nothing."""
    missing = [name for kind, name in NEEDED_KINDS.items() if all(each.kind != kind for each in dissected)]
    if missing:
        raise Finding(f"no {', '.join(missing)} in the capture")
    for kind in (pdu.REQUEST, pdu.RESPONSE):
        lacking = opnums - {each.opnum for each in dissected if each.kind == kind}
        if lacking:
            raise Finding(f"no {NEEDED_KINDS[kind]} with opnum {sorted(lacking)}")


def dissect(path: str, port: int = capture.SERVER_PORT, keytab: Optional[str] = None) -> Iterator[ElementTree.Element]:
    """tshark's packets, with checksums verified, the capture's port decoded as DCE/RPC, and what users' keys open."""
    command = ["tshark", "-n", "-r", path, "-d", f"tcp.port=={port},dcerpc", "-T", "pdml"]
    command += [] if keytab is None else ["-K", keytab]
    for option in ("ip.check_checksum", "tcp.check_checksum", "tcp.desegment_tcp_streams", "dcerpc.reassemble_dcerpc"):
        command += ["-o", f"{option}:TRUE"]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode != 0:
        raise Finding(f"tshark ended with {done.returncode}: {done.stderr.decode(errors='replace')}")
    return ElementTree.fromstring(done.stdout).iter("packet")


def check_packet(packet: ElementTree.Element) -> List[Dissected]:
    """The PDUs of one packet. A part of it belongs to the PDU before it. Raises `Finding`."""
    found: List[Dissected] = []
    frame = number(packet, "frame.number")
    for part in packet.iter("proto"):
        if part.get("name") == "dcerpc":
            found.append(dissected_pdu(frame, packet, part))
        check_part(frame, part, found[-1] if found else None)
    return found


def dissected_pdu(frame: int, packet: ElementTree.Element, part: ElementTree.Element) -> Dissected:
    """What tshark made of one PDU."""
    from_client = number(packet, "tcp.dstport") == capture.SERVER_PORT
    port = number(packet, "tcp.srcport" if from_client else "tcp.dstport")
    opnum = shown(part, "dcerpc.opnum")
    return Dissected(
        frame,
        (port - capture.CLIENT_PORT_BASE, from_client),
        number(part, "dcerpc.pkt_type"),
        number(part, "dcerpc.cn_call_id"),
        None if opnum is None else int(opnum),
    )


def check_part(frame: int, part: ElementTree.Element, owner: Optional[Dissected]) -> None:
    """One protocol layer of a packet: nothing in it complains, save what is let through."""
    name = part.get("name") or ""
    where = str(owner) if owner else f"frame {frame}"
    if name in TROUBLE:
        raise Finding(f"{where}: {part.get('showname') or name}")
    for each in part.iter("field"):
        label = each.get("name") or ""
        if label in TROUBLE or (label.startswith("dcerpc.fragment.") and label != "dcerpc.fragment.count"):
            raise Finding(f"{where}: {each.get('showname') or label}")
        if label == "_ws.expert":
            check_remark(where, each, owner)
    known = owner is not None and owner.opnum in UNKNOWN_OPERATION_ALLOWED
    if not known and "unknown operation" in (part.get("showname") or "").lower():
        raise Finding(f"{where}: {part.get('showname')}")


def check_remark(where: str, remark: ElementTree.Element, owner: Optional[Dissected]) -> None:
    """One of tshark's expert remarks."""
    if number(remark, "_ws.expert.severity") <= CHAT:
        return
    message = shown(remark, "_ws.expert.message") or ""
    if message in CLOSING:
        return
    key = None if owner is None or owner.opnum is None else (owner.kind, owner.opnum)
    if message == "Long frame" and key in LONG_FRAME_ALLOWED:
        return
    if owner is not None and owner.kind == pdu.FAULT and message.startswith("Fault:"):
        return
    if owner is not None and owner.kind == pdu.BIND_NAK and message == "Bind not acknowledged":
        return
    raise Finding(f"{where}: {message}")


def shown(within: ElementTree.Element, name: str) -> Optional[str]:
    """The value of the first field with a name."""
    for each in within.iter("field"):
        if each.get("name") == name:
            return each.get("show")
    return None


def number(within: ElementTree.Element, name: str) -> int:
    """The value of a field that is always there."""
    value = shown(within, name)
    if value is None:
        raise Finding(f"tshark shows no {name}")
    return int(value, 0)


def main(arguments: List[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Checks a capture of exstore's RPC port with tshark.")
    parser.add_argument("file")
    parser.add_argument("--opnums", default=",".join(map(str, sorted(STORY_OPNUMS))), help="those that must be there")
    options = parser.parse_args(arguments)
    try:
        held = check(options.file, frozenset(map(int, options.opnums.split(","))))
    except (Finding, capture.BadCapture, OSError) as finding:
        print(f"{options.file}: {finding}", file=sys.stderr)
        return 1
    print(f"{options.file}: {held}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
