"""`leavs label` on the real engine is stopped, killed or loses its engine, and ends the same."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pandas as pd
import pytest

from processes import children_of, wait_until
from program import started
from real_runs import ARGUMENTS, ORGANS, REPORTS, check_same, organs_recorded, write_reports

pytestmark = pytest.mark.vllm

CELLS = len(REPORTS) * len(ORGANS)
WARNING = "labels mean nothing"


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def name_of(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().decode()


class Run:
    """A run of one report after the other, started again and again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "run"
        reports = write_reports(folder / "reports", REPORTS)
        self.arguments = ("label", "--input-dir", reports, *ARGUMENTS, "--reports-in-flight", "1")
        self.arguments += ("--output-dir", self.folder)

    @property
    def recorded(self) -> int:
        return organs_recorded(self.folder)

    def start(self) -> "subprocess.Popen[str]":
        return started(*self.arguments, group=True)

    def start_until_it_records(self) -> "tuple[subprocess.Popen[str], list[int]]":
        """The process, when it has recorded another organ, and those below it."""
        before = self.recorded
        process = self.start()
        wait_until("another organ is recorded", lambda: self.recorded > before)
        below = children_of(process.pid)
        assert below
        return process, below

    def finish(self, process: "subprocess.Popen[str]", code: int, below: list[int]) -> str:
        """Its last words; nothing is left of it, and something of the run is left to do."""
        printed, err = process.communicate()
        assert (process.returncode, printed) == (code, ""), err
        wait_until("the engine is gone", lambda: not any(map(is_alive, below)))
        assert "Traceback" not in err
        assert self.recorded < CELLS
        return err


def interrupt(run: Run) -> None:
    process, below = run.start_until_it_records()
    os.killpg(process.pid, signal.SIGINT)  # Ctrl-C reaches the engine's processes, too
    assert "Stopped early" in run.finish(process, 130, below)
    assert run.recorded % len(ORGANS) == 0, "the report in flight was to be finished"


def kill(run: Run) -> None:
    process, below = run.start_until_it_records()
    os.kill(process.pid, signal.SIGKILL)
    run.finish(process, -signal.SIGKILL, below)


def kill_its_engine(run: Run) -> None:
    process, below = run.start_until_it_records()
    [engine] = [pid for pid in below if "EngineCore" in name_of(pid)]
    os.kill(engine, signal.SIGKILL)
    last = run.finish(process, 75, below).splitlines()[-1]
    assert last.startswith("leavs: the engine's process died")
    assert last.endswith("the run can be resumed")
    assert len(pd.read_csv(run.folder / "failures.csv")) == 0


def test_stopped_killed_or_without_its_engine_it_goes_on_and_ends_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    run = Run(tmp_path)
    interrupt(run)
    kill(run)
    with monkeypatch.context() as workers:  # as on a GPU, the engine has a process below its own
        workers.setenv("VLLM_ENABLE_V1_MULTIPROCESSING", "1")
        kill_its_engine(run)
    logs = set((run.folder / "logs").iterdir())  # of the engines that died
    process = run.start()
    out, err = process.communicate()
    assert (process.returncode, out) == (0, ""), err
    assert set((run.folder / "logs").iterdir()) == logs
    check_same(run.folder, request.getfixturevalue("labeled_at_once"))
    assert WARNING in " ".join(err.replace("│", " ").split())
    manifest = json.loads((run.folder / "run.json").read_text())
    assert WARNING in manifest["warnings"][0]


def test_stopped_while_the_model_loads_it_ends_soon_and_leaves_nothing(tmp_path: Path) -> None:
    run = Run(tmp_path)
    process = run.start()
    wait_until("the engine starts", lambda: len(children_of(process.pid)) > 1)
    below = children_of(process.pid)
    process.send_signal(signal.SIGTERM)
    said = "stopped while the model was loading; nothing was asked"
    assert said in run.finish(process, 75, below)
    assert run.recorded == 0
