"""impacket looks EMSMDB up in the endpoint mapper, and binds to it where the mapper says it is.

    mapper.py RPC_HOST:PORT [EPM_HOST:PORT] [--capture FILE]

The mapper is asked on each port that is given; EMSMDB must be at the first.
"""

from __future__ import annotations

import argparse
import struct
import sys
import traceback
from typing import Any, Callable, List, Optional, Tuple

from impacket.dcerpc.v5 import epm, mgmt
from impacket.dcerpc.v5.rpcrt import DCERPCException, DCERPC_v5
from impacket.uuid import bin_to_string, uuidtup_to_bin

import capture
import client
import emsmdb
from story import StoryFailed, address, expect

NOT_REGISTERED = 0x16C9A0D6
ACCESS_DENIED = 5
UNKNOWN_INTERFACE = uuidtup_to_bin(("12345678-1234-1234-1234-123456789abc", "1.0"))
ANNOTATION = b"Exchange Server STORE EMSMDB Interface\0"
EPM_INTERFACES = ["E1AF8308-5D1F-11C9-91A4-08002B14A0FA", "AFA8BD80-7D8A-11C9-BEF4-08002B102989"]
EMSMDB_INTERFACE = "A4F1DB00-CA47-1067-B31F-00DD010662DA"


def connect(port: Tuple[str, int]) -> DCERPC_v5:
    """A connection that is not bound."""
    rpc = DCERPC_v5(client.Transport(port, 0))
    rpc.connect()
    return rpc


def on(port: Tuple[str, int], ask: Callable[[DCERPC_v5], Any]) -> Any:
    """What `ask` learns on a connection of its own, which impacket binds."""
    rpc = connect(port)
    try:
        return ask(rpc)
    finally:
        rpc.disconnect()


def mapped(port: Tuple[str, int], interface: bytes) -> str:
    """ept_map: the string binding of an interface over TCP."""
    return on(port, lambda rpc: epm.hept_map(port[0], interface, protocol="ncacn_ip_tcp", dce=rpc))


def status_of(call: Callable[[], Any]) -> Optional[int]:
    """The status that a call fails with."""
    try:
        call()
    except DCERPCException as error:
        return error.get_error_code()
    return None


def map_finds_emsmdb(rpc: Tuple[str, int], port: Tuple[str, int]) -> None:
    """ept_map names the RPC port, and EMSMDB is there."""
    found = mapped(port, emsmdb.INTERFACE)
    expect(found, f"ncacn_ip_tcp:{port[0]}[{rpc[1]}]", "the binding of EMSMDB")
    there = int(found.rpartition("[")[2].rstrip("]"))
    connection = client.Connection((port[0], there))
    expect(connection.dummy(), 0, "EcDummyRpc where the mapper says that EMSMDB is")
    connection.close()


def map_knows_nothing_else(port: Tuple[str, int]) -> None:
    """What is not registered is told so, and so is EMSMDB over a pipe."""
    expect(status_of(lambda: mapped(port, UNKNOWN_INTERFACE)), NOT_REGISTERED, "an unknown interface")
    over_pipe = lambda rpc: epm.hept_map(port[0], emsmdb.INTERFACE, protocol="ncacn_np", dce=rpc)  # noqa: E731
    expect(status_of(lambda: on(port, over_pipe)), NOT_REGISTERED, "EMSMDB over a pipe")


def lookup_lists_emsmdb(rpc: Tuple[str, int], port: Tuple[str, int]) -> None:
    """ept_lookup, as rpcdump makes it."""
    entries = on(port, lambda dce: epm.hept_lookup(port[0], dce=dce))
    expect(len(entries), 1, "the number of entries")
    floors = entries[0]["tower"]["Floors"]
    expect(epm.PrintStringBinding(floors), f"ncacn_ip_tcp:{rpc[0]}[{rpc[1]}]", "the entry's binding")
    expect(bin_to_string(floors[0]["InterfaceUUID"]), EMSMDB_INTERFACE, "the entry's interface")
    expect(entries[0]["annotation"], ANNOTATION, "the entry's annotation")
    nothing = lambda dce: epm.hept_lookup(port[0], 1, ifId=UNKNOWN_INTERFACE, dce=dce)  # noqa: E731
    expect(status_of(lambda: on(port, nothing)), NOT_REGISTERED, "a list of another interface")


def management_answers(port: Tuple[str, int], interfaces: List[str]) -> None:
    """The operations of mgmt."""
    dce = connect(port)
    dce.bind(mgmt.MSRPC_UUID_MGMT)
    listed = mgmt.hinq_if_ids(dce)["if_id_vector"]["if_id"]
    expect([bin_to_string(each["Data"]["Uuid"]) for each in listed], interfaces, "the interfaces of the port")
    statistics = mgmt.hinq_stats(dce)
    expect((statistics["count"], len(statistics["statistics"])), (4, 4), "the number of statistics")
    dce.call(2, b"")
    expect(struct.unpack("<II", dce.recv()), (0, 1), "status and answer of is_server_listening")
    expect(status_of(lambda: mgmt.hstop_server_listening(dce)), ACCESS_DENIED, "the end of the server")
    expect(mgmt.hinq_princ_name(dce, 10, 64)["status"], 0x6D3, "the server's name for NTLM")
    dce.disconnect()


def run(rpc: Tuple[str, int], ports: List[Tuple[str, int]]) -> None:
    """Everything, on each port."""
    for port in ports:
        map_finds_emsmdb(rpc, port)
        map_knows_nothing_else(port)
        lookup_lists_emsmdb(rpc, port)
        management_answers(port, [EMSMDB_INTERFACE] * (port == rpc) + EPM_INTERFACES)
        print(f"ok {port[0]}:{port[1]} leads to EMSMDB, and tells what it offers")


def main(arguments: List[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Looks EMSMDB up in the endpoint mapper of a running exstore.")
    parser.add_argument("rpc", type=address, help="HOST:PORT of the store's RPC listener")
    parser.add_argument("epm", type=address, nargs="*", help="HOST:PORT of the endpoint mapper's own listener")
    parser.add_argument("--capture", metavar="FILE", help="record a further round on the RPC port as a pcap file")
    options = parser.parse_args(arguments)
    try:
        run(options.rpc, [options.rpc, *options.epm])
        if options.capture:
            record(options.rpc, options.capture)
    except StoryFailed as failed:
        print(f"not ok {failed}", file=sys.stderr)
        return 1
    except Exception:
        traceback.print_exc()
        return 1
    return 0


def record(rpc: Tuple[str, int], file: str) -> None:
    """Asks mapper and management through a relay, which records the bytes."""
    relay = capture.Relay(rpc)
    port = relay.address
    mapped(port, emsmdb.INTERFACE)
    map_knows_nothing_else(port)
    lookup_lists_emsmdb(rpc, port)
    on(port, free_a_null_handle)
    management_answers(port, [EMSMDB_INTERFACE] + EPM_INTERFACES)
    capture.write_pcap(file, relay.finish())


def free_a_null_handle(dce: DCERPC_v5) -> None:
    """ept_lookup_handle_free, which impacket doesn't declare."""
    dce.bind(epm.MSRPC_UUID_PORTMAP)
    dce.call(4, bytes(20))
    expect(dce.recv(), bytes(24), "the answer to ept_lookup_handle_free")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
