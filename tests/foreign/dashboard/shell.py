"""What stands around every screen: the time bar, the way to every screen, a lost connection, the past, copies for curl and the command line."""

from harness import expect, gone, is_so, shows


def run(dashboard):
    time_moves_from_anywhere(dashboard)
    a_lost_connection_is_shown_and_resumed_without_a_gap(dashboard)
    a_new_epoch_is_read_anew(dashboard)
    the_past_is_a_link(dashboard)
    every_change_is_shown_as_curl_and_command(dashboard)
    a_screen_is_left_from_its_end_and_begins_at_its_top(dashboard)


def time_moves_from_anywhere(dashboard):
    store = dashboard.new_store()
    with dashboard.open(store, "faults") as visit:
        page = visit.page
        shows(page, ".clock", "2006-04-22 08:00:00")
        shows(page, ".clock", "in 15:00")
        shows(page, "#time-advance").click()
        shows(page, ".clock", "2006-04-22 08:15:00")
        shows(page, ".toast", "1 poll, 0 disconnected")
        expect(store.get("/clock")["now"][:19], "2006-04-22T08:15:00", "the store's clock")
        # Somebody else moves it too.
        store.post("/clock/advance", {"by": "1m"})
        shows(page, ".clock", "in 14:00")
        dashboard.check(visit, "shell")


def a_lost_connection_is_shown_and_resumed_without_a_gap(dashboard):
    store = dashboard.new_store()
    with dashboard.open(store, "live") as visit:
        page = visit.page
        shows(page, ".connection[data-state=open]")
        # The network is gone for this page alone: what it asks for fails, and so does the stream that it has.
        page.context.set_offline(True)
        page.evaluate("window.exstore.drop()")
        shows(page, ".connection[data-state=lost]", "Connection lost")
        store.clients("mdl.exe", 3)
        page.context.set_offline(False)
        shows(page, ".connection[data-state=open]")
        is_so(page, "window.exstore.sessions() === 3")
        store.clients("mdl.exe", 2)
        is_so(page, "window.exstore.sessions() === 5")
        # Entries are told once: what was heard is what happened since the page was opened.
        heard = page.evaluate("window.exstore.heard()")
        expect(heard, 5, "entries heard over a lost connection")


def a_new_epoch_is_read_anew(dashboard):
    store = dashboard.new_store()
    store.clients("mdl.exe", 3)
    with dashboard.open(store, "live") as visit:
        page = visit.page
        is_so(page, "window.exstore.sessions() === 3")
        store.post("/reset", {"to": "baseline"})
        is_so(page, "window.exstore.sessions() === 0 && window.exstore.cursor().startsWith('2-')")
        store.clients("mdl.exe", 1)
        is_so(page, "window.exstore.sessions() === 1")
        visit.check_quiet()


def the_past_is_a_link(dashboard):
    store = dashboard.new_store()
    store.clients("mdl.exe", 2)
    cursor = store.get("")["cursor"]
    store.clients("outlook.exe", 5)
    with dashboard.open(store, f"live?at={cursor}") as visit:
        page = visit.page
        shows(page, ".scrubber-place", f"entry {cursor.split('-')[1]}")
        is_so(page, "window.exstore.sessionsInView() === 2")
        dashboard.check(visit, "shell-past")
        page.get_by_role("button", name="Back to now").click()
        is_so(page, "window.exstore.sessionsInView() === 7 && !location.hash.includes('at=')")
        slider = page.get_by_label("As it was after entry")
        slider.focus()
        slider.press("ArrowLeft")
        is_so(page, "window.exstore.sessionsInView() === 6")
        shows(page, ".scrubber-place", "Past:")


def every_change_is_shown_as_curl_and_command(dashboard):
    store = dashboard.new_store()
    with dashboard.open(store, "live") as visit:
        page = visit.page
        page.get_by_role("button", name="Advance to the next poll: as curl and as a command").click()
        shows(page, "dialog pre", "/clock/advance")
        shows(page, "dialog pre", f"exstore clock advance --next poll --store {store.store}")
        dashboard.check(visit, "shell-copy")
        page.keyboard.press("Escape")
        gone(page, "dialog[open]")


def a_screen_is_left_from_its_end_and_begins_at_its_top(dashboard):
    store = dashboard.new_store()
    store.clients("mdl.exe", 40)
    with dashboard.open(store, "policy") as visit:
        page = visit.page
        shows(page, "#policy-versions-text")
        page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        is_so(page, "300 < scrollY")
        # The way to the other screens came along.
        is_so(page, "0 < document.querySelector('.side a').getBoundingClientRect().top")
        page.locator(".side a", has_text="Faults").click()
        shows(page, "h1", "Faults")
        is_so(page, "scrollY === 0")
