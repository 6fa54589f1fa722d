"""A report longer than the model's context: a failure that counts its tokens, or it is asked
without its last sentences; never the end of a run."""

import asyncio
import json
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from leavs import (
    Filtration,
    MethodOptions,
    Outcome,
    OutputOptions,
    Overflow,
    Reasoning,
    ScriptedEngine,
    from_folder,
    label_reports,
)
from leavs.engines.engine import Choices, Constraint, Message
from leavs.errors import ContextError, RunFolderError
from leavs.journal.journal import read_lines
from leavs.journal.serialization import result_from_json
from leavs.method.ask import Ask, Question, share_that_fits
from leavs.method.pack import Pack

LIMIT = 1400  # words: the instructions and the question of fast filtration have some 500
LONG = "\n".join(
    f"Line {number} tells of the liver and of no other organ." for number in range(200)
)
SHORT = "The liver is normal."


class SmallContext:
    """A reader whose context holds so many words; it finds every line of a report informative.

    Args:
        tells: whether it says how long a prompt is.
    """

    def __init__(self, *, tells: bool = True, limit: int = LIMIT) -> None:
        self.tells, self.limit = tells, limit
        self.read: list[str] = []
        self.refused = 0

    def __call__(self, messages: Sequence[Message], constraint: Constraint | None) -> str:
        words = sum(len(message.content.split()) for message in messages)
        if words > self.limit:
            self.refused += 1
            raise ContextError(words, self.limit) if self.tells else ContextError()
        question = messages[1].content
        self.read.append(question)
        if isinstance(constraint, Choices):
            return "Yes" if "Yes" in constraint.options else "A"
        if "<report>" not in question:
            return "none"
        report = question.split("<report>\n")[1].split("\n</report>")[0]
        return "\n".join(f'"{line}": informative' for line in report.split("\n"))


def run(
    folder: Path, engine: SmallContext, overflow: Overflow, filtration: Filtration = Filtration.BOTH
) -> Outcome:
    (folder / "in").mkdir(exist_ok=True)
    (folder / "in" / "a.txt").write_text(LONG)
    (folder / "in" / "b.txt").write_text(SHORT)
    method = MethodOptions(
        organs=("liver",), filtration=filtration, reasoning=Reasoning.NEVER, overflow=overflow
    )
    source, output = from_folder(folder / "in"), OutputOptions(folder / "run")
    return label_reports(source, ScriptedEngine(engine), method, output)


def organ_record(folder: Path, report_id: str) -> Any:
    lines = [line.record for line in read_lines(folder / "run")]
    [record] = [one for one in lines if one["kind"] == "organ" and one["report_id"] == report_id]
    return record


def test_by_default_the_cells_of_the_report_fail_with_its_count(tmp_path: Path) -> None:
    outcome = run(tmp_path, SmallContext(), Overflow.FAIL)
    assert (outcome.complete, outcome.tally.failed_cells, outcome.tally.organs_cut) == (True, 11, 0)
    reason = organ_record(tmp_path, "a")["labels"]["normal"]["failure"]["reason"]
    assert reason.startswith("the prompt of 2,")
    assert reason.endswith(
        "tokens is longer than the context of 1,400 tokens can hold with a reply"
    )
    assert "left_out" not in organ_record(tmp_path, "a")


@pytest.mark.parametrize("tells", [True, False], ids=["told", "not told"])
def test_truncated_it_is_asked_without_its_last_sentences(tmp_path: Path, tells: bool) -> None:
    engine = SmallContext(tells=tells)
    outcome = run(tmp_path, engine, Overflow.TRUNCATE, Filtration.FAST)
    assert (outcome.complete, outcome.tally.failed_cells, outcome.tally.organs_cut) == (True, 0, 1)
    [shown] = [one for one in engine.read if "<report>\nLine" in one]
    cut = shown.split("<report>\n")[1].split("\n</report>")[0]
    assert LONG.startswith(cut)
    assert cut.endswith("other organ."), "cut within a sentence"
    record = organ_record(tmp_path, "a")
    assert record["left_out"]["filtration_fast"] == 200 - len(cut.split("\n"))
    for one in record["evidence"]:
        assert LONG[one["start"] : one["end"]] == one["text"]
    assert result_from_json(json.loads(json.dumps(record))).left_out == record["left_out"]
    assert "left_out" not in organ_record(tmp_path, "b")


