"""Faults: rules as a table, a form that knows what makes sense, and what each rule hit."""

from commands import copies_of, do_elsewhere
from harness import Finding, expect, gone, is_so, shows

# An effect of each kind as the API takes it, and the fields of a match that make sense for it.
CONNECTION = {"client_id", "group", "origin", "transport"}
CALL = CONNECTION | {"process", "opnum"}
EFFECTS = {
    "refuse": ({"refuse": True}, CONNECTION | {"stage"}),
    "reset": ({"reset": True}, CALL | {"stage", "direction"}),
    "close_after": ({"close_after": 16}, CALL | {"stage"}),
    "hang": ({"hang": True}, CALL | {"stage", "direction"}),
    "latency": ({"latency": "30s"}, CALL | {"stage", "direction"}),
    "slow_bytes": ({"slow_bytes": {"bytes": 16, "per": "1s"}}, CALL | {"stage"}),
    "corrupt": ({"corrupt": {}}, CALL | {"stage"}),
    "rpc_fault": ({"rpc_fault": "nca_s_server_too_busy"}, CALL | {"stage"}),
    "ec": ({"ec": "ecServerBusy"}, CALL | {"stage"}),
    "late_aux": ({"late_aux": "next_call"}, CALL),
    "missing": ({"registry": "missing"}, {"value"}),
    "wrong_type": ({"registry": "wrong_type", "type": "REG_DWORD"}, {"value"}),
    "access_denied": ({"registry": "access_denied"}, {"value"}),
    "torn": ({"registry": "torn"}, {"value"}),
    "busy": ({"registry": "busy"}, {"value"}),
    "slow": ({"registry": "slow", "delay": "20m"}, {"value"}),
    "stale": ({"registry": "stale"}, {"value"}),
    "skip_poll": ({"skip_poll": True}, set()),
    "clock_jump": ({"clock_jump": "1h"}, CALL | {"stage"}),
    "slow_answer": ({"slow_answer": "2s"}, {"method", "route"}),
    "drop": ({"drop": True}, {"method", "route"}),
}

# A value for each field, which says nothing that the others contradict.
VALUES = {
    "process": "mdl.exe",
    "client_id": 1,
    "group": "beta",
    "origin": "injected",
    "transport": "tcp",
    "opnum": 10,
    "value": "Disable MAPI Clients",
    "method": "GET",
    "route": "/sessions",
}


def run(dashboard):
    the_form_offers_what_the_server_takes(dashboard)
    a_rule_is_added_by_its_sentence_and_counts_live(dashboard)
    a_refusal_is_shown_at_its_field(dashboard)
    a_rule_is_paused_rescheduled_and_deleted(dashboard)
    every_change_is_what_its_command_does(dashboard)
    dashboard.looks(dashboard.new_store(), "faults", "faults-empty", lambda page: shows(page, ".empty", "nothing goes wrong"))
    dashboard.looks(full(dashboard), "faults/2?effect=slow_bytes", "faults-full", is_full)


def choose(page, effect):
    page.locator("#fault-effect").select_option(effect)


def the_form_offers_what_the_server_takes(dashboard):
    """The page has a table of its own of what makes sense; this holds it against the server."""
    store = dashboard.new_store()
    with dashboard.open(store, "faults") as visit:
        page = visit.page
        shows(page, "#fault-effect")
        options = page.locator("#fault-effect option").evaluate_all("all => all.map(one => one.value)")
        expect(sorted(options), sorted(EFFECTS), "the effects on offer")
        for effect, (body, fields) in EFFECTS.items():
            choose(page, effect)
            is_so(page, "effect => location.hash.includes(`effect=${effect}`)", effect)
            offered = page.locator("[id^=fault-match-]:is(input, select)")
            names = offered.evaluate_all("all => all.map(one => one.id.slice('fault-match-'.length))")
            expect(set(names), fields, f"the fields for {effect}")
            for field, value in VALUES.items():
                taken = takes(store, {"effect": body, "match": {field: value}})
                # The only place that an effect can act at may be named, but there is nothing to choose.
                expect(taken, field in fields, f"whether the server takes `{field}` of `{effect}`")


def takes(store, rule):
    try:
        store.delete(f"/faults/{store.post('/faults', rule)['id']}")
    except Finding as finding:
        if ": 400 " in str(finding) or ": 422 " in str(finding):
            return False
        raise
    return True


