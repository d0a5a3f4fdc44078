"""Events: the journal by pages and as it grows, filtered by the server, paused without a loss."""

from harness import Finding, expect, gone, is_so, shows

# Entries that are read at a time.
PAGE = 500


def run(dashboard):
    it_follows_the_store_and_pauses_without_a_loss(dashboard)
    a_filter_is_the_servers_in_the_list_and_in_the_stream(dashboard)
    older_entries_are_loaded_down_to_the_first(dashboard)
    an_entry_is_opened_with_links(dashboard)
    what_has_left_the_journal_is_told(dashboard)
    the_past_ends_where_it_ended(dashboard)
    every_look(dashboard)


def rows(page):
    return [int(text) for text in page.locator("tr[data-row] td:first-child").all_inner_texts()]


def first_row(seq):
    return f"document.querySelector('tr[data-row] td')?.textContent === '{seq}'"


def newest(store):
    return int(store.get("")["cursor"].split("-")[1])


def it_follows_the_store_and_pauses_without_a_loss(dashboard):
    store = dashboard.new_store()
    store.clients("mdl.exe", 2)
    with dashboard.open(store, "events") as visit:
        page = visit.page
        is_so(page, first_row(4))
        expect(rows(page), [4, 3, 2, 1], "entries, newest first")
        store.clients("mdl.exe")
        is_so(page, first_row(5))
        page.locator("#events-pause").click()
        shows(page, ".events-waiting", "stands still: 0 new")
        store.clients("mdl.exe", 7)
        shows(page, ".events-waiting", "stands still: 7 new")
        expect(rows(page)[0], 5, "the newest entry that is shown while it stands still")
        # A connection that is lost while it stands still loses nothing either.
        page.context.set_offline(True)
        page.evaluate("window.exstore.drop()")
        shows(page, ".connection[data-state=lost]")
        store.clients("mdl.exe", 2)
        page.context.set_offline(False)
        shows(page, ".events-waiting", "stands still: 9 new")
        page.locator("#events-pause").click()
        is_so(page, first_row(14))
        expect(rows(page), list(range(14, 0, -1)), "entries after going on")
        shows(page, ".type", "session.connected 12")
        page.get_by_label("Newest first").uncheck()
        is_so(page, first_row(1))
        # At the end, the end stays in sight.
        store.clients("mdl.exe", 60)
        is_so(page, "[...document.querySelectorAll('tr[data-row] td:first-child')].at(-1)?.textContent === '74'")


def a_filter_is_the_servers_in_the_list_and_in_the_stream(dashboard):
    store = dashboard.new_store()
    store.clients("mdl.exe", 2)
    store.clients("outlook.exe", 2)
    with dashboard.open(store, "events?q=process:mdl.exe&type=session.connected") as visit:
        page = visit.page
        is_so(page, "document.querySelectorAll('tr[data-row]').length === 2")
        store.clients("outlook.exe", 3)
        store.clients("mdl.exe", 3)
        is_so(page, "document.querySelectorAll('tr[data-row]').length === 5")
        expect(rows(page), [12, 11, 10, 4, 3], "entries that pass")
        page.get_by_label("Filter").fill("process:outlook.exe")
        is_so(page, first_row(9))
        # A type is added to those that are chosen.
        store.put("/block-lists/processes?apply=now", {"data": "outlook.exe"})
        shows(page, "button.type", "session.ended").click()
        is_so(page, "document.querySelectorAll('tr[data-row]').length === 10")
        is_so(page, "decodeURIComponent(location.hash).includes('type=session.connected,session.ended')")
        page.locator("#events-all-types").click()
        is_so(page, "document.querySelectorAll('tr[data-row]').length === 15")
        page.get_by_label("Filter").fill("process:")
        shows(page, ".note-error", "`q`, column 9")
        page.get_by_label("Filter").fill("process:nobody")
        shows(page, ".empty", "No entry passes these filters")
        page.get_by_role("button", name="Clear the filters").click()
        gone(page, ".empty")
        shows(page, "tr[data-row]")