def test_no_more_is_left_out_than_the_reply_needs(tmp_path: Path) -> None:
    engine = SmallContext()
    run(tmp_path, engine, Overflow.TRUNCATE, Filtration.FAST)
    [shown] = [one for one in engine.read if "<report>\nLine" in one]
    words = len(shown.split())
    assert LIMIT / 2 < words + 350 < LIMIT
    assert engine.refused < 40, "each question of the chain is refused a few times at most"


def test_thorough_filtration_still_asks_of_every_sentence(tmp_path: Path) -> None:
    engine = SmallContext()
    run(tmp_path, engine, Overflow.TRUNCATE)
    record = organ_record(tmp_path, "a")
    left_out = record["left_out"]["filtration_fast"]
    assert len([one for one in engine.read if "<sentence>\nLine" in one]) == left_out > 0
    assert len(record["evidence"]) == 200


@pytest.mark.parametrize("filtration", [Filtration.NONE, Filtration.FAST])
def test_evidence_that_is_too_long_is_cut_from_its_end_too(
    tmp_path: Path, filtration: Filtration
) -> None:
    engine = SmallContext(limit=1000)
    outcome = run(tmp_path, engine, Overflow.TRUNCATE, filtration)
    assert outcome.tally.failed_cells == 0
    steps = {"finding_types", "certainty"}
    asked = {"filtration_fast"} if filtration is Filtration.FAST else steps
    assert asked <= set(organ_record(tmp_path, "a")["left_out"])


def test_what_does_not_fit_with_a_single_sentence_fails(tmp_path: Path) -> None:
    for tells in (True, False):
        (folder := tmp_path / str(tells)).mkdir()
        outcome = run(folder, SmallContext(tells=tells, limit=50), Overflow.TRUNCATE)
        assert (outcome.complete, outcome.tally.failed_cells) == (True, 22)


def test_a_folder_goes_on_only_with_the_same_way(tmp_path: Path) -> None:
    run(tmp_path, SmallContext(), Overflow.TRUNCATE)
    identity = json.loads((tmp_path / "run" / "run.json").read_text())["identity"]
    assert identity["overflow"] == "truncate"
    with pytest.raises(RunFolderError, match="overflow"):
        run(tmp_path, SmallContext(), Overflow.FAIL)


def test_without_it_the_identity_of_a_run_is_what_it_was(tmp_path: Path) -> None:
    run(tmp_path, SmallContext(), Overflow.FAIL)
    identity = json.loads((tmp_path / "run" / "run.json").read_text())["identity"]
    assert "overflow" not in identity


@pytest.mark.parametrize(
    ("tokens", "limit", "reply", "share"),
    [
        (2000, 1000, 100, 0.45),
        (2000, 1000, 5000, 0.375),
        (1001, 1000, 16, 0.95),
        (None, 1000, 16, 0.75),
        (2000, None, 16, 0.75),
    ],
)
def test_the_share_of_a_prompt_that_fits(
    tokens: int | None, limit: int | None, reply: int, share: float
) -> None:
    assert share_that_fits(ContextError(tokens, limit), reply) == pytest.approx(share)


@pytest.mark.parametrize("lengths", [(18_204, 16_384), (None, 16_384), (None, None)])
def test_the_error_is_the_same_in_another_process(lengths: tuple[int | None, int | None]) -> None:
    error = ContextError(*lengths)
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert (str(copy), copy.tokens, copy.limit) == (str(error), *lengths)


def test_a_question_without_sentences_to_leave_out_fails(pack: Pack) -> None:
    engine = ScriptedEngine(SmallContext(limit=10))
    ask = Ask(engine, pack, Reasoning.ALWAYS, 100, overflow=Overflow.TRUNCATE)
    values = {"organ": "liver", "covers": "x", "sentence": "The liver is CANARY."}
    with pytest.raises(ContextError, match=r"the prompt of [\d,]+ tokens is longer") as error:
        asyncio.run(ask.choose(Question("filtration_thorough", values, "about"), ("Yes", "No")))
    assert "CANARY" not in str(error.value)
    assert ask.left_out == {}
