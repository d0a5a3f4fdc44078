"""Proves the foreign clients' own parts, without a server: `selftest.py`, plain unittest.

The declarations are held against vectors that neither they nor exstore made; the checkers are shown things
that they must refuse, since a checker that can't fail checks nothing.
"""

from __future__ import annotations

import logging
import os
import socket
import struct
import tempfile
import threading
import unittest
from pathlib import Path
from typing import Callable, Dict, FrozenSet, List, Tuple

from impacket.dcerpc.v5.ndr import NDRCALL

import buffers
import capture
import check_capture
import client
import compare_transcript
import control
import emsmdb
import pdu
import samba_raw_suite
import scenes

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "wire" / "foreign"

Exchange = List[Tuple[bool, bytes]]


def vector(name: str) -> bytes:
    """A message of the fixtures."""
    return bytes.fromhex((FIXTURES / f"{name}.hex").read_text(encoding="ascii"))


HANDLE = vector("disc_req")
SHORT_DN = b"/o=x/cn=J"


class RequestsEncodeToTheVectors(unittest.TestCase):
    """Byte for byte; an alignment gap, which NDR leaves open, holds impacket's mark."""

    def test_each_request(self) -> None:
        aux = buffers.connect_aux("OUTLOOK.EXE")
        logon = buffers.header_ext(buffers.rop_logon(client.DN))
        rows: List[Tuple[str, NDRCALL, range]] = [
            ("connectex_req", emsmdb.connect_ex_request(client.DN, client.OUTLOOK_2003, aux), range(0x59, 0x5C)),
            ("connect0_req", emsmdb.connect_request(client.DN, client.OUTLOOK_2000), range(0x59, 0x5C)),
            ("ext2_req", emsmdb.rpc_ext2_request(HANDLE, logon), range(0x85, 0x88)),
            ("disc_req", emsmdb.disconnect_request(HANDLE), range(0)),
        ]
        for name, request, gap in rows:
            with self.subTest(name):
                wanted = bytearray(vector(name))
                for place in gap:
                    self.assertEqual(wanted[place], 0)
                    wanted[place] = 0xBF
                self.assertEqual(request.getData().hex(), wanted.hex())

    def test_opnum_2_has_its_rops_obfuscated_between_two_lengths(self) -> None:
        stub = emsmdb.rpc_request(HANDLE, buffers.xor(buffers.rop_logon(SHORT_DN))).getData()
        rops = bytes.fromhex("bfa5 5ba5a5a4 a9a5a5a5 a5a5a5a5 afa5") + buffers.xor(SHORT_DN + b"\0") + b"\x5a" * 4
        counts = bytes.fromhex("ff7f0000 00000000 1e000000")
        self.assertEqual(stub.hex(), (HANDLE + counts + rops + bytes.fromhex("1e00 ff7f")).hex())

    def test_a_dummy_call_is_empty(self) -> None:
        self.assertEqual(pdu.request(6, emsmdb.EcDummyRpc().getData(), call_id=4), vector("dummy_req"))


