#!/usr/bin/python3
"""Samba authenticates with NTLM, raw and in SPNEGO, at every level, and is refused and cut off like anybody.

    /usr/bin/python3 samba_authenticated.py RPC_HOST:PORT CONTROL_URL

The store `default` must be on a manual clock, without sessions, users, or a block list; its domain is EXSTORE. Samba checks the
signature of whatever it is answered. It plays the scenes in two ways, since neither does everything:

Its DCE/RPC client, with SPNEGO. Its bindings authenticate only to interfaces that Samba itself has, so EMSMDB is added by an
alter_context to an association with the management interface. With raw NTLM that doesn't do, as Samba then sends its last
token a second time, which is a fault with Windows as well; so there the management interface itself is called.

Its GENSEC alone, with PDUs by hand: raw NTLM and SPNEGO at the levels up to integrity (to seal is not in its
bindings), and both at once on one connection.
"""

from __future__ import annotations

import socket
import struct
import sys
import time
import traceback
import uuid
from typing import Any, Callable, Dict, List, Optional, Tuple

import buffers
import pdu
import scenes
from control import Store
from scenes import Account, Denied, Kind, Outcome, expect

Server = Tuple[str, int]

EMSMDB = ("a4f1db00-ca47-1067-b31f-00dd010662da", 81 << 16)
EMSMDB_SYNTAX = uuid.UUID(EMSMDB[0]).bytes_le + struct.pack("<I", EMSMDB[1])
AUX_LIMIT = 0x1008
INVALID_CHECKSUM = 9
"""Of a bind_nak. [MS-RPCE] 2.2.2.5"""
WAIT_SECONDS = 60.0

NTLM, SPNEGO = 10, 9
LEVELS = {"connect": 2, "call": 3, "packet": 4, "integrity": 5}
"""Those that GENSEC's bindings protect calls at."""
OPTIONS = {"connect": 2, "packet": 4, "sign": 5, "seal": 6}
"""The options of a binding of Samba's, and their levels."""

# What Samba makes of a fault with access denied: of a call, and of the last leg of SPNEGO.
ACCESS_DENIED = (0xC0000022, 0xC000006D)
DISCONNECTED = (0xC000020C, 0xC000020D)
STATUSES: Dict[int, Outcome] = {
    **{status: scenes.FAULT_ACCESS_DENIED for status in ACCESS_DENIED},
    **{status: scenes.CLOSED for status in DISCONNECTED},
    0xC0030005: scenes.FAULT_CONTEXT_MISMATCH,
}


def array(data: bytes) -> bytes:
    """A conformant array of bytes, padded to four."""
    return struct.pack("<I", len(data)) + data + bytes(-len(data) % 4)


def connect_stub(dn: bytes, version: Tuple[int, int, int], aux: bytes) -> bytes:
    """EcDoConnectEx, of a client that links no session."""
    name = dn + b"\0"
    stub = struct.pack("<III", len(name), 0, len(name)) + name + bytes(-len(name) % 4)
    stub += struct.pack("<7IH3HI", 0, 0x2A2A2A2A, 0, 1252, 1033, 1033, 0xFFFFFFFF, 1, *version, 0)
    return stub + array(aux) + struct.pack("<2I", len(aux), AUX_LIMIT)


def logon_stub(handle: bytes, dn: bytes) -> bytes:
    """EcDoRpcExt2 with a RopLogon, asking for an answer neither compressed nor obfuscated."""
    rops = buffers.header_ext(buffers.rop_logon(dn))
    stub = handle + struct.pack("<I", 3) + array(rops) + struct.pack("<2I", len(rops), 0x8008)
    return stub + array(b"") + struct.pack("<2I", 0, AUX_LIMIT)


def code_of(stub: bytes) -> int:
    """The return value, at the end of every answer."""
    (code,) = struct.unpack("<I", stub[-4:])
    return int(code)


