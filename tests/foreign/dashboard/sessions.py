"""Sessions: the table of who is connected, its filter, and all of one session."""

from urllib.parse import urlencode

from commands import as_command
from harness import Finding, expect, gone, is_so, shows

# Held against the sessions of `mixed`: the page has to show what the server lets through.
FILTERS = [
    "",
    "process:mdl.exe",
    "process:MDL.EXE,outlook.exe",
    'process:"C:\\\\tools\\\\mdl.exe"',
    "process:*look*",
    "process:*",
    'process:""',
    "-process:mdl.exe",
    "version:<11.0",
    "version:11",
    "version:>11.0",
    "version:<=11.0",
    "version:>=11.0.5608.1",
    'user:alice,"BOB"',
    "user:*/cn=recipients/*",
    "user:/o=*",
    "machine:wks* -machine:*2",
    'machine:"a b"',
    "group:G",
    'group:""',
    "mode:classic",
    "mode:c*",
    "is:blocked",
    "-is:blocked is:identified",
    "is:unidentified",
    "is:injected -is:foreign",
    "origin:foreign",
    "transport:tcp,pipe -transport:tcp",
    "client:>=2 client:<5",
    "session:>3",
    "at:<2006-04-22T08:00:00Z",
    "at:>=2006-04-22T10:00:00+02:00",
    "at:2006-04-22T08:00:00Z",
]

WRONG = [
    "mdl.exe",
    "process:",
    'process:"a',
    "process:a*b",
    "user:ä colour:red",
    "state:connected",
    "mode:fast",
    "version:11.x",
    "client:one",
    "at:yesterday",
]


def run(dashboard):
    the_page_filters_as_the_server_does(dashboard)
    what_is_wrong_with_a_filter_is_told_in_the_servers_words(dashboard)
    a_link_has_the_filter_the_order_and_the_session(dashboard)
    the_open_session_stays_when_it_ends(dashboard)
    focus_and_place_stay_when_rows_come_and_go(dashboard)
    the_past_has_its_sessions(dashboard)
    clients_are_injected_and_changed(dashboard)
    every_change_has_its_command(dashboard)
    every_look(dashboard)
    ten_thousand_rows_are_a_table_as_any(dashboard)


def mixed(dashboard):
    """Clients of many kinds, one of which is cut off by the list in force and comes back in audit mode."""
    store = dashboard.new_store(rpc="127.0.0.1:0")
    store.put("/block-lists/processes?apply=now", {"data": "mdl.exe"})
    store.patch("/policy/mode", {"mode": "audit"})
    store.clients("mdl.exe", 2, user="alice", machine="WKS1", group="g")
    store.clients("OUTLOOK.EXE", client_version="12.0.4518.1014", user="bob", machine="WKS2", mode="classic")
    store.clients(None, client_version="10.0.0.0", user="carol", machine="WKS3")
    store.clients("c:\\tools\\Mdl.EXE", user="dave", machine="a b", transport="tcp")
    store.clients("Straße.exe", user="x", machine="\u202ewks")
    return store


def set_filter(page, text):
    page.get_by_label("Filter", exact=True).fill(text)


def ids(page):
    return [int(text) for text in page.locator("tr[data-row] td:first-child").all_inner_texts()]


def the_page_filters_as_the_server_does(dashboard):
    store = mixed(dashboard)
    with dashboard.open(store, "sessions") as visit:
        page = visit.page
        shows(page, "tr[data-row]")
        for text in FILTERS:
            query = {"q": text}
            wanted = [session["id"] for session in store.get("/sessions?" + urlencode(query))["items"]]
            set_filter(page, text)
            try:
                is_so(
                    page,
                    """wanted => JSON.stringify(wanted) === JSON.stringify(
                        [...document.querySelectorAll("tr[data-row] td:first-child")].map(one => Number(one.textContent)))""",
                    wanted,
                )
            except Exception:
                raise Finding(f"{text}: the page shows {ids(page)}, and the server {wanted}") from None
        # Whom the policy forbids changes with the policy.
        set_filter(page, "is:blocked")
        is_so(page, "document.querySelectorAll('tr[data-row]').length === 3")
        store.put("/block-lists/processes?apply=now", {"data": "outlook.exe"})
        is_so(page, "[...document.querySelectorAll('tr[data-row] td:nth-child(2)')].map(one => one.textContent).join() === 'OUTLOOK.EXE'")
        visit.check_quiet()


