"""An impacket client of EMSMDB: one TCP connection, bound, with the calls of `emsmdb`.

impacket does the binding, the marshalling and the fragments. Its transport is replaced by one that keeps the
bytes that came, for three things that impacket doesn't show: the number in a fault, the association group
(of which it can't join one either), and whether an answer is a correct PDU and not merely one it can read.
"""

from __future__ import annotations

import copy
import socket
import struct
from typing import Callable, NamedTuple, Optional, Tuple

from impacket.dcerpc.v5.ndr import NDRCALL
from impacket.dcerpc.v5.rpcrt import RPC_C_AUTHN_LEVEL_CALL, RPC_C_AUTHN_WINNT, DCERPCException, DCERPC_v5
from impacket.dcerpc.v5.transport import TCPTransport

import buffers
import emsmdb
import pdu

WAIT_SECONDS = 60.0
"""How long an answer may take before that is a failure. Nothing waits this long otherwise."""

DN = b"/o=First Organization/ou=First Administrative Group/cn=Recipients/cn=janedow"
IMPACKET_CONTEXT = 79231
"""What impacket numbers its security contexts from."""

OUTLOOK_2003 = (0x000B, 0x15E8, 0x0000)
"""11.0.5608.0, in the scheme of three words."""
OUTLOOK_2000 = (0x0005, 0x0C5D, 0x0000)
"""5.0.3165.0."""


OUTLOOK_2007 = (0x0C00, 0x91A6, 0x0000)
"""12.0.4518.0."""


class Login(NamedTuple):
    """Who a client says it is, and how well it protects its calls."""

    user: str
    password: str
    level: int
    """The authentication level, 2 (connect) to 6 (privacy)."""
    domain: str = "EXSTORE"
    ntlmv2: bool = True
    """Or NTLM version 1 with extended session security."""


class Fault(Exception):
    """The server answered a call with a fault."""

    def __init__(self, body: pdu.FaultBody) -> None:
        super().__init__(f"fault {body.status:08X}")
        self.body = body


class Transport(TCPTransport):
    """impacket's TCP transport, reading whole PDUs and keeping those of the last answer."""

    def __init__(self, address: Tuple[str, int], group: int) -> None:
        super().__init__(address[0], address[1])
        self.set_connect_timeout(WAIT_SECONDS)
        self.group = group
        self.ntlmv2 = True
        self.received = b""
        self.last_sent = b""
        self.on_its_way: Callable[[bytes], bytes] = bytes
        """What becomes of a request between impacket and the server."""

    def doesSupportNTLMv2(self) -> bool:
        """Which version of NTLM impacket authenticates with."""
        return self.ntlmv2

    def connect(self) -> int:
        """Connects, and lets no segment wait for another."""
        connected = super().connect()
        self.get_socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return int(connected)

    def send(self, data: bytes, forceWriteAndx: int = 0, forceRecv: int = 0) -> None:
        """Sends a PDU; a bind gets the association group that impacket leaves at zero."""
        if data[2] == pdu.BIND:
            data = data[:20] + struct.pack("<I", self.group) + data[24:]
        if data[2] == pdu.REQUEST:
            data = self.on_its_way(data)
        if data[2] != pdu.AUTH3:
            # Nothing answers an auth3, so the answer before it is still the last one.
            self.received = b""
        self.last_sent = data
        self.get_socket().sendall(data)

    def recv(self, forceRecv: int = 0, count: int = 0) -> bytes:
        """So many bytes, or the whole of the next PDU when impacket asks for whatever there is."""
        connection = self.get_socket()
        data = pdu.receive_exactly(connection, count) if count else pdu.receive(connection).raw
        self.received += data
        return bytes(data)