class SambasClient:
    """A client of the scenes; how a call is made is for others to say."""

    def __init__(self, request: Callable[[int, bytes], bytes], close: Callable[[], None]) -> None:
        self._request = request
        self.close = close

    def call(self, opnum: int, stub: bytes) -> Outcome:
        """A call: `("answer", stub)`, or what else becomes of it."""
        try:
            return ("answer", self._request(opnum, stub))
        except Denied as denied:
            return denied.outcome

    def connect(self, dn: bytes, version: Tuple[int, int, int], process: str) -> Outcome:
        """EcDoConnectEx."""
        answer = self.call(10, connect_stub(dn, version, buffers.connect_aux(process)))
        if answer[0] != "answer":
            return answer
        handle, code = answer[1][:20], code_of(answer[1])
        expect(handle == bytes(20), code != 0, f"whether code {code:#x} has no handle")
        return ("code", code) if code else ("handle", handle)

    def logon(self, handle: bytes) -> Outcome:
        """RopLogon to the user's mailbox."""
        answer = self.call(11, logon_stub(handle, scenes.distinguished_name(scenes.USER)))
        if answer[0] != "answer":
            return answer
        stub = answer[1]
        if stub[:20] == bytes(20):
            return ("code", code_of(stub))
        expect((stub[:20], code_of(stub)), (handle, 0), "the handle and the code of an answer")
        (count,) = struct.unpack_from("<I", stub, 32)
        logon = buffers.logon_answer(buffers.payload_of(stub[36 : 36 + count]))
        return ("code", logon.code) if logon.code else scenes.OK

    def disconnect(self, handle: bytes) -> Outcome:
        """EcDoDisconnect."""
        return scenes.OK if self.call(1, handle) == ("answer", bytes(24)) else ("kept",)

    def ended(self) -> Outcome:
        """Calls until a call finds the connection closed: Samba has no other way to wait for that."""
        until = time.monotonic() + WAIT_SECONDS
        outcome = self.call(6, b"")
        while outcome != scenes.CLOSED and time.monotonic() < until:
            outcome = self.call(6, b"")
        return outcome


def credentials_of(who: Account) -> Any:
    """Samba's, which are not to be tried with Kerberos."""
    from samba.credentials import DONT_USE_KERBEROS, Credentials
    from samba.param import LoadParm

    made = Credentials()
    made.guess(LoadParm())
    made.set_kerberos_state(DONT_USE_KERBEROS)
    made.set_username(who.user)
    made.set_password(who.password)
    made.set_domain(who.domain)
    return made


def translated(call: Callable[[], Any]) -> Any:
    """What a call of Samba's gives. Raises `Denied` for a fault, and for an end of the connection."""
    from samba import NTSTATUSError

    try:
        return call()
    except NTSTATUSError as error:
        status = error.args[0] & 0xFFFFFFFF
        raise Denied(STATUSES.get(status, ("status", hex(status)))) from None


def management(rpc: Server, options: str, who: Account) -> Any:
    """Samba's client of the management interface, bound as somebody."""
    from samba.dcerpc import mgmt
    from samba.param import LoadParm

    binding = f"ncacn_ip_tcp:{rpc[0]}[{rpc[1]},{options}]"
    return translated(lambda: mgmt.mgmt(binding, LoadParm(), credentials_of(who)))


def sambas_own(rpc: Server, option: str, who: Account) -> SambasClient:
    """EMSMDB through Samba's own client of DCE/RPC, with SPNEGO."""
    from samba.dcerpc import base
    from samba.param import LoadParm

    options = f"{option},spnego"
    first = management(rpc, options, who)
    binding = f"ncacn_ip_tcp:{rpc[0]}[{rpc[1]},{options}]"
    held = [
        translated(lambda: base.ClientConnection(binding, EMSMDB, LoadParm(), credentials_of(who), basis_connection=first)),
        first,
    ]
    expect(held[0].transport_encrypted(), False, "whether Samba takes TCP for encrypted")
    return SambasClient(lambda opnum, stub: bytes(translated(lambda: held[0].request(opnum, stub))), held.clear)


