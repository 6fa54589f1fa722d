"""A headless Chromium, and what a page in it says and asks for."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from processes import PATIENCE

NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync")
MILLISECONDS = 1000 * PATIENCE
expect.set_options(timeout=MILLISECONDS)


@dataclass
class Watched:
    """A tab.

    Args:
        said: what was written to the console, and errors.
        requested: the addresses that were asked for, but for data in the page itself.
    """

    page: Page
    said: list[str] = field(default_factory=list)
    requested: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self._note(request.url))

    def _note(self, url: str) -> None:
        if not url.startswith("data:"):
            self.requested.append(url)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A new browser; the test fails in one line where there is none."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.fail("no Chromium on this machine: apt-get install chromium", pytrace=False)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=[*QUIET], timeout=MILLISECONDS)
        yield browser
        browser.close()


def watched(browser: Browser, **options: Any) -> Watched:
    """An empty tab with settings of its own."""
    context = browser.new_context(**options)
    context.set_default_timeout(MILLISECONDS)
    return Watched(context.new_page())
