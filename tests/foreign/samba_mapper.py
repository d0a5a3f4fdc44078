#!/usr/bin/python3
"""Samba's own bindings look EMSMDB up in the endpoint mapper, and bind to it where the mapper says it is.

    /usr/bin/python3 samba_mapper.py RPC_HOST:PORT [EPM_HOST:PORT]...

They come with Debian's package python3-samba, for the system's own interpreter alone. Samba is the client that
insists on the room of the tower array being its own max_towers.
"""

from __future__ import annotations

import sys
import traceback
from typing import Any, List, Tuple

EMSMDB = ("a4f1db00-ca47-1067-b31f-00dd010662da", 0 | 81 << 16)
UNKNOWN = ("12345678-1234-1234-1234-123456789abc", 1)
NOT_REGISTERED = 0x16C9A0D6


def expect(actual: Any, wanted: Any, what: str) -> None:
    """Raises unless both are the same."""
    if actual != wanted:
        raise AssertionError(f"{what} is {actual!r} instead of {wanted!r}")


class Mapper:
    """The endpoint mapper at `host`, port `port`."""

    def __init__(self, host: str, port: int) -> None:
        from samba.dcerpc import epmapper
        from samba.param import LoadParm

        self._settings = LoadParm()
        self._mapper = epmapper.epmapper(f"ncacn_ip_tcp:{host}[{port}]", self._settings)

    def find(self, interface: Tuple[str, int], max_towers: int) -> Tuple[List[Any], int]:
        """ept_map: the towers, and the status."""
        from samba.dcerpc import misc

        question = tower(interface)
        _, towers, status = self._mapper.epm_Map(misc.GUID(), question, misc.policy_handle(), max_towers)
        return [each.twr.tower for each in towers], status

    def entries(self) -> List[Any]:
        """ept_lookup of everything."""
        from samba.dcerpc import epmapper, misc

        handle, entries, status = self._mapper.epm_Lookup(
            epmapper.RPC_C_EP_ALL_ELTS, None, None, epmapper.RPC_C_VERS_ALL, misc.policy_handle(), 10
        )
        expect(status, 0, "the status of a lookup")
        freed, status = self._mapper.epm_LookupHandleFree(handle)
        expect((str(freed.uuid), status), (str(misc.GUID()), 0), "the handle that was freed, and the status")
        return list(entries)

    def ping(self, host: str, port: int) -> bytes:
        """EcDummyRpc's answer at another port."""
        from samba.dcerpc import base

        there = base.ClientConnection(f"ncacn_ip_tcp:{host}[{port}]", EMSMDB, self._settings)
        return bytes(there.request(6, b""))


def tower(interface: Tuple[str, int]) -> Any:
    """A question for an interface over TCP."""
    from samba.dcerpc import epmapper, misc
    from samba.ndr import ndr_pack

    def floor(protocol: int, data: bytes) -> Any:
        made = epmapper.epm_floor()
        lhs = epmapper.epm_lhs()
        lhs.protocol, lhs.lhs_data = protocol, data
        made.lhs = lhs
        return made

    def syntax_floor(uuid: str, version: int) -> Any:
        made = floor(epmapper.EPM_PROTOCOL_UUID, ndr_pack(misc.GUID(uuid)) + (version & 0xFFFF).to_bytes(2, "little"))
        rhs = epmapper.epm_rhs_uuid()
        rhs.unknown = (version >> 16).to_bytes(2, "little")
        made.rhs = rhs
        return made

    floors = [syntax_floor(*interface), syntax_floor("8a885d04-1ceb-11c9-9fe8-08002b104860", 2)]
    floors += [floor(epmapper.EPM_PROTOCOL_NCACN, b""), floor(epmapper.EPM_PROTOCOL_TCP, b"")]
    floors += [floor(epmapper.EPM_PROTOCOL_IP, b"")]
    floors[2].rhs.minor_version = 0
    floors[3].rhs.port = 135
    floors[4].rhs.ipaddr = "0.0.0.0"
    question = epmapper.epm_twr_t()
    question.tower.num_floors = len(floors)
    question.tower.floors = floors
    return question


def check(rpc: Tuple[str, int], port: Tuple[str, int]) -> None:
    """Everything, on one port."""
    mapper = Mapper(*port)
    for max_towers in (1, 4, 500):
        towers, status = mapper.find(EMSMDB, max_towers)
        expect((len(towers), status), (1, 0), f"towers and status with room for {max_towers}")
        expect((towers[0].floors[4].rhs.ipaddr, towers[0].floors[3].rhs.port), rpc, "where EMSMDB is")
    expect(mapper.ping(*rpc), bytes(4), "EcDummyRpc's answer")
    expect(mapper.find(UNKNOWN, 4), ([], NOT_REGISTERED), "what is told of an unknown interface")
    entries = mapper.entries()
    expect(len(entries), 1, "the number of entries")
    expect(entries[0].annotation, "Exchange Server STORE EMSMDB Interface", "the annotation")
    expect(entries[0].tower.tower.floors[3].rhs.port, rpc[1], "the port in the list")


def address(text: str) -> Tuple[str, int]:
    """`HOST:PORT`."""
    host, _, port = text.rpartition(":")
    return host, int(port)


def main(arguments: List[str]) -> int:
    """The command line."""
    try:
        import samba.dcerpc  # noqa: F401
    except ImportError as error:
        print(f"{error}: run tests/setup, which installs python3-samba, and use /usr/bin/python3", file=sys.stderr)
        return 1
    ports = [address(argument) for argument in arguments]
    try:
        for port in ports:
            check(ports[0], port)
            print(f"ok {port[0]}:{port[1]} leads Samba to EMSMDB")
    except Exception:
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
