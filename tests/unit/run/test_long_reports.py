"""A report longer than the model's context: its cells fail with the tokens and the limit, and the
run goes on. What runs left that could be told to shorten such reports can still be read."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from leavs import (
    MethodOptions,
    Outcome,
    OutputOptions,
    Reasoning,
    ScriptedEngine,
    export,
    from_folder,
    label_reports,
)
from leavs.domain import Prompt
from leavs.engines.engine import Choices, Constraint, Message
from leavs.errors import ContextError, RunFolderError
from leavs.journal.journal import line_of, read_lines
from leavs.journal.serialization import result_from_json
from leavs.method.ask import Ask, Question
from leavs.method.options import Manner
from leavs.method.pack import Pack
from leavs.method.reply_form import one_of

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
        self.refused = 0

    def __call__(self, messages: Sequence[Message], constraint: Constraint | None) -> str:
        words = sum(len(message.content.split()) for message in messages)
        if words > self.limit:
            self.refused += 1
            raise ContextError(words, self.limit) if self.tells else ContextError()
        question = messages[1].content
        if isinstance(constraint, Choices):
            return "Yes" if "Yes" in constraint.options else "A"
        if "<report>" not in question:
            return "none"
        report = question.split("<report>\n")[1].split("\n</report>")[0]
        return "\n".join(f'"{line}": informative' for line in report.split("\n"))


def run(folder: Path, engine: SmallContext) -> Outcome:
    (folder / "in").mkdir(exist_ok=True)
    (folder / "in" / "a.txt").write_text(LONG)
    (folder / "in" / "b.txt").write_text(SHORT)
    method = MethodOptions(organs=("liver",), reasoning=Reasoning.NEVER)
    source, output = from_folder(folder / "in"), OutputOptions(folder / "run")
    return label_reports(source, ScriptedEngine(engine), method, output)


def organ_record(folder: Path, report_id: str) -> Any:
    lines = [line.record for line in read_lines(folder / "run")]
    [record] = [one for one in lines if one["kind"] == "organ" and one["report_id"] == report_id]
    return record


def test_the_cells_of_the_report_fail_with_its_count_and_the_others_are_labeled(
    tmp_path: Path,
) -> None:
    engine = SmallContext()
    outcome = run(tmp_path, engine)
    assert (outcome.complete, outcome.tally.failed_cells, outcome.tally.reports_done) == (
        True,
        11,
        2,
    )
    reason = organ_record(tmp_path, "a")["labels"]["normal"]["failure"]["reason"]
    assert reason.startswith("the prompt of 2,")
    assert reason.endswith(
        "tokens is longer than the context of 1,400 tokens can hold with a reply"
    )
    assert engine.refused == 1, "what does not fit is asked once"
    assert "failure" not in organ_record(tmp_path, "b")["labels"]["normal"]


def test_the_number_is_missing_where_the_engine_does_not_say_it(tmp_path: Path) -> None:
    outcome = run(tmp_path, SmallContext(tells=False, limit=50))
    assert (outcome.complete, outcome.tally.failed_cells) == (True, 22)
    reason = organ_record(tmp_path, "a")["labels"]["normal"]["failure"]["reason"]
    assert reason == "the prompt is longer than the model's context can hold with a reply"


def test_the_failure_quotes_nothing_of_the_report(pack: Pack) -> None:
    ask = Ask(ScriptedEngine(SmallContext(limit=10)), pack, Manner(Reasoning.ALWAYS, 100))
    values = {"organ": "liver", "covers": "x", "sentence": "The liver is CANARY."}
    with pytest.raises(ContextError, match=r"the prompt of [\d,]+ tokens is longer") as error:
        question = Question(Prompt.FILTRATION_THOROUGH, values, "about")
        asyncio.run(ask.answer(question, one_of(("Yes", "No"))))
    assert "CANARY" not in str(error.value)


def test_a_journal_that_says_what_prompts_did_without_is_read(tmp_path: Path) -> None:
    run(tmp_path, SmallContext())
    [journal] = (tmp_path / "run" / "journal").glob("*.jsonl")
    left_out = {"left_out": {"filtration_fast": 30, "certainty": 2}}
    records = [line.record for line in read_lines(tmp_path / "run")]
    of_then = [{**one, **(left_out if one["kind"] == "organ" else {})} for one in records]
    journal.write_bytes(b"".join(map(line_of, of_then)))
    tables = {path.name: path.read_bytes() for path in (tmp_path / "run").glob("*.csv")}
    assert result_from_json(organ_record(tmp_path, "b")).organ == "liver"
    assert export(tmp_path / "run").failed_cells == 11
    assert {path.name: path.read_bytes() for path in (tmp_path / "run").glob("*.csv")} == tables
    assert run(tmp_path, SmallContext()).tally.reports_before == 2


def test_a_run_that_was_told_to_shorten_reports_is_another_run(tmp_path: Path) -> None:
    run(tmp_path, SmallContext())
    path = tmp_path / "run" / "run.json"
    manifest = json.loads(path.read_text())
    assert "overflow" not in manifest["identity"]
    manifest["identity"]["overflow"] = "truncate"
    path.write_text(json.dumps(manifest))
    with pytest.raises(RunFolderError, match="overflow"):
        run(tmp_path, SmallContext())
