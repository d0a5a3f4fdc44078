#!/usr/bin/python3
"""Runs Samba's own tests of a DCE/RPC server against exstore: `samba.tests.dcerpc.raw_protocol`.

    /usr/bin/python3 samba_raw_suite.py --port PORT [--host HOST] [--group GROUP]... [--match TEXT]... [--list]

They are the tests with which Samba holds itself against Windows; Debian's package python3-samba has them, for the
system's own interpreter alone. The tests that samba_expected_failures.txt names are to fail, each for the reason
that stands there; exit code 1 when another one fails, or when one of them doesn't.

Each group is judged as far as it was run:

    core        no authentication: binds, flags, contexts, fragments, cancels, groups
    authnone    the authentication type "none" with every level
    ntlm        NTLM, raw
    spnego      NTLM within SPNEGO
    krb5, lsa   these need a key distribution centre, and SMB pipes

The groups ntlm and spnego want a store with the user `user`, whose password is `password`, in the domain `DOMAIN`,
unless told otherwise, and with anonymous clients let in.

The suite was written for port 135 of a domain controller. What follows from that, and from nothing else, is
changed in its text before it is run; see ADAPTATIONS.
"""

from __future__ import annotations

import argparse
import importlib.util
import multiprocessing
import os
import sys
import types
import unittest
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

SUITE = "samba.tests.dcerpc.raw_protocol"
EXPECTED_FAILURES = Path(__file__).with_name("samba_expected_failures.txt")
MAPPER_PORT = "135"
DEFAULT_GROUPS = ("core", "authnone", "ntlm", "spnego")
GROUPS = (*DEFAULT_GROUPS, "krb5", "lsa")

JOBS = 8
"""Processes at a time. The tests do little but wait for silence, 10 ms after each of 720 fragments for one."""

ADAPTATIONS = (
    # A bind_ack repeats the port in digits, and 135 has three. So has the padding behind it its length.
    (
        """        self.assertEqual(rep.u.secondary_address_size, 4)
        self.assertEqual(rep.u.secondary_address, "%d" % self.tcp_port)
        self.assertPadding(rep.u._pad1, 2)
""",
        """        self.assertEqual(rep.u.secondary_address_size, len(str(self.tcp_port)) + 1)
        self.assertEqual(rep.u.secondary_address, "%d" % self.tcp_port)
        self.assertPadding(rep.u._pad1, -(len(str(self.tcp_port)) + 3) % 4)
""",
    ),
    # A call in fragments is netr_ServerReqChallenge, opnum 4 of netlogon. Opnum 4 of the endpoint mapper stands in:
    # ept_lookup_handle_free of a NULL handle, which is answered with that handle and a zero.
    ("(ctx, rep, real_stub) = self._get_netlogon_ctx()", "(ctx, rep, real_stub) = bind_mapper(self)"),
    ("self.assertEqual(len(rep.u.stub_and_verifier), 12)", "self.assertEqual(len(rep.u.stub_and_verifier), 24)"),
)


class Failed(NamedTuple):
    """A test that failed, and the last line of why."""

    name: str
    why: str


class UnknownSuite(Exception):
    """The suite is not there, or not as it was when this was written."""


def group_of(test: str) -> str:
    """The group of a test, by what its name says."""
    name = test[len("test_") :]
    if "krb5" in name:
        return "krb5"
    if name.startswith("lsa_") or name in ("assoc_group_ok2", "assoc_group_fail3"):
        return "lsa"
    if name.startswith("auth_none"):
        return "authnone"
    if "spnego" in name or name == "multiple_auth_limit":
        return "spnego"
    return "ntlm" if "ntlm" in name else "core"


def load_suite() -> types.ModuleType:
    """Samba's module, adapted. Raises `UnknownSuite`."""
    try:
        found = importlib.util.find_spec(SUITE)
    except ImportError:
        found = None
    if found is None or found.origin is None:
        raise UnknownSuite(
            f"{sys.executable} has no {SUITE}: run tests/setup, which installs Debian's python3-samba, and use /usr/bin/python3"
        )
    text = Path(found.origin).read_text(encoding="utf-8")
    for old, new in ADAPTATIONS:
        if old not in text:
            raise UnknownSuite(f"{found.origin} has changed; it no longer holds:\n{old}")
        text = text.replace(old, new)
    suite = types.ModuleType(SUITE)
    vars(suite).update(__file__=found.origin, bind_mapper=bind_mapper)
    exec(compile(text, found.origin, "exec"), vars(suite))  # pylint: disable=exec-used
    return suite


