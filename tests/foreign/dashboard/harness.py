"""The dashboard in headless Chromium: stores to look at, pages that are open on them, and what has to hold of every look.

Nothing here sleeps: a test waits for what the page shows.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

# Behind this folder, whose modules have names that are there too.
sys.path.append(str(Path(__file__).resolve().parents[1]))

from browser import ALL_BUT_COLOURS, COLOURS_ALONE, Finding, Visit  # noqa: E402

# What a page may take, in milliseconds, until it shows what it should: machines are slow at times, and a test that passes never waits
# for long.
PATIENCE = 30_000

# A picture of every look goes here when it is set, for people.
PICTURES = os.environ.get("EXSTORE_DASHBOARD_PICTURES")

# Every look: its scheme, its size, and what of axe-core could come out otherwise than at the looks before. At 200 percent half as much fits.
LOOKS = [
    ("light", "light", (1280, 900), None),
    ("dark", "dark", (1280, 900), COLOURS_ALONE),
    ("narrow", "dark", (320, 900), ALL_BUT_COLOURS),
    ("zoomed", "light", (640, 450), ALL_BUT_COLOURS),
]

# Some frames, one after the other.
FRAMES = """
() => new Promise(done => {
  let left = 3;
  const next = () => (left-- ? requestAnimationFrame(next) : done());
  next();
})
"""


class Api:
    """The control plane, as a script asks it."""

    def __init__(self, url: str, store: str = "default") -> None:
        self.url, self.store = url.rstrip("/"), store
        # Never through a proxy that the environment names.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def ask(self, method: str, path: str, body=None):
        """`path` begins below the store, or with /v1. The answer's JSON, or None when it has none."""
        whole = path if path.startswith("/v1") else f"/v1/stores/{self.store}{path}"
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        request = urllib.request.Request(self.url + whole, data=data, headers=headers, method=method)
        try:
            with self._opener.open(request, timeout=60) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            raise Finding(f"{method} {whole}: {error.code} {error.read().decode()}") from None
        return json.loads(text) if text else None

    def get(self, path):
        return self.ask("GET", path)

    def post(self, path, body=None):
        return self.ask("POST", path, body)

    def put(self, path, body=None):
        return self.ask("PUT", path, body)

    def patch(self, path, body=None):
        return self.ask("PATCH", path, body)

    def delete(self, path):
        return self.ask("DELETE", path)

    def new_store(self, name: str, **settings) -> "Api":
        """A store of its own on a manual clock."""
        clock = {"mode": "manual", "now": "2006-04-22T08:00:00Z"}
        self.post("/v1/stores", {"name": name, "seed": "0x7", "clock": clock, **settings})
        return Api(self.url, name)

    def clients(self, process, count=1, **fields):
        """Clients that connect at once, over the pipe."""
        return self.post("/clients", {"process": process, "client_version": "11.0.5608.0", "count": count, **fields})


class Dashboard:
    """Opens pages of a server's dashboard. `base` is another server of the same page: that of `npm run dev`."""

    def __init__(self, browser, url: str, base: str | None = None) -> None:
        self.browser, self.api = browser, Api(url)
        self.base = (base or url).rstrip("/")
        self.origin = "/".join(self.base.split("/")[:3]) + "/"
        self._stores = 0

    def new_store(self, **settings) -> Api:
        self._stores += 1
        return self.api.new_store(f"d{os.getpid()}-{self._stores}", **settings)

    @contextmanager
    def open(self, store: Api, place: str = "live", *, motion="reduce", script=None):
        """A page in a profile of its own, at a place such as `sessions?q=process:mdl.exe`, as it is on a desk."""
        context = self.browser.new_context(
            color_scheme="light",
            viewport={"width": 1280, "height": 900},
            reduced_motion=motion,
        )
        context.set_default_timeout(PATIENCE)
        if script:
            # Runs in the page before any of its own.
            context.add_init_script(script)
        try:
            mark = "&" if "?" in place else "?"
            yield Visit(context.new_page(), f"{self.base}/#/{place}{mark}store={store.store}")
        finally:
            context.close()

    def check(self, visit, name: str, wide: bool = False, expected: str | None = None, rules=None) -> None:
        """What has to hold of every look: nothing for axe-core to find, no scrolling sideways, no error on the console but those with the
        `expected` text (a browser writes every answer that is a refusal there), and no request that leaves the server."""
        self.picture(visit, name)
        visit.check_accessible(rules)
        if not wide:
            visit.check_width()
        visit.check_requests(self.origin)
        visit.check_quiet(expected)

    @staticmethod
    def picture(visit, name: str) -> None:
        """Of what is to be seen without scrolling, where somebody wants pictures."""
        if PICTURES:
            folder = Path(PICTURES)
            folder.mkdir(parents=True, exist_ok=True)
            visit.page.screenshot(path=folder / f"{name}.png")

    def looks(self, store: Api, place: str, name: str, ready, *, act=lambda page: None, expected: str | None = None) -> None:
        """Every look at a place. `ready` waits until the page shows what it should; `act` does something first, such as opening a
        dialog."""
        with self.open(store, place) as visit:
            ready(visit.page)
            act(visit.page)
            self.check_looks(visit, name, expected)

    def check_looks(self, visit, name: str, expected: str | None = None) -> None:
        """What has to hold of a page that is open: light and dark on a desk, 320 pixels wide, and at 200 percent."""
        for look, scheme, (width, height), rules in LOOKS:
            visit.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            visit.page.set_viewport_size({"width": width, "height": height})
            drawn(visit.page)
            self.check(visit, f"{name}-{look}", expected=expected, rules=rules)


def drawn(page) -> None:
    """Waits until what has just become of the page's size is drawn: it is measured after a frame, and drawn with the next."""
    page.evaluate(FRAMES)


def shows(page, selector: str, text: str | None = None):
    """Waits until something is to be seen, with a text if one is named; the element."""
    found = page.locator(selector)
    found = found.filter(has_text=text) if text else found
    found.first.wait_for(state="visible")
    return found.first


def gone(page, selector: str, text: str | None = None) -> None:
    """Waits until it is not to be seen any more."""
    found = page.locator(selector)
    found = found.filter(has_text=text) if text else found
    found.first.wait_for(state="hidden")


def is_so(page, expression: str, argument=None) -> None:
    """Waits until an expression of the page holds, or a function of `argument`. It is part of what is evaluated from outside: the
    page's policy lets no text become code, so `wait_for_function` is of no use here."""
    waited = f"""async (argument) => {{
      const end = performance.now() + {PATIENCE};
      for (;;) {{
        const said = ({expression});
        const holds = typeof said === "function" ? said(argument) : said;
        // Of another value it could not be told whether it was meant to be true: a function, a promise, an empty list. What is
        // asked of an element that is not there yet is undefined.
        if (typeof holds !== "boolean" && holds !== undefined && holds !== null) throw new Error(`neither true nor false: ${{String(holds)}}`);
        if (holds) return true;
        if (end < performance.now()) return false;
        await new Promise((done) => setTimeout(done, 20));
      }}
    }}"""
    if not page.evaluate(waited, argument):
        raise Finding(f"it never came to be so: {expression}")


def expect(found, wanted, what: str) -> None:
    if found != wanted:
        raise Finding(f"{what}: {found!r}, and not {wanted!r}")
