"""`leavs label` with a model that thinks by itself, on the real engine: the labels mean nothing.

It is the demo model with the marks of a thought and a template that knows of them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from leavs.engines.options import Thinking
from program import leavs
from real_runs import SMALL, check_tables, write_reports
from thinking_model import thinking_model

pytestmark = pytest.mark.vllm

REPORTS = {"cyst": "Cyst of 12 mm in the liver.\nSpleen: normal."}
LONGEST = 12  # tokens of a thought
CHAIN = ("--organs", "liver", "--filtration", "none", "--max-reasoning-tokens", str(LONGEST))


@dataclass(frozen=True)
class Run:
    """A run of one report and one organ, in which all the later questions are asked."""

    folder: Path

    @property
    def usage(self) -> Mapping[str, Mapping[str, int]]:
        usage: Mapping[str, Mapping[str, int]]
        usage = json.loads((self.folder / "run.json").read_text())["totals"]["usage"]
        return usage

    @property
    def reasoning(self) -> list[list[str]]:
        """What each question is about, what was thought and what was answered."""
        [journal] = (self.folder / "journal").glob("*.jsonl")
        records = map(json.loads, journal.read_text(encoding="utf-8").splitlines())
        return [one for record in records for one in record.get("reasoning", ())]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return thinking_model(tmp_path_factory.mktemp("thinking") / "model", weights=True)


@pytest.fixture(scope="module")
def runs(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[Thinking, Run]:
    folder = tmp_path_factory.mktemp("runs")
    reports = write_reports(folder / "reports", REPORTS)
    told = ("label", "--input-dir", reports, "--model", model, *SMALL, *CHAIN, "--keep-reasoning")
    for thinking in Thinking:
        code, _, err = leavs(*told, "--thinking", thinking, "--output-dir", folder / thinking)
        assert code == 0, err
    return {thinking: Run(folder / thinking) for thinking in Thinking}


@pytest.mark.parametrize("thinking", Thinking)
def test_every_question_is_answered_with_its_probability(
    runs: Mapping[Thinking, Run], thinking: Thinking
) -> None:
    folder = runs[thinking].folder
    check_tables(folder, REPORTS, organs=1)
    details = pd.read_csv(folder / "details.csv")
    assert details["failure"].isna().all()
    assert details["probability"].between(0, 1).all()


def test_the_models_own_thought_takes_the_place_of_the_reasoning_turn(
    runs: Mapping[Thinking, Run],
) -> None:
    for thinking, run in runs.items():
        certainty = run.usage["certainty"]
        assert certainty["reasoned"] == certainty["questions"] == 11
        assert certainty["calls"] == 11 * (1 if thinking is Thinking.ON else 2)
        assert certainty["generated_tokens"] > 2 * certainty["calls"]
        assert certainty["cached_tokens"] > 0


def test_thoughts_are_kept_without_their_marks(runs: Mapping[Thinking, Run]) -> None:
    run = runs[Thinking.ON]
    thoughts = [thought for _, thought, _ in run.reasoning]
    assert len(thoughts) == sum(usage["questions"] for usage in run.usage.values())
    assert sum(map(bool, thoughts)) > len(thoughts) / 2
    assert len({*thoughts}) > 2
    assert not any("think>" in thought for thought in thoughts)


def test_a_model_that_can_only_think_is_named_before_it_is_loaded(tmp_path: Path) -> None:
    folder = thinking_model(tmp_path / "model")  # without weights, so that it cannot be loaded
    template = folder / "chat_template.jinja"
    template.write_text("{% for m in messages %}{{ m.content }}{% endfor %}<think>\n")
    reports = write_reports(tmp_path / "reports", REPORTS)
    told = ("label", "--input-dir", reports, "--model", folder, *SMALL, *CHAIN)
    code, _, err = leavs(*told, "--output-dir", tmp_path / "run")
    assert code == 1
    [last] = err.splitlines()[-1:]
    assert last.startswith(f"leavs: {folder} can only think before it answers")
    assert last.endswith("or the variable that closes it: --chat-template-arg name=value")