class ResponsesDecodeFromTheVectors(unittest.TestCase):
    """Every field that the story looks at, and a few that show that no field slipped."""

    def test_a_connect_that_succeeds(self) -> None:
        answer = emsmdb.decode(10, vector("connectex_resp"))
        self.assertEqual((emsmdb.handle(answer), answer["ErrorCode"]), (HANDLE, 0))
        timing = [answer[field] for field in ("pcmsPollsMax", "pcRetry", "pcmsRetryDelay", "picxr")]
        self.assertEqual(timing, [60000, 6, 10000, 0x11])
        prefix = b"/o=First Organization/ou=First Administrative Group/cn=Recipients/cn=\0"
        self.assertEqual(emsmdb.octets(answer, "szDNPrefix"), prefix)
        self.assertEqual(emsmdb.octets(answer, "szDisplayName"), b"Jane Dow\0")
        self.assertEqual(answer.fields["rgwServerVersion"].words(), (6, 7638, 0))
        self.assertEqual(answer.fields["rgwBestVersion"].words(), (11, 5608, 0))
        self.assertEqual(answer["pulTimeStamp"], 0x01020304)
        self.assertEqual(len(buffers.payload_of(emsmdb.octets(answer, "rgbAuxOut"))), 20)

    def test_a_connect_that_is_refused(self) -> None:
        for name, string in (("connectex_resp_blocked", b"\0"), ("connectex_resp_blocked_nullptr", b"")):
            with self.subTest(name):
                answer = emsmdb.decode(10, vector(name))
                self.assertEqual(emsmdb.handle(answer), emsmdb.NULL_HANDLE)
                self.assertEqual(answer["ErrorCode"], emsmdb.EC_CLIENT_VER_DISALLOWED)
                self.assertEqual(emsmdb.octets(answer, "szDNPrefix"), string)
                self.assertRaises(client.Refused, client.granted, answer)

    def test_an_old_connect(self) -> None:
        answer = emsmdb.decode(0, vector("connect0_resp"))
        self.assertEqual(client.granted(answer), HANDLE)
        self.assertEqual(emsmdb.octets(answer, "szDNPrefix"), b"/o=x/cn=\0")
        self.assertEqual(answer.fields["rgwClientVersion"].words(), client.OUTLOOK_2000)

    def test_a_logon(self) -> None:
        answer = emsmdb.decode(11, vector("ext2_resp"))
        self.assertEqual((emsmdb.handle(answer), answer["pulTransTime"], answer["ErrorCode"]), (HANDLE, 3, 0))
        logon = buffers.logon_answer(buffers.payload_of(emsmdb.octets(answer, "rgbOut")))
        self.assertEqual((len(logon.response), logon.code, logon.handle), (buffers.LOGON_SUCCESS_SIZE, 0, 0x65))

    def test_a_session_that_was_ended(self) -> None:
        answer = emsmdb.decode(11, vector("ext2_killed"))
        self.assertEqual((emsmdb.handle(answer), emsmdb.octets(answer, "rgbOut")), (emsmdb.NULL_HANDLE, b""))
        self.assertEqual(answer["ErrorCode"], emsmdb.EC_CLIENT_VER_DISALLOWED)

    def test_a_stub_that_is_not_quite_right_is_refused(self) -> None:
        good = vector("connectex_resp")

        def changed(place: int, value: int) -> bytes:
            return good[:place] + bytes((value,)) + good[place + 1 :]

        rows = [
            ("a byte to spare", good + b"\0"),
            ("a byte short", good[:-1]),
            ("a gap that is not zero", changed(0x22, 1)),
            ("a string that does not start at its first byte", changed(0x2C, 1)),
            ("a count that is not its array's", changed(0xD0, 0x1B)),
        ]
        # impacket logs what it can't decode.
        logging.getLogger("impacket").setLevel(logging.CRITICAL)
        for name, stub in rows:
            with self.subTest(name):
                self.assertRaises((emsmdb.BadStub, struct.error), emsmdb.decode, 10, stub)


class BuffersEncodeToTheVectors(unittest.TestCase):
    """Auxiliary blocks and PDUs."""

    def test_each(self) -> None:
        outlook = buffers.process_info("OUTLOOK.EXE")
        rows = [
            ("aux", buffers.connect_aux("OUTLOOK.EXE")[8:]),
            ("procinfo", outlook),
            ("procinfo_v1", buffers.process_info("mdl.exe", version=1)),
            ("procinfo_ext", buffers.header_ext(outlook)),
            ("procinfo_ext_xor", buffers.header_ext(outlook, obfuscate=True)),
        ]
        for name, encoded in rows:
            with self.subTest(name):
                self.assertEqual(encoded.hex(), vector(name).hex())

    def test_pdus_decode(self) -> None:
        op_range = pdu.fault_of(pdu.parse(vector("fault_op_range")))
        self.assertEqual(op_range, (emsmdb.FAULT_OP_RANGE, 0, True))
        mismatch = pdu.fault_of(pdu.parse(vector("fault_context_mismatch")))
        self.assertEqual(mismatch, (emsmdb.FAULT_CONTEXT_MISMATCH, 0, False))
        accepted = pdu.bind_ack_of(pdu.parse(vector("bind_ack")))
        self.assertEqual(accepted, (5840, 0x12345, [(0, 0), (3, 3)]))


