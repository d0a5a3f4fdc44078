"""Screens of the dashboard, end to end: `dashboard URL SCREEN... [--base URL]`.

SCREEN is a module beside this one; `run(dashboard)` is its test. The server at URL is a fresh one, and each test makes stores of its
own. `--base` names another server of the page, that of `npm run dev`, whose own requests go to the first.
"""

import argparse
import importlib
import sys

from harness import Dashboard, Finding

from browser import chromium


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("screens", nargs="+")
    parser.add_argument("--base")
    arguments = parser.parse_args()
    with chromium() as browser:
        dashboard = Dashboard(browser, arguments.url, arguments.base)
        for screen in arguments.screens:
            importlib.import_module(screen).run(dashboard)
            print(f"ok {screen}")


if __name__ == "__main__":
    try:
        main()
    except Finding as finding:
        print(f"dashboard: {finding}", file=sys.stderr)
        sys.exit(1)
