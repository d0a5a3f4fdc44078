"""What has to hold of every screen, whatever it shows: empty, full, in error and without a network; in the light and in the dark, at 320
pixels and at 200 percent; by the keyboard alone, with the reader's own colours, and without motion.

The screens are those of the navigation, and a page goes from one to the next as its reader would.
"""

import json
import re

from harness import Finding, expect, gone, is_so, shows

# Counts the requests that are under way. A stream has its answer as soon as it is open.
COUNT = """
window.underWay = 0;
const asks = window.fetch;
window.fetch = async (...words) => {
  window.underWay += 1;
  try {
    return await asks(...words);
  } finally {
    window.underWay -= 1;
  }
};
"""

# Nothing is under way, and what it brought is drawn.
STILL = """
() => new Promise(done => {
  let frames = 0;
  const look = () => {
    frames = window.underWay === 0 ? frames + 1 : 0;
    if (frames < 4) requestAnimationFrame(look);
    else done(true);
  };
  look();
})
"""

PROBLEM = {
    "type": "/v1/problems/internal",
    "title": "Something went wrong in the server",
    "status": 500,
    "detail": "it was asked to fail",
    "instance": "/v1",
    "errors": [],
    "hint": None,
    "request_id": "r0",
}

DESK, NARROW, ZOOMED = (1280, 900), (320, 900), (640, 450)


def run(dashboard):
    empty, full = dashboard.new_store(), busy(dashboard)
    looks(dashboard, empty, "empty", [("light", DESK), ("dark", NARROW)])
    looks(dashboard, full, "full", [("dark", DESK), ("light", NARROW), ("light", ZOOMED)])
    errors_are_shown_and_got_over(dashboard, full)
    a_lost_network_is_shown(dashboard, full)
    the_keyboard_reaches_everything(dashboard, full)
    nothing_is_lost_with_the_reader_s_own_colours(dashboard, full)
    nothing_moves_where_no_motion_is_wanted(dashboard, full)


def busy(dashboard):
    """A store with something for every screen."""
    store = dashboard.new_store()
    store.post("/faults", {"effect": {"skip_poll": True}, "schedule": {"after": 10}})
    store.clients("OUTLOOK.EXE", 12, group="finance")
    store.clients("mdl.exe", 3, group="beta", user="alice{n}", machine="WKS{n}")
    store.clients(None, 2)
    store.put("/block-lists/processes", {"data": "mdl.exe, b.exe; old.exe"})
    store.put("/block-lists/versions", {"data": "-5.3164.0"})
    store.post("/clock/advance", {"next": "poll"})
    store.put("/block-lists/processes?apply=now", {"data": "mdl.exe; old.exe"})
    store.clients("mdl.exe", 1)
    steps = [{"say": "The store polls.", "poll": True}]
    store.post("/scenarios", {"name": "s", "about": "It polls.", "start": "2006-04-22T08:00:00Z", "steps": steps})
    store.post("/snapshots", {"name": "arranged"})
    return store


def opened(dashboard, store, **options):
    """A page that counts what it asks for."""
    return dashboard.open(store, "live", script=COUNT, **options)


def screens(page):
    """Every screen: its name, and its link."""
    shows(page, ".connection[data-state=open]")
    links = page.locator(".side a[href^='#/']").evaluate_all("all => all.map(one => one.getAttribute('href'))")
    if len(links) < 10:
        raise Finding(f"the navigation has {links}")
    return [(re.match(r"#/([^?]*)", link)[1], link) for link in links]


def go(page, name, link):
    """Goes to a screen, and waits until it shows what it has to show."""
    page.locator(f".side a[href='{link}']").click()
    is_so(page, "name => location.hash.startsWith(`#/${name}`)", name)
    still(page)


def still(page):
    page.evaluate(STILL)


