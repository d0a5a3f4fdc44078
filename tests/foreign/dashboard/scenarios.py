"""Scenarios: kept, played and followed; snapshots, and starting over."""

from commands import copies_of, do_elsewhere, run_command
from harness import Finding, expect, gone, is_so, shows

STORY = """name = "{name}"
about = "A listed program is cut off at the next poll."
start = "2006-04-22T08:00:00Z"

[[steps]]
say = "A beta program connects."
inject = [{{ process = "mdl.exe", count = 2, group = "beta" }}]

[[steps]]
say = "It is put on the list."
block = {{ processes = "mdl.exe" }}

[[steps]]
say = "The store polls."
advance = {{ next = "poll" }}

[[steps]]
say = "The program is gone."
expect = {{ clients = [{{ group = "beta", state = "disconnected" }}], poll = {{ disconnected = {disconnected} }} }}
"""

# A year in slices of a minute is not over before somebody cancels it.
LONG = """name = "long"
about = "Time passes."
start = "2006-04-22T08:00:00Z"

[[steps]]
say = "A year passes."
advance = "8760h"
"""


def story(name="story", disconnected=2):
    return STORY.format(name=name, disconnected=disconnected)


def run(dashboard):
    a_text_is_kept_or_refused_at_its_line(dashboard)
    a_run_is_followed_to_its_end(dashboard)
    a_run_is_cancelled(dashboard)
    snapshots_bring_back_what_was(dashboard)
    every_command_does_the_same(dashboard)
    empty = dashboard.new_store()
    dashboard.looks(empty, "scenarios", "scenarios-empty", lambda page: shows(page, ".empty", "exstore scenario list"))
    full = played(dashboard)
    dashboard.looks(full, "scenarios", "scenarios-full", lambda page: shows(page, "#snapshot-restore-1"))
    dashboard.looks(full, "scenarios/story-2", "scenarios-one", lambda page: shows(page, "tr[data-row]", "not as expected"))
    dashboard.looks(full, "scenarios/story-2/1", "scenarios-run", lambda page: shows(page, ".note-error", "Step 4"))


def sent(page, text, ending="toml"):
    """Chooses a file, as its owner would."""
    page.locator("#scenario-file").set_input_files({"name": f"mine.{ending}", "mimeType": "text/plain", "buffer": text.encode()})


def keep(store, text):
    run_command(
        f"curl -fsS -H 'Content-Type: application/toml' --data-binary @- {store.url}/v1/stores/{store.store}/scenarios <<'END'\n{text}\nEND"
    )


def a_text_is_kept_or_refused_at_its_line(dashboard):
    store = dashboard.new_store()
    with dashboard.open(store, "scenarios") as visit:
        page = visit.page
        shows(page, ".empty", "exstore scenario run kb-920185-note --store")
        area = page.get_by_label("Or its text")
        area.fill(story().replace('advance = { next = "poll" }', "advance = 3"))
        page.locator("#scenario-keep").click()
        shows(page, "#scenario-refused", "line 15")
        shows(page, "#scenario-refused .excerpt", "advance = 3")
        visit.check_accessible()
        page.locator("#scenario-go-to-line").click()
        chosen = area.evaluate("one => one.value.slice(one.selectionStart, one.selectionEnd)")
        expect(chosen, "advance = 3", "the line that is chosen")
        sent(page, story())
        gone(page, "#scenario-refused")
        page.locator("#scenario-keep").click()
        shows(page, "#scenario-title", "story")
        expect(store.get("/scenarios/story")["text"], story(), "the text that is kept")
        page.get_by_role("link", name="All scenarios").click()
        shows(page, "tr[data-row]", "story")
        sent(page, '{"name": "j", "about": "a", "start": "2006-04-22T08:00:00Z", "steps": [{"say": "It polls.", "poll": true}]}', "json")
        page.locator("#scenario-keep").click()
        shows(page, "#scenario-title", "j")
        page.locator("#scenario-delete").click()
        page.locator("#confirm-yes").click()
        gone(page, "tr[data-row]", "It polls")
        shows(page, "tr[data-row]", "story")
        expect([one["name"] for one in store.get("/scenarios")["items"]], ["story"], "what is kept")


def a_run_is_followed_to_its_end(dashboard):
    store = dashboard.new_store()
    store.clients("OUTLOOK.EXE", 3)
    keep(store, story())
    keep(store, story("not-so", 3))
    with dashboard.open(store, "scenarios/story") as visit:
        page = visit.page
        shows(page, ".note", "start over")
        page.locator("#scenario-run").click()
        shows(page, "#confirm-text", "its 3 sessions end")
        page.locator("#confirm-yes").click()
        shows(page, "#run-state", "as expected")
        expect(page.locator("#run-progress").evaluate("one => [one.value, one.max]"), [4, 4], "the progress")
        shows(page, ".run-step", "2. It is put on the list.")
        shows(page, "tr[data-row]", "✓ met")
        is_so(page, "window.exstore.cursor().startsWith('2-')")
        page.get_by_role("link", name="story", exact=True).click()
        shows(page, "tr[data-row]", "as expected")
        visit.check_quiet()
    with dashboard.open(store, "scenarios/not-so") as visit:
        page = visit.page
        page.locator("#scenario-transport").select_option("pipe")
        page.locator("#scenario-run").click()
        shows(page, "#run-state", "not as expected")
        shows(page, ".note-error", "expected")
        expect(store.get("/scenarios/not-so/runs/1")["state"], "not_met", "how it ended")


