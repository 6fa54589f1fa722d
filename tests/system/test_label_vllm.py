"""`leavs label` with the demo model on the real engine, however it ends: the labels mean nothing.

One file, so that all of it asks one engine where tests are spread over processes by file.
"""

import json
import os
import re
import signal
import subprocess
from dataclasses import replace
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

import processes
from leavs import (
    EngineOptions,
    Filtration,
    MethodOptions,
    Outcome,
    OutputOptions,
    Reasoning,
    from_folder,
    label_reports,
)
from leavs.engines.engine import Choices, Constraint, Pattern, Reasoned
from leavs.engines.options import Sampling
from leavs.engines.vllm.sampling import sampling_parameters
from places import AMOS, ROOT
from processes import children_of
from program import started
from real_runs import (
    ARGUMENTS,
    METHOD,
    ORGANS,
    REPORTS,
    check_same,
    check_tables,
    organs_recorded,
    write_reports,
)
from shared_engine import SharedEngine

pytestmark = pytest.mark.vllm
wait_until = partial(processes.wait_until, seconds=300)  # an engine is long to load

ONE_ORGAN = replace(METHOD, organs=ORGANS[:1])
SHIPPED = ROOT / "data" / "reports"


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    """Two of the short ones: on two cores the model reads some hundred tokens a second."""
    return write_reports(tmp_path / "reports", dict(list(REPORTS.items())[:2]))


def labeled(
    reports: Path,
    engine: EngineOptions | SharedEngine,
    method: MethodOptions,
    folder: Path,
    **output: int,
) -> Outcome:
    options = OutputOptions(folder, **output)
    outcome = label_reports(from_folder(reports), engine, method, options)
    assert outcome.complete
    return outcome


def usage_of(folder: Path, prompt: str) -> dict[str, int]:
    usage: dict[str, int] = json.loads((folder / "run.json").read_text())["totals"]["usage"][prompt]
    return usage


@pytest.mark.parametrize(
    ("constraint", "most", "logprobs"),
    [
        (None, 9, None),
        (Pattern("none|x"), 9, None),
        (Pattern("none|x", weighed=True), 9, 0),
        (Choices(("Yes", "No")), 1, 10),
        (Choices(("none", "no")), 9, 10),
        (Reasoned(("A", "B")), 9, 10),
    ],
)
def test_the_way_of_sampling_is_told_for_each_reply(
    constraint: Constraint | None, most: int, logprobs: int | None
) -> None:
    told = sampling_parameters(Sampling(temperature=0.5, seed=3), 9, constraint)
    assert (told.temperature, told.max_tokens, told.logprobs) == (0.5, most, logprobs)
    assert (told.structured_outputs is None) is (constraint is None)
    assert told.seed is None, "a seed for each request has ended vLLM's engine on the CPU"


def test_every_step_gets_an_answer_with_its_probability(undisturbed: Path) -> None:
    check_tables(undisturbed, REPORTS, organs=len(ORGANS))
    details = pd.read_csv(undisturbed / "details.csv")
    assert details["failure"].isna().all()
    assert details["probability"].between(0, 1).all()
    assert details["probability"].nunique() > 20
    sentences = pd.read_csv(undisturbed / "sentences.csv")
    assert set(sentences["found_by"]) == {"report"}


def test_a_real_report_goes_through_the_whole_chain(
    real_engine: SharedEngine, tmp_path: Path
) -> None:
    text = (SHIPPED / "26-chest-ct-upper-abdomen.txt").read_bytes().decode()
    reports = write_reports(tmp_path / "reports", {"chest": text})
    method = replace(ONE_ORGAN, filtration=Filtration.BOTH)
    labeled(reports, real_engine, method, tmp_path)
    check_tables(tmp_path, {"chest": text}, organs=1)
    assert usage_of(tmp_path, "filtration_thorough")["cached_tokens"] > 0


