"""What the dashboard costs a browser, each figure beside a limit that is measured in the same run, in turns.

usage: measure.py EXSTORE BUNDLE [--quick]

EXSTORE is a release build with the bundle inside, BUNDLE the folder that the bundle was built into. Measured in headless Chromium:

- the bundle, compressed, beside its budget;
- the time to the first paint of the dashboard, beside that of a page of the same server without any script;
- frames a second with 10,000 sessions and 1,000 events a second, beside those of a page that does nothing;
- the heap after an hour of store traffic, beside that after its first minutes.

Nothing is asserted but that what was to be shown was shown: machines differ, and a browser has its moods.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

from harness import Api, Dashboard, Finding, is_so

from browser import chromium

SESSIONS = 10_000
EVENTS_A_SECOND = 1_000
BUDGET_BYTES = 150_000

# Clients are made so many at a time.
BATCH = 1_000

FRAMES = """async (seconds) => {
  const times = [];
  const end = performance.now() + seconds * 1000;
  await new Promise((done) => {
    const frame = (now) => { times.push(now); now < end ? requestAnimationFrame(frame) : done(); };
    requestAnimationFrame(frame);
  });
  const gaps = times.slice(1).map((time, place) => time - times[place]).sort((a, b) => a - b);
  return { fps: gaps.length / ((times.at(-1) - times[0]) / 1000), p99: gaps[Math.floor(gaps.length * 0.99)], longest: gaps.at(-1) };
}"""

PAINT = """async () => {
  const paint = () => performance.getEntriesByName('first-contentful-paint')[0];
  while (!paint()) await new Promise((done) => requestAnimationFrame(done));
  return paint().startTime;
}"""


@contextmanager
def server(exstore: str, clock: str):
    """A server of its own, gone with the block."""
    command = [exstore, "serve", "--control", "127.0.0.1:0", "--rpc", "127.0.0.1:0", "-o", "json", "--clock", clock]
    command += ["--now", "2006-04-22T08:00:00Z", "--exit-on-stdin-close"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        ready = process.stdout.readline()
        if not ready:
            raise Finding(f"{exstore} did not start")
        yield json.loads(ready)["control"]
    finally:
        process.stdin.close()
        process.wait(timeout=30)


def told(values, digits=1):
    """The median, and in brackets the least and the most."""
    median, least, most = statistics.median(values), min(values), max(values)
    return f"{median:,.{digits}f} [{least:,.{digits}f}-{most:,.{digits}f}]"


def row(*cells):
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


def bundle(folder: Path):
    print("\n### dashboard: bytes to fetch, compressed\n")
    row("file", "bytes", "of the budget")
    row("---", "---", "---")
    total = 0
    for file in sorted(folder.glob("*.gz")):
        size = file.stat().st_size
        total += size
        row(file.name.removesuffix(".gz"), f"{size:,}", f"{size / BUDGET_BYTES:.2f}")
    if total == 0:
        raise Finding(f"there is no bundle in {folder}: run `make dashboard`")
    row("all", f"{total:,}", f"{total / BUDGET_BYTES:.2f}")


def first_paint(browser, exstore: str, runs: int):
    """A profile of its own each time, so that nothing is in a cache."""
    print(f"\n### dashboard: ms to the first paint, {runs} runs\n")
    page_of, limit_of = [], []
    with server(exstore, "manual") as url:
        for _ in range(runs):
            for place, into in ((f"{url}/v1/problems", limit_of), (f"{url}/", page_of)):
                context = browser.new_context()
                page = context.new_page()
                page.goto(place, wait_until="load")
                into.append(page.evaluate(PAINT))
                context.close()
    ratios = [page / limit for page, limit in zip(page_of, limit_of)]
    row("page", "ms", "ratio")
    row("---", "---", "---")
    row("a page without a script", told(limit_of), 1)
    row("the dashboard", told(page_of), told(ratios, 2))


def fill(api: Api, sessions: int):
    for begin in range(0, sessions, BATCH):
        count = min(BATCH, sessions - begin)
        api.clients(f"program{begin // BATCH}.exe", count)


class Traffic(threading.Thread):
    """Has clients leave and come back, so that so many entries a second come of it."""

    def __init__(self, api: Api, a_second: int):
        super().__init__(daemon=True)
        self.api, self.a_second, self.over = api, a_second, threading.Event()
        self.told, self.seconds = 0, 0.0

    def run(self):
        # A tenth of a second's entries at a time: half of them leave, and come back.
        clients = list(range(1, self.a_second // 20 + 1))
        begin = time.monotonic()
        turn = 0
        while not self.over.is_set():
            self.api.post("/clients/batch/disconnect", clients)
            self.api.post("/clients/batch/connect", clients)
            self.told += 2 * len(clients)
            turn += 1
            self.over.wait(max(0.0, begin + turn / 10 - time.monotonic()))
        self.seconds = time.monotonic() - begin

    def stop(self):
        self.over.set()
        self.join()
        return self.told / self.seconds


def frames(browser, exstore: str, seconds: int, runs: int, sessions: int):
    print(f"\n### dashboard: frames a second, {sessions:,} sessions, {EVENTS_A_SECOND:,} events a second, {runs} runs of {seconds} s\n")
    screens = ["live", "sessions", "events"]
    idle, busy = [], {screen: [] for screen in screens}
    rates = []
    with server(exstore, "real") as url:
        dashboard = Dashboard(browser, url)
        fill(dashboard.api, sessions)
        for _ in range(runs):
            context = browser.new_context(viewport={"width": 1280, "height": 900})
            page = context.new_page()
            page.goto(f"{url}/v1/problems")
            idle.append(page.evaluate(FRAMES, seconds))
            context.close()
            for screen in screens:
                with dashboard.open(dashboard.api, screen) as visit:
                    is_so(visit.page, f"window.exstore.sessions() === {sessions}")
                    heard = visit.page.evaluate("window.exstore.heard()")
                    traffic = Traffic(dashboard.api, EVENTS_A_SECOND)
                    traffic.start()
                    busy[screen].append(visit.page.evaluate(FRAMES, seconds))
                    rates.append(traffic.stop())
                    # All of it was heard and shown: a page that drops what it can't draw is not smooth.
                    is_so(visit.page, f"window.exstore.heard() - {heard} >= {traffic.told}")
                    is_so(visit.page, f"window.exstore.sessions() === {sessions}")
    row("page", "frames/s", "ratio", "99 of 100 gaps under, ms", "longest gap, ms")
    row("---", "---", "---", "---", "---")

    def line(name, measured):
        ratios = [one["fps"] / limit["fps"] for one, limit in zip(measured, idle)]
        cells = [told([one[part] for one in measured]) for part in ("fps", "p99", "longest")]
        row(name, cells[0], told(ratios, 2), *cells[1:])

    line("a page that does nothing", idle)
    for screen in screens:
        line(screen, busy[screen])
    print(f"\nEvents a second that the store was given: {told(rates, 0)}.")


def heap(page):
    """Bytes of the page's heap after everything that can be let go has been."""
    client = page.context.new_cdp_session(page)
    client.send("HeapProfiler.collectGarbage")
    return client.send("Runtime.getHeapUsage")["usedSize"]


