"""`leavs label` with the demo model on the real engine: the labels mean nothing.

One file, so that all of it asks one engine where tests are spread over processes by file.
"""

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import pytest

from leavs import (
    EngineOptions,
    Filtration,
    MethodOptions,
    Outcome,
    OutputOptions,
    Preset,
    Reasoning,
    from_folder,
    label_reports,
)
from leavs.domain import Prompt
from leavs.engines.constraints import LOGPROBS
from leavs.engines.engine import Choices, Constraint, Pattern
from leavs.engines.models.choice import choose_model
from leavs.engines.options import Sampling
from leavs.engines.vllm.answer_tokens import AnswerTokens
from leavs.engines.vllm.pretrained import load_tokenizer
from leavs.engines.vllm.sampling import SamplingOfReplies
from leavs.exam import page
from leavs.exam.examination import examine
from leavs.exam.options import ExamOptions
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
from shared_engine import DEMO, SharedEngine

pytestmark = pytest.mark.vllm

ONE_ORGAN = replace(METHOD, organs=ORGANS[:1])
SHIPPED = ROOT / "data" / "reports"


# On two cores the model reads some hundred tokens a second.
FIRST_TWO = dict(list(REPORTS.items())[:2])


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    return write_reports(tmp_path / "reports", FIRST_TWO)


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


def usage_of(folder: Path) -> dict[str, dict[str, int]]:
    usage: dict[str, dict[str, int]]
    usage = json.loads((folder / "run.json").read_text())["totals"]["usage"]
    return usage


@pytest.fixture(scope="module")
def sampling() -> SamplingOfReplies:
    tokenizer = load_tokenizer(DEMO, choose_model(DEMO).name)
    return SamplingOfReplies(Sampling(temperature=0.5, seed=3), AnswerTokens(tokenizer))


@pytest.mark.parametrize(
    ("constraint", "logprobs", "grammar"),
    [
        (None, None, False),
        (Pattern("none|x"), None, False),
        (Pattern("none|x", weighed=True), 0, False),
        (Pattern("none|x", enforced=True), None, True),
        (Choices(("none", "no")), LOGPROBS, True),
    ],
)
def test_the_way_of_sampling_is_told_for_each_reply(
    sampling: SamplingOfReplies, constraint: Constraint | None, logprobs: int | None, grammar: bool
) -> None:
    told = sampling(9, constraint)
    assert (told.temperature, told.max_tokens, told.logprobs) == (0.5, 9, logprobs)
    assert (told.structured_outputs is not None) is grammar
    assert (told.allowed_token_ids, told.logprob_token_ids) == (None, None)
    assert told.seed is None, "a seed for each request has ended vLLM's engine on the CPU"


def test_a_choice_is_one_token_of_its_own(sampling: SamplingOfReplies) -> None:
    told = sampling(9, Choices(("Yes", "No")))
    assert (told.temperature, told.max_tokens, told.seed) == (0.5, 1, None)
    assert (told.logprobs, told.structured_outputs) == (None, None)
    assert told.allowed_token_ids == told.logprob_token_ids
    assert len(told.allowed_token_ids) == 10, "Y, Ye, Yes, N and No, bare and behind a space"


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
    assert usage_of(tmp_path)["filtration_thorough"]["cached_tokens"] > 0


# The presets, in which the demo model may find nothing to ask the later questions about; and all of
# these questions, each at once, weighed, and then with reasoning.
SHORT = MethodOptions(organs=ORGANS[:1], max_reasoning_tokens=4)
METHODS = {
    "paper": SHORT,
    "lean": replace(SHORT, preset=Preset.LEAN),
    "all the steps": replace(SHORT, filtration=Filtration.NONE, reasoning=Reasoning.AUTO),
}
LISTS = {Prompt.FILTRATION_FAST, Prompt.FILTRATION_NUMBERED, Prompt.FINDING_TYPES}


