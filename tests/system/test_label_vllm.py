"""`leavs label` with the demo model on the real engine: the labels mean nothing.

One file, so that all of it asks one engine where tests are spread over processes by file.
"""

import json
import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

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
from program import started
from real_runs import (
    METHOD,
    ORGANS,
    REPORTS,
    check_same,
    check_tables,
    write_reports,
)
from shared_engine import SharedEngine

pytestmark = pytest.mark.vllm

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


def test_every_step_gets_an_answer_with_its_probability(labeled_at_once: Path) -> None:
    check_tables(labeled_at_once, REPORTS, organs=len(ORGANS))
    details = pd.read_csv(labeled_at_once / "details.csv")
    assert details["failure"].isna().all()
    assert details["probability"].between(0, 1).all()
    assert details["probability"].nunique() > 20
    sentences = pd.read_csv(labeled_at_once / "sentences.csv")
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