def what_is_wrong_with_a_filter_is_told_in_the_servers_words(dashboard):
    store = mixed(dashboard)
    with dashboard.open(store, "sessions") as visit:
        page = visit.page
        shows(page, "tr[data-row]")
        for text in WRONG:
            set_filter(page, text)
            shows(page, "#sessions-filter-problem .note-error", "`q`, column ")
            said = page.locator("#sessions-filter-problem .note-error").inner_text()
            if "this page does not" in said:
                raise Finding(f"{text}: the page refuses what the server takes")
        expect(page.locator("#sessions-filter").get_attribute("aria-invalid"), "true", "the field's state")
        # A suggestion goes on from what is there.
        set_filter(page, "mode:classic tra")
        is_so(page, "document.querySelector('#sessions-filter-suggestions option')?.value === 'mode:classic transport:'")
        page.get_by_text("What a filter can say").click()
        page.get_by_role("button", name="is:blocked").click()
        is_so(page, "document.querySelector('#sessions-filter').value === 'mode:classic tra is:blocked'")


def a_link_has_the_filter_the_order_and_the_session(dashboard):
    store = mixed(dashboard)
    with dashboard.open(store, "sessions/3?q=-transport%3Atcp&sort=-process") as visit:
        page = visit.page
        shows(page, "#session-title", "Session 3")
        # By the name as it was reported, without case.
        is_so(page, "[...document.querySelectorAll('tr[data-row] td:first-child')].map(one => one.textContent).join() === '6,3,1,2,4'")
        expect(page.locator("th[aria-sort=descending]").inner_text().split()[0], "Program", "the order")
        page.get_by_role("button", name="User").click()
        is_so(page, "location.hash.includes('sort=user') && document.querySelector('tr[data-row] a')?.textContent === '1'")
        shows(page, "tr[data-row] a", "6").click()
        shows(page, "#session-title", "Straße.exe")
        is_so(page, "location.hash.startsWith('#/sessions/6?') && location.hash.includes('sort=user') && location.hash.includes('q=')")
        is_so(page, "document.activeElement.id === 'session-title'")
        # A text that turns its direction is told, and turns nothing.
        shows(page, ".session-fields", "\\u{202e}wks")
        page.locator("#session-close").click()
        gone(page, "#session-title")


def the_open_session_stays_when_it_ends(dashboard):
    store = dashboard.new_store()
    store.clients("mdl.exe", 2, group="g")
    with dashboard.open(store, "sessions/1") as visit:
        page = visit.page
        shows(page, "tr[data-row][aria-current=true]", "mdl.exe")
        shows(page, ".packet", "EcDoConnectEx").locator("summary").first.click()
        shows(page, ".tree-name", "mdl.exe")
        page.locator(".packet-bytes summary").first.click()
        shows(page, ".dump mark", "c8")
        shows(page, ".packet-bytes", "XOR 0xA5")
        store.put("/block-lists/processes?apply=now", {"data": "mdl.exe"})
        shows(page, ".session-ending", "the policy cut it off")
        shows(page, ".session-ending", "ecClientVerDisallowed")
        shows(page, ".decisions", "Disconnected: mdl.exe matches item 1")
        shows(page, ".session-client", "disconnected")
        shows(page, ".packet", "EcDoConnectEx")
        dashboard.check(visit, "sessions-ended")
        page.locator(".session-ending a", has_text="Why?").click()
        is_so(page, "/^#.why\\?.*decision=\\d+/.test(location.hash)")
    with dashboard.open(store, "sessions/99") as visit:
        shows(visit.page, ".session .note-warn", "There is no session 99")