def answer_bind(connection: socket.socket) -> None:
    """Plays the server's part in a bind by impacket, which offers one context."""
    asked = pdu.receive(connection)
    body = struct.pack("<HHIH", 4280, 4280, 0x11, 5) + b"1051\0\0" + struct.pack("<IHH", 1, 0, 0) + pdu.NDR20
    connection.sendall(pdu.pdu(pdu.BIND_ACK, body, asked.call_id))


class Served:
    """A server of one connection, which it answers the bind of and then hands to `play`."""

    def __init__(self, play: Callable[[socket.socket], None]) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._play = play
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Tuple[str, int]:
        self._thread.start()
        host, port = self._listener.getsockname()[:2]
        return host, port

    def __exit__(self, *_: object) -> None:
        self._thread.join(client.WAIT_SECONDS)
        self._listener.close()

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with connection:
            answer_bind(connection)
            self._play(connection)


def response(stub: bytes, call_id: int, flags: int = pdu.FIRST | pdu.LAST) -> bytes:
    """A response PDU."""
    return pdu.pdu(pdu.RESPONSE, struct.pack("<IHBB", len(stub), 0, 0, 0) + stub, call_id, flags)


class TheClientNotices(unittest.TestCase):
    """What the story's assertions rest on."""

    def test_an_end_of_stream_alone_is_silent(self) -> None:
        with Served(lambda connection: None) as address:
            connection = client.Connection(address)
            self.assertEqual(connection.group, 0x11)
            connection.closes_silently()
            connection.close()

    def test_a_byte_before_the_end_is_not_silent(self) -> None:
        with Served(lambda connection: connection.sendall(b"\5")) as address:
            connection = client.Connection(address)
            self.assertRaises(pdu.BadPdu, connection.closes_silently)
            connection.close()

    def test_a_reset_is_not_an_end(self) -> None:
        with Served(capture.reset) as address:
            connection = client.Connection(address)
            self.assertRaises(ConnectionResetError, connection.closes_silently)
            connection.close()

    def test_an_answer_to_another_call_is_refused(self) -> None:
        self.refuses(lambda call_id: response(bytes(4), call_id + 1))

    def test_an_answer_that_never_began_is_refused(self) -> None:
        self.refuses(lambda call_id: response(bytes(4), call_id, pdu.LAST))

    def test_a_fault_shows_its_number(self) -> None:
        def play(connection: socket.socket) -> None:
            asked = pdu.receive(connection)
            connection.sendall(vector("fault_op_range")[:12] + struct.pack("<I", asked.call_id))
            connection.sendall(vector("fault_op_range")[16:])

        with Served(play) as address:
            connection = client.Connection(address)
            with self.assertRaises(client.Fault) as raised:
                connection.dummy()
            self.assertEqual(raised.exception.body.status, emsmdb.FAULT_OP_RANGE)
            connection.close()

    def refuses(self, answer: Callable[[int], bytes]) -> None:
        """The client makes nothing of such an answer."""
        with Served(lambda connection: connection.sendall(answer(pdu.receive(connection).call_id))) as address:
            connection = client.Connection(address)
            self.assertRaises(pdu.BadPdu, connection.dummy)
            connection.close()


class Trailers(unittest.TestCase):
    """Security trailers, made and taken apart, and what is none."""

    def test_what_was_made_is_found(self) -> None:
        trailer = pdu.trailer(10, 6, 79231, bytes(16), 4)
        made = pdu.parse(pdu.pdu(pdu.RESPONSE, bytes(8) + b"stub" + bytes(4), auth=trailer))
        self.assertEqual(pdu.trailer_of(made), pdu.Trailer(10, 6, 4, 79231, bytes(16)))
        self.assertIsNone(pdu.trailer_of(pdu.parse(response(b"stub", 1))))

    def test_what_is_none_is_refused(self) -> None:
        good = pdu.pdu(pdu.RESPONSE, bytes(16), auth=pdu.trailer(10, 6, 1, bytes(16)))
        rows = {
            "a reserved byte": good[:35] + b"\1" + good[36:],
            "more padding than there is": good[:34] + b"\x11" + good[35:],
            "not aligned": pdu.pdu(pdu.RESPONSE, bytes(15), auth=pdu.trailer(10, 6, 1, bytes(16))),
            "more token than PDU": good[:10] + struct.pack("<H", 64) + good[12:],
        }
        for name, raw in rows.items():
            with self.subTest(name):
                self.assertRaises(pdu.BadPdu, pdu.trailer_of, pdu.parse(raw))


