"""A listed program is cut off at the next poll. With pytest and exstore_fixture."""

import pytest

from exstore_fixture import ExstoreError


def test_a_listed_program_is_cut_off_at_the_next_poll_and_refused_from_then_on(exstore):
    outlook, mdl = exstore.inject("OUTLOOK.EXE", user="alice"), exstore.inject("mdl.exe")
    exstore.block("mdl.exe; b.exe")
    assert exstore.advance(by="14m")["disconnected"] == 0, "nothing has polled yet"

    assert exstore.advance(next="poll")["disconnected"] == 1
    assert exstore.client(outlook["id"])["state"] == "connected"
    assert exstore.client(mdl["id"])["state"] == "disconnected"
    assert exstore.inject("mdl.exe")["outcome"] == "ecClientVerDisallowed"
    [cut] = exstore.events("session.disconnected")
    assert cut["process"] == "mdl.exe"


def test_one_request_waits_for_the_poll_and_moves_time_there(exstore):
    exstore.inject("mdl.exe", count=500)
    exstore.block("mdl.exe")
    cut = {"event": {"type": "session.disconnected", "count": {"exactly": 500}}}
    none_left = {"state": {"select": "sessions", "count": {"exactly": 0}}}
    met = exstore.wait({"all": [cut, none_left]}, after=exstore.cursor, within="16m", clock="auto")
    assert met["elapsed"] == "15m"


@pytest.mark.parametrize("process, allowed", [("mdl.exe", False), ("MDL.EXE", False), ("mdl.exe.bak", True)])
def test_names_are_compared_whole_and_without_case(exstore, process, allowed):
    exstore.block("mdl.exe", apply="now")
    assert exstore.inject(process)["state"] == ("connected" if allowed else "refused")


def test_what_the_server_refuses_says_why(exstore):
    with pytest.raises(ExstoreError) as refused:
        exstore.advance(to="2006-01-01T00:00:00Z")
    assert refused.value.problem == "clock-backwards"


class TestWithoutTheHotfix:
    @pytest.fixture
    def exstore_settings(self):
        return {"build": "6.5.7638"}

    def test_the_list_means_nothing(self, exstore):
        exstore.inject("mdl.exe")
        exstore.block("mdl.exe", apply="now")
        assert len(exstore.sessions()) == 1
