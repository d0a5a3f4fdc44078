"""The policy studio: what a text means while it is typed, whom it would cut off, and what becomes of it."""

from commands import as_command
from harness import Finding, expect, gone, is_so, shows

PROCESSES = "#policy-processes-text"
VERSIONS = "#policy-versions-text"

HOSTILE = "evil\u202eexe.<img src=x onerror=alert(1)>"


IN_SIGHT = """() => {
  const { top, bottom } = document.activeElement.getBoundingClientRect();
  return 0 <= top && bottom <= innerHeight;
}"""


def run(dashboard):
    a_text_is_read_while_it_is_typed(dashboard)
    it_says_whom_it_would_cut_off(dashboard)
    it_waits_for_the_poll_and_then_acts(dashboard)
    a_store_that_has_moved_refuses(dashboard)
    live_names_are_offered(dashboard)
    versions_are_on_a_line(dashboard)
    a_text_that_was_begun_is_kept(dashboard)
    audit_does_nothing_and_says_so(dashboard)
    a_build_without_the_hotfix_is_given_it(dashboard)
    every_change_has_its_command(dashboard)
    the_looks(dashboard)


def counted(page, kind, count):
    """Waits until a preview is of now and says how many."""
    is_so(
        page,
        """wanted => {
          const found = document.querySelector(`#policy-${wanted.kind}-preview`);
          return found?.dataset.stale === "false" && found.dataset.count === wanted.count;
        }""",
        {"kind": kind, "count": str(count)},
    )


def a_text_is_read_while_it_is_typed(dashboard):
    store = dashboard.new_store()
    with dashboard.open(store, "policy") as visit:
        page = visit.page
        shows(page, "#policy-processes-standing", "There is no value")
        page.locator(PROCESSES).press_sequentially("größe.exe; *.exe; a.exe, b.exe")
        shows(page, "[data-code=wildcard]", "Error:")
        shows(page, "[data-code=comma]", "Warning:")
        lines = page.locator("[data-code=wildcard] .excerpt").inner_text().split("\n")
        expect(lines[1].count("^"), len("*.exe"), "carets")
        expect(lines[0].index("*"), lines[1].index("^"), "where the caret is")
        chips = page.locator("section:has(#policy-processes-text) .policy-chips").first.locator("button")
        expect(chips.count(), 3, "chips")
        # What was chosen is found in a text whose bytes and letters are not the same in number.
        chips.nth(1).click()
        chosen = page.evaluate("(() => { const e = document.activeElement; return e.value.slice(e.selectionStart, e.selectionEnd); })()")
        expect(chosen, "*.exe", "what a chip chooses in the text")
        # It is said once typing has paused.
        shows(page, "#policy-processes-said", "Programs: 3 items, 1 error, 1 warning")
        is_so(page, f"document.querySelector('{PROCESSES}').getAttribute('aria-invalid') === 'true'")
        # The last answer wins: what was asked for before is not heard.
        page.locator(PROCESSES).fill("a.exe")
        gone(page, "section:has(#policy-processes-text) .policy-lint")
        expect(chips.count(), 1, "chips of another text")
        page.locator(VERSIONS).fill("11.0.5608; 12.0.0-11.0.0")
        shows(page, "[data-code=kept-zero]", "11.5608.0")
        dashboard.check(visit, "policy-typed")