class Context:
    """A security context of GENSEC's."""

    def __init__(self, kind: int, level: int, number: int, who: Account) -> None:
        from samba import gensec
        from samba.param import LoadParm

        settings = {"target_hostname": "127.0.0.1", "lp_ctx": LoadParm()}
        self.kind, self.level, self.number = kind, level, number
        self._gensec = gensec.Security.start_client(settings)
        self._gensec.set_credentials(credentials_of(who))
        self._gensec.want_feature(gensec.FEATURE_DCE_STYLE)
        # Samba has no level call, which is what packet is over a connection.
        self._gensec.start_mech_by_authtype(kind, LEVELS["packet"] if level == LEVELS["call"] else level)

    def step(self, token: bytes) -> Tuple[bool, bytes]:
        """Whether it is done, and the next token."""
        done, answer = self._gensec.update(token)
        return bool(done), answer or b""

    def trailer(self, token: bytes, padding: int = 0) -> bytes:
        """The trailer of this context."""
        return pdu.trailer(self.kind, self.level, self.number, token, padding)

    def request(self, opnum: int, stub: bytes, call_id: int) -> bytes:
        """A request, signed where the level asks for it."""
        if self.level < LEVELS["call"]:
            return pdu.request(opnum, stub, call_id=call_id)
        padding = -len(stub) % 16
        body = struct.pack("<IHH", len(stub), 0, opnum) + stub + bytes(padding)
        whole = pdu.pdu(pdu.REQUEST, body, call_id, auth=self.trailer(bytes(16), padding))[:-16]
        return whole + bytes(self._gensec.sign_packet(stub + bytes(padding), whole))

    def stub_of(self, answer: pdu.Pdu) -> bytes:
        """The stub of a response whose signature Samba has found right."""
        found = pdu.trailer_of(answer)
        if self.level < LEVELS["call"]:
            expect(found, None, "the verifier of an answer at the level connect")
            return answer.raw[24:]
        assert found is not None
        expect((found.kind, found.level, found.context), (self.kind, self.level, self.number), "a trailer")
        whole, end = answer.raw[:-16], len(answer.raw) - 24
        self._gensec.check_packet(answer.raw[24:end], whole, found.token)
        return answer.raw[24 : end - found.padding]


class Handmade:
    """A connection whose PDUs are made here, and whose tokens are Samba's."""

    def __init__(self, rpc: Server, first: Optional[Context] = None) -> None:
        self._socket = socket.create_connection(rpc, timeout=WAIT_SECONDS)
        self._calls = 1
        if first is None:
            self._send(pdu.bind(EMSMDB_SYNTAX), pdu.BIND_ACK)
        else:
            self.agree(first, pdu.BIND)

    def agree(self, context: Context, kind: int = pdu.ALTER_CONTEXT) -> None:
        """The legs of authentication, of which the last is an alter_context."""
        done, token = context.step(b"")
        while token:
            self._calls += 1
            asked = pdu.bind(EMSMDB_SYNTAX, auth=context.trailer(token), kind=kind, call_id=self._calls)
            answer = self._send(asked, pdu.BIND_ACK if kind == pdu.BIND else pdu.ALTER_CONTEXT_RESPONSE)
            found = pdu.trailer_of(answer)
            kind = pdu.ALTER_CONTEXT
            if done:
                return
            done, token = context.step(found.token if found else b"")

    def client(self, context: Optional[Context]) -> SambasClient:
        """A client of the scenes, in one of the connection's security contexts."""

        def request(opnum: int, stub: bytes) -> bytes:
            self._calls += 1
            if context is None:
                return self._send(pdu.request(opnum, stub, call_id=self._calls), pdu.RESPONSE).raw[24:]
            answer = self._send(context.request(opnum, stub, self._calls), pdu.RESPONSE)
            return context.stub_of(answer)

        return SambasClient(request, self._socket.close)

    def _send(self, asked: bytes, wanted: int) -> pdu.Pdu:
        try:
            self._socket.sendall(asked)
            answer = pdu.receive(self._socket)
        except (pdu.Closed, ConnectionResetError, BrokenPipeError):
            raise Denied(scenes.CLOSED) from None
        if answer.kind == pdu.FAULT:
            raise Denied(("fault", pdu.fault_of(answer).status))
        if answer.kind == pdu.BIND_NAK:
            raise Denied(("bind_nak", pdu.bind_nak_reason(answer)))
        expect((answer.kind, answer.call_id), (wanted, self._calls), "the answer's kind and call")
        return answer


