"""The browser that report.html is tested in: found, or installed by `make test`.

`python tests/report/browser.py` installs Debian's chromium where apt can (as root, or through sudo), else the one that
Playwright downloads.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_browser() -> str | None:
    """The path of a browser of the Chromium family: the system's, else Playwright's own."""
    system = next((path for name in NAMES if (path := shutil.which(name))), None)
    if system is not None:
        return system
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if os.path.exists(path) else None


def install() -> None:
    """Make sure that there is one."""
    if find_browser():
        return
    if shutil.which("apt-get"):
        prefix = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]
        quiet = {"stdout": subprocess.DEVNULL, "env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}}
        done = [
            subprocess.run([*prefix, "apt-get", *words], check=False, **quiet).returncode  # type: ignore[call-overload]
            for words in (["update"], ["install", "--yes", "--no-install-recommends", "chromium"])
        ]
        if done[-1] == 0 and find_browser():
            return
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=True)


if __name__ == "__main__":
    install()
