"""New mail, told to impacket clients: by a datagram, with the next answer, and by RopPending to a linked session.

    notify.py RPC_HOST:PORT CONTROL_URL

The store `default` must be on a manual clock, without sessions. One line per step; the first that does not hold ends the
program with exit code 1.
"""

from __future__ import annotations

import argparse
import socket
import struct
import sys
import traceback
from typing import List, Tuple

import buffers
import emsmdb
from client import DN, OUTLOOK_2003, WAIT_SECONDS, Connection, Session, granted
from control import Store
from story import StoryFailed, address, expect

CONTEXT = b"\xca\xfe\xba\xbe\x01"
REGISTER_NEW_MAIL = bytes([0x29, 0, 0, 1, 0x02, 0x00, 1])
"""RopRegisterNotification on slot 0, into slot 1: new mail, the whole store."""
NO_OBJECT = 0xFFFFFFFF


def open_linked(connection: Connection, link: int, stamp: int) -> Tuple[Session, int, int]:
    """EcDoConnectEx with a link: the session, its picxr and its time stamp."""
    request = emsmdb.connect_ex_request(DN, OUTLOOK_2003, buffers.connect_aux("OUTLOOK.EXE"))
    request["ulIcxrLink"] = link
    request["pulTimeStamp"] = stamp
    answer = connection.call(request)
    return Session(connection, granted(answer)), answer["picxr"], answer["pulTimeStamp"]


def exchange(session: Session, rops: bytes) -> bytes:
    """EcDoRpcExt2 with a buffer of operations: the operations of its answer, without RopSize and handles."""
    answer = session.connection.call(emsmdb.rpc_ext2_request(session.handle, buffers.header_ext(rops)))
    expect(answer["ErrorCode"], emsmdb.EC_NONE, "the code of EcDoRpcExt2")
    payload = buffers.payload_of(emsmdb.octets(answer, "rgbOut"))
    (size,) = struct.unpack_from("<H", payload)
    return payload[2:size]


def subscribe(session: Session) -> int:
    """Logs on and registers for new mail: the handle of the notification object."""
    logon = buffers.rop_logon(DN)
    (size,) = struct.unpack_from("<H", logon)
    rops = buffers.rop_buffer(logon[2:size] + REGISTER_NEW_MAIL, [NO_OBJECT, NO_OBJECT])
    answer = session.connection.call(emsmdb.rpc_ext2_request(session.handle, buffers.header_ext(rops)))
    payload = buffers.payload_of(emsmdb.octets(answer, "rgbOut"))
    (size,) = struct.unpack_from("<H", payload)
    expect(payload[size - 6 : size], bytes([0x29, 1, 0, 0, 0, 0]), "the answer to RopRegisterNotification")
    _, notification = struct.unpack_from("<II", payload, size)
    return int(notification)


def register_push(session: Session, port: int) -> None:
    """EcRRegisterPushNotification with an address on loopback."""
    request = emsmdb.EcRRegisterPushNotification()
    request["pcxh"] = emsmdb.ContextHandle.of(session.handle)
    request["rgbContext"] = CONTEXT
    request["cbContext"] = len(CONTEXT)
    request["grbitAdviseBits"] = 0xFFFFFFFF
    sockaddr = struct.pack("<H", 2) + struct.pack(">H", port) + socket.inet_aton("127.0.0.1") + bytes(8)
    request["rgbCallbackAddress"] = sockaddr
    request["cbCallbackAddress"] = len(sockaddr)
    answer = session.connection.call(request)
    expect(answer["ErrorCode"], emsmdb.EC_NONE, "the code of EcRRegisterPushNotification")
    expect(emsmdb.handle(answer), session.handle, "the handle that comes back")
    if answer["hNotification"] == 0:
        raise StoryFailed("the callback has no number")


def tell(rpc: Tuple[str, int], store: Store) -> None:
    """All steps in order."""
    mailbox = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    mailbox.bind(("127.0.0.1", 0))
    mailbox.settimeout(WAIT_SECONDS)
    connection = Connection(rpc)
    first, index, stamp = open_linked(connection, 0xFFFFFFFF, 0)
    second, _, _ = open_linked(connection, index, stamp)
    notification = subscribe(first)
    register_push(first, mailbox.getsockname()[1])
    print("ok a client registers for new mail and for datagrams", flush=True)

    told = store.send("POST", "/sessions/1/notifications", {"message_class": "IPM.Note"})
    expect(told, {"session": 1, "kind": "new_mail", "told": 1, "push": "sent"}, "what the control plane says")
    expect(mailbox.recv(64), CONTEXT, "the datagram")
    store.advance("1m")
    expect(mailbox.recv(64), CONTEXT, "the datagram a minute later")
    print("ok it is sent its own bytes, and again a minute later", flush=True)

    nothing = buffers.rop_buffer(b"", [])
    expect(exchange(second, nothing), b"\x6e" + struct.pack("<H", index), "RopPending to the linked session")
    mail = exchange(first, nothing)
    expect(mail[:8], struct.pack("<BIBH", 0x2A, notification, 0, 0x8002), "the beginning of RopNotify")
    expect(mail[-18:], "IPM.Note\0".encode("utf-16-le"), "the message class")
    expect(exchange(first, nothing), b"", "what is left to tell")
    expect(exchange(second, nothing), b"", "what is left to tell the linked session")
    print("ok the linked session is told whose events wait, and the client what they are, once", flush=True)

    store.advance("5m")
    mailbox.setblocking(False)
    try:
        raise StoryFailed(f"a datagram about nothing: {mailbox.recv(64)!r}")
    except BlockingIOError:
        print("ok nothing more is sent", flush=True)
    connection.close()


def main(arguments: List[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Has new mail come in for impacket clients of a running exstore.")
    parser.add_argument("rpc", type=address, help="HOST:PORT of the store's RPC listener")
    parser.add_argument("control", help="base URL of the control plane, such as http://127.0.0.1:8135")
    options = parser.parse_args(arguments)
    try:
        tell(options.rpc, Store(options.control))
    except StoryFailed as failed:
        print(f"not ok {failed}", file=sys.stderr)
        return 1
    except Exception:
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