def kinds(rpc: Server) -> List[Kind]:
    """Samba's clients."""

    def own(option: str) -> Callable[[Account], SambasClient]:
        return lambda who: sambas_own(rpc, option, who)

    def handmade(kind: int, level: int) -> Callable[[Account], SambasClient]:
        def make(who: Account) -> SambasClient:
            context = Context(kind, level, 1, who)
            return Handmade(rpc, context).client(context)

        return make

    found = [Kind(f"Samba's client, SPNEGO, {option}", level, own(option)) for option, level in OPTIONS.items()]
    for name, kind in (("NTLM", NTLM), ("SPNEGO", SPNEGO)):
        levels = [level for level in LEVELS if (kind, level) != (SPNEGO, "call")]
        found += [Kind(f"Samba's GENSEC, {name}, {level}", LEVELS[level], handmade(kind, LEVELS[level])) for level in levels]
    return found


def raw_ntlm_is_taken_at_every_level(rpc: Server, _store: Store) -> None:
    """Samba's client, NTLM, each level: the management interface answers who has the right password"""
    for option in OPTIONS:
        good = management(rpc, f"{option},ntlm", scenes.account())
        found = {str(each.id.uuid) for each in good.inq_if_ids().if_id}
        expect(EMSMDB[0] in found, True, f"whether EMSMDB is among {found} at the level {option}")
        for bad in (Account(scenes.USER, "wrong"), Account("nobody", "wrong")):
            try:
                translated(management(rpc, f"{option},ntlm", bad).inq_if_ids)
            except Denied as denied:
                expect(denied.outcome, scenes.FAULT_ACCESS_DENIED, f"what {bad} gets at the level {option}")
                continue
            raise scenes.SceneFailed(f"{bad} was let in at the level {option}")


def spnego_has_no_level_call(rpc: Server, _store: Store) -> None:
    """SPNEGO at the level call is no bind, as it is none with Windows"""
    try:
        Handmade(rpc, Context(SPNEGO, LEVELS["call"], 1, scenes.account()))
    except Denied as denied:
        expect(denied.outcome, ("bind_nak", INVALID_CHECKSUM), "what SPNEGO gets at the level call")
        return
    raise scenes.SceneFailed("SPNEGO was taken at the level call")


def several_contexts(rpc: Server, store: Store) -> None:
    """one connection carries somebody anonymous, a user by NTLM and another by SPNEGO, in turn"""
    connection = Handmade(rpc)
    jane = Context(NTLM, LEVELS["integrity"], 1, scenes.account())
    bob = Context(SPNEGO, LEVELS["packet"], 7, scenes.account(scenes.OTHER))
    connection.agree(jane)
    connection.agree(bob)
    clients = [connection.client(each) for each in (None, jane, bob)]
    users = (scenes.USER, scenes.USER, scenes.OTHER)
    handles = [scenes.opened(client, scenes.ALLOWED, user) for client, user in zip(clients, users)]
    shown = [each["user"] for each in store.sessions()]
    expect(shown, [None, scenes.USER, scenes.OTHER], "whose sessions there are")
    for _ in range(3):
        for client, handle in zip(clients, handles):
            expect(client.logon(handle), scenes.OK, "a logon in turn")
    for client, handle in zip(clients, handles[1:] + handles[:1]):
        expect(client.logon(handle), scenes.FAULT_ACCESS_DENIED, "a call on another's session")
    for client, handle in zip(clients, handles):
        expect(client.disconnect(handle), scenes.OK, "a disconnect")
    clients[0].close()


MORE: List[Callable[[Server, Store], None]] = [raw_ntlm_is_taken_at_every_level, spnego_has_no_level_call, several_contexts]


def address(text: str) -> Server:
    """`HOST:PORT`."""
    host, _, port = text.rpartition(":")
    return host, int(port)


def main(arguments: List[str]) -> int:
    """The command line."""
    try:
        import samba.gensec  # noqa: F401
    except ImportError as error:
        print(f"{error}: run tests/setup, which installs python3-samba, and use /usr/bin/python3", file=sys.stderr)
        return 1
    rpc, store = address(arguments[0]), Store(arguments[1])
    try:
        scenes.add_users(store)
        scenes.play(store, kinds(rpc))
        for each in MORE:
            each(rpc, store)
            print(f"ok {each.__doc__}", flush=True)
    except scenes.SceneFailed as failed:
        print(f"not ok {failed}", file=sys.stderr)
        return 1
    except Exception:
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