def it_says_whom_it_would_cut_off(dashboard):
    store = dashboard.new_store()
    store.clients("mdl.exe", 3)
    store.clients("outlook.exe", 2)
    store.clients(None, 1, client_version="9.0.0.2416")
    with dashboard.open(store, "policy") as visit:
        page = visit.page
        page.locator(PROCESSES).fill("mdl.exe; beta.exe")
        counted(page, "processes", 3)
        told = store.post("/policy/preview", {"processes": "mdl.exe; beta.exe"})
        expect(told["count"], 3, "what the server says")
        shows(page, "#policy-processes-preview", "3 would stay, 1 of them unidentified")
        shows(page, "#policy-processes-preview .policy-by-item", "mdl.exe 3")
        ids = page.locator("#policy-processes-preview tbody a").all_inner_texts()
        expect(ids, [str(one["session"]) for one in told["disconnected"]], "sessions that are listed")
        # It follows the store: a client that comes, and one that goes.
        store.clients("beta.exe", 2)
        counted(page, "processes", 5)
        store.delete(f"/sessions/{ids[0]}")
        counted(page, "processes", 4)
        expect(page.evaluate(f"document.querySelector('{PROCESSES}').value"), "mdl.exe; beta.exe", "the text")
        dashboard.check(visit, "policy-preview")


def it_waits_for_the_poll_and_then_acts(dashboard):
    store = dashboard.new_store()
    store.clients("mdl.exe", 3)
    store.clients("outlook.exe", 1)
    with dashboard.open(store, "policy") as visit:
        page = visit.page
        page.locator(PROCESSES).fill("mdl.exe")
        counted(page, "processes", 3)
        page.locator("#policy-processes-apply-next").click()
        shows(page, ".toast", "Written: the next poll finds it")
        standing = "#policy-processes-standing"
        shows(page, standing, "it waits for the next poll at 08:15:00, in 15:00")
        shows(page, f"{standing} .policy-added", "mdl.exe")
        gone(page, ".policy-unsaved")
        expect(store.get("")["counts"]["sessions"], 4, "sessions before the poll")
        page.locator("#time-advance").click()
        shows(page, standing, "✓ in force")
        counted(page, "processes", 0)
        expect(store.get("")["counts"]["sessions"], 1, "sessions after it")
        shows(page, "#policy-generation-1", "3 sessions cut off")
        shows(page, "#policy-generation-1 .policy-added", "mdl.exe")
        # And at once.
        page.locator(PROCESSES).fill("outlook.exe")
        counted(page, "processes", 1)
        page.locator("#policy-processes-apply-now").click()
        shows(page, ".toast", "In force: 1 session cut off")
        expect(store.get("")["counts"]["sessions"], 0, "sessions after that")
        shows(page, "#policy-generation-2 .policy-removed", "mdl.exe")
        expect(page.locator(".policy-generation").first.get_attribute("id"), "policy-generation-2", "what is first")
        # The link to the poll names the one that brought it.
        page.locator("#policy-generation-2 a", has_text="poll 3").click()
        shows(page, "#clock-poll", "Poll 3")
        page.go_back()
        # A link names a policy: it is shown, though what stands above it comes later.
        with dashboard.open(store, "policy?generation=1") as linked:
            is_so(linked.page, "document.activeElement.id === 'policy-generation-1'")
            shows(linked.page, "#policy-versions-line svg")
            is_so(linked.page, IN_SIGHT)
        # Deleted, it is off at the next poll.
        page.locator("#policy-processes-delete").click()
        dashboard.check(visit, "policy-delete")
        page.locator("#confirm-yes").click()
        shows(page, f"{standing} .policy-removed", "outlook.exe")
        page.locator("#time-advance").click()
        shows(page, standing, "There is no value")
        visit.check_quiet()


