"""`exstore report --html`, in headless Chromium.

usage: report.py EXSTORE FOLDER

Makes journals in FOLDER, has EXSTORE report on them, and opens the pages: no console error, no request but for the file itself,
nothing that axe-core finds, in the light and in the dark; names that clients chose run nothing, and the page tells its story
without any script. First the checker itself is shown pages that it must refuse.
"""

import json
import subprocess
import sys
from pathlib import Path

from browser import Finding, check, chromium, visit

KEY = r"HKEY_LOCAL_MACHINE\System\CurrentControlSet\Services\MSExchangeIS\ParametersSystem"
HOSTILE = [
    "<script>document.title='hit'<!--.exe",
    "<img src=x onerror=alert(1)>.exe",
    "\"><svg onload=alert(1)>.exe",
    "\u202eexe.ldm",
    "a\u0000\u001b[2J\u2028b.exe",
    "\u05e9\u05dc\u05d5\u05dd.exe",
    "&amp;lt;.exe",
    "mdI.exe",
    "x" * 250 + ".exe",
]

HEAD = "<!DOCTYPE html><html lang=en><head><meta charset=utf-8><title>t</title></head><body><main><h1>t</h1>"
REFUSED = {
    "asked for": HEAD + "<img src='https://example.invalid/x.png' alt=x></main></body></html>",
    "color-contrast": HEAD + "<p style='color:#bbb;background:#fff'>pale</p></main></body></html>",
    "html-has-lang": HEAD.replace(" lang=en", "") + "</main></body></html>",
    "console has errors": HEAD + "<script>console.error('no')</script></main></body></html>",
    "wide where": HEAD + "<p style='width:3000px'>wide</p></main></body></html>",
}


def check_the_checker(browser, folder):
    """What is wrong is found, each by its own check."""
    for number, (word, page) in enumerate(REFUSED.items()):
        file = folder / f"refused-{number}.html"
        file.write_text(page, encoding="utf-8")
        try:
            check(browser, file.as_uri())
        except Finding as finding:
            if word not in str(finding):
                raise Finding(f"a page that should fail for `{word}` failed for: {finding}") from None
        else:
            raise Finding(f"a page that should fail for `{word}` passed")
        print(f"ok the checker refuses: {word}")
    good = folder / "good.html"
    good.write_text(HEAD + "<p>plain</p></main></body></html>", encoding="utf-8")
    check(browser, good.as_uri())
    print("ok the checker lets a plain page pass")


class Journal:
    """A journal, an entry at a time."""

    def __init__(self):
        self.lines, self.session = [], 0

    def add(self, minute, cause, event, **fields):
        at = f"2006-04-22T{8 + minute // 60:02}:{minute % 60:02}:00Z"
        entry = {"seq": len(self.lines) + 1, "at": at, "cause": cause, "type": event, **fields}
        self.lines.append(json.dumps(entry, ensure_ascii=False))

    def client(self, minute, event, program, number, cause="client", **more):
        if event == "session.connected":
            self.session += 1
        fields = {
            "session": None if event == "session.refused" else more.pop("session", self.session),
            "process": program,
            "client_version": "11.0.5608.0" if program else "5.0.3121.0",
            "user_dn": f"/o=O/cn=Recipients/cn=user{number}<b>",
            "machine": f"WKS{number}",
            "client_id": number,
            "group": "<i>group</i>",
            "generation": 1,
        }
        self.add(minute, cause, event, **fields, **more)

    def write(self, file):
        file.write_text("\n".join(self.lines) + "\n", encoding="utf-8")
        return file


def hostile_journal():
    """Every part of a report has something to tell, of clients that chose their names to do harm."""
    journal = Journal()
    journal.add(0, "start", "store.started", build="6.5.7651.19", poll_interval="15m")
    programs = [None, "mdl.exe", *HOSTILE]
    for number, program in enumerate(programs, 1):
        journal.client(number % 5, "session.connected", program, number)
    value = {"type": "REG_SZ", "data": "mdl.exe;" + ";".join(HOSTILE[:4])}
    name = "Disable MAPI Client Processes"
    change = {"node": "NODE1", "key": KEY, "name": name}
    journal.add(5, "control", "registry.changed", **change, action="set_value", value=value)
    lint = {"code": "wildcard", "message": "`<b>*</b>` is no wildcard here"}
    journal.add(15, "poll:2", "registry.invalid", value=name, problem="it has items", lints=[lint])
    added = {"added": ["mdl.exe", *HOSTILE[:4]], "removed": []}
    none = {"added": [], "removed": []}
    journal.add(15, "poll:2", "policy.changed", generation=1, processes=added, versions=none)
    for number, program in enumerate(programs[1:6], 2):
        decision = {"list": "processes", "item": program}
        why = {"reason": "policy", "decision": decision, "session": number, "cause": "poll:2"}
        journal.client(15, "session.disconnected", program, number, **why)
        journal.client(15, "session.ended", program, number, reason="policy", session=number)
        for minute in range(16, 40, 5):
            journal.client(minute, "session.refused", program, number, refusal="policy", decision=decision)
    journal.client(41, "session.refused", "late.exe", 50, refusal="session_limit")
    journal.client(42, "session.connected", None, 2)
    journal.client(43, "session.connected", "<b>renamed.exe", 3)
    journal.add(50, "control", "registry.changed", **change, action="delete_value", value=None)
    return journal


def report(exstore, journal, page):
    """The page that is made of a journal."""
    done = subprocess.run(
        [exstore, "report", journal, "--html", page, "-o", "json"], capture_output=True, check=False, text=True
    )
    if done.returncode != 0:
        raise Finding(f"exstore report: {done.stderr}")
    return page.as_uri()


def check_unharmed(browser, url):
    """What clients are called is shown, and does nothing; without scripts the page says the same."""
    with visit(browser, url) as page:
        if page.page.title() != "Who was cut off - exstore report":
            raise Finding(f"the title is `{page.page.title()}`")
        foreign = page.page.evaluate("document.querySelectorAll('script, img, iframe, b code, [onload], [onerror]').length")
        if foreign:
            raise Finding(f"{foreign} elements came of names")
        text = page.page.evaluate("document.body.textContent")
    for shown in ["onerror=alert(1)", "\\u{202e}exe.ldm", "\\u{1b}[2J", "<i>group</i>", "<b>renamed"]:
        if shown not in text:
            raise Finding(f"`{shown}` is not on the page")
    with visit(browser, url, script=False) as page:
        plots, tables = page.page.locator("figure svg").count(), page.page.locator("table").count()
        if plots < 5 or tables < 8:
            raise Finding(f"{plots} plots and {tables} tables without scripts")
        if page.page.locator("h1").inner_text() != "Who was cut off":
            raise Finding("no heading without scripts")


def main():
    exstore, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        check_the_checker(browser, folder)
        hostile = hostile_journal().write(folder / "hostile.journal")
        url = report(exstore, hostile, folder / "hostile.html")
        check(browser, url)
        check_unharmed(browser, url)
        print("ok the page of a hostile journal")
        empty = Journal().write(folder / "empty.journal")
        check(browser, report(exstore, empty, folder / "empty.html"))
        print("ok the page of an empty journal")


if __name__ == "__main__":
    try:
        main()
    except Finding as finding:
        print(f"report.py: {finding}", file=sys.stderr)
        sys.exit(1)