def a_rule_is_added_by_its_sentence_and_counts_live(dashboard):
    store = dashboard.new_store()
    store.clients("mdl.exe", 1)
    with dashboard.open(store, "faults") as visit:
        page = visit.page
        shows(page, ".empty", "exstore fault add")
        choose(page, "ec")
        shows(page, "#fault-sentence", "is not made, and is answered with ecServerBusy, each time.")
        page.locator("#fault-match-stage").select_option("connect")
        page.locator("#fault-match-process").fill("b.exe")
        page.locator("#fault-schedule-next").fill("3")
        shows(page, "#fault-sentence", "A connect of b.exe is not made, and is answered with ecServerBusy, the next 3 times.")
        page.locator("#fault-schedule-next").press("Enter")
        shows(page, ".toast", "Rule 1 is at work")
        expect(store.get("/faults/1")["match"], {"stage": "connect", "process": "b.exe"}, "the match")
        row = shows(page, "tr[data-row]", "the next 3 times")
        shows(page, "tr[data-row]", "at work")
        row.get_by_role("link", name="1", exact=True).click()
        shows(page, "#fault-part-title", "Rule 1")
        shows(page, ".soft", "It has hit nothing yet.")
        store.clients("b.exe", 3, group="beta")
        shows(page, "tr[data-row]", "used up")
        hits = page.get_by_role("region", name="Newest hits of rule 1")
        hits.locator("tr[data-row]").nth(2).wait_for()
        expect(hits.locator("tr[data-row]").count(), 3, "hits")
        expect("beta" in hits.locator("tr[data-row]").first.inner_text(), True, "whether a hit names the group")
        # A page that is opened afterwards reads them from the journal.
        page.reload()
        hits.locator("tr[data-row]").nth(2).wait_for()
        link = hits.locator("tr[data-row] a").first
        expect("q=seq" in link.get_attribute("href"), True, "whether a hit is a link")


def a_refusal_is_shown_at_its_field(dashboard):
    store = dashboard.new_store()
    with dashboard.open(store, "faults?effect=latency") as visit:
        page = visit.page
        field = shows(page, "#fault-parameter-latency")
        field.fill("soon")
        page.locator("#fault-add").click()
        shows(page, "#fault-parameter-latency-error")
        expect(field.get_attribute("aria-invalid"), "true", "whether the field is marked")
        expect("fault-parameter-latency-error" in field.get_attribute("aria-describedby"), True, "what describes the field")
        visit.check_accessible()
        field.fill("5s")
        gone(page, "#fault-parameter-latency-error")
        page.locator("#fault-schedule-first").fill("2")
        page.locator("#fault-schedule-after").fill("5")
        page.locator("#fault-add").click()
        shows(page, "#fault-schedule-first-error", "never hits")
        page.locator("#fault-schedule-first").fill("")
        page.locator("#fault-schedule-from").fill("2006-04-22T08:00:00")
        shows(page, "#fault-schedule-until-error", "a span has two ends")
        expect(page.locator("#fault-add").is_disabled(), True, "whether a span with one end can be sent")
        page.locator("#fault-schedule-until").fill("2006-04-22T09:00:00")
        page.locator("#fault-add").click()
        shows(page, ".toast", "Rule 1 is at work")
        schedule = {"after": 5, "between": ["2006-04-22T08:00:00Z", "2006-04-22T09:00:00Z"]}
        expect(store.get("/faults/1")["schedule"], schedule, "the schedule")


def a_rule_is_paused_rescheduled_and_deleted(dashboard):
    store = dashboard.new_store()
    store.post("/faults", {"effect": {"skip_poll": True}, "schedule": {"next": 1}})
    store.post("/faults", {"effect": {"hang": True}})
    with dashboard.open(store, "faults/1") as visit:
        page = visit.page
        shows(page, ".fault-sentence", "A poll does nothing, the next time.")
        page.locator("#fault-pause-1").click()
        shows(page, "tr[data-row]", "paused")
        expect(store.get("/faults/1")["paused"], True, "whether it rests")
        page.locator("#fault-pause-1").click()
        gone(page, "tr[data-row]", "paused")
        page.get_by_text("Another schedule").click()
        expect(page.locator("#fault-part-schedule-next").input_value(), "1", "the schedule that it has")
        page.locator("#fault-part-schedule-next").fill("")
        page.locator("#fault-part-schedule-sequence").fill("x.x")
        page.locator("#fault-reschedule").click()
        shows(page, ".fault-sentence", "A poll does nothing, in the order hit, pass, hit.")
        expect(store.get("/faults/1")["schedule"], {"sequence": [True, False, True]}, "the schedule")
        page.locator("#fault-delete-1").click()
        shows(page, ".note", "There is no rule 1 any more")
        expect([fault["id"] for fault in store.get("/faults")["items"]], [2], "the rules that are left")
        is_so(page, "document.activeElement.tagName === 'H1'")