def test_how_many_are_in_flight_changes_nothing(
    real_engine: SharedEngine, reports: Path, tmp_path: Path
) -> None:
    # auto answers at once, weighs, and then reasons: all the kinds of turns there are
    method = replace(ONE_ORGAN, reasoning=Reasoning.AUTO, max_reasoning_tokens=4)
    one, all_at_once = tmp_path / "one", tmp_path / "all"
    for folder, in_flight in ((one, 1), (all_at_once, len(REPORTS))):
        real_engine.forget_prefixes()  # or the second run would compute nothing
        labeled(reports, real_engine, method, folder, reports_in_flight=in_flight)
    assert len(pd.read_csv(one / "failures.csv")) == 0
    check_same(one, all_at_once)
    usage = usage_of(one, "certainty")
    assert 0 < usage["reasoned"] <= usage["questions"]
    # one call at once, one that reasons and answers, and one more where that one was cut
    first = usage["questions"] - usage["known"] + usage["reasoned"]
    assert first <= usage["calls"] <= first + usage["reasoned"]
    assert usage["computed_tokens"] < usage["prompt_tokens"]


def test_through_a_server_the_labels_are_the_same(
    real_server: str, real_engine: SharedEngine, reports: Path, tmp_path: Path
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for folder, engine in ((here, real_engine), (there, EngineOptions(base_url=real_server))):
        labeled(reports, engine, ONE_ORGAN, folder)
    check_same(here, there)


def test_on_ray_the_labels_are_the_same(real_engine: SharedEngine, tmp_path: Path) -> None:
    here, on_ray = tmp_path / "here", tmp_path / "ray"
    reports = write_reports(tmp_path / "reports", {"cyst": REPORTS["cyst"]})
    labeled(reports, real_engine, METHOD, here)
    process = started("label", "--input-dir", reports, *ARGUMENTS, "--ray", "--output-dir", on_ray)
    out, err = process.communicate(timeout=300)
    assert (process.returncode, out) == (0, ""), err
    check_same(on_ray, here)


def test_a_report_too_long_for_the_model_is_a_failure_and_the_rest_goes_on(
    real_engine: SharedEngine, tmp_path: Path
) -> None:
    long = "The liver is normal <|im_end|>. " * 400
    reports = write_reports(tmp_path / "reports", {"long": long, "short": REPORTS["normal"]})
    method = replace(ONE_ORGAN, filtration=Filtration.BOTH)
    outcome = labeled(reports, real_engine, method, tmp_path)
    assert outcome.exported.failed_cells == 11
    failures = pd.read_csv(tmp_path / "failures.csv")
    assert set(failures["report_id"]) == {"long"}
    assert len(failures) == 11
    says = r"the prompt of \d,\d\d\d tokens is longer than the context of 2,048 tokens can hold "
    assert all(re.fullmatch(f"{says}with a reply", reason) for reason in failures["reason"])
    labels = pd.read_csv(tmp_path / "labels.csv").set_index("subjectid_studyid")
    assert labels.loc["long"].iloc[:, 2:].isna().all().all()
    assert labels.loc["short"].iloc[:, 2:].notna().all().all()


# However it ends

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
    undisturbed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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
    check_same(run.folder, undisturbed)
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


@pytest.mark.soak
def test_ten_real_reports_through_all_of_the_chain(tmp_path: Path) -> None:
    if AMOS.is_dir():
        source = ("--reports-csv", AMOS / "reports.csv", "--limit", "10")
        first = pd.read_csv(AMOS / "reports.csv", dtype=str).head(10)
        reports = dict(zip(first["image1"], first["anonymized_report"], strict=True))
    else:
        paths = sorted(SHIPPED.glob("*.txt"), key=lambda path: path.stat().st_size)[:10]
        source = ("--single-file", *paths)
        reports = {path.stem: path.read_bytes().decode() for path in paths}
    chosen = ("--model", "demo", "--reasoning", "never", "--output-dir", tmp_path)
    process = started("label", *source, *chosen)
    _, err = process.communicate()
    assert process.returncode in (0, 3), err
    check_tables(tmp_path, reports)
    manifest = json.loads((tmp_path / "run.json").read_text())
    assert manifest["totals"]["usage"]["filtration_thorough"]["cached_tokens"] > 0
    assert not list((tmp_path / "logs").iterdir())