def older_entries_are_loaded_down_to_the_first(dashboard):
    store = dashboard.new_store()
    store.clients("mdl.exe", 1000)
    store.clients("outlook.exe", 200)
    with dashboard.open(store, "events") as visit:
        page = visit.page
        is_so(page, first_row(1202))
        # Row 1 is the head.
        is_so(page, f"document.querySelector('table')?.ariaRowCount === '{PAGE + 1}'")
        page.locator("#events-older").click()
        is_so(page, f"document.querySelector('table')?.ariaRowCount === '{2 * PAGE + 1}'")
        page.locator("#events-older").click()
        shows(page, "#events-first", "the first entry that is kept, 1.")
        is_so(page, "document.querySelector('table')?.ariaRowCount === '1203'")
        # A place is a link.
        page.get_by_label("Entry or cursor").fill("1-100")
        page.locator("#events-jump-go").click()
        is_so(page, first_row(100 + PAGE - 1))
        is_so(page, "location.hash.includes('from=100')")
        store.clients("mdl.exe", 3)
        shows(page, ".events-waiting", "stands still: 3 new")
        page.locator("#events-newer").click()
        is_so(page, first_row(100 + 2 * PAGE - 1))
        page.locator("#events-newer").click()
        shows(page, ".events-waiting", "follows the store")
        is_so(page, first_row(1205))
        store.clients("mdl.exe", 2)
        is_so(page, first_row(1207))
        visit.check_quiet()


def an_entry_is_opened_with_links(dashboard):
    store = dashboard.new_store()
    store.clients("mdl.exe")
    store.put("/block-lists/processes?apply=now", {"data": "mdl.exe"})
    cut = next(one for one in store.get("/events")["items"] if one["type"] == "session.disconnected")
    with dashboard.open(store, "events?type=session.connected") as visit:
        page = visit.page
        shows(page, "tr[data-row] a", "3").click()
        shows(page, "#entry-title", "session.connected")
        is_so(page, "document.activeElement.id === 'entry-title'")
        # One that the list does not have is read.
        page.evaluate(f"location.hash = '#/events/{cut['seq']}?type=session.connected&store={store.store}'")
        shows(page, "#entry-title", "session.disconnected")
        shows(page, ".entry-json", '"ecClientVerDisallowed"')
        for text, wanted in {"1": "sessions/1", '"poll:2"': "clock/2"}.items():
            link = page.locator(".entry-json a", has_text=text).first.get_attribute("href")
            if wanted not in link:
                raise Finding(f"{text} leads to {link}")
        page.get_by_role("link", name="Why was it decided so?").click()
        shows(page, "#why-then-title", "Disconnected")
    with dashboard.open(store, "events/99") as visit:
        shows(visit.page, ".entry .note-warn", "There is no entry 99 yet.")


def what_has_left_the_journal_is_told(dashboard):
    store = dashboard.new_store(limits={"journal_entries": 50})
    store.clients("mdl.exe", 100)
    with dashboard.open(store, "events?from=5&order=oldest") as visit:
        page = visit.page
        shows(page, "#events-gap", "have left the journal")
        first = int(store.get("/events/totals")["first_available"].split("-")[1]) + 1
        is_so(page, f"[...document.querySelectorAll('tr[data-row] td:first-child')].some(one => one.textContent === '{first}')")
        shows(page, "#events-first", f"the first entry that is kept, {first}.")
        # The page asks for more of the past than there is.
        dashboard.check(visit, "events-gap", expected="410 (Gone)")


def the_past_ends_where_it_ended(dashboard):
    store = dashboard.new_store()
    store.clients("mdl.exe", 5)
    with dashboard.open(store, "events?at=1-4") as visit:
        page = visit.page
        is_so(page, first_row(4))
        store.clients("mdl.exe", 5)
        shows(page, ".sessions-count", "12 entries, shown up to 4")
        expect(rows(page), [4, 3, 2, 1], "entries up to then")
        expect(page.locator("#events-pause").count(), 0, "what follows the past")


def every_look(dashboard):
    store = dashboard.new_store()
    dashboard.looks(store, "events?q=is:blocked", "events-empty", lambda page: shows(page, ".empty"))
    store.clients("mdl.exe", 30)
    store.put("/block-lists/processes?apply=now", {"data": "mdl.exe"})
    dashboard.looks(store, "events/40", "events-open", lambda page: shows(page, "tr[data-row][aria-current=true]", "session."))
    dashboard.looks(
        store, "events?q=colour:red", "events-wrong", lambda page: shows(page, ".note-error"), expected="400 (Bad Request)"
    )
