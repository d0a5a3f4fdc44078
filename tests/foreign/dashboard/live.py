"""Live: figures, plots, the feed of decisions, the table of programs; empty, full, and as it was."""

from commands import as_command
from harness import expect, gone, is_so, shows


def run(dashboard):
    an_empty_store_teaches_the_first_command(dashboard)
    a_policy_is_seen_to_act(dashboard)
    the_feed_can_be_held(dashboard)
    the_past_is_shown_as_it_was(dashboard)
    hostile_names_are_text(dashboard)
    every_look(dashboard)


def a_story(dashboard):
    """Three come, one program is listed, the poll cuts it off, and it is refused when it comes again; four polls in all."""
    store = dashboard.new_store()
    store.clients("mdl.exe", 3, user="alice", machine="WKS1")
    store.clients("outlook.exe", 5, client_version="11.0.8000.0")
    store.clients("outlook.exe", 1)
    store.clients(None, 2)
    store.put("/block-lists/processes", {"data": "mdl.exe"})
    store.post("/clock/advance", {"next": "poll"})
    store.clients("mdl.exe", 1, user="alice", machine="WKS1")
    store.post("/clock/advance", {"next": "poll"})
    store.clients("beta.exe", 4)
    store.post("/clock/advance", {"next": "poll"})
    return store


def an_empty_store_teaches_the_first_command(dashboard):
    store = dashboard.new_store()
    with dashboard.open(store, "live") as visit:
        page = visit.page
        shows(page, ".empty pre", "exstore client add --process mdl.exe")
        shows(page, "#live-sessions", "0")
        shows(page, "#live-build", "6.5.7651.19")
        shows(page, "#live-add-clients")
        as_command(page, "#live-add-clients")
        expect(len(store.get("/sessions")["items"]), 3, "sessions by the command line")
        store.post("/reset", {"to": "baseline"})
        shows(page, "#live-add-clients").click()
        shows(page, "#live-sessions", "3")
        gone(page, ".empty")
        shows(page, ".live-table tr", "mdl.exe")
        expect(len(store.get("/sessions")["items"]), 3, "sessions")
        visit.check_quiet()


def a_policy_is_seen_to_act(dashboard):
    store = dashboard.new_store()
    store.clients("mdl.exe", 3, user="alice", machine="WKS1")
    store.put("/block-lists/processes", {"data": "mdl.exe"})
    with dashboard.open(store, "live") as visit:
        page = visit.page
        shows(page, "#live-sessions", "3")
        shows(page, "#live-next-poll", "in 15:00")
        shows(page, "#time-advance").click()
        shows(page, "#live-cut-off", "3")
        shows(page, "#live-sessions", "0")
        shows(page, "#live-policy", "1")
        row = shows(page, ".feed li[data-kind=cut_off]")
        wanted = "mdl.exe of alice@WKS1 was cut off: mdl.exe is item 1 of the list of processes."
        shows(page, ".feed li[data-kind=cut_off]", wanted)
        seq = row.get_attribute("data-seq")
        expect(row.get_by_role("link", name="Poll 2").get_attribute("href"), f"#/clock/2?store={store.store}", "the poll's link")
        why = row.get_by_role("link", name="Why?").get_attribute("href")
        expect(why, f"#/why?store={store.store}&decision={seq}", "the decision's link")
        session = row.get_by_role("link", name="mdl.exe of alice").get_attribute("href")
        expect(session, f"#/sessions/{3}?store={store.store}", "the session's link")
        shows(page, ".feed li[data-kind=policy]", "Policy 1 came into force: mdl.exe was added.")
        store.clients("mdl.exe", 1)
        shows(page, "#live-refused", "1")
        shows(page, ".feed li[data-kind=refused]")
        shows(page, ".plot [role=img][aria-label*='refused 1']")
        # In audit mode nobody is refused, and it is told who would be.
        store.patch("/policy/mode", {"mode": "audit"})
        store.clients("mdl.exe", 1)
        shows(page, "#live-would-block", "1")
        shows(page, ".figure-hint", "audit: nobody is cut off")
        visit.check_quiet()


