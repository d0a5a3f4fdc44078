"""Prometheus' own parser of OpenMetrics reads `/metrics`, and finds in it what the control plane tells of the same story.

Usage: metrics.py URL
"""

import sys
import urllib.request

from prometheus_client.openmetrics.parser import text_string_to_metric_families

from control import Store

OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def scrape(url: str) -> dict:
    with OPENER.open(f"{url}/metrics") as response:
        kind = response.headers["Content-Type"]
        text = response.read().decode("utf-8")
    assert kind == "application/openmetrics-text; version=1.0.0; charset=utf-8", kind
    families = list(text_string_to_metric_families(text))
    assert len(families) == len({family.name for family in families}), "a family is told twice"
    found = {}
    for family in families:
        assert family.name.startswith("exstore_"), family.name
        assert family.documentation.endswith(".") or " " in family.documentation, family.name
        assert family.samples or family.type == "counter" or "poll" in family.name, family.name
        for sample in family.samples:
            key = (sample.name, frozenset(sample.labels.items()))
            assert key not in found, f"{key} is told twice"
            found[key] = sample.value
    return found


def at(found: dict, name: str, **labels: str) -> float:
    return found.get((name, frozenset({"store": "default", **labels}.items())), 0.0)


def count(items: list, **fields: object) -> int:
    return sum(all(item[key] == value for key, value in fields.items()) for item in items)


def main(url: str) -> None:
    store = Store(url)
    before = scrape(url)
    # An item with everything that has to be escaped in a label.
    hostile = 'a"b\\n{c}=d.exe'
    for process in ("mdl.exe", "OUTLOOK.EXE", hostile):
        store.send("POST", "/clients", {"process": process, "count": 5})
    store.send("POST", "/clients", {"process": "mdl.exe", "count": 3, "transport": "tcp"})
    store.block(f"mdl.exe; {hostile}")
    store.advance("15m")
    store.send("POST", "/clients", {"process": "mdl.exe", "count": 2})
    store.send("POST", "/assertions", {"until": {"quiescent": True}})
    found = scrape(url)

    decisions, events = store.decisions(), store.events()
    for action in ("admitted", "refused", "disconnected", "would_block"):
        told = sum(value for (name, labels), value in found.items()
                   if name == "exstore_decisions_total" and ("action", action) in labels
                   and ("store", "default") in labels)
        assert told == count(decisions, action=action), action
    for kind in {event["type"] for event in events}:
        assert at(found, "exstore_journal_events_total", type=kind) == count(events, type=kind), kind
    assert at(found, "exstore_sessions") == len(store.sessions()) == 5
    assert at(found, "exstore_sessions_ended_total", reason="policy") == 13
    for item, hits in (("mdl.exe", 8), (hostile.rsplit("\\")[-1], 5)):
        labels = {"action": "disconnected", "list": "processes"}
        told = at(found, "exstore_item_hits_total", item=item, **labels)
        told += 0 if item == "mdl.exe" else at(found, "exstore_item_hits_total", item=hostile, **labels)
        assert told == hits, (item, told, hits)
    closed = at(found, "exstore_enforcement_seconds_count")
    assert closed == 13 == at(found, "exstore_enforcement_seconds_bucket", le="+Inf"), closed
    assert 0 < at(found, "exstore_enforcement_seconds_sum") < 60
    assert at(found, "exstore_waits_total", outcome="met") == 1
    clock = store.send("GET", "/clock", None)
    assert clock["now"] == "2006-04-22T08:15:00Z", clock
    assert at(found, "exstore_store_time_seconds") == 1145693700
    assert at(found, "exstore_last_poll_timestamp_seconds") == 1145693700
    assert at(found, "exstore_next_poll_timestamp_seconds") == 1145694600
    assert 0 < at(found, "exstore_rpc_calls_total")
    falls = [key for key, value in before.items()
             if key[0].endswith(("_total", "_count", "_bucket")) and found[key] < value]
    assert not falls, falls
    print("ok metrics")


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"))
