"""Whole runs of the real program against servers on this machine that differ from most."""

import json
import threading
import time
from pathlib import Path

import pytest
from test_label_faults import PROSE, ReadingServer, asking, written

from faulty_server import Answer, Deed, FaultyServer
from loopback_server import answer_of, completion, running
from program import leavs, rows_of


@pytest.fixture(autouse=True)
def plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


class OneAtATime(ReadingServer):
    """Answers one question after the other; the others wait in its queue."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds, self.turn = seconds, threading.Lock()

    def complete(self, body: bytes) -> Answer | Deed:
        with self.turn:
            time.sleep(self.seconds)
            return super().complete(body)


def test_a_server_that_answers_one_at_a_time_loses_no_cell(tmp_path: Path) -> None:
    reports = written(tmp_path / "in", 12)
    with running(OneAtATime(0.05)) as server:
        usual = asking(server, reports, tmp_path / "run", "--request-timeout", "2")
        code, _, err = leavs(*usual[: usual.index("--reports-in-flight")])
    assert code == 0, err
    usage = json.loads((tmp_path / "run" / "run.json").read_text())["totals"]["usage"]
    answers = sum(step["calls"] for step in usage.values())
    assert answers > 100
    assert len(server.bodies) <= 1.05 * answers


def prose(question: str) -> Answer:
    return answer_of(completion(PROSE))


def test_a_run_without_a_single_label_stops_and_names_the_cause(tmp_path: Path) -> None:
    reports = written(tmp_path / "in", 14)
    with running(ReadingServer(prose)) as server:
        code, _, err = leavs(*asking(server, reports, tmp_path / "run"))
        assert code == 75
        line = err.strip().splitlines()[-1]
        assert line.startswith("leavs: 2") and " cells and not one label" in line
        assert "because: the reply is not a list of marked quotes; `leavs doctor` tries" in line
        assert "CANARYWORD" not in err
        failed = len(rows_of("run/failures.csv")) - 1
        assert 200 <= failed < 14 * 22
        # What a user allows rules; the same command goes on.
        command = asking(server, reports, tmp_path / "run", "--max-failures", "100%")
        assert leavs(*command)[0] == 3
    assert len(rows_of("run/failures.csv")) - 1 == 14 * 22


def test_what_was_found_is_said_in_one_line_and_recorded(tmp_path: Path) -> None:
    reports = written(tmp_path / "in", 1)
    with running(ReadingServer()) as server:
        code, out, err = leavs(*asking(server, reports, tmp_path / "run"))
        doctor = ("doctor", "--base-url", server.base_url, "--json")
        checks = {one["check"]: one for one in json.loads(leavs(*doctor)[1])["findings"]}
    assert (code, out) == (0, "")
    said = [line for line in err.splitlines() if "constraint" in line and "thoughts" in line]
    assert len(said) == 1
    found = json.loads((tmp_path / "run" / "run.json").read_text())["server"]
    assert (found["constraint"], found["alternatives"]) == ("structured_outputs", 10)
    assert checks["constraint"]["says"] == "obeyed, by structured_outputs"
    assert checks["tokens"]["verdict"] == "warning"
    assert {"system role", "probabilities", "thoughts", "fields"} < checks.keys()


def test_a_run_that_goes_on_with_a_server_that_is_asked_otherwise_says_so(tmp_path: Path) -> None:
    reports, folder = written(tmp_path / "in", 1), tmp_path / "run"
    with running(ReadingServer()) as server:
        assert leavs(*asking(server, reports, folder))[0] == 0
    (reports / "r01.txt").write_text("The liver CANARYWORD is normal in report 1.")
    with running(ReadingServer(models=[("some/model", "nobody")])) as server:
        code, _, err = leavs(*asking(server, reports, folder))
    assert code == 0, err
    [line] = [line for line in err.splitlines() if "asked otherwise" in line]
    assert "(constraint by structured_outputs, probabilities; run.json has both)" in line


def test_a_server_with_which_no_run_can_work_costs_nothing(tmp_path: Path) -> None:
    server = FaultyServer(answer_of({"detail": "no"}, 418))
    server.answers_trials = False
    with running(server):
        code, _, err = leavs(*asking(server, written(tmp_path / "in", 2), tmp_path / "run"))
    assert code == 1
    assert err.startswith(f"leavs: {server.base_url} refuses a trial question in every form (418")
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "run").exists()
    assert all("CANARYWORD" not in str(body) for body in server.bodies)
