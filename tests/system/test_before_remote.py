"""Before reports leave this machine the real program looks for identities in them.

All identities are made up; the server is on this machine, at an address that does not show it.
"""

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from test_label_faults import ReadingServer, asking, check_same, written

from loopback_server import running
from places import ELSEWHERE, ROOT
from processes import PATIENCE
from program import LEAVS, leavs

IDENTITY = "\nName: CANARYWORD Roe\nDOB 01/02/1950, MRN 1234567, Tel. 212-555-0188\n"
FOUND = (
    f"Before any is sent to {ELSEWHERE}, 3 of 3 reports searched for identities: names in 2, dates "
    "of birth in 2, record numbers in 2, phone numbers in 2 (by "
)
QUESTION = f"Send reports to {ELSEWHERE}? [y/N] "


@pytest.fixture(autouse=True)
def plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    for proxy in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(proxy, raising=False)


@pytest.fixture
def named(tmp_path: Path) -> Path:
    """Three reports, of which two seem to name a patient."""
    folder = written(tmp_path / "in", 3)
    for path in sorted(folder.iterdir())[:2]:
        path.write_text(path.read_text() + IDENTITY)
    return folder


@pytest.fixture
def server() -> Iterator[ReadingServer]:
    with running(ReadingServer()) as server:
        assert isinstance(server, ReadingServer)
        yield server


def sending(server: ReadingServer, reports: Path, *more: str) -> list[str | Path]:
    """To the same server by the other address."""
    address = server.base_url.replace("127.0.0.1", ELSEWHERE)
    usual = asking(server, reports, Path("run"), "--allow-remote", *more)
    return [address if one == server.base_url else one for one in usual]


def test_without_a_terminal_what_is_found_stops_the_run(named: Path, server: ReadingServer) -> None:
    code, out, err = leavs(*sending(server, named))
    assert (code, out) == (2, "")
    [line] = [line for line in err.splitlines() if line.startswith("leavs: ")]
    assert line.removeprefix("leavs: ").startswith(FOUND)
    assert "Nothing was sent; remove the identities" in line
    assert line.endswith("or give --yes-remote to send reports as they are")
    assert "CANARYWORD" not in err
    assert (server.keys, server.bodies) == ([], []), "not even a trial question"
    assert not Path("run").exists()


@pytest.mark.parametrize("by", ["option", "environment"])
def test_with_leave_the_counts_are_told_and_the_labels_are_the_same(
    named: Path, server: ReadingServer, by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert leavs(*asking(server, named, Path("here")))[0] == 0
    if by == "environment":
        monkeypatch.setenv("LEAVS_YES_REMOTE", "true")
    code, _, err = leavs(*sending(server, named, *(["--yes-remote"] if by == "option" else [])))
    assert code == 0, err
    lines = err.splitlines()
    [told] = [number for number, line in enumerate(lines) if line.startswith(FOUND)]
    [dialect] = [number for number, line in enumerate(lines) if line.startswith("some/model: ")]
    assert told < dialect
    check_same(Path("run"), Path("here"))


def test_on_this_machine_nothing_is_searched(named: Path, server: ReadingServer) -> None:
    code, _, err = leavs(*asking(server, named, Path("run"), "--allow-remote"))
    assert (code, "identities" in err) == (0, False)


def test_the_doctor_sends_no_more_than_a_run_would(named: Path, server: ReadingServer) -> None:
    address = server.base_url.replace("127.0.0.1", ELSEWHERE)
    command = ["doctor", "--input-dir", named, "--base-url", address, "--allow-remote", "--json"]

    def identities(*more: str) -> tuple[str, str]:
        findings = json.loads(leavs(*command, *more)[1])["findings"]
        [one] = [one for one in findings if one["check"] == "identities"]
        assert one["says"].startswith(FOUND)
        return one["verdict"], one["advice"]

    verdict, advice = identities()
    assert (verdict, "--yes-remote" in advice) == ("warning", True)
    assert identities("--measure", "--sample", "3")[0] == "problem"
    assert server.bodies == []


# On a terminal


class Terminal:
    """The program with a terminal for stdin and stderr."""

    def __init__(self, arguments: list[str | Path]) -> None:
        self._end, slave = pty.openpty()
        self.process = subprocess.Popen(
            [LEAVS, *map(str, arguments)], stdin=slave, stdout=subprocess.DEVNULL, stderr=slave
        )
        os.close(slave)
        self.told = ""

    def read_until(self, done: Callable[[str], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not done(self.told) and time.monotonic() < end:
            if select.select([self._end], [], [], 0.1)[0]:
                try:
                    self.told += os.read(self._end, 65536).decode()
                except OSError:  # the other end is closed
                    return

    def finish(self, answer: str | None = None) -> int:
        """Wait for the question if there is an answer, give it, and wait for the end."""
        if answer is not None:
            self.read_until(lambda told: QUESTION in told)
            assert QUESTION in self.told
            os.write(self._end, answer.encode())
        self.read_until(lambda _: False)
        os.close(self._end)
        return self.process.wait(PATIENCE)


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 2), ("\n", 2), ("\4", 2)])
def test_a_terminal_is_asked(named: Path, server: ReadingServer, answer: str, code: int) -> None:
    terminal = Terminal(sending(server, named))
    assert terminal.finish(answer) == code, terminal.told
    told = terminal.told
    assert told.index(FOUND) < told.index(QUESTION)
    assert "CANARYWORD" not in told
    assert bool(server.bodies) == Path("run").exists() == (code == 0)
    assert (f"leavs: nothing was sent to {ELSEWHERE}; " in told) == (code == 2)