def focus_and_place_stay_when_rows_come_and_go(dashboard):
    store = dashboard.new_store()
    store.clients("a.exe", 200)
    with dashboard.open(store, "sessions?sort=-id") as visit:
        page = visit.page
        shows(page, "tr[data-row] a", "200")
        page.locator(".table-box[aria-label=Sessions]").evaluate("box => { box.scrollTop = 100 * 33 }")
        link = page.get_by_role("link", name="95", exact=True)
        link.focus()
        before = link.bounding_box()["y"]
        store.clients("b.exe", 30)
        is_so(page, "document.querySelector('.sessions-count')?.textContent?.startsWith('230')")
        if 2 < abs(link.bounding_box()["y"] - before):
            raise Finding(f"the row moved from {before} to {link.bounding_box()['y']}")
        expect(page.evaluate("document.activeElement.textContent"), "95", "the focus")
        page.keyboard.press("ArrowDown")
        expect(page.evaluate("document.activeElement.textContent"), "94", "the focus, a row down")
        # The row that has the focus ends: it goes to the one in its place.
        store.delete("/sessions/94")
        is_so(page, "document.activeElement.textContent === '93'")


def the_past_has_its_sessions(dashboard):
    store = dashboard.new_store()
    store.clients("mdl.exe", 2)
    cursor = store.get("")["cursor"]
    store.clients("outlook.exe", 5)
    store.put("/block-lists/processes?apply=now", {"data": "mdl.exe"})
    with dashboard.open(store, f"sessions/1?at={cursor}") as visit:
        page = visit.page
        shows(page, ".sessions-count", "2 live then")
        shows(page, ".session-fields", "WKS1")
        expect(page.locator("#session-disconnect").count(), 0, "changes of the past")
        set_filter(page, "is:blocked")
        is_so(page, "document.querySelector('.sessions-count')?.textContent === '2 of 2 then'")
        dashboard.check(visit, "sessions-past")


def clients_are_injected_and_changed(dashboard):
    store = dashboard.new_store()
    with dashboard.open(store, "sessions") as visit:
        page = visit.page
        shows(page, ".empty", "exstore client add --process mdl.exe --count 3")
        page.get_by_text("Inject clients", exact=True).click()
        page.get_by_label("Program", exact=True).fill("beta.exe")
        page.get_by_label("User").fill("alice")
        page.get_by_label("Group").fill("g")
        page.get_by_label("How many").fill("3")
        shows(page, "#inject-add", "Inject 3 clients").click()
        shows(page, ".toast", "3 clients are connected")
        is_so(page, "document.querySelectorAll('tr[data-row]').length === 3")
        expect(store.get("/clients/1")["group"], "g", "the group of a client")
        page.get_by_label("Names no program").check()
        page.get_by_label("How many").fill("1")
        shows(page, "#inject-add", "Inject a client").click()
        shows(page, "tr[data-row]", "(no name)")
        # A client that is renamed connects again, and its session is another.
        page.get_by_role("link", name="1", exact=True).click()
        page.get_by_label("Program it reports").fill("gamma.exe")
        page.locator("#client-rename").click()
        shows(page, "tr[data-row]", "gamma.exe")
        shows(page, ".session-ending", "It ended")
        shows(page, ".toast", "Client 1 is connected")
        page.locator("#client-disconnect").click()
        is_so(page, "document.querySelectorAll('tr[data-row]').length === 3")
        shows(page, ".session-client", "idle")
        page.locator("#client-connect").click()
        is_so(page, "document.querySelectorAll('tr[data-row]').length === 4")
        page.once("dialog", lambda dialog: dialog.accept())
        page.locator("#client-delete").click()
        page.locator("#confirm-yes").click()
        shows(page, ".session", "The injected client 1 is deleted.")
        page.get_by_role("link", name="2", exact=True).click()
        page.locator("#session-notify").click()
        # Injected clients ask for no notifications, and the store says so.
        shows(page, ".session .note-error", "has registered for no notification")
        page.locator("#session-disconnect").click()
        shows(page, ".session-ending", "somebody disconnected it")
        visit.check_quiet("409 (Conflict)")