@dataclass(frozen=True)
class InTwoWays:
    """The runs of two reports with one of them in flight, and with both."""

    method: MethodOptions
    one: Path
    both: Path

    @property
    def usage(self) -> Mapping[str, Mapping[str, int]]:
        return usage_of(self.one)


@pytest.fixture(scope="module", params=METHODS)
def in_two_ways(
    request: pytest.FixtureRequest,
    real_engine: SharedEngine,
    tmp_path_factory: pytest.TempPathFactory,
) -> InTwoWays:
    folder = tmp_path_factory.mktemp("two-ways")
    runs = InTwoWays(METHODS[request.param], folder / "one", folder / "both")
    reports = write_reports(folder / "reports", FIRST_TWO)
    for run, in_flight in ((runs.one, 1), (runs.both, 2)):
        real_engine.forget_prefixes()  # or the second run would compute nothing
        labeled(reports, real_engine, runs.method, run, reports_in_flight=in_flight)
    return runs


def test_how_many_are_in_flight_changes_nothing(in_two_ways: InTwoWays) -> None:
    check_tables(in_two_ways.one, FIRST_TWO, organs=1)
    check_same(in_two_ways.one, in_two_ways.both)


def test_only_the_second_try_of_a_list_is_held_to_a_grammar(in_two_ways: InTwoWays) -> None:
    at_once = in_two_ways.method.ways.reasoning is Reasoning.AUTO
    for step, usage in in_two_ways.usage.items():
        asked = usage["questions"] - usage["known"]
        if step in LISTS:
            # before it came the first try, and the reasoning before that
            assert usage["grammars"] <= usage["calls"] / (4 if at_once else 3)
        else:
            assert usage["grammars"] == 0
            assert usage["calls"] == asked * at_once + 2 * usage["reasoned"], "none was asked again"
            assert usage["reasoned"] <= asked
    assert in_two_ways.usage.keys() & LISTS


def test_the_model_reasons_always_or_where_it_is_not_sure(in_two_ways: InTwoWays) -> None:
    ways = in_two_ways.method.ways
    for step, usage in in_two_ways.usage.items():
        if ways.reasoning is Reasoning.ALWAYS:
            assert usage["reasoned"] == usage["questions"] - usage["known"] > 0
        elif step == Prompt.CERTAINTY and ways.filtration is Filtration.NONE:
            assert usage["reasoned"] > 0
            assert usage["computed_tokens"] < usage["prompt_tokens"]


def test_through_a_server_the_labels_are_the_same(
    real_server: str, real_engine: SharedEngine, reports: Path, tmp_path: Path
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for folder, engine in ((here, real_engine), (there, EngineOptions(base_url=real_server))):
        labeled(reports, engine, ONE_ORGAN, folder)
    # A server gives the ten most probable tokens. Of the demo model's they are seldom all the
    # letters, so that the shares of those that are among them come out larger.
    check_same(here, there, noise=0.2)


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


def test_an_exam_runs_to_its_end(real_engine: SharedEngine, tmp_path: Path) -> None:
    method = MethodOptions(preset=Preset.LEAN, reasoning=Reasoning.NEVER)
    options = ExamOptions(items=8, reports=0)
    exam = asyncio.run(examine(real_engine, method, options, tmp_path))
    record = page.write(exam, tmp_path)
    [sitting] = record["sittings"]
    score = sitting["scores"]["step"]["all"]
    assert score["asked"] == len(sitting["items"]) == 8
    assert 0 <= score["right"] <= score["asked"] - score["unreadable"]
    assert all(one["prompt_tokens"] > 0 for one in sitting["items"])
    chosen = [one for one in sitting["items"] if one["step"] in ("certainty", "urgency")]
    assert all(0 < one["probability"] <= 1 for one in chosen if not one["unreadable"])
    assert {"certainty", "urgency"} <= set(sitting["calibration"])
    assert all((tmp_path / name).stat().st_size > 0 for name in page.FILES)


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
