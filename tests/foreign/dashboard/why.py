"""Why?: any session, client or decision explained, and a client that somebody describes."""

import tempfile
from pathlib import Path

from commands import run_command
from harness import Finding, expect, gone, is_so, shows


def run(dashboard):
    a_session_that_was_cut_off_is_explained_down_to_the_bytes(dashboard)
    a_recorded_decision_stands_beside_what_holds_now(dashboard)
    a_client_is_described_and_its_near_misses_told(dashboard)
    refusals_and_faults_are_explained(dashboard)
    the_newest_decisions_are_listed_and_filtered(dashboard)
    the_same_is_there_for_scripts(dashboard)
    every_look(dashboard)


def story(dashboard):
    """Two programs connect, one of which is put on the list by the second poll."""
    store = dashboard.new_store()
    store.clients("mdl.exe", 2, group="g")
    store.clients("OUTLOOK.EXE")
    store.put("/block-lists/processes?apply=now", {"data": "ä.exe; mdl.exe;outlok.exe"})
    return store


def a_session_that_was_cut_off_is_explained_down_to_the_bytes(dashboard):
    store = story(dashboard)
    with dashboard.open(store, "why?session=1") as visit:
        page = visit.page
        shows(page, "#why-title", "Session 1")
        shows(page, "#why-summary", "Forbidden now. Then: Disconnected: mdl.exe matches item 2 mdl.exe")
        shows(page, ".table-box tr[data-row]", "Matches")
        shows(page, ".why-source", "Then and now: policy 1, by poll 2")
        shows(page, ".why-text mark", "mdl.exe")
        expect(page.locator(".why-text").first.inner_text(), "ä.exe; mdl.exe;outlok.exe", "the text of the list")
        shows(page, ".tree-name", "mdl.exe")
        shows(page, ".dump mark", "c8")
        shows(page, ".packet-body", "XOR 0xA5")
        dashboard.check(visit, "why-session")
        page.get_by_role("link", name="All that session 1 sent and was sent").click()
        shows(page, "#session-title", "Session 1")


def a_recorded_decision_stands_beside_what_holds_now(dashboard):
    store = story(dashboard)
    cut = store.get("/decisions?q=action:disconnected")["items"][0]["id"]
    with dashboard.open(store, f"why?decision={cut}") as visit:
        page = visit.page
        shows(page, "#why-then-title", "Disconnected")
        shows(page, "#why-differs", "It would be decided alike now.")
        # The policy changes while somebody looks.
        store.delete("/block-lists/processes?apply=now")
        shows(page, "#why-differs", "It would be decided otherwise now")
        shows(page, "#why-summary", "Permitted now.")
        shows(page, ".why-source", "Then: policy 1, by poll 2")
        shows(page, ".why-source", "Now: policy 2, by poll 3")
        shows(page, ".why-text mark", "mdl.exe")
        store.patch("/policy/mode", {"mode": "audit"})
        store.put("/block-lists/processes?apply=now", {"data": "mdl.exe"})
        shows(page, ".why-verdict", "The policy is in audit mode")


def a_client_is_described_and_its_near_misses_told(dashboard):
    store = story(dashboard)
    with dashboard.open(store, "why") as visit:
        page = visit.page
        page.get_by_label("Program", exact=True).fill("outlook.exe")
        page.get_by_label("Version", exact=True).fill("12.0.4518.1014")
        page.locator("#why-explain").click()
        shows(page, "#why-title", "A client that reports outlook.exe, version 12.0.4518.1014")
        shows(page, "#why-summary", "Permitted now.")
        shows(page, "tr[data-row]", "Near miss")
        is_so(page, "location.hash.includes('process=outlook.exe&version=12.0.4518.1014')")
        # The nearest stands first.
        shows(page, "tr[data-row]:nth-child(1)", "outlok.exe")
        page.get_by_label("Program", exact=True).fill("")
        page.locator("#why-explain").click()
        shows(page, ".why-verdict", "It names no program")
        page.get_by_label("Explain").select_option("client")
        page.get_by_label("Number").fill("2")
        page.get_by_label("Number").press("Enter")
        shows(page, "#why-title", "Client 2")
        shows(page, "#why-summary", "Forbidden now.")
        page.locator("#why-newest").click()
        shows(page, "tr[data-row]", "Disconnected")


