"""The two-minute story, from the first key to the last: nothing but the keyboard is used, and every step is done by the control that
does it at all other times."""

from harness import Finding, expect, gone, is_so, shows

# Tab stops that a page may have before one is found that is looked for.
STOPS = 400


def run(dashboard):
    it_is_told_with_the_keyboard_alone(dashboard)
    it_begins_in_a_store_of_its_own(dashboard)
    a_page_that_is_loaded_again_is_as_far(dashboard)
    it_says_so_when_the_store_is_reset(dashboard)


def begin(dashboard, **settings):
    return dashboard.new_store(build="6.5.7638", **settings)


def tab_to(page, identity):
    """Goes to a control by the Tab key, as somebody does who has no pointer; it is seen to have the focus."""
    for _ in range(STOPS):
        if page.evaluate("document.activeElement?.id") == identity:
            style = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            if style == "none":
                raise Finding(f"nothing shows that #{identity} has the focus")
            return
        page.keyboard.press("Tab")
    raise Finding(f"the Tab key does not come to #{identity}")


def press(page, identity, key="Enter"):
    shows(page, f"#{identity}")
    tab_to(page, identity)
    page.keyboard.press(key)


def done(page, title):
    shows(page, ".coach .note-good", f"{title}: done.")


def write_list(page, text, count):
    """Enters a list where the guide points, and has the next poll read it."""
    press(page, "story-show")
    is_so(page, "document.activeElement.id === 'policy-processes-text'")
    page.keyboard.press("Control+A")
    page.keyboard.type(text)
    # Whom it would cut off is told before anything is applied.
    if count is not None:
        shows(page, "#policy-processes-preview", count)
    press(page, "policy-processes-apply-next")


def it_is_told_with_the_keyboard_alone(dashboard):
    store = begin(dashboard)
    with dashboard.open(store, "story") as visit:
        page = visit.page
        dashboard.check(visit, "story-intro")
        press(page, "story-begin")
        shows(page, ".coach", "1. Everybody works")
        press(page, "story-do")
        done(page, "Everybody works")
        press(page, "story-go")
        shows(page, "h1", "Policy")
        dashboard.check(visit, "story-policy")
        press(page, "story-show")
        is_so(page, "document.activeElement.id === 'policy-install-hotfix'")
        page.keyboard.press("Enter")
        done(page, "Apply the hotfix")
        write_list(page, "program1.exe; program2.exe", None)
        done(page, "Create the value")
        press(page, "policy-restart")
        done(page, "Restart the service")
        press(page, "story-do")
        done(page, "They try again")
        press(page, "story-do")
        done(page, "A beta program arrives")
        write_list(page, "program1.exe; program2.exe; beta.exe", "3")
        done(page, "Put it on the list")
        press(page, "time-advance")
        done(page, "Fifteen minutes later")
        press(page, "story-go")
        shows(page, "h1", "Why?")
        first = shows(page, "main a[href*='decision=']")
        first.evaluate("element => { element.id = 'first-decision' }")
        press(page, "first-decision")
        done(page, "Ask why")
        press(page, "story-do")
        done(page, "It tries again")
        shows(page, ".coach", "That is KB 920185")
        dashboard.check(visit, "story-end")
        counts = store.get("")["counts"]
        expect((counts["sessions"], counts["unidentified"]), (2, 1), "sessions at the end, and those without a name")
        expect(counts["disconnected"], 6, "sessions that the store ended: three by its restart, three by the list")


def it_begins_in_a_store_of_its_own(dashboard):
    store = dashboard.new_store()
    store.clients("mdl.exe", 2)
    with dashboard.open(store, "story") as visit:
        page = visit.page
        shows(page, ".note", "is left alone")
        page.get_by_role("button", name="Make a store for the story", exact=True).click()
        shows(page, ".coach", "1. Everybody works")
        expect(store.get("")["counts"]["sessions"], 2, "sessions of the store that is left alone")
        shows(page, "#story-do").click()
        done(page, "Everybody works")
        page.get_by_role("button", name="Leave the story").click()
        gone(page, ".coach")
        visit.check_quiet()


def a_page_that_is_loaded_again_is_as_far(dashboard):
    store = begin(dashboard)
    with dashboard.open(store, "story?story=1-2") as visit:
        page = visit.page
        shows(page, "#story-do").click()
        done(page, "Everybody works")
        page.reload()
        done(page, "Everybody works")
        dashboard.check_looks(visit, "story-step")


def it_says_so_when_the_store_is_reset(dashboard):
    store = begin(dashboard)
    with dashboard.open(store, "live?story=1-2") as visit:
        page = visit.page
        shows(page, ".coach", "1. Everybody works")
        store.post("/reset", {"to": "baseline"})
        shows(page, ".coach .note-warn", "was reset or restored")
        page.get_by_role("link", name="Begin again").click()
        shows(page, "#story-begin").click()
        shows(page, ".coach", "1. Everybody works")
        visit.check_quiet()