class Connection:
    """A connection bound to EMSMDB. `group` joins the association group that another bind was given."""

    def __init__(self, address: Tuple[str, int], group: int = 0, login: Optional[Login] = None) -> None:
        self.transport = Transport(address, group)
        self.rpc = DCERPC_v5(self.transport)
        self.rpc.connect()
        self._context = 0
        self._bind(login)
        self.group = pdu.bind_ack_of(pdu.parse(self.transport.received)).group

    def beside(self, login: Optional[Login]) -> Connection:
        """Another presentation and security context on the same connection, by an alter_context."""
        other = copy.copy(self)
        other.rpc = DCERPC_v5(self.transport)
        other._context = self._context + 1
        other.rpc.set_ctx_id(other._context)
        other._bind(login, alter=1)
        return other

    def _bind(self, login: Optional[Login], alter: int = 0) -> None:
        self._login = login
        if login is not None:
            self.transport.ntlmv2 = login.ntlmv2
            self.rpc.set_credentials(login.user, login.password, login.domain)
            self.rpc.set_auth_type(RPC_C_AUTHN_WINNT)
            self.rpc.set_auth_level(login.level)
        self.rpc.bind(emsmdb.INTERFACE, alter=alter)

    def call(self, request: NDRCALL) -> NDRCALL:
        """Makes a call. Raises `Fault` for a fault, and `pdu.Closed` when the connection ends instead."""
        self.rpc.call(request.opnum, request)
        try:
            stub = self.rpc.recv()
        except DCERPCException:
            raise Fault(self._fault()) from None
        self._check_response()
        return emsmdb.decode(request.opnum, stub)

    def dummy(self) -> int:
        """EcDummyRpc; its return value."""
        return int(self.call(emsmdb.EcDummyRpc())["ErrorCode"])

    def closes_silently(self) -> None:
        """Waits for the peer's end of stream. Raises when as much as one byte comes first, or a reset."""
        early = self.transport.get_socket().recv(1)
        if early:
            raise pdu.BadPdu(f"byte {early.hex()} came before the end of the connection")

    def close(self) -> None:
        """Ends the connection from this side."""
        self.rpc.disconnect()

    def _fault(self) -> pdu.FaultBody:
        answer = list(pdu.split(self.transport.received))[-1]
        self._check_call_id(answer)
        return pdu.fault_of(answer)

    def _check_response(self) -> None:
        answers = list(pdu.split(self.transport.received))
        for index, answer in enumerate(answers):
            self._check_call_id(answer)
            wanted = (pdu.FIRST if index == 0 else 0) | (pdu.LAST if index == len(answers) - 1 else 0)
            hint, context = struct.unpack_from("<IH", answer.raw, 16)
            if (answer.kind, answer.flags, context) != (pdu.RESPONSE, wanted, self._context) or hint == 0:
                raise pdu.BadPdu(f"not response {index} of {len(answers)}: {answer.raw.hex()}")
            self._check_trailer(answer)

    def _check_trailer(self, answer: pdu.Pdu) -> None:
        """Samba and tshark check what signatures are over; impacket doesn't, so here it is what stands beside them."""
        trailer = pdu.trailer_of(answer)
        if self._login is None or self._login.level < RPC_C_AUTHN_LEVEL_CALL:
            if trailer is not None:
                raise pdu.BadPdu(f"a verifier that nobody asked for: {answer.raw.hex()}")
            return
        wanted = (RPC_C_AUTHN_WINNT, int(self._login.level), IMPACKET_CONTEXT + self._context)
        if trailer is None or (trailer.kind, trailer.level, trailer.context) != wanted or len(trailer.token) != 16:
            raise pdu.BadPdu(f"no verifier of {wanted}: {answer.raw.hex()}")

    def _check_call_id(self, answer: pdu.Pdu) -> None:
        asked = pdu.parse(self.transport.last_sent).call_id
        if answer.call_id != asked:
            raise pdu.BadPdu(f"call {asked} was answered as {answer.call_id}")


class Refused(Exception):
    """A connect or a call was answered with a code and no handle."""

    def __init__(self, code: int) -> None:
        super().__init__(f"refused with {code:#x}")
        self.code = code


class Session(NamedTuple):
    """A session context on a connection; `legacy` is one that opnum 0 opened."""

    connection: Connection
    handle: bytes
    legacy: bool = False

    def on(self, connection: Connection) -> Session:
        """The same context, used through another connection."""
        return self._replace(connection=connection)

    def logon(self, aux: bytes = b"") -> buffers.Logon:
        """RopLogon, by opnum 2 for an old client and by opnum 11 for others.

        Raises `Refused` when the answer's handle is NULL.
        """
        rops = buffers.rop_logon(DN)
        if self.legacy:
            answer = self.connection.call(emsmdb.rpc_request(self.handle, buffers.xor(rops)))
            self._check_handle(answer)
            return buffers.logon_answer(buffers.xor(emsmdb.octets(answer, "rgb")))
        answer = self.connection.call(emsmdb.rpc_ext2_request(self.handle, buffers.header_ext(rops), aux))
        self._check_handle(answer)
        return buffers.logon_answer(buffers.payload_of(emsmdb.octets(answer, "rgbOut")))

    def disconnect(self) -> None:
        """EcDoDisconnect, whose answer is a NULL handle and a zero."""
        answer = self.connection.call(emsmdb.disconnect_request(self.handle))
        if emsmdb.handle(answer) != emsmdb.NULL_HANDLE or answer["ErrorCode"] != 0:
            raise AssertionError(f"EcDoDisconnect left {emsmdb.handle(answer).hex()}, code {answer['ErrorCode']:#x}")

    def _check_handle(self, answer: NDRCALL) -> None:
        if emsmdb.handle(answer) == emsmdb.NULL_HANDLE:
            raise Refused(answer["ErrorCode"])
        if emsmdb.handle(answer) != self.handle or answer["ErrorCode"] != 0:
            raise AssertionError(f"answer for {emsmdb.handle(answer).hex()} with code {answer['ErrorCode']:#x}")


def open_session(connection: Connection, process: Optional[str], version: int = 2, obfuscate: bool = False) -> Session:
    """EcDoConnectEx with an auxiliary buffer that names `process`. Raises `Refused`."""
    aux = buffers.connect_aux(process, version, obfuscate)
    return open_session_with(connection, aux)


def open_session_with(connection: Connection, aux: bytes) -> Session:
    """EcDoConnectEx with this auxiliary buffer, whatever it holds. Raises `Refused`."""
    answer = connection.call(emsmdb.connect_ex_request(DN, OUTLOOK_2003, aux))
    return Session(connection, granted(answer))


def open_legacy_session(connection: Connection) -> Session:
    """EcDoConnect, opnum 0. Raises `Refused`."""
    answer = connection.call(emsmdb.connect_request(DN, OUTLOOK_2000))
    return Session(connection, granted(answer), legacy=True)


def granted(answer: NDRCALL) -> bytes:
    """The handle of a connect that succeeded; one that failed has the NULL handle and a code."""
    got, code = emsmdb.handle(answer), answer["ErrorCode"]
    if (got == emsmdb.NULL_HANDLE) != (code != 0):
        raise AssertionError(f"code {code:#x} with handle {got.hex()}")
    if code != 0:
        raise Refused(code)
    return got


def fault_status(session: Session) -> int:
    """The fault that a call on a dead handle is answered with. Raises when it isn't one."""
    try:
        session.logon()
    except Fault as fault:
        return fault.body.status
    raise AssertionError("a call on a dead handle was carried out")
