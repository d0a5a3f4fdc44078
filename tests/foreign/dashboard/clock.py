"""Clock and polls: how time moves, the schedule, the ledger, one poll and what it read, the slider."""

from commands import as_command
from harness import expect, gone, is_so, shows


def run(dashboard):
    time_is_moved_in_every_way(dashboard)
    a_moving_clock_counts_down_and_goes_on(dashboard)
    the_schedule_is_set_and_a_poll_asked_for(dashboard)
    a_held_poll_is_shown_as_held(dashboard)
    a_poll_shows_what_it_read_and_what_changed(dashboard)
    the_ledger_is_shown_as_it_was(dashboard)
    every_change_has_its_command(dashboard)
    every_look(dashboard)


def a_store_with_polls(dashboard):
    store = dashboard.new_store()
    store.clients("mdl.exe", 3)
    store.put("/block-lists/processes", {"data": "mdl.exe; b*d.exe;; x"})
    store.post("/clock/advance", {"next": "poll"})
    store.put("/block-lists/processes", {"data": "mdl.exe"})
    store.post("/clock/advance", {"next": "poll"})
    return store


def time_is_moved_in_every_way(dashboard):
    store = dashboard.new_store()
    with dashboard.open(store, "clock") as visit:
        page = visit.page
        shows(page, "#clock-advance-poll").click()
        shows(page, ".clock", "2006-04-22 08:15:00")
        page.locator("#clock-advance-length").fill("90s")
        page.locator("#clock-advance-by").click()
        shows(page, ".clock", "2006-04-22 08:16:30")
        is_so(page, "document.querySelector('#clock-advance-instant').value.startsWith('2006-04-22T09:00')")
        page.locator("#clock-advance-to").click()
        shows(page, ".clock", "2006-04-22 09:00:00")
        shows(page, ".toast", "Advanced: 3 polls")
        page.locator("#clock-advance-length").fill("soon")
        page.locator("#clock-advance-by").click()
        shows(page, ".action [role=alert]", "is not a duration")
        # A clock that goes by itself is not advanced, and the server says so.
        page.locator("#clock-mode-real").check()
        page.locator("#clock-mode-set").click()
        shows(page, "#clock-mode-now", "Now real")
        page.locator("#clock-advance-poll").click()
        shows(page, ".action [role=alert]", "The clock is not manual")
        expect(store.get("/clock")["mode"], "real", "the mode")
        page.locator("#clock-scale").fill("120")
        page.locator("#clock-mode-set").click()
        shows(page, "#clock-mode-now", "120 times as fast")
        page.locator("#clock-mode-manual").check()
        page.locator("#clock-mode-set").click()
        shows(page, "#clock-mode-now", "Now manual")
        expect(store.get("/clock")["mode"], "manual", "the mode")


def a_moving_clock_counts_down_and_goes_on(dashboard):
    store = dashboard.new_store()
    with dashboard.open(store, "clock") as visit:
        page = visit.page
        shows(page, "#clock-next", "in 15:00")
        # Fifteen minutes in less than a second: the countdown ends, polls come, and it begins again.
        store.patch("/clock", {"mode": "scaled:1200"})
        is_so(page, "/^in \\d+:\\d\\d$/.test(document.querySelector('#clock-next').textContent) && !document.querySelector('#clock-next').textContent.includes('15:00')")
        shows(page, ".clock-ledger tr[data-row] a", "3")
        is_so(page, "/^in 1[0-4]:/.test(document.querySelector('#clock-next').textContent)")
        store.patch("/clock", {"mode": "manual"})
        visit.check_quiet()


def the_schedule_is_set_and_a_poll_asked_for(dashboard):
    store = dashboard.new_store()
    with dashboard.open(store, "clock") as visit:
        page = visit.page
        shows(page, "#clock-interval-now", "15m")
        page.locator("#clock-interval").fill("5m")
        page.locator("#clock-interval-set").click()
        shows(page, "#clock-interval-now", "5m")
        shows(page, "#clock-next", "in 5:00")
        expect(store.get("/polls/schedule")["interval"], "5m", "the interval")
        page.locator("#clock-poll-now").click()
        shows(page, ".toast", "Poll 2: nothing changed")
        shows(page, ".clock-ledger tr[data-row]", "request")
        first = page.locator(".clock-ledger tr[data-row] a").first
        expect(first.text_content(), "2", "the newest poll comes first")
        visit.check_quiet()