def a_store_that_has_moved_refuses(dashboard):
    store = dashboard.new_store()
    store.clients("mdl.exe", 1)
    with dashboard.open(store, "policy") as visit:
        page = visit.page
        page.locator(PROCESSES).fill("mdl.exe")
        counted(page, "processes", 1)
        # The preview that would tell of the next client does not come: what is applied is what was seen.
        page.route("**/policy/preview*", lambda route: None)
        store.clients("mdl.exe", 1)
        is_so(page, "document.querySelector('#policy-processes-preview').dataset.stale === 'true'")
        shows(page, ".policy-stale", "out of date")
        page.locator("#policy-processes-apply-now").click()
        shows(page, "#policy-processes-moved", "The store has moved since that preview")
        expect(store.get("/block-lists/processes")["data"], None, "what was written")
        # Of another text nothing was seen: applied now it waits, and does not go out unguarded.
        page.locator(PROCESSES).fill("mdl.exe; a.exe")
        now = page.locator("#policy-processes-apply-now")
        is_so(page, "document.querySelector('#policy-processes-apply-now').getAttribute('aria-disabled') === 'true'")
        now.click(force=True)
        page.locator(PROCESSES).fill("mdl.exe")
        is_so(page, "document.querySelector('#policy-processes-apply-now').getAttribute('aria-disabled') === 'false'")
        expect(store.get("/block-lists/processes")["data"], None, "what was written without a preview")
        # Those that were held go on with this.
        page.unroute("**/policy/preview*")
        counted(page, "processes", 2)
        page.locator("#policy-processes-apply-now").click()
        shows(page, ".toast", "In force: 2 sessions cut off")
        gone(page, "#policy-processes-moved")


def live_names_are_offered(dashboard):
    store = dashboard.new_store()
    store.clients("mdl.exe", 3)
    store.clients("C:\\tools\\beta.exe", 1)
    store.clients("a;b.exe", 1)
    store.clients(HOSTILE, 1)
    store.clients("outlook.exe", 1, client_version="12.0.4518.1014")
    with dashboard.open(store, "policy") as visit:
        page = visit.page
        offers = page.locator("[aria-labelledby=policy-processes-offers] button")
        shows(page, ".policy-offer", "mdl.exe")
        # A name with a separator in it can't be listed.
        expect(offers.count(), 4, "names that are offered")
        page.locator(PROCESSES).fill("x.exe;")
        offers.filter(has_text="mdl.exe").click()
        expect(page.input_value(PROCESSES), "x.exe; mdl.exe", "the text with a name added")
        gone(page, "[aria-labelledby=policy-processes-offers] button", "mdl.exe")
        # The focus is on another offer, and not lost with the one that is gone.
        is_so(page, "document.activeElement.classList.contains('policy-offer')")
        shows(page, ".policy-offer", "beta.exe").click()
        expect(page.input_value(PROCESSES), "x.exe; mdl.exe; beta.exe", "the text with another")
        shows(page, ".policy-offer", "evil\\u{202e}exe.").click()
        counted(page, "processes", 5)
        shows(page, "#policy-processes-preview td", "evil\\u{202e}exe.<img src=x onerror=alert(1)>")
        versions = page.locator("[aria-labelledby=policy-versions-offers] button")
        page.locator(VERSIONS).fill("10.0.0,")
        versions.filter(has_text="12.4518.1014").click()
        expect(page.input_value(VERSIONS), "10.0.0, 12.4518.1014", "the text with a version added")
        counted(page, "versions", 1)
        dashboard.check(visit, "policy-offers")


def versions_are_on_a_line(dashboard):
    store = dashboard.new_store()
    for version, count in {"5.0.3144.0": 1, "10.0.0.2627": 2, "11.0.5608.0": 3, "12.0.4518.1014": 4}.items():
        store.clients(None, count, client_version=version)
    with dashboard.open(store, "policy") as visit:
        page = visit.page
        page.locator(VERSIONS).fill("-5.3164.0; 11.0.0-11.5703.0")
        line = "#policy-versions-line"
        said = page.locator(f"{line} svg")
        is_so(page, f"document.querySelector('{line} svg').getAttribute('aria-label').includes('11.0.0-11.5703.0 holds 3')")
        for version in ["5.0.3144.0 1 held", "10.0.0.2627 2,", "11.0.5608.0 3 held", "12.0.4518.1014 4;"]:
            if version not in said.get_attribute("aria-label"):
                raise Finding(f"the line does not say {version}: {said.get_attribute('aria-label')}")
        # A bar lies below the versions that it holds.
        bars = page.locator(f"{line} .policy-bar").all()
        marks = page.locator(f"{line} .policy-mark").all()
        expect((len(bars), len(marks)), (2, 4), "bars and marks")
        for mark in marks:
            at = float(mark.get_attribute("x"))
            over = [bar for bar in bars if 0 <= at - float(bar.get_attribute("x")) <= float(bar.get_attribute("width"))]
            expect(len(over), 1 if "held" in mark.get_attribute("class") else 0, "bars below a version")
        page.locator(f"{line} summary").click()
        shows(page, f"{line} tr", "11.0.5608.0").get_by_text("11.0.0-11.5703.0").wait_for()
        counted(page, "versions", 4)
        dashboard.check(visit, "policy-line")