def test_an_interrupt_at_the_question_ends_the_program_at_once(
    named: Path, server: ReadingServer
) -> None:
    terminal = Terminal(sending(server, named))
    terminal.read_until(lambda told: QUESTION in told)
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.finish() == 130
    assert "Traceback" not in terminal.told
    assert server.keys == []


def test_a_terminal_is_not_asked_where_nothing_is_found_or_leave_is_given(
    named: Path, server: ReadingServer, tmp_path: Path
) -> None:
    terminal = Terminal(sending(server, named, "--yes-remote"))
    assert terminal.finish() == 0
    assert FOUND in terminal.told
    assert QUESTION not in terminal.told
    Path("run").rename("first")
    terminal = Terminal(sending(server, written(tmp_path / "plain", 3)))
    assert terminal.finish() == 0
    assert "identities: none found, which proves nothing" in terminal.told
    assert QUESTION not in terminal.told


# With Presidio

PRESIDIO = """
import io, logging, sys
from pathlib import Path
logs = io.StringIO()
logging.basicConfig(level=logging.DEBUG, stream=logs)
sys.modules.update(torch=None, transformers=None)  # as where leavs has no extra: quick
from language_model import write_language_model
from leavs.reports.identity_check import installed_detector
site, lines = Path(sys.argv[1]), sys.stdin.read().splitlines()
write_language_model(site, ["Jane Roe", "John Doe", "Crohn"])
sys.path.insert(0, str(site))
for _ in range(2):
    detector = installed_detector()
    print(detector.says)
    for line in lines:
        print(*sorted(detector.kinds_in(line)), sep=", ")
    [config] = site.rglob("config.cfg")
    config.write_text("of another version")
# At debug level it logs the words around a number.
assert "presidio" in logs.getvalue() and "DEBUG:presidio" not in logs.getvalue(), logs.getvalue()
"""
LINES = {
    "Seen by Jane Roe yesterday.": "names",
    "Crohn disease, as John Doe said": "names",
    "Crohn disease": "",
    "told by [NAME] of the Clinic": "",
    "MRN 1234567": "record numbers",
    "020 7946 0018": "phone numbers",
    "series 4 image 123, 3.4 x 2.1 cm": "",
}


def test_presidio_finds_names_and_fetches_nothing(tmp_path: Path) -> None:
    if find_spec("presidio_analyzer") is None:
        pytest.skip("Presidio is not installed here")
    support = ROOT / "tests" / "support"
    paths = [str(support / "watched"), str(support), os.environ.get("PYTHONPATH", "")]
    went_to, home = tmp_path / "went_to", tmp_path / "home"
    (tmp_path / "site").mkdir()
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PRESIDIO, tmp_path / "site"],
        input="\n".join(LINES),
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
            "WENT_TO": str(went_to),
            "HOME": str(home),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (went_to.exists(), home.exists()) == (False, False), "and no list of domains is kept"
    told = done.stdout.splitlines()
    first, again = told[: len(LINES) + 1], told[len(LINES) + 1 :]
    assert first[0] == "by Microsoft Presidio (en_core_web_sm) and a few patterns of our own"
    assert dict(zip(LINES, first[1:], strict=True)) == LINES
    assert again[0].startswith("by a few patterns of our own; Microsoft Presidio could not be ")
    assert again[1:] == ["", "", "", "", "record numbers", "", ""]