def looks(dashboard, store, name, ways):
    with opened(dashboard, store) as visit:
        page = visit.page
        all_of_them = screens(page)
        for scheme, size in ways:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.set_viewport_size({"width": size[0], "height": size[1]})
            for screen, link in all_of_them:
                go(page, screen, link)
                dashboard.check(visit, f"every-{screen}-{name}-{scheme}-{size[0]}")


# Screens that show what the page follows the store by, and ask for nothing of their own when they are opened.
ASK_NOTHING = {"live", "sessions", "story"}


def errors_are_shown_and_got_over(dashboard, store):
    """A screen whose requests fail says so, in words, and has them again when it is told to."""
    with opened(dashboard, store) as visit:
        page = visit.page
        all_of_them = screens(page)

        def fail(route):
            # What the page follows the store by stays; what a screen asks for does not.
            if route.request.method != "GET" or "/events/stream" in route.request.url:
                route.continue_()
            else:
                route.fulfill(status=500, content_type="application/problem+json", body=json.dumps(PROBLEM))

        for place, (screen, link) in enumerate(all_of_them):
            page.emulate_media(color_scheme="dark" if place % 2 else "light", reduced_motion="reduce")
            page.route("**/v1/**", fail)
            go(page, screen, link)
            if screen not in ASK_NOTHING:
                shows(page, "main [role=alert]", "it was asked to fail")
                picture_and_axe(dashboard, visit, f"every-{screen}-error")
            page.unroute("**/v1/**")
            for again in page.get_by_role("button", name="Try again").all():
                if again.is_visible():
                    again.click()
                    still(page)
            away = all_of_them[place - 1]
            go(page, *away)
            go(page, screen, link)
            gone(page, "main [role=alert]")


def picture_and_axe(dashboard, visit, name):
    """All that has to hold, but for a quiet console: what fails is told there too."""
    dashboard.picture(visit, name)
    visit.check_accessible()
    visit.check_width()
    visit.check_requests(dashboard.origin)


def a_lost_network_is_shown(dashboard, store):
    with opened(dashboard, store) as visit:
        page = visit.page
        all_of_them = screens(page)
        page.context.set_offline(True)
        page.evaluate("window.exstore.drop()")
        shows(page, ".connection[data-state=lost]", "Connection lost")
        for screen, link in all_of_them:
            page.locator(f".side a[href='{link}']").click()
            is_so(page, "name => location.hash.startsWith(`#/${name}`)", screen)
            shows(page, "main h1")
        shows(page, ".connection[data-state=lost]")
        picture_and_axe(dashboard, visit, "every-offline")
        page.context.set_offline(False)
        shows(page, ".connection[data-state=open]")


# What has the focus: what it is, whether that is to be seen, and whether something is over it.
FOCUSED = """
() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const style = getComputedStyle(one);
  const box = one.getBoundingClientRect();
  const seen = { top: Math.max(box.top, 0), bottom: Math.min(box.bottom, innerHeight), left: Math.max(box.left, 0), right: Math.min(box.right, innerWidth) };
  // Obscured is what has none of its box to be seen: its corners and its middle, a little inside.
  const places = [[.5, .5], [.05, .1], [.95, .1], [.05, .9], [.95, .9]].map(([x, y]) => [seen.left + x * (seen.right - seen.left), seen.top + y * (seen.bottom - seen.top)]);
  const isOn = place => { const over = document.elementFromPoint(...place); return over !== null && (one.contains(over) || over.contains(one)); };
  return {
    what: one.id || one.getAttribute('aria-label') || one.textContent.trim().slice(0, 40) || one.tagName,
    where: one.closest('header') ? 'top' : one.closest('.side') ? 'side' : one.closest('.time-bar') ? 'time' : one.closest('main') ? 'main' : 'else',
    href: one.getAttribute('href'),
    marked: style.outlineStyle !== 'none' && 2 <= parseFloat(style.outlineWidth),
    inside: seen.top < seen.bottom && seen.left < seen.right && places.some(isOn),
  };
}
"""

# Stops of a screen that are walked at the most: of a table each row has some.
STOPS = 45