def a_text_that_was_begun_is_kept(dashboard):
    store = dashboard.new_store()
    store.put("/block-lists/processes", {"data": "a.exe"})
    with dashboard.open(store, "policy") as visit:
        page = visit.page
        is_so(page, f"document.querySelector('{PROCESSES}').value === 'a.exe'")
        # Nobody has begun anything: what somebody else writes is shown.
        store.put("/block-lists/processes", {"data": "b.exe"})
        is_so(page, f"document.querySelector('{PROCESSES}').value === 'b.exe'")
        page.locator(PROCESSES).fill("b.exe; mine.exe")
        store.put("/block-lists/processes", {"data": "theirs.exe"})
        shows(page, ".policy-theirs", "theirs.exe")
        expect(page.input_value(PROCESSES), "b.exe; mine.exe", "the text that was begun")
        dashboard.check(visit, "policy-theirs")
        # It outlives the screen.
        page.locator("nav a", has_text="Registry").click()
        shows(page, "h1", "Registry")
        page.locator("nav a", has_text="Policy").click()
        shows(page, ".policy-theirs", "theirs.exe")
        expect(page.input_value(PROCESSES), "b.exe; mine.exe", "the text on coming back")
        page.locator("#policy-processes-keep-mine").click()
        gone(page, ".policy-theirs")
        expect(page.input_value(PROCESSES), "b.exe; mine.exe", "the text that is kept")
        store.delete("/block-lists/processes")
        shows(page, "#policy-processes-take-theirs").click()
        expect(page.input_value(PROCESSES), "", "the text that is taken")
        page.locator(PROCESSES).fill("again.exe")
        page.locator("#policy-processes-discard").click()
        is_so(page, f"document.activeElement === document.querySelector('{PROCESSES}') && document.activeElement.value === ''")
        # A value of another type is as good as none, and says so.
        store.put(f"/registry/{POLLED}?value=Disable%20MAPI%20Client%20Processes", {"type": "REG_DWORD", "data": 1})
        shows(page, "#policy-processes-standing", "as good as none")
        visit.check_quiet()


POLLED = "HKLM%5CSystem%5CCurrentControlSet%5CServices%5CMSExchangeIS%5CParametersSystem"


def audit_does_nothing_and_says_so(dashboard):
    store = dashboard.new_store()
    store.clients("mdl.exe", 2)
    with dashboard.open(store, "policy") as visit:
        page = visit.page
        page.locator("#policy-mode-audit").click()
        shows(page, "h2", "Audit: nobody is cut off")
        page.locator(PROCESSES).fill("mdl.exe")
        counted(page, "processes", 2)
        shows(page, "#policy-processes-preview", "if the policy were enforced")
        page.locator("#policy-processes-apply-now").click()
        shows(page, "#policy-forbidden", "2 sessions")
        shows(page, "#policy-would-block", "2 since the start")
        expect(store.get("")["counts"]["sessions"], 2, "sessions in audit mode")
        page.locator("#policy-mode-enforce").click()
        shows(page, "dialog", "forbids 2 sessions")
        page.keyboard.press("Escape")
        expect(store.get("/policy/mode")["mode"], "audit", "the mode after a no")
        is_so(page, "document.activeElement.id === 'policy-mode-enforce'")
        page.keyboard.press("Enter")
        page.locator("#confirm-yes").click()
        shows(page, "h2", "The policy is enforced")
        expect(store.get("")["counts"]["sessions"], 0, "sessions once it is enforced")
        visit.check_quiet()


