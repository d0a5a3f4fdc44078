"""What the page says that a command line would be: it is read out of the page, and run."""

import os
import subprocess
from pathlib import Path

from harness import Finding, shows

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
