"""What the page says that a command line would be: it is read out of the page, and run."""

import os
import subprocess
from pathlib import Path

from harness import Finding, gone, shows

ROOT = Path(__file__).resolve().parents[3]


def program():
    """The exstore that was built last, unless another is named."""
    return Path(os.environ.get("EXSTORE_PROGRAM", ROOT / "target" / "debug" / "exstore"))


def run_command(text, refusal=None):
    """Runs a command line of the page in a shell; what it says. With `refusal` it has to fail with these words."""
    folder = program().parent
    environment = {"PATH": f"{folder}:{os.environ['PATH']}", "HOME": "/nonexistent", "NO_COLOR": "1"}
    done = subprocess.run(["bash", "-c", text], capture_output=True, text=True, env=environment, timeout=60, check=False)
    said = done.stdout + done.stderr
    if (done.returncode != 0) != (refusal is not None) or (refusal or "") not in said:
        raise Finding(f"{text}: {done.returncode} {said}")
    return done.stdout


def as_command(page, control, refusal=None):
    """Does what a control does by the command line that the page has beside it."""
    page.locator(f".action-buttons:has({control}) .copy").click()
    text = shows(page, f"dialog pre[aria-label='Command line']").inner_text()
    page.keyboard.press("Escape")
    return run_command(text, refusal)


def copies_of(page, label):
    """The texts of a change by their names: `curl`, `Command line`, `Step of a scenario`."""
    page.get_by_role("button", name=f"{label}: as curl and as a command", exact=True).click()
    shows(page, "dialog[open] pre")
    texts = page.locator("dialog[open] pre").evaluate_all("all => all.map(one => [one.getAttribute('aria-label'), one.textContent])")
    page.keyboard.press("Escape")
    gone(page, "dialog[open]")
    return dict(texts)


def do_elsewhere(text, store, other):
    """Runs a command line on another store than it names: so what it does can be held against what the page did."""
    return run_command(text.replace(f"--store {store.store}", f"--store {other.store}"))