def a_build_without_the_hotfix_is_given_it(dashboard):
    store = dashboard.new_store(build="6.5.7638")
    store.put("/block-lists/processes", {"data": "mdl.exe"})
    store.clients("mdl.exe", 1)
    with dashboard.open(store, "policy") as visit:
        page = visit.page
        shows(page, "h2", "Build 6.5.7638")
        shows(page, ".policy-honours", "✗ ignores the list of programs")
        shows(page, "#policy-processes-standing", "does not read this value")
        shows(page, "[data-code=ignored-by-build]")
        counted(page, "processes", 0)
        dashboard.check(visit, "policy-ignored")
        page.locator("#policy-install-hotfix").click()
        shows(page, "h2", "Build 6.5.7651.19")
        shows(page, "#policy-processes-standing", "✓ in force")
        gone(page, "[data-code=ignored-by-build]")
        page.locator("#policy-restart").click()
        shows(page, ".toast", "has restarted, and has read the lists")
        visit.check_quiet()


def every_change_has_its_command(dashboard):
    store = dashboard.new_store(build="6.5.7638")
    store.clients("mdl.exe", 1)
    with dashboard.open(store, "policy") as visit:
        page = visit.page
        as_command(page, "#policy-install-hotfix")
        shows(page, "h2", "Build 6.5.7651.19")
        store.clients("mdl.exe", 1)
        page.locator(PROCESSES).fill("it's.exe; mdl.exe")
        counted(page, "processes", 1)
        as_command(page, "#policy-processes-apply-next")
        expect(store.get("/block-lists/processes")["data"], "it's.exe; mdl.exe", "what the command wrote")
        gone(page, ".policy-unsaved")
        page.locator(PROCESSES).fill("mdl.exe")
        counted(page, "processes", 1)
        as_command(page, "#policy-processes-apply-now")
        expect(store.get("")["counts"]["sessions"], 0, "sessions after the command")
        page.locator(VERSIONS).fill("-5.3164.0")
        counted(page, "versions", 0)
        as_command(page, "#policy-versions-apply-now")
        expect(store.get("/policy")["versions"]["text"], "-5.3164.0", "the list of versions")
        shows(page, "#policy-processes-delete:enabled")
        as_command(page, "#policy-processes-delete")
        expect(store.get("/block-lists/processes")["data"], None, "what the command deleted")
        as_command(page, "#policy-mode-audit")
        expect(store.get("/policy/mode")["mode"], "audit", "the mode that the command set")
        as_command(page, "#policy-restart")
        expect(store.get("/policy")["off"], False, "whether the policy is off after the restart")


def the_looks(dashboard):
    empty = dashboard.new_store()
    dashboard.looks(empty, "policy", "policy-empty", lambda page: shows(page, ".empty", "No list has been in force yet"))
    full = dashboard.new_store()
    for number in range(12):
        full.clients(f"a-program-with-quite-a-long-name-{number}.exe", 3, client_version=f"11.0.{5600 + number}.0")
    full.clients(HOSTILE, 40)
    full.clients(None, 2, client_version="5.0.3144.0")
    full.put("/block-lists/processes?apply=now", {"data": "x.exe; y.exe"})
    full.put("/block-lists/versions", {"data": "-5.3164.0; 11.5601.0-11.5604.0, 12.0.0-; 11.0.5608"})

    def typed(page):
        page.locator(PROCESSES).fill(f"a-program-with-quite-a-long-name-1.exe, b; *.exe; outlook.exe; {HOSTILE}")
        shows(page, "[data-code=wildcard]")
        counted(page, "processes", 54)

    dashboard.looks(full, "policy", "policy-full", lambda page: shows(page, "#policy-versions-line .policy-bar"), act=typed)
    # A store that is not there: the page says so.
    with dashboard.open(full, "policy?at=1-1") as visit:
        shows(visit.page, ".note-warn", "as it is now")
        dashboard.check(visit, "policy-past")
