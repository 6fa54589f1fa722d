"""Whole runs of the real program against a server that misbehaves by a plan."""

import json
import re
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from subprocess import TimeoutExpired
from typing import Any
from urllib.parse import urlsplit

import pytest

from faulty_server import FaultyServer, failing, hung_up, reset_in_mid_answer
from loopback_server import Answer, Deed, answer_of, completion, running
from processes import PATIENCE
from program import leavs, rows_of, started

TABLES = ("labels.csv", "details.csv", "sentences.csv", "failures.csv")
Plan = Callable[[str], Answer | Deed | None]


def port_of(server: FaultyServer) -> int:
    return urlsplit(server.base_url).port or 0


def question_of(body: dict[str, Any]) -> str:
    return str(body["messages"][1]["content"])


def asks_for_certainty(question: str, report: int) -> bool:
    """Of the liver in that report."""
    return f"in report {report}." in question and "Which" not in question


class ReadingServer(FaultyServer):
    """Reads reports that deny everything of the liver, but for what its plan does.

    Args:
        plan: what is done with a question; nothing means that it is answered.
        questions: that are taken before the server `waits`, until it is told to go on.
    """

    def __init__(self, plan: Plan = lambda _: None, questions: int = 10**9, **more: Any) -> None:
        super().__init__(**more)
        self.does = plan
        self.questions, self.waits, self.goes_on = questions, threading.Event(), threading.Event()

    def complete(self, body: bytes) -> Answer | Deed:
        pings = self.pings
        pinged = super().complete(body)
        if self.pings > pings:
            return pinged
        if len(self.bodies) > self.questions:
            self.waits.set()
            self.goes_on.wait(PATIENCE)
        question = question_of(json.loads(body))
        return self.does(question) or answer_of(completion(read(question)))


def read(question: str) -> str:
    if "Which sentences" in question:
        [told] = re.findall(r"^The liver CANARYWORD .*$", question, re.M)
        return f'"{told}": informative' if "organ is the liver" in question else "none"
    return "none" if "Which types" in question else "A"


@pytest.fixture(autouse=True)
def plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("reports") / "in", 6)


def written(folder: Path, reports: int) -> Path:
    folder.mkdir()
    for number in range(reports):
        text = f"The liver CANARYWORD is normal in report {number}."
        (folder / f"r{number:02}.txt").write_text(text)
    return folder


def asking(server: FaultyServer, reports: Path, folder: Path, *more: str) -> list[str | Path]:
    usual = ["--reasoning", "never", "--filtration", "fast", "--organs", "spleen", "liver"]
    usual += ["--reports-in-flight", "2"]
    if "--request-tries" not in more:
        usual += ["--request-tries", "2"]
    folders = ["--input-dir", reports, "--output-dir", folder]
    return ["label", *folders, "--base-url", server.base_url, *usual, *more]


