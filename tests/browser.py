"""A headless Chromium, asked over its DevTools protocol what a page does and how it looks."""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
)
PATIENCE = 30.0  # seconds for anything that the browser does


@dataclass
class Page:
    """One tab.

    Args:
        said: what the page wrote to the console, and errors in it.
        requested: the addresses that it asked for.
    """

    connection: ClientConnection
    session: str
    said: list[str] = field(default_factory=list)
    requested: list[str] = field(default_factory=list)
    calls: int = 0

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """The result of a command; what happens meanwhile is noted."""
        self.calls += 1
        message = {"id": self.calls, "method": method, "params": parameters}
        self.connection.send(json.dumps({**message, "sessionId": self.session}))
        while (answer := self._next()).get("id") != self.calls:
            pass
        assert "error" not in answer, answer
        result: dict[str, Any] = answer["result"]
        return result

    def open(self, address: str) -> None:
        """Go there and wait until everything is loaded."""
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call("Page.navigate", url=address)
        while self._next().get("method") != "Page.loadEventFired":
            pass

    def evaluate(self, script: str) -> Any:
        """The value of an expression in the page."""
        done = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in done, done
        return done["result"].get("value")

    def prefer(self, scheme: str) -> None:
        """Set whether the reader prefers light or dark."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", features=features)

    def resize(self, width: int, height: int) -> None:
        """Set the size of the window, in pixels of the page."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.call("Emulation.setDeviceMetricsOverride", **size)

    def _next(self) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(self.connection.recv(timeout=PATIENCE))
        match event.get("method"):
            case "Runtime.consoleAPICalled":
                self.said.append(str(event["params"]["args"]))
            case "Runtime.exceptionThrown":
                self.said.append(str(event["params"]["exceptionDetails"]))
            case "Log.entryAdded":
                self.said.append(str(event["params"]["entry"]))
            case "Network.requestWillBeSent":
                self.requested.append(event["params"]["request"]["url"])
        return event


@contextmanager
def new_page(profile: Path) -> Iterator[Page]:
    """An empty tab of a new browser; the test fails in one line where there is none."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.fail("no Chromium on this machine: apt-get install chromium", pytrace=False)
    command = [found, *QUIET, f"--user-data-dir={profile}", "about:blank"]
    browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with connect(_address(profile, browser), max_size=None) as connection:
            page = Page(connection, "")
            page.session = _attached(connection)
            yield page
    finally:
        browser.terminate()
        browser.wait(PATIENCE)


def _address(profile: Path, browser: "subprocess.Popen[bytes]") -> str:
    """Where the browser listens: it writes its port and path into its profile."""
    told = profile / "DevToolsActivePort"
    until = time.monotonic() + PATIENCE
    while not (told.exists() and len(told.read_text().splitlines()) == 2):
        assert browser.poll() is None, f"Chromium ended with {browser.returncode}"
        assert time.monotonic() < until, "Chromium does not start"
        time.sleep(0.05)
    port, path = told.read_text().splitlines()
    return f"ws://127.0.0.1:{port}{path}"


def _attached(connection: ClientConnection) -> str:
    """The session of a new tab."""
    target = _ask(connection, "Target.createTarget", url="about:blank")["targetId"]
    session: str = _ask(connection, "Target.attachToTarget", targetId=target, flatten=True)[
        "sessionId"
    ]
    return session


def _ask(connection: ClientConnection, method: str, **parameters: Any) -> dict[str, Any]:
    connection.send(json.dumps({"id": 0, "method": method, "params": parameters}))
    while True:
        answer = json.loads(connection.recv(timeout=PATIENCE))
        if answer.get("id") == 0:
            result: dict[str, Any] = answer["result"]
            return result