def a_run_is_cancelled(dashboard):
    store = dashboard.new_store()
    keep(store, LONG)
    with dashboard.open(store, "scenarios/long") as visit:
        page = visit.page
        page.locator("#scenario-run").click()
        shows(page, "#run-state", "under way")
        shows(page, ".run-lines p", "A year passes.")
        page.locator("#run-cancel").click()
        shows(page, "#run-state", "cancelled")
        expect(store.get("/scenarios/long/runs/1")["state"], "cancelled", "how it ended")


def snapshots_bring_back_what_was(dashboard):
    store = dashboard.new_store()
    store.clients("mdl.exe", 3)
    with dashboard.open(store, "scenarios") as visit:
        page = visit.page
        page.get_by_label("Name (may be left out)").fill("arranged")
        page.get_by_label("Name (may be left out)").press("Enter")
        shows(page, "tr[data-row]", "3 clients, 3 sessions, 0 fault rules")
        store.clients("b.exe", 2)
        is_so(page, "window.exstore.sessions() === 5")
        page.locator("#snapshot-restore-1").click()
        page.locator("#confirm-yes").click()
        is_so(page, "window.exstore.sessions() === 3")
        page.locator("#reset-now").fill("2006-05-01T08:00:00")
        page.locator("#reset-empty").click()
        page.keyboard.press("Escape")
        expect(len(store.get("/sessions")["items"]), 3, "sessions after a reset that was not meant")
        page.locator("#reset-empty").click()
        page.locator("#confirm-yes").click()
        is_so(page, "window.exstore.sessions() === 0")
        shows(page, ".clock", "2006-05-01 08:00:00")
        page.locator("#snapshot-delete-1").click()
        page.locator("#confirm-yes").click()
        shows(page, "p", "None was taken")
        expect(store.get("/snapshots")["items"], [], "the snapshots that are left")


def every_command_does_the_same(dashboard):
    store, other = dashboard.new_store(), dashboard.new_store()
    for one in (store, other):
        one.clients("mdl.exe", 1)
    keep(store, story())
    with dashboard.open(store, "scenarios") as visit:
        page = visit.page
        page.locator("#snapshot-name").fill("-a b")
        do_elsewhere(copies_of(page, "Take a snapshot")["Command line"], store, other)
        page.locator("#snapshot-take").click()
        shows(page, "#snapshot-restore-1")
        expect(other.get("/snapshots/1")["name"], store.get("/snapshots/1")["name"], "the snapshot")
        for label, act in [
            ("Restore snapshot 1", "#snapshot-restore-1"),
            ("Start over", "#reset-baseline"),
            ("Empty the store", "#reset-empty"),
            ("Delete snapshot 1", "#snapshot-delete-1"),
        ]:
            if act == "#reset-empty":
                page.locator("#reset-now").fill("2006-05-01T08:00:00")
            texts = copies_of(page, label)
            expect(store.store in texts["curl"], True, f"whether curl does `{label}`")
            do_elsewhere(texts["Command line"], store, other)
            page.locator(act).click()
            page.locator("#confirm-yes").click()
            shows(page, ".toast")
            gone(page, "dialog[open]")
            is_so(page, "document.querySelector('button[aria-busy=true]') === null")
            for path in ("", "/snapshots"):
                is_same(store.get(path), other.get(path), f"{path} after `{label}`")
    with dashboard.open(store, "scenarios/story") as visit:
        page = visit.page
        command = copies_of(page, "Run story")["Command line"]
        page.locator("#scenario-run").click()
        shows(page, "#run-state", "as expected")
        do_elsewhere(command, store, other)
        expect(other.get("/clients")["items"], store.get("/clients")["items"], "the clients after the run")


def is_same(one, another, what):
    """But for what tells two stores apart."""
    strip = {"name", "created_at", "seed", "rpc", "bytes", "expires_at"} if "clock" in one else {"bytes"}
    without = lambda body: {key: value for key, value in body.items() if key not in strip}  # noqa: E731
    items = lambda body: [without(item) for item in body["items"]] if "items" in body else without(body)  # noqa: E731
    if items(one) != items(another):
        raise Finding(f"{what}: {items(one)} and {items(another)}")


def played(dashboard):
    store = dashboard.new_store()
    for number in range(1, 13):
        keep(store, story(f"story-{number}", 2 if number == 1 else 3))
    for number in (1, 2):
        store.post(f"/scenarios/story-{number}/runs")
        run_of(store, f"story-{number}")
    store.post("/snapshots", {"name": "after both"})
    return store


def run_of(store, name):
    """The run, once it is over."""
    while True:
        found = store.get(f"/scenarios/{name}/runs/1?wait=5s")
        if found["state"] not in ("starting", "running"):
            return found
