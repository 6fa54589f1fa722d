"""The built site in a browser: it fits wide and narrow screens, and asks nobody else for more."""

import functools
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from browser import chromium, watched
from places import ROOT

TOO_WIDE = "document.documentElement.scrollWidth > innerWidth"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as in the library
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--site-dir", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


@pytest.mark.parametrize("width", [1280, 390])
def test_pages_fit_the_screen_and_stay_on_this_machine(
    browser: Browser, site: Path, address: str, width: int
) -> None:
    tab = watched(browser, viewport={"width": width, "height": 900})
    too_wide = []
    for page in [path.parent.relative_to(site).as_posix() for path in site.rglob("index.html")]:
        tab.page.goto(f"{address}{page}/")
        too_wide += [page] if tab.page.evaluate(TOO_WIDE) else []
    assert (too_wide, tab.said) == ([], [])
    assert [one for one in tab.requested if not one.startswith(address)] == []


def test_the_search_finds_an_option(browser: Browser, address: str) -> None:
    tab = watched(browser)
    tab.page.goto(address)
    tab.page.get_by_placeholder("Search").click()
    tab.page.keyboard.type("drain-seconds")
    tab.page.locator(".md-search-result__link").first.wait_for()
    assert "commands/" in "".join(
        str(one.get_attribute("href")) for one in tab.page.locator(".md-search-result__link").all()
    )
