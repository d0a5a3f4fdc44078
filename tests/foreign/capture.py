"""A recording TCP relay, and the writing and reading of classic pcap files.

A live capture wants privileges that a test has no claim to, so the bytes are recorded where they pass: the
relay listens on a port of its own on 127.0.0.1, forwards to the server, and notes both directions in order.
The file it leaves holds raw IPv4 (LINKTYPE_RAW) with headers made up here: their sequence numbers,
acknowledgements and checksums are right, their addresses, ports and times the same in every run.
"""

from __future__ import annotations

import select
import socket
import struct
import threading
from dataclasses import dataclass, field
from typing import Dict, Iterable, Iterator, List, NamedTuple, Tuple

SERVER_PORT = 20185
"""The port that captures show for the server; outside 6000 to 6063, which tshark takes for X11."""

CLIENT_PORT_BASE = 40000
CLIENT_ADDRESS = bytes((192, 0, 2, 1))
SERVER_ADDRESS = bytes((192, 0, 2, 2))
SEGMENT = 1460
START_SECONDS = 1_145_681_160
"""2006-04-22 04:46 UTC; each packet is a millisecond after the one before."""

LINKTYPE_RAW = 101
PCAP_HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 0x40000, LINKTYPE_RAW)

FIN, SYN, RST, PSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10

WAIT_SECONDS = 60.0
"""How long a close may take to pass through before the relay calls it a failure."""


class Moment(NamedTuple):
    """One thing that happened on a connection."""

    connection: int
    from_client: bool
    kind: str
    """`open`, `data`, `fin` or `reset`."""
    payload: bytes = b""


class BadCapture(Exception):
    """A file is not a capture of the kind that is written here."""


class Relay:
    """Forwards connections to `target`, and keeps what passed.

    A moment is noted before its bytes go on, so an answer never stands before its question. An end of stream
    is passed on as one, and a reset as a reset.
    """

    def __init__(self, target: Tuple[str, int]) -> None:
        self._target = target
        self._lock = threading.Lock()
        self._moments: List[Moment] = []
        self._threads: List[threading.Thread] = []
        self._connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    @property
    def address(self) -> Tuple[str, int]:
        """Where clients connect to."""
        host, port = self._listener.getsockname()[:2]
        return host, port

    def finish(self) -> List[Moment]:
        """Takes no more connections, waits for those there are to end, and hands over what was recorded."""
        # A thread that waits in accept() does not notice that its listener was closed; a last connection wakes it.
        self._target = ("", 0)
        socket.create_connection(self.address, timeout=WAIT_SECONDS).close()
        self._acceptor.join(WAIT_SECONDS)
        self._listener.close()
        for thread in self._threads:
            thread.join(WAIT_SECONDS)
            if thread.is_alive():
                raise TimeoutError("a relayed connection did not end")
        return self._moments

    def _accept(self) -> None:
        while True:
            client, _ = self._listener.accept()
            if self._target[1] == 0:
                client.close()
                return
            try:
                server = socket.create_connection(self._target, timeout=WAIT_SECONDS)
            except OSError:
                reset(client)
                continue
            server.settimeout(None)
            self._join(client, server)

    def _join(self, client: socket.socket, server: socket.socket) -> None:
        number = self._connections
        self._connections += 1
        self._note(Moment(number, True, "open"))
        for each in (client, server):
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        thread = threading.Thread(target=self._pump, args=(number, client, server), daemon=True)
        self._threads.append(thread)
        thread.start()

    # One thread for both ways: a socket that a second thread is reading from can't be reset.
    def _pump(self, number: int, client: socket.socket, server: socket.socket) -> None:
        ways = {client: server, server: client}
        with client, server:
            while ways:
                for source in select.select(list(ways), [], [])[0]:
                    moment = take(number, source, source is client)
                    self._note(moment)
                    if moment.kind == "reset":
                        reset(client)
                        reset(server)
                        return
                    pass_on(moment, ways[source])
                    if moment.kind == "fin":
                        del ways[source]

    def _note(self, moment: Moment) -> None:
        with self._lock:
            self._moments.append(moment)


def take(number: int, source: socket.socket, from_client: bool) -> Moment:
    """What a readable socket has to say."""
    try:
        data = source.recv(65536)
    except OSError:
        return Moment(number, from_client, "reset")
    return Moment(number, from_client, "data" if data else "fin", data)


def pass_on(moment: Moment, sink: socket.socket) -> None:
    """Does to the other side what was seen on this one."""
    try:
        if moment.kind == "data":
            sink.sendall(moment.payload)
        else:
            sink.shutdown(socket.SHUT_WR)
    except OSError:
        # The other side is gone, and what is read from it next says how.
        pass