def the_feed_can_be_held(dashboard):
    store = dashboard.new_store()
    store.clients("mdl.exe", 2)
    with dashboard.open(store, "live") as visit:
        page = visit.page
        is_so(page, "document.querySelectorAll('.feed li').length === 2")
        shows(page, "#live-feed-pause").click()
        store.clients("beta.exe", 3)
        shows(page, ".live-feed", "Paused: 3 newer.")
        is_so(page, "document.querySelectorAll('.feed li').length === 2")
        page.locator("#live-feed-pause").click()
        is_so(page, "document.querySelectorAll('.feed li').length === 5")
        # Where the focus is, nothing moves.
        link = page.locator(".feed a").first
        link.focus()
        shows(page, ".live-feed", "Held while you are in it")
        store.clients("gamma.exe", 1)
        shows(page, ".live-feed", "Held while you are in it: 1 newer.")
        expect(link.evaluate("one => one === document.activeElement"), True, "the focus stays")
        page.locator("#live-feed-against").check()
        shows(page, ".live-feed", "Nobody was refused or cut off")
        is_so(page, "location.hash.includes('feed=against')")


def the_past_is_shown_as_it_was(dashboard):
    store = a_story(dashboard)
    changed = store.get("/events?type=policy.changed")["items"][0]["seq"]
    with dashboard.open(store, f"live?at=1-{changed - 1}") as visit:
        page = visit.page
        shows(page, "#live-sessions", "11")
        shows(page, "#live-cut-off", "0")
        shows(page, "#live-policy", "0")
        shows(page, ".live-table tr", "mdl.exe")
        expect(page.locator(".feed li[data-kind=cut_off]").count(), 0, "sentences of what comes later")
        # From mark to mark: the policy comes into force, then it is applied.
        slider = page.locator("#time-scrubber")
        slider.focus()
        slider.press("PageUp")
        shows(page, ".scrubber-place", f"entry {changed}")
        shows(page, ".scrubber-place", "policy 1 in force")
        shows(page, "#live-policy", "1")
        shows(page, "#live-sessions", "11")
        page.locator("#time-next").click()
        shows(page, "#live-sessions", "8")
        shows(page, "#live-cut-off", "3")
        shows(page, ".live-table tr", "Policy 1")
        page.locator("#time-previous").click()
        shows(page, "#live-sessions", "11")
        slider.focus()
        slider.press("ArrowLeft")
        shows(page, ".scrubber-place", f"entry {changed - 1}")
        page.locator("#time-now").click()
        shows(page, "#live-sessions", "12")
        visit.check_quiet()


def hostile_names_are_text(dashboard):
    store = dashboard.new_store()
    store.clients("<b>a\u202eexe.tab", 1)
    with dashboard.open(store, "live") as visit:
        page = visit.page
        shows(page, ".live-table td", "<b>a\\u{202e}exe.tab")
        shows(page, ".feed", "<b>a\\u{202e}exe.tab of user1@WKS1")
        page.locator(".live-table td a").first.click()
        is_so(page, "location.hash.startsWith('#/sessions?') && location.hash.includes('process')")
        visit.check_quiet()


def every_look(dashboard):
    dashboard.looks(dashboard.new_store(), "live", "live-empty", lambda page: shows(page, "#live-add-clients"))
    store = a_story(dashboard)
    dashboard.looks(store, "live", "live-full", lambda page: shows(page, ".feed li[data-kind=policy]"))
    changed = store.get("/events?type=policy.changed")["items"][0]["seq"]
    with dashboard.open(store, f"live?at=1-{changed}") as visit:
        shows(visit.page, ".feed li[data-kind=policy]")
        dashboard.check(visit, "live-past")
    with dashboard.open(store, "live?at=7-3") as visit:
        shows(visit.page, "#time-first")
        dashboard.check(visit, "live-gone", expected="410 (Gone)")
        visit.page.locator("#time-first").click()
        shows(visit.page, ".scrubber-place", "entry 0")
        shows(visit.page, "#live-sessions", "0")