@pytest.fixture(scope="module")
def undisturbed(reports: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed") / "run"
    with running(ReadingServer()) as server:
        assert leavs(*asking(server, reports, folder))[0] == 0
    return folder


def check_same(one: Path, other: Path) -> None:
    for table in TABLES:
        assert (one / table).read_bytes() == (other / table).read_bytes()


def check_private(err: str) -> None:
    assert "CANARYWORD" not in err
    assert "Traceback" not in err


def message_of(err: str) -> str:
    """The one line that says why the program ended."""
    [line] = [line for line in err.splitlines() if line.startswith("leavs: ")]
    assert err.rstrip().endswith(line)
    return line


def well(text: str | None, **more: Any) -> Answer:
    return answer_of(completion(text, **more))


NO_COMPLETION = "the server's answer is no completion"
UNREADABLE = "the reply is not one of A, B, C, D"
PROSE = "Well, the liver CANARYWORD is normal, I think."

# What is done with the eleven questions for certainty, what their failure is called, and how often
# each is put: two tries and one more behind a sign of life, or twice where the reply is unreadable.
CELLS: list[tuple[Answer | Deed, str, int]] = [
    (failing(429), "the server gave no answer (429)", 3),
    (failing(429, Retry_After="3600"), "the server gave no answer (429)", 3),
    (failing(500), "the server gave no answer (500)", 3),
    (failing(503), "the server gave no answer (503)", 3),
    (reset_in_mid_answer, "the server gave no answer (ReadError)", 3),
    (hung_up, "the server gave no answer (RemoteProtocolError)", 3),
    ((200, "application/json", "{CANARYWORD"), NO_COMPLETION, 3),
    (answer_of({"choices": []}), NO_COMPLETION, 3),
    (well("A", message=None), NO_COMPLETION, 3),
    (failing(400), "the server refused the question (400)", 1),
    (well(None), f"{UNREADABLE} (0 characters)", 2),
    (well("Z"), f"{UNREADABLE} (1 characters)", 2),
    (well("A or B"), f"{UNREADABLE} (6 characters)", 2),
    (well(PROSE[:20], finish_reason="length"), "the choice was cut at its length limit", 2),
    (well(PROSE), f"{UNREADABLE} ({len(PROSE)} characters)", 2),
]


def test_a_question_that_fails_costs_its_cell_and_no_other(tmp_path: Path) -> None:
    """One report for each fault, and one more."""

    def plan(question: str) -> Answer | Deed | None:
        hit = [n for n in range(len(CELLS)) if asks_for_certainty(question, n)]
        return CELLS[hit[0]][0] if hit else None

    reports = written(tmp_path / "in", len(CELLS) + 1)
    with running(ReadingServer(plan)) as server:
        code, out, err = leavs(*asking(server, reports, tmp_path / "run"))
    assert (code, out) == (3, ""), err
    check_private(err)
    assert f"{11 * len(CELLS)} failed cells" in err
    failures = rows_of("run/failures.csv")[1:]
    assert len({tuple(row[:3]) for row in failures}) == len(failures) == 11 * len(CELLS)
    assert {(row[0], *row[3:5]) for row in failures} == {
        (f"r{number:02}", "certainty", reason) for number, (_, reason, _) in enumerate(CELLS)
    }
    for number, (_, reason, times) in enumerate(CELLS):
        asked = [q for q in map(question_of, server.bodies) if asks_for_certainty(q, number)]
        # Behind a reply that is empty, the request for the answer stands in the same turn.
        questions = Counter(question.partition("</sentences>")[0] for question in asked)
        assert (reason, set(questions.values())) == (reason, {times})
    for row in rows_of("run/labels.csv")[1:]:
        is_failed = row[1] == "liver" and row[0] != f"r{len(CELLS):02}"
        assert all(row[3:]) is not is_failed
        assert any(row[3:]) is not is_failed


def test_so_does_one_that_the_server_lets_wait_for_ever(reports: Path, tmp_path: Path) -> None:
    server = ReadingServer()
    server.does = lambda question: server.stall if asks_for_certainty(question, 3) else None
    with running(server):
        limit = ["--request-timeout", "2", "--request-tries", "1"]
        code, _, err = leavs(*asking(server, reports, tmp_path / "run", *limit))
        server.over.set()
    assert code == 3, err
    check_private(err)
    failures = rows_of("run/failures.csv")[1:]
    assert len(failures) == 11
    assert {(row[0], *row[3:5]) for row in failures} == {
        ("r03", "certainty", "the server gave no answer in time (--request-timeout)")
    }


def test_log_probabilities_that_are_none_cost_no_label(
    reports: Path, undisturbed: Path, tmp_path: Path
) -> None:
    wrong = {"content": [{"token": "A", "logprob": None, "top_logprobs": "CANARYWORD"}]}

    def plan(question: str) -> Answer | None:
        return well("A", logprobs=wrong) if asks_for_certainty(question, 3) else None

    with running(ReadingServer(plan)) as server:
        code, _, err = leavs(*asking(server, reports, tmp_path / "run"))
    assert code == 0
    check_private(err)
    check_same(tmp_path / "run", undisturbed)


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        pytest.param(failing(503), "the server gave no answer (503)", id="503"),
        pytest.param(failing(401), "the server answers 401", id="401"),
        pytest.param("stall", "the server gave no answer in time (--request-timeout)", id="stall"),
        pytest.param((200, "text/html", "<p>CANARYWORD</p>"), NO_COMPLETION, id="a web page"),
    ],
)
def test_a_server_that_answers_nothing_any_more_ends_the_run_which_goes_on_later(
    reports: Path, undisturbed: Path, tmp_path: Path, fault: Answer | Deed | str, why: str
) -> None:
    server = ReadingServer()
    deed = getattr(server, fault) if isinstance(fault, str) else fault

    def plan(_: str) -> Answer | Deed | None:
        if len(server.bodies) <= 30:
            return None
        server.ping = deed
        return deed

    server.does = plan
    limit = ["--request-timeout", "2", "--request-tries", "1"] if fault == "stall" else []
    with running(server):
        code, out, err = leavs(*asking(server, reports, tmp_path / "run", *limit))
        server.over.set()
    assert (code, out) == (75, ""), err
    check_private(err)
    said = f"leavs: {server.base_url} stopped answering: {why}; the run can be resumed"
    assert message_of(err) == said
    check_goes_on(reports, undisturbed, tmp_path / "run")