def a_held_poll_is_shown_as_held(dashboard):
    store = dashboard.new_store()
    store.post("/faults", {"match": {}, "effect": {"registry": "slow", "delay": "1m"}})
    with dashboard.open(store, "clock") as visit:
        page = visit.page
        shows(page, "#clock-poll-now").click()
        shows(page, "#clock-held", "Poll 2: a fault holds its values back until 2006-04-22 08:01:00.")
        shows(page, ".clock-ledger tr[data-row]", "held").locator("a").click()
        shows(page, "#clock-poll", "Poll 2 is held")
        dashboard.check(visit, "clock-held")
        store.post("/clock/advance", {"by": "2m"})
        shows(page, "#clock-poll", "somebody asked for it")
        shows(page, "#clock-poll", "took 60 s")
        shows(page, "#clock-poll", "Fault 1")
        gone(page, "#clock-held")
        visit.check_quiet()


def a_poll_shows_what_it_read_and_what_changed(dashboard):
    store = a_store_with_polls(dashboard)
    with dashboard.open(store, "clock") as visit:
        page = visit.page
        row = shows(page, ".clock-ledger tr[data-row]", "tick").locator("xpath=../tr").filter(has_text="1 error, 1 warning, 1 info")
        shows(page, ".clock-ledger td", "mdl.exe; b*d.exe;; x")
        row.locator("a").first.click()
        is_so(page, "location.hash.startsWith('#/clock/2')")
        shows(page, "#clock-poll-changed", "mdl.exe added")
        shows(page, "#clock-poll", "3 sessions cut off")
        shows(page, "#clock-poll .mark-error", "b*d.exe")
        shows(page, "#clock-poll .mark-warning", "x")
        shows(page, "#clock-poll .mark-info", "▵")
        shows(page, "[data-lint=wildcard]", "error b*d.exe has a wildcard")
        shows(page, "#clock-poll", "no value.")
        page.locator(".clock-ledger a", has_text="3").first.click()
        shows(page, "#clock-poll-changed", "b*d.exe removed")
        shows(page, "#clock-poll", "There is nothing to say about it.")
        visit.check_quiet()


def the_ledger_is_shown_as_it_was(dashboard):
    store = a_store_with_polls(dashboard)
    second = [event["seq"] for event in store.get("/events?type=poll.completed")["items"]][1]
    with dashboard.open(store, f"clock?at=1-{second}") as visit:
        page = visit.page
        shows(page, ".note", "as it was then")
        is_so(page, "document.querySelectorAll('.clock-ledger tr[data-row]').length === 2")
        slider = page.locator("#time-scrubber")
        slider.focus()
        slider.press("PageDown")
        is_so(page, "document.querySelectorAll('.clock-ledger tr[data-row]').length === 1")
        slider.press("End")
        is_so(page, "document.querySelectorAll('.clock-ledger tr[data-row]').length === 3 && !location.hash.includes('at=')")
        # A reset begins a new epoch, of which that place is none.
        slider.press("ArrowLeft")
        shows(page, ".scrubber-place", "Past:")
        store.post("/reset", {"to": "baseline"})
        shows(page, "#time-first").click()
        shows(page, ".scrubber-place", "entry 0")


def every_change_has_its_command(dashboard):
    store = dashboard.new_store()
    with dashboard.open(store, "clock") as visit:
        page = visit.page
        page.locator("#clock-advance-length").fill("1m")
        as_command(page, "#clock-advance-by")
        expect(store.get("/clock")["now"][:19], "2006-04-22T08:01:00", "the clock")
        page.locator("#clock-advance-instant").fill("2006-04-22T08:02:00")
        as_command(page, "#clock-advance-to")
        expect(store.get("/clock")["now"][:19], "2006-04-22T08:02:00", "the clock")
        page.locator("#clock-interval").fill("5m")
        as_command(page, "#clock-advance-poll")
        expect(store.get("/clock")["now"][:19], "2006-04-22T08:15:00", "the clock")
        as_command(page, "#clock-interval-set")
        expect(store.get("/polls/schedule")["interval"], "5m", "the interval")
        as_command(page, "#clock-poll-now")
        expect(len(store.get("/polls")["items"]), 3, "polls")
        page.locator("#clock-mode-real").check()
        as_command(page, "#clock-mode-set")
        expect(store.get("/clock")["mode"], "real", "the mode")


def every_look(dashboard):
    empty = dashboard.new_store()
    dashboard.looks(empty, "clock", "clock-empty", lambda page: shows(page, ".clock-ledger tr[data-row]"))
    store = a_store_with_polls(dashboard)
    dashboard.looks(store, "clock/2", "clock-poll", lambda page: shows(page, "[data-lint=wildcard]"))
    with dashboard.open(store, "clock/99") as visit:
        shows(visit.page, "#clock-poll [role=alert]")
        dashboard.check(visit, "clock-error", expected="404 (Not Found)")