def bind_mapper(test):  # type: ignore[no-untyped-def]
    """What `_get_netlogon_ctx` gives, for the endpoint mapper: a context, the bind_ack, a stub for opnum 4."""
    from samba.dcerpc import base, epmapper

    context, ack = test.prepare_presentation(
        epmapper.abstract_syntax(), base.transfer_syntax_ndr(), context_id=0, return_ack=True
    )
    return context, ack, bytes(20)


def use_port(port: int) -> None:
    """Has the tests find on `port` what they look for on 135."""
    from samba.tests.dcerpc import raw_testcase

    connect = raw_testcase.RawDCERPCTest._connect_tcp

    def connect_there(test):  # type: ignore[no-untyped-def]
        if test.primary_address == MAPPER_PORT:
            test.primary_address = str(port)
        connect(test)

    raw_testcase.RawDCERPCTest._connect_tcp = connect_there


def run(tests: Sequence[unittest.TestCase]) -> List[Failed]:
    """Runs some tests; those that failed."""
    result = unittest.TestResult()
    unittest.TestSuite(tests).run(result)
    found = result.failures + result.errors
    found += [(test, "it was skipped: " + why) for test, why in result.skipped]
    return [Failed(test.id().rsplit(".")[-1], last_line(trace)) for test, trace in found]


def last_line(trace: str) -> str:
    """What a traceback comes to."""
    return trace.strip().splitlines()[-1][:200]


def run_beside(case: type, names: Sequence[str]) -> List[Failed]:
    """Runs tests in several processes, of which each takes the next that is left."""
    global CASE  # pylint: disable=global-statement
    CASE = case
    with multiprocessing.get_context("fork").Pool(JOBS, initializer=be_silent) as pool:
        failed = pool.map(run_one, names, chunksize=1)
    return [each for part in failed for each in part]


CASE: Optional[type] = None


def be_silent() -> None:
    """Drops what the suite tells of every PDU."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def run_one(name: str) -> List[Failed]:
    """Runs one test, in a process that was forked with the suite in it."""
    assert CASE is not None
    return run([CASE(name)])


def expected_failures(path: Path) -> Dict[str, str]:
    """The tests that are to fail, and why: a line `name: reason` each; `#` begins a remark."""
    found: Dict[str, str] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            name, _, reason = line.partition(":")
            if not reason.strip():
                raise UnknownSuite(f"{path}: `{name}` has no reason")
            found[name.strip()] = reason.strip()
    return found


def judge(names: Sequence[str], failed: Sequence[Failed], expected: Dict[str, str]) -> Tuple[List[str], List[str]]:
    """A line for each group that was run, and what is not as it was expected."""
    bad = {each.name: each.why for each in failed}
    lines = []
    for group in GROUPS:
        run_of_group = [name for name in names if group_of(name) == group]
        if run_of_group:
            passed = sum(name not in bad for name in run_of_group)
            lines.append(f"ok {group}: {passed} of {len(run_of_group)} pass")
    surprises = [f"{name} failed: {why}" for name, why in sorted(bad.items()) if name not in expected]
    surprises += [f"{name} passed, and is listed as: {expected[name]}" for name in names if name in expected and name not in bad]
    return lines, surprises


def main(arguments: List[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Runs Samba's own tests of a DCE/RPC server against exstore.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--group", action="append", choices=GROUPS, help="by default all but krb5 and lsa")
    parser.add_argument("--match", action="append", help="only tests whose name holds this")
    parser.add_argument("--list", action="store_true", help="name the tests and run none")
    parser.add_argument("--username", default="user")
    parser.add_argument("--password", default="password")
    parser.add_argument("--domain", default="DOMAIN")
    options = parser.parse_args(arguments)
    os.environ.update(
        SERVER=options.host,
        TARGET_HOSTNAME=options.host,
        USERNAME=options.username,
        PASSWORD=options.password,
        DOMAIN=options.domain,
        REALM=f"{options.domain}.TEST",
        SMB_CONF_PATH="/dev/null",
        IGNORE_RANDOM_PAD="1",
    )
    try:
        case = load_suite().TestDCERPC_BIND
        expected = expected_failures(EXPECTED_FAILURES)
    except UnknownSuite as error:
        print(error, file=sys.stderr)
        return 1
    groups = options.group or DEFAULT_GROUPS
    names = [name for name in dir(case) if name.startswith("test_") and group_of(name) in groups]
    names = [name for name in names if not options.match or any(text in name for text in options.match)]
    if options.list:
        print("\n".join(f"{group_of(name)} {name}" for name in names))
        return 0
    use_port(options.port)
    lines, surprises = judge(names, run_beside(case, names), expected)
    print("\n".join(lines))
    for surprise in surprises:
        print(surprise, file=sys.stderr)
    return 1 if surprises or not names else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