def check_goes_on(reports: Path, undisturbed: Path, folder: Path) -> None:
    """Nothing became a failure, some is done, and the same command does the rest."""
    assert len(rows_of(folder / "failures.csv")) == 1
    done = {row[0] for row in rows_of(folder / "labels.csv")[1:]}
    assert 0 < len(done) < 6
    with running(ReadingServer()) as server:
        assert leavs(*asking(server, reports, folder))[0] == 0
    assert 0 < len(server.bodies) < 6 * 14
    check_same(folder, undisturbed)


def test_a_server_that_dies_ends_the_run_which_goes_on_later(
    reports: Path, undisturbed: Path, tmp_path: Path
) -> None:
    server = ReadingServer(questions=30)
    with running(server):
        process = started(*asking(server, reports, tmp_path / "run"))
        assert server.waits.wait(PATIENCE)
    server.goes_on.set()
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (75, "")
    check_private(err)
    assert re.search(r"stopped answering: .*\(ConnectError\); the run can", message_of(err))
    check_goes_on(reports, undisturbed, tmp_path / "run")


def test_a_server_that_is_away_for_a_while_costs_nothing(
    reports: Path, undisturbed: Path, tmp_path: Path
) -> None:
    server = ReadingServer(questions=30)
    with running(server):
        command = asking(server, reports, tmp_path / "run", "--request-tries", "6")
        process = started(*command)
        assert server.waits.wait(PATIENCE)
    server.does = lambda _: reset_in_mid_answer  # to those that it had taken
    server.goes_on.set()
    with pytest.raises(TimeoutExpired):
        process.wait(2)  # nobody listens meanwhile
    server.does = lambda _: None
    with running(server, port_of(server)):
        _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    check_same(tmp_path / "run", undisturbed)


# --max-failures


@pytest.mark.parametrize(("most", "code"), [("10", 75), ("11", 3), ("5%", 75)])
def test_more_failures_than_allowed_stop_the_run(
    reports: Path, tmp_path: Path, most: str, code: int
) -> None:
    with running(ReadingServer(unreadable)) as server:
        ended, out, err = leavs(*asking(server, reports, tmp_path / "run", "--max-failures", most))
    assert (ended, out) == (code, ""), err
    check_private(err)
    assert len(rows_of("run/failures.csv")) == 1 + 11
    if code == 75:
        line = message_of(err)
        assert re.match(rf"leavs: 11 of \d+ cells failed, and --max-failures is {most};", line)
        assert "The same command goes on; with --retry-failures" in line


def unreadable(question: str) -> Answer | None:
    return well(PROSE) if asks_for_certainty(question, 3) else None


def test_the_run_goes_on_with_and_without_them(
    reports: Path, undisturbed: Path, tmp_path: Path
) -> None:
    with running(ReadingServer(unreadable)) as server:
        command = asking(server, reports, tmp_path / "run", "--max-failures", "0")
        assert leavs(*command)[0] == 75
    with running(ReadingServer(), port_of(server)):
        assert leavs(*command)[0] == 3  # what failed stays so, and counts for that process alone
        assert leavs(*command, "--retry-failures")[0] == 0
    check_same(tmp_path / "run", undisturbed)


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--max-failures", "many", "'many' is neither a number of cells"),
        ("--max-failures", "101%", "nor a percentage up to 100"),
        ("--request-timeout", "0", "--request-timeout 0.0 is too small"),
        ("--request-timeout", "soon", "--request-timeout"),
        ("--request-tries", "0", "--request-tries 0 is too small"),
    ],
)
def test_nonsense_is_refused_in_one_line(
    reports: Path, tmp_path: Path, option: str, value: str, words: str
) -> None:
    code, out, err = leavs("label", "--input-dir", reports, "--model", "m", option, value)
    assert (code, out) == (2, "")
    assert words in err
    assert len(err.splitlines()) == 1
    assert not Path("results").exists()


def test_the_limit_can_stand_in_a_file(reports: Path) -> None:
    Path("leavs.toml").write_text("[label]\nmax_failures = 0\ndry_run = true\n")
    Path("empty.txt").write_text(" ")
    code, _, err = leavs("label", "--single-file", "empty.txt", *reports.glob("*.txt"))
    assert code == 75
    assert message_of(err).startswith("leavs: 11 of 11 cells failed, and --max-failures is 0;")