def every_change_is_what_its_command_does(dashboard):
    """What the page shows for the command line does the same as its button."""
    store, other = dashboard.new_store(), dashboard.new_store()
    with dashboard.open(store, "faults") as visit:
        page = visit.page
        shows(page, "#fault-effect")
        for number, effect in enumerate(EFFECTS, 1):
            choose(page, effect)
            if page.locator("#fault-match-process").count():
                page.locator("#fault-match-process").fill("a b.exe")
            # Nothing that this page asks for is disturbed.
            for field, value in [("value", "Disable MAPI Clients"), ("method", "PUT")]:
                if page.locator(f"#fault-match-{field}").count():
                    page.locator(f"#fault-match-{field}").select_option(value)
            page.locator("#fault-schedule-next").fill(str(number))
            command = copies_of(page, "Add the rule")["Command line"]
            page.locator("#fault-add").click()
            shows(page, ".toast", f"Rule {number} is at work")
            do_elsewhere(command, store, other)
            expect(other.get(f"/faults/{number}"), store.get(f"/faults/{number}"), f"what the command adds for {effect}")
        curl = copies_of(page, "Add the rule")["curl"]
        expect(f"/v1/stores/{store.store}/faults" in curl and '"drop":true' in curl, True, "whether curl adds it")
    with dashboard.open(store, "faults/2") as visit:
        page = visit.page
        shows(page, "#fault-delete-2")
        for act, label in [("#fault-pause-2", "Pause rule 2"), ("#fault-pause-2", "Resume rule 2"), ("#fault-delete-2", "Delete rule 2")]:
            command = copies_of(page, label)["Command line"]
            page.locator(act).click()
            gone(page, f"button[aria-label^='{label}:']")
            do_elsewhere(command, store, other)
            expect(other.get("/faults"), store.get("/faults"), f"the rules after `{command}`")
    with dashboard.open(store, "faults/1") as visit:
        page = visit.page
        page.get_by_text("Another schedule").click()
        for typed, words in [("", "each time."), ("7", "the next 7 times.")]:
            page.locator("#fault-part-schedule-next").fill(typed)
            command = copies_of(page, "Give rule 1 this schedule")["Command line"]
            page.locator("#fault-reschedule").click()
            shows(page, ".card .fault-sentence", words)
            do_elsewhere(command, store, other)
            expect(other.get("/faults/1"), store.get("/faults/1"), f"the rule after `{command}`")


def full(dashboard):
    store = dashboard.new_store()
    store.clients("OUTLOOK.EXE", 2)
    for rule in [
        {"effect": {"registry": "access_denied"}, "match": {"value": "Disable MAPI Clients"}, "schedule": {"every": 3}},
        {"effect": {"ec": "ecServerBusy"}, "match": {"stage": "connect", "process": "mdl.exe"}, "schedule": {"probability": 0.5}},
        {"effect": {"slow_bytes": {"bytes": 16, "per": "1s"}}, "match": {"group": "a group with rather a long name"}},
        {"effect": {"skip_poll": True}, "schedule": {"next": 1}},
        {"effect": {"hang": True}, "match": {"transport": "tcp", "direction": "to_server"}, "schedule": {"between": ["2006-04-22T08:00:00Z", "2006-04-22T09:00:00Z"]}},
        {"effect": {"slow_answer": "1s"}, "match": {"method": "DELETE", "route": "/sessions/{id}"}, "schedule": {"sequence": [True, False] * 20}},
    ]:
        store.post("/faults", rule)
    store.patch("/faults/5", {"paused": True})
    store.clients("mdl.exe", 40, group="beta")
    store.post("/clock/advance", {"next": "poll"})
    return store


def is_full(page):
    shows(page, "tr[data-row]", "used up")
    shows(page, "#fault-hits-title")
    shows(page, "[aria-label='Newest hits of rule 2'] tr[data-row]")