def reset(connection: socket.socket) -> None:
    """Ends a connection with RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def write_pcap(path: str, moments: Iterable[Moment]) -> None:
    """Writes what a relay recorded."""
    with open(path, "wb") as file:
        file.write(PCAP_HEADER)
        for index, packet in enumerate(packets(moments)):
            seconds, thousandths = divmod(index, 1000)
            file.write(
                struct.pack("<IIII", START_SECONDS + seconds, thousandths * 1000, len(packet), len(packet)) + packet
            )


def exchange(pdus: Iterable[Tuple[bool, bytes]]) -> List[Moment]:
    """One connection in which each `(from_client, bytes)` went its way in turn."""
    moments = [Moment(0, True, "open")]
    moments += [Moment(0, from_client, "data", data) for from_client, data in pdus]
    return moments + [Moment(0, True, "fin"), Moment(0, False, "fin")]


@dataclass
class Direction:
    """One way of a connection: its ends, and the number of its next octet."""

    source: bytes
    source_port: int
    sink: bytes
    sink_port: int
    sequence: int
    ended: bool = False

    def packet(self, other: Direction, flags: int, payload: bytes = b"") -> bytes:
        """The next packet, acknowledging all that came the other way; a SYN or FIN counts as an octet."""
        acknowledged = other.sequence if flags & ACK else 0
        segment = tcp(self, acknowledged, flags, payload)
        self.sequence += len(payload) + (1 if flags & (SYN | FIN) else 0)
        return ipv4(self.source, self.sink, segment)


@dataclass
class Wire:
    """Turns moments into packets."""

    ways: Dict[int, Tuple[Direction, Direction]] = field(default_factory=dict)

    def open(self, number: int) -> Iterator[bytes]:
        """The three packets of a connection's start."""
        port = CLIENT_PORT_BASE + number
        first = 0x10000 * (number + 1)
        up = Direction(CLIENT_ADDRESS, port, SERVER_ADDRESS, SERVER_PORT, first)
        down = Direction(SERVER_ADDRESS, SERVER_PORT, CLIENT_ADDRESS, port, first + 0x8000)
        self.ways[number] = (up, down)
        yield up.packet(down, SYN)
        yield down.packet(up, SYN | ACK)
        yield up.packet(down, ACK)

    def add(self, moment: Moment) -> Iterator[bytes]:
        """The packets of one moment; after a reset or an end of stream that way is silent."""
        if moment.kind == "open":
            yield from self.open(moment.connection)
            return
        up, down = self.ways[moment.connection]
        way, back = (up, down) if moment.from_client else (down, up)
        if way.ended:
            return
        if moment.kind == "data":
            for start in range(0, len(moment.payload), SEGMENT):
                yield way.packet(back, PSH | ACK, moment.payload[start : start + SEGMENT])
            return
        way.ended = True
        if moment.kind == "reset":
            back.ended = True
            yield way.packet(back, RST | ACK)
            return
        yield way.packet(back, FIN | ACK)
        yield back.packet(way, ACK)


def packets(moments: Iterable[Moment]) -> Iterator[bytes]:
    """The IPv4 packets that would have carried these moments."""
    wire = Wire()
    for moment in moments:
        yield from wire.add(moment)


def tcp(way: Direction, acknowledged: int, flags: int, payload: bytes) -> bytes:
    """A TCP segment without options."""

    def header(checksum: int) -> bytes:
        return struct.pack(
            ">HHIIBBHHH",
            way.source_port,
            way.sink_port,
            way.sequence & 0xFFFFFFFF,
            acknowledged & 0xFFFFFFFF,
            5 << 4,
            flags,
            0xFFFF,
            checksum,
            0,
        )

    pseudo = way.source + way.sink + struct.pack(">BBH", 0, 6, 20 + len(payload))
    return header(internet_checksum(pseudo + header(0) + payload)) + payload


def ipv4(source: bytes, sink: bytes, segment: bytes) -> bytes:
    """An IPv4 packet without options."""

    def header(checksum: int) -> bytes:
        total = 20 + len(segment)
        return struct.pack(">BBHHHBBH4s4s", 0x45, 0, total, 0, 0x4000, 64, 6, checksum, source, sink)

    return header(internet_checksum(header(0))) + segment


def internet_checksum(data: bytes) -> int:
    """RFC 1071."""
    padded = data + bytes(len(data) % 2)
    total: int = sum(struct.unpack(f">{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


class Stream(NamedTuple):
    """The bytes that went one way of one connection."""

    connection: int
    from_client: bool
    data: bytes


def connection_of(client: int, server: int = SERVER_PORT) -> int:
    """The connection that is shown with a client's port. A store's own captures step aside where both ports were one."""
    return (server if client == CLIENT_PORT_BASE - 1 else client) - CLIENT_PORT_BASE


def read_streams(path: str, port: int = SERVER_PORT) -> List[Stream]:
    """The streams of a capture that `write_pcap` wrote, or a store; packets are in order and never repeated."""
    found: Dict[Tuple[int, bool], bytearray] = {}
    for packet in read_packets(path):
        source, sink = struct.unpack_from(">HH", packet, 20)
        from_client = sink == port
        number = connection_of(source if from_client else sink, port)
        found.setdefault((number, from_client), bytearray()).extend(packet[40:])
    return [Stream(number, way, bytes(data)) for (number, way), data in found.items()]


def read_packets(path: str) -> Iterator[bytes]:
    """The packets of a little-endian classic pcap file of raw IPv4."""
    with open(path, "rb") as file:
        content = file.read()
    if content[:4] != PCAP_HEADER[:4] or content[20:24] != PCAP_HEADER[20:24]:
        raise BadCapture(f"{path} is not a classic pcap file of raw IPv4")
    at = len(PCAP_HEADER)
    while at < len(content):
        (length,) = struct.unpack_from("<I", content, at + 8)
        at += 16
        if at + length > len(content) or length < 40:
            raise BadCapture(f"{path} ends inside a packet, or holds one that is not TCP")
        yield content[at : at + length]
        at += length