def every_change_has_its_command(dashboard):
    store = dashboard.new_store()
    store.clients("mdl.exe", 2)
    with dashboard.open(store, "sessions/1") as visit:
        page = visit.page
        page.get_by_text("Inject clients", exact=True).click()
        page.get_by_label("Program", exact=True).fill("it's a \"beta\".exe")
        page.get_by_label("Machine").fill("-x")
        page.get_by_label("How many").fill("2")
        as_command(page, "#inject-add")
        is_so(page, "document.querySelectorAll('tr[data-row]').length === 4")
        expect(store.get("/clients/4")["process"], "it's a \"beta\".exe", "the program")
        expect(store.get("/clients/4")["machine"], "-x", "the machine")
        as_command(page, "#session-notify", refusal="has registered for no notification")
        page.get_by_label("Program it reports").fill("gamma.exe")
        as_command(page, "#client-rename")
        expect(store.get("/clients/1")["process"], "gamma.exe", "the client's program")
        as_command(page, "#client-disconnect")
        expect(store.get("/clients/1")["state"], "idle", "the client that hung up")
        as_command(page, "#client-connect")
        expect(store.get("/clients/1")["state"], "connected", "the client that connected")
        as_command(page, "#client-delete")
        shows(page, ".session", "The injected client 1 is deleted.")
        page.get_by_role("link", name="2", exact=True).click()
        as_command(page, "#session-disconnect")
        shows(page, ".session-ending", "somebody disconnected it")


def every_look(dashboard):
    empty = dashboard.new_store()
    dashboard.looks(empty, "sessions", "sessions-empty", lambda page: shows(page, ".empty", "Nobody is connected"))
    store = mixed(dashboard)
    dashboard.looks(store, "sessions/1", "sessions-open", lambda page: shows(page, ".packet", "EcDoConnectEx"))
    dashboard.looks(store, "sessions?q=process:", "sessions-wrong", lambda page: shows(page, ".note-error", "a value is missing"), expected="400 (Bad Request)")


# A filter that lets thousands through.
MANY = "process:program1* -group:g3 session:>600"


def passing(store, text):
    """How many sessions the server lets through."""
    count, query = 0, {"q": text, "limit": 1000}
    while True:
        page = store.get("/sessions?" + urlencode(query))
        count += len(page["items"])
        if page["next"] is None:
            return count
        query["after"] = page["next"]


def ten_thousand_rows_are_a_table_as_any(dashboard):
    store = dashboard.new_store()
    for place in range(20):
        store.clients(f"program{place}.exe", 500, group=f"g{place % 4}")
    in_table = "document.querySelector('.table-box[aria-label=Sessions] table')?.ariaRowCount"
    with dashboard.open(store, "sessions?sort=-process") as visit:
        page = visit.page
        is_so(page, f"{in_table} === '10001'")
        shows(page, "tr[data-row]", "program9.exe")
        # No more of them are in the page than are in sight.
        expect(page.locator("tr[data-row]").count() < 60, True, "rows in the page")
        dashboard.check_looks(visit, "sessions-full")
        page.locator(".table-box[aria-label=Sessions]").evaluate("box => { box.scrollTop = box.scrollHeight }")
        shows(page, "tr[data-row][aria-rowindex='10001']", "program0.exe")
        set_filter(page, MANY)
        is_so(page, f"{in_table} === '{passing(store, MANY) + 1}'")
        set_filter(page, "group:g3")
        is_so(page, f"{in_table} === '2501'")
        # All of them are cut off while somebody looks: the table empties, and the page still hears everything.
        store.put("/block-lists/versions?apply=now", {"data": "-65535.0.0"})
        shows(page, ".empty", "Nobody is connected")
        is_so(page, "window.exstore.sessions() === 0")
        visit.check_quiet()