def memory(browser, exstore: str, minutes: int):
    """An hour of store time: in each minute of it a thousand clients leave and come back."""
    print(f"\n### dashboard: MiB of heap over {minutes} minutes of store traffic\n")
    row("after", "entries", "heap, MiB", "ratio")
    row("---", "---", "---", "---")
    with server(exstore, "manual") as url:
        dashboard = Dashboard(browser, url)
        store = dashboard.api
        fill(store, BATCH)
        with dashboard.open(store, "live") as visit:
            page = visit.page
            is_so(page, f"window.exstore.sessions() === {BATCH}")
            first = None
            clients = list(range(1, BATCH + 1))
            for minute in range(1, minutes + 1):
                store.post("/clients/batch/disconnect", clients)
                store.post("/clients/batch/connect", clients)
                store.post("/clock/advance", {"by": "1m"})
                cursor = store.get("")["cursor"]
                is_so(page, "cursor => window.exstore.cursor() === cursor", cursor)
                if minute in (5, minutes // 2, minutes):
                    used = heap(page) / 2**20
                    first = first or used
                    heard = page.evaluate("window.exstore.heard()")
                    row(f"{minute} minutes", f"{heard:,}", f"{used:.1f}", f"{used / first:.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("exstore")
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--quick", action="store_true", help="everything in small, to see that it runs")
    arguments = parser.parse_args()
    quick = arguments.quick
    print(f"load average {os.getloadavg()[0]:.2f}")
    bundle(arguments.bundle)
    with chromium() as browser:
        first_paint(browser, arguments.exstore, 2 if quick else 15)
        frames(browser, arguments.exstore, 1 if quick else 10, 1 if quick else 5, 1_000 if quick else SESSIONS)
        memory(browser, arguments.exstore, 10 if quick else 60)


if __name__ == "__main__":
    try:
        main()
    except Finding as finding:
        print(f"measure.py: {finding}", file=sys.stderr)
        sys.exit(1)