class ScenesNotice(unittest.TestCase):
    """A scene fails with a server that lets everybody in, and with one that lets nobody in."""

    class Fake:
        """Answers every connect alike."""

        def __init__(self, outcome: scenes.Outcome) -> None:
            self.outcome = outcome

        def connect(self, _dn: bytes, _version: Tuple[int, int, int], _process: str) -> scenes.Outcome:
            return self.outcome

        def logon(self, _handle: bytes) -> scenes.Outcome:
            return scenes.OK

        def disconnect(self, _handle: bytes) -> scenes.Outcome:
            return scenes.OK

        def ended(self) -> scenes.Outcome:
            return scenes.CLOSED

        def close(self) -> None:
            pass

    class FakeStore(control.Store):
        """Has no sessions, and no events."""

        def __init__(self) -> None:
            super().__init__("http://nowhere.invalid")

        def send(self, method: str, path: str, body: object = None) -> object:
            return {"items": [], "next": None, "polls_run": 1, "disconnected": 2}

    def test_each_scene(self) -> None:
        for outcome in (("handle", HANDLE), scenes.FAULT_ACCESS_DENIED, scenes.EC_NOT_ENCRYPTED):
            kind = scenes.Kind("a fake", 5, lambda _who, outcome=outcome: self.Fake(outcome))
            for scene in scenes.SCENES:
                if outcome == scenes.FAULT_ACCESS_DENIED and scene is scenes.is_refused_with_bad_credentials:
                    continue
                with self.subTest(scene.__name__, outcome=outcome):
                    self.assertRaises(scenes.SceneFailed, scene, self.FakeStore(), kind)


class TheRelayPassesOn(unittest.TestCase):
    """Bytes, ends and resets, and a record of them in order."""

    def test_bytes_and_ends_both_ways(self) -> None:
        def play(connection: socket.socket) -> None:
            connection.sendall(response(bytes(4), pdu.receive(connection).call_id))

        with Served(play) as address:
            relay = capture.Relay(address)
            connection = client.Connection(relay.address)
            self.assertEqual(connection.dummy(), 0)
            connection.closes_silently()
            connection.close()
            moments = relay.finish()
        shape = [(moment.kind, moment.from_client) for moment in moments]
        calls = [("data", True), ("data", False)] * 2
        self.assertEqual(shape, [("open", True), *calls, ("fin", False), ("fin", True)])
        self.assertEqual(moments[-3].payload, response(bytes(4), 1))

    def test_a_reset(self) -> None:
        with Served(capture.reset) as address:
            relay = capture.Relay(address)
            connection = client.Connection(relay.address)
            self.assertRaises(ConnectionResetError, connection.closes_silently)
            connection.close()
            self.assertEqual(relay.finish()[-1], capture.Moment(0, False, "reset"))


def good_exchange() -> Exchange:
    """Vectors as PDUs: bind, a refused connect, an old connect, and EcDummyRpc."""
    return [
        (True, vector("bind")),
        (False, vector("bind_ack")),
        (True, pdu.request(10, vector("connectex_req"), call_id=2)),
        (False, response(vector("connectex_resp_blocked"), 2)),
        (True, pdu.request(0, vector("connect0_req"), call_id=3)),
        (False, response(vector("connect0_resp"), 3)),
        (True, vector("dummy_req")),
        (False, vector("dummy_resp")),
    ]


GOOD_OPNUMS = frozenset((0, 6, 10))


