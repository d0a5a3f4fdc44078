"""A page in headless Chromium: what it says on its console, what it asks the network for, and what axe-core finds wrong.

Debian's Chromium is driven by playwright, which brings no browser of its own along; axe-core comes with axe-playwright-python.
"""

from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from playwright.sync_api import sync_playwright

CHROMIUM = "/usr/bin/chromium"

# As root there is no sandbox; everything else keeps the browser from talking to anybody by itself.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# WCAG up to 2.2 AA, and what axe-core takes for good practice.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

# Its rule that takes as long as all others does not care how wide the page is, and those care for no colours.
COLOURS_ALONE = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
ALL_BUT_COLOURS = {"rules": {"color-contrast": {"enabled": False}}}

# A page that takes longer than this, in milliseconds, to load is a failure.
PATIENCE = 30_000


class Finding(Exception):
    """Something about a page that should not be."""


@contextmanager
def chromium():
    """A browser with an empty profile, gone with the block."""
    if not Path(CHROMIUM).exists():
        raise Finding(f"{CHROMIUM} is not there: run tests/setup")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


class Visit:
    """A page that is open, with everything that it said and asked for since."""

    def __init__(self, page, url):
        self.page, self.url = page, url
        self.said, self.asked = [], []
        page.on("console", lambda message: self.said.append((message.type, message.text)))
        page.on("pageerror", lambda error: self.said.append(("error", str(error))))
        page.on("request", lambda request: self.asked.append(request.url))
        page.goto(url, wait_until="load", timeout=PATIENCE)

    def check_quiet(self, expected=None):
        """No error on the console, but for those that have the `expected` text in them."""
        errors = [text for kind, text in self.said if kind == "error" and not (expected and expected in text)]
        if errors:
            raise Finding(f"the console has errors: {errors}")

    def check_requests(self, origin=None):
        """Nothing was asked for but the page itself, what it holds as data:, and what is below `origin`."""

        def is_own(url):
            return url == self.url or url.startswith("data:") or (origin and url.startswith(origin))

        outside = [url for url in self.asked if not is_own(url)]
        if outside:
            raise Finding(f"asked for {outside}")

    def check_accessible(self, rules=None):
        """axe-core finds nothing on all of the page: what can be opened is open. `rules` are options of its run, to have it look for
        less."""
        self.page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
        # It is large, and stays where it is until the page is loaded again.
        if not self.page.evaluate("typeof axe === 'object'"):
            self.page.evaluate(axe_source())
        options = {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"], **(rules or {})}
        found = self.page.evaluate("options => axe.run(document, options)", options)
        if not found["passes"]:
            raise Finding("axe-core looked at nothing")
        told = [
            f"{violation['id']}: {violation['help']}: {node['html'][:200]} {node['failureSummary']}"
            for violation in found["violations"]
            for node in violation["nodes"]
        ]
        if told:
            raise Finding("axe-core: " + "\n".join(told))

    def check_width(self):
        """The page does not scroll sideways: what is wider than it has a region of its own."""
        wide, shown = self.page.evaluate(
            "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        )
        if shown < wide:
            raise Finding(f"the page is {wide} wide where {shown} are shown")


def axe_source():
    """axe-core, as the package has it."""
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


@contextmanager
def visit(browser, url, scheme="light", width=1200, script=True):
    """Opens a page in a profile of its own; `script` says whether the page may run any."""
    context = browser.new_context(
        color_scheme=scheme,
        viewport={"width": width, "height": 900},
        reduced_motion="reduce",
        java_script_enabled=script,
        # What is evaluated from outside is no part of the page, whose policy may forbid all scripts.
        bypass_csp=False,
    )
    try:
        yield Visit(context.new_page(), url)
    finally:
        context.close()


# The colour scheme and the width of each look: on a desk in the light and in the dark, and on a telephone.
LOOKS = [("light", 1200), ("dark", 1200), ("light", 360)]


def check(browser, url, origin=None):
    """Everything above, at each look."""
    for scheme, width in LOOKS:
        with visit(browser, url, scheme, width) as page:
            page.check_accessible()
            page.check_width()
            page.check_requests(origin)
            page.check_quiet()