def refusals_and_faults_are_explained(dashboard):
    store = dashboard.new_store()
    store.put("/block-lists/versions?apply=now", {"data": "-11.9999.0"})
    fault = store.post("/faults", {"match": {"stage": "connect"}, "effect": {"ec": "ecRpcFailed"}, "schedule": {"next": 1}})
    store.clients("mdl.exe")
    store.clients("mdl.exe")
    refused = store.get("/decisions?q=action:refused")["items"]
    with dashboard.open(store, f"why?decision={refused[-1]['id']}") as visit:
        page = visit.page
        shows(page, "#why-then-title", "Refused")
        shows(page, ".why-text mark", "-11.9999.0")
        shows(page, ".packet", "EcDoConnectEx")
        disturbed = [one for one in store.get("/decisions")["items"] if fault["id"] in one["faults"]]
        page.evaluate(f"location.hash = '#/why?decision={disturbed[0]['id']}&store={store.store}'")
        shows(page, "section[aria-labelledby=why-faults-title] a", f"fault rule {fault['id']}")
        shows(page, "#why-differs", "The policy had no part in it")


def the_newest_decisions_are_listed_and_filtered(dashboard):
    store = story(dashboard)
    with dashboard.open(store, "why") as visit:
        page = visit.page
        shows(page, "tr[data-row]", "Admitted")
        expect(page.locator("tr[data-row]").first.inner_text().split()[2], "Disconnected", "the newest decision")
        page.get_by_label("Filter the decisions").fill("action:admitted process:out*")
        is_so(page, "document.querySelectorAll('tr[data-row]').length === 1")
        # What comes later is seen too.
        store.clients("Outer.exe")
        is_so(page, "document.querySelectorAll('tr[data-row]').length === 2")
        page.get_by_label("Filter the decisions").fill("process:nobody")
        shows(page, ".empty", "No decision passes this filter")
        page.get_by_label("Filter the decisions").fill("action:late")
        shows(page, ".note-error", "`q`, column 8")
        page.get_by_label("Filter the decisions").fill("")
        gone(page, ".note-error")
        shows(page, "tr[data-row] a").click()
        shows(page, "#why-then-title")


def the_same_is_there_for_scripts(dashboard):
    store = story(dashboard)
    said = {}
    for place in ["why?session=1", "why?client=3", "why?process=mdl.exe&version=11.0.5608.0", "why?unnamed=1"]:
        with dashboard.open(store, place) as visit:
            page = visit.page
            title = shows(page, "#why-title").inner_text()
            told = run_command(page.locator("pre[aria-label='Command line']").inner_text())
            word = "forbidden" if "Forbidden now." in page.locator("#why-summary").inner_text() else "permitted"
            if word not in told.lower():
                raise Finding(f"{title}: {told}")
            if '"decision":"' + word not in run_command(page.locator("pre[aria-label='curl']").inner_text()):
                raise Finding(f"{title}: curl says something else")
            said[place] = page.locator("pre[aria-label='Step of a scenario']").inner_text()
    # The steps are what a scenario says, and hold.
    head = 'name = "why"\nabout = "Why?"\nstart = "2006-04-22T08:00:00Z"\n\n'
    block = '[[steps]]\nsay = "It is listed."\nblock = { processes = "mdl.exe", apply = "now" }\n\n'
    arrive = '[[steps]]\nsay = "They connect."\ninject = [{ process = "mdl.exe", count = 2, group = "g" }]\n\n'
    with tempfile.TemporaryDirectory() as folder:
        for name, steps in {
            "described": block + said["why?process=mdl.exe&version=11.0.5608.0"],
            "unnamed": block + said["why?unnamed=1"],
            "session": arrive + block + said["why?session=1"],
        }.items():
            path = Path(folder) / f"{name}.toml"
            path.write_text(head + steps + "\n", encoding="utf-8")
            run_command(f"exstore scenario run {path}")


def every_look(dashboard):
    dashboard.looks(dashboard.new_store(), "why", "why-empty", lambda page: shows(page, ".empty", "Nothing was decided yet"))
    store = story(dashboard)
    dashboard.looks(store, "why", "why-newest", lambda page: shows(page, "tr[data-row]", "Disconnected"))
    dashboard.looks(store, "why?session=1", "why-answer", lambda page: shows(page, ".dump mark"))
    dashboard.looks(
        store, "why?decision=1", "why-wrong", lambda page: shows(page, ".note-error"), expected="404 (Not Found)"
    )