class TheCaptureCheck(unittest.TestCase):
    """tshark accepts captures of the vectors, and the check finds what is wrong with others."""

    def check(self, moments: List[capture.Moment], opnums: FrozenSet[int] = GOOD_OPNUMS, flip: int = 0) -> str:
        """Writes the moments to a file, turns a byte of it over if told, and checks it."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "test.pcap")
            capture.write_pcap(path, moments)
            content = bytearray(Path(path).read_bytes())
            if flip:
                content[flip] ^= 0xFF
            Path(path).write_bytes(content)
            return check_capture.check(path, opnums)

    def test_the_vectors_are_clean(self) -> None:
        self.assertEqual(self.check(capture.exchange(good_exchange())), "8 PDUs of 1 connections, nothing malformed")

    def test_the_connect_request_has_the_documented_header(self) -> None:
        header = "05000003 10000000 4c010000 02000000 34010000 00000a00"
        self.assertEqual(good_exchange()[2][1][:24], bytes.fromhex(header))

    def test_fragments_and_segments_are_put_together(self) -> None:
        stub = vector("connectex_req")
        parts = [
            pdu.request(10, stub[:50], call_id=9, flags=pdu.FIRST, hint=len(stub)),
            pdu.request(10, stub[50:99], call_id=9, flags=0, hint=len(stub) - 50),
            pdu.request(10, stub[99:], call_id=9, flags=pdu.LAST, hint=len(stub) - 99),
        ]
        rops = buffers.header_ext(bytes(3000))
        large = pdu.request(11, emsmdb.rpc_ext2_request(HANDLE, rops).getData(), call_id=10)
        more = [
            (True, parts[0] + parts[1][:30]),
            (True, parts[1][30:] + parts[2]),
            (False, response(vector("connectex_resp"), 9)),
            (True, large),
            (False, response(vector("ext2_resp"), 10)),
        ]
        held = self.check(capture.exchange(good_exchange() + more), GOOD_OPNUMS | {11})
        self.assertEqual(held, "14 PDUs of 1 connections, nothing malformed")

    def test_what_is_wrong_is_found(self) -> None:
        good = good_exchange()
        old = vector("connect0_resp")
        rows: List[Tuple[str, Exchange, str]] = [
            ("a stub cut short", put(good, 5, response(old[:-16], 3)), "Malformed Packet"),
            ("a stub too long", put(good, 5, response(old + bytes(8), 3)), "Long frame"),
            ("a string past the stub", put(good, 5, response(old[:0x30] + b"\xff\xff" + old[0x32:], 3)), "Malformed"),
            ("a PDU longer than it says", put(good, 3, good[3][1] + bytes(4)), "no row of PDUs"),
            ("a PDU shorter than it says", put(good, 7, good[7][1][:-4]), "no row of PDUs"),
            ("no PDU at all", put(good, 7, b"HTTP/1.1 200 OK\r\n\r\n"), "no row of PDUs"),
            ("no bind", good[2:], "No bind info"),
            ("no answer", [step for step in good if step[0]], "no bind_ack, response"),
            ("an unknown opnum", [*good, (True, pdu.request(99, b"", call_id=9))], "unknown operation 99"),
            ("nothing", [], "no bind, bind_ack, request, response"),
        ]
        for name, exchange, finding in rows:
            with self.subTest(name), self.assertRaisesRegex(check_capture.Finding, finding):
                self.check(capture.exchange(exchange))

    def test_an_opnum_that_is_missing_is_found(self) -> None:
        with self.assertRaisesRegex(check_capture.Finding, r"no request with opnum \[11\]"):
            self.check(capture.exchange(good_exchange()), GOOD_OPNUMS | {11})

    def test_a_reset_is_found(self) -> None:
        moments = capture.exchange(good_exchange())[:-2] + [capture.Moment(0, False, "reset")]
        with self.assertRaisesRegex(check_capture.Finding, "reset"):
            self.check(moments)

    def test_a_wrong_checksum_is_found(self) -> None:
        # The last octet of the first data segment: file header, four packet headers, three bare packets of 40 bytes.
        last = 24 + 4 * 16 + 3 * 40 + 40 + len(vector("bind")) - 1
        with self.assertRaisesRegex(check_capture.Finding, "[Cc]hecksum"):
            self.check(capture.exchange(good_exchange()), flip=last)

    def test_a_file_that_ends_inside_a_packet_is_refused(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "test.pcap")
            capture.write_pcap(path, capture.exchange(good_exchange()))
            Path(path).write_bytes(Path(path).read_bytes()[:-1])
            self.assertRaises(capture.BadCapture, check_capture.check, path, GOOD_OPNUMS)


class TheComparison(unittest.TestCase):
    """A transcript that differs from the capture is found; a capture of vectors stands for the store's."""

    BIND = {
        **{"id": 1, "connection": 0, "direction": "received", "offset": 0, "type": "bind", "call_id": 1, "sealed": False},
        **{"flags": ["first_frag", "last_frag"], "length": len(vector("bind")), "verifier": None, "problem": None},
        "decoded": {
            "max_xmit_frag": 5840,
            "max_recv_frag": 5840,
            "assoc_group_id": 0,
            "p_context_elem": [
                {
                    "p_cont_id": number,
                    "abstract_syntax": "a4f1db00-ca47-1067-b31f-00dd010662da v0.81",
                    "transfer_syntaxes": [syntax],
                }
                for number, syntax in enumerate(
                    ("8a885d04-1ceb-11c9-9fe8-08002b104860 v2.0", "6cb71c2c-9812-4540-0300-000000000000 v1.0")
                )
            ],
        },
    }

    def setUp(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            capture.write_pcap(os.path.join(folder, "default.pcap"), capture.exchange(good_exchange()))
            Path(folder, "default.keytab").write_bytes(b"\5\2")
            self.theirs = compare_transcript.dissected(folder, capture.SERVER_PORT)

    def compare(self, **changes: object) -> None:
        """The bind, with something changed."""
        pair = compare_transcript.Pair({**self.BIND, **changes}, self.theirs[0], False)
        compare_transcript.compare_header(pair)
        compare_transcript.compare_bind(pair)

    def test_what_is_the_same(self) -> None:
        self.compare()

    def test_each_difference(self) -> None:
        said = self.BIND["decoded"]
        assert isinstance(said, dict)
        rows: List[Dict[str, object]] = [
            {"type": "request"},
            {"flags": ["first_frag"]},
            {"length": 71},
            {"call_id": 2},
            {"verifier": {"auth_length": 16}},
            {"decoded": {**said, "max_recv_frag": 4280}},
            {"decoded": {**said, "assoc_group_id": 1}},
            {"decoded": {**said, "p_context_elem": []}},
        ]
        for changes in rows:
            with self.subTest(changes=changes):
                self.assertRaises(check_capture.Finding, self.compare, **changes)

    def test_a_pdu_that_only_one_has(self) -> None:
        for ours in ([], [dict(self.BIND)] * 9):
            with self.assertRaises(check_capture.Finding):
                list(compare_transcript.pairs(ours, self.theirs))


def put(exchange: Exchange, place: int, data: bytes) -> Exchange:
    """An exchange with one PDU replaced."""
    return [*exchange[:place], (exchange[place][0], data), *exchange[place + 1 :]]


class SambasTestsAreJudged(unittest.TestCase):
    """Neither a failure nor a pass goes unnoticed that was not expected."""

    NAMES = ["test_alter", "test_auth_none_call_request"]

    def judged(self, failed: List[str], expected: Dict[str, str]) -> Tuple[List[str], List[str]]:
        found = [samba_raw_suite.Failed(name, "3 != 7") for name in failed]
        return samba_raw_suite.judge(self.NAMES, found, expected)

    def test_what_is_expected(self) -> None:
        lines = ["ok core: 0 of 1 pass", "ok authnone: 1 of 1 pass"]
        self.assertEqual(self.judged(["test_alter"], {"test_alter": "why"}), (lines, []))

    def test_an_unexpected_failure(self) -> None:
        self.assertEqual(self.judged(["test_alter"], {})[1], ["test_alter failed: 3 != 7"])

    def test_an_unexpected_pass(self) -> None:
        self.assertEqual(self.judged([], {"test_alter": "why"})[1], ["test_alter passed, and is listed as: why"])

    def test_a_reason_must_be_given(self) -> None:
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write("# a remark\ntest_alter: why\ntest_other\n")
            file.flush()
            self.assertRaises(samba_raw_suite.UnknownSuite, samba_raw_suite.expected_failures, Path(file.name))
        samba_raw_suite.expected_failures(samba_raw_suite.EXPECTED_FAILURES)


if __name__ == "__main__":
    unittest.main()