def the_keyboard_reaches_everything(dashboard, store):
    with opened(dashboard, store) as visit:
        page = visit.page
        all_of_them = screens(page)
        order = walk(page, until="main")
        expect(order[0]["what"], "Skip to the screen", "what has the focus first")
        sides = [stop["href"] for stop in order if stop["where"] == "side"]
        for _, link in all_of_them:
            if link not in sides:
                raise Finding(f"the keyboard does not reach {link}: {sides}")
        places = [stop["where"] for stop in order]
        expect(places, sorted(places, key=["top", "side", "time", "main"].index), "the order of the focus")
        controls = page.locator(".time-bar :is(button, input, select, a)").count()
        expect(places.count("time"), controls, "the stops of the time bar")
        # The screen that is open comes last: its link goes nowhere.
        for _, link in all_of_them[1:] + all_of_them[:1]:
            # By Enter, as everything here is.
            page.locator(f".side a[href='{link}']").focus()
            page.keyboard.press("Enter")
            still(page)
            is_so(page, "document.activeElement.tagName === 'H1'")
            walk(page, until=None)
        # The way around all of that.
        page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
        page.locator(".skip").focus()
        page.keyboard.press("Enter")
        is_so(page, "document.activeElement.id === 'main'")
        visit.check_quiet()


def walk(page, until):
    """Presses Tab and looks where the focus is, each time; the stops."""
    stops = []
    if until:
        page.evaluate("document.activeElement.blur()")
    for _ in range(STOPS):
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUSED)
        if stop is None:
            return stops
        if not stop["marked"]:
            raise Finding(f"the focus is not to be seen on {stop}")
        if not stop["inside"]:
            raise Finding(f"something is over what has the focus: {stop}")
        stops.append(stop)
        if stop["where"] == until:
            return stops
    return stops


# How an element is told from its neighbours in forced colours, which leave borders, outlines, weights and words.
TOLD = """
one => {
  const style = getComputedStyle(one);
  return [style.outlineStyle, style.outlineColor, style.borderInlineStartStyle, style.borderInlineStartColor, style.borderInlineStartWidth, style.backgroundColor, style.color].join(' ');
}
"""


def nothing_is_lost_with_the_reader_s_own_colours(dashboard, store):
    with opened(dashboard, store) as visit:
        page = visit.page
        all_of_them = screens(page)
        page.emulate_media(forced_colors="active")
        here = page.locator(".side a[aria-current]").first.evaluate(TOLD)
        there = page.locator(".side a:not([aria-current])").first.evaluate(TOLD)
        if here == there:
            raise Finding(f"the screen that is open looks like the others: {here}")
        for screen, link in all_of_them:
            go(page, screen, link)
            if page.locator("main [aria-pressed=true]:visible").count() and page.locator("main [aria-pressed=false]:visible").count():
                on = page.locator("main [aria-pressed=true]:visible").first.evaluate(TOLD)
                off = page.locator("main [aria-pressed=false]:visible").first.evaluate(TOLD)
                if on == off:
                    raise Finding(f"{screen}: a button that is pressed looks like one that is not: {on}")
            dashboard.picture(visit, f"every-{screen}-forced")
            visit.check_width()
        # The row that is open.
        page.evaluate("location.hash = '#/faults/1?store=' + new URLSearchParams(location.hash.split('?')[1]).get('store')")
        row = shows(page, "tr[aria-current=true]").evaluate(TOLD)
        if row == page.locator("tbody:not(:has([aria-current])) tr, thead tr").first.evaluate(TOLD):
            raise Finding(f"the row that is open looks like the others: {row}")


def nothing_moves_where_no_motion_is_wanted(dashboard, store):
    with opened(dashboard, store, motion="reduce") as visit:
        page = visit.page
        for screen, link in screens(page):
            go(page, screen, link)
            moving = page.evaluate("document.getAnimations().filter(one => one.playState === 'running').length")
            expect(moving, 0, f"what moves on {screen}")
