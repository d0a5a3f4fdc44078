"""The pages that the server makes, and the way in, in headless Chromium.

usage: pages.py LINK CONTROL_URL

LINK is what `exstore serve --token-file` prints. A browser that is not logged in is told how; the link leads one to `/`, with no
ticket in the address, where the page and what it asks for are served; and a second browser can't use the link again.
CONTROL_URL is a server without a token, whose pages axe-core looks at.
"""

import sys
from urllib.parse import urlsplit

from browser import LOOKS, Finding, check, chromium, visit


def expect(found, wanted, what):
    if found != wanted:
        raise Finding(f"{what}: {found!r}, and not {wanted!r}")


def check_outside(browser, origin, link):
    """Whoever is not logged in gets a page that anybody can read."""
    for url, said in [(origin, "this server wants a token"), (f"{origin}docs", "wants a token"), (link, "has been used")]:
        with visit(browser, url) as page:
            expect(page.page.locator("h1").inner_text(), "Not logged in", url)
            if said not in page.page.inner_text("body"):
                raise Finding(f"{url} does not say `{said}`")


def check_inside(browser, origin, link):
    """The link logs the browser in, and stays behind."""
    with visit(browser, link) as page:
        expect(urlsplit(page.page.url)[2:4], ("/", ""), "the address after the login")
        expect(page.page.evaluate("fetch('/v1/info').then(answer => answer.status)"), 200, "what the page asks for")
        write = "fetch('/v1/stores/default/polls', {method: 'POST'}).then(answer => answer.status)"
        if page.page.evaluate(write) not in (200, 201, 202):
            raise Finding("a write of the server's own page is not taken")
        expect(page.page.evaluate("document.cookie"), "", "the cookie, as a script sees it")
        page.page.goto(f"{origin}docs")
        page.page.goto(origin)
        expect(page.page.locator("text=Not logged in").count(), 0, "the browser is still logged in")


def check_looks(browser, url):
    """The page can be read in the light and in the dark, and on a telephone. The console tells of its status, which is an error's."""
    for scheme, width in LOOKS:
        with visit(browser, url, scheme, width) as page:
            page.check_accessible()
            page.check_width()
            page.check_requests(url)


def main():
    link, url = sys.argv[1:]
    origin = link.split("login?")[0]
    with chromium() as browser:
        check_inside(browser, origin, link)
        print("ok the link logs a browser in")
        check_outside(browser, origin, link)
        print("ok others are told how to log in")
        check_looks(browser, origin)
        print("ok the page that tells them")
        for path in ["/v1/problems", "/v1/problems/not-authorised"]:
            check(browser, url + path, url)
            print(f"ok {path}")
        # axe-core takes long for the longest page, whose style is that of the others.
        with visit(browser, f"{url}/docs", width=360) as page:
            page.check_accessible()
            page.check_width()
            page.check_requests(url)
            page.check_quiet()
        print("ok /docs")


if __name__ == "__main__":
    try:
        main()
    except Finding as finding:
        print(f"pages.py: {finding}", file=sys.stderr)
        sys.exit(1)
