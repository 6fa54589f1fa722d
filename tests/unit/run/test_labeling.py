"""A run from a source of reports to the tables."""

import asyncio
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from annotated_reader import ANNOTATIONS, REPORTS, AnnotatedReader
from labeled_runs import Recorder, quoting, reports, rows_of, run, tables_of
from leavs import (
    CertaintyQuestions,
    Filtration,
    MethodOptions,
    OutputOptions,
    Preset,
    Reasoning,
    ScriptedEngine,
    from_files,
    label_reports,
)
from leavs.domain import Report
from leavs.engines.engine import Constraint, Message
from leavs.errors import ContextError
from leavs.journal.journal import read_lines
from leavs.method.pack import Pack
from leavs.reports import ReportSource
from readers import SENTENCES, TWO, by_hash, plain_reader

# One report a run: the reader's answers are those of its report, and within a run the answer to a
# question about one report is also that to the same question about another.
WAYS = [
    (filtration, reasoning)
    for filtration in (Filtration.BOTH, Filtration.JOINT, Filtration.FAST, Filtration.NUMBERED)
    for reasoning in Reasoning
]
ALL = sorted(REPORTS.iterdir())


@pytest.mark.parametrize(
    ("way", "paths"),
    [
        *((way, ALL[-4:]) for way in WAYS),
        *(pytest.param(way, ALL, marks=pytest.mark.soak) for way in WAYS),
    ],
    ids=lambda value: f"{len(value)} reports" if isinstance(value, list) else "-".join(value),
)
def test_the_chain_loses_nothing_between_question_and_file(
    pack: Pack, tmp_path: Path, way: tuple[Filtration, Reasoning], paths: list[Path]
) -> None:
    reader = AnnotatedReader(pack)
    filtration, reasoning = way
    method = MethodOptions(filtration=filtration, reasoning=reasoning)
    for path in paths:
        reader.report_id = path.stem
        outcome = run(from_files([path]), tmp_path, reader, method)
        assert outcome.complete
        assert outcome.tally.dropped_quotes == 0
    names = {path.stem for path in paths}
    header, *wanted = rows_of(ANNOTATIONS)
    assert rows_of(tmp_path / "labels.csv") == [header, *(row for row in wanted if row[0] in names)]
    assert rows_of(tmp_path / "failures.csv")[1:] == []
    assert bool(reader.asked["filtration_thorough"]) == (filtration is Filtration.BOTH)
    assert bool(reader.asked["filtration_joint"]) == (filtration is Filtration.JOINT)
    assert bool(reader.asked["filtration_numbered"]) == (filtration is Filtration.NUMBERED)


LEAN = MethodOptions(preset=Preset.LEAN)
MENTIONED = MethodOptions(certainty=CertaintyQuestions.MENTIONED, reasoning=Reasoning.NEVER)
PRESENT_OR_POSSIBLE = {"1", "-1"}


@pytest.mark.parametrize("method", [LEAN, MENTIONED], ids=["lean", "mentioned"])
def test_what_is_mentioned_is_labeled_the_same_where_nothing_else_is_asked(
    pack: Pack, tmp_path: Path, method: MethodOptions
) -> None:
    reader, questions, reasoned = AnnotatedReader(pack), 0, 0
    for path in ALL:
        outcome = run(from_files([path]), tmp_path, reader.surely, method)
        questions += sum(use.questions for use in outcome.tally.usage.values())
        reasoned += sum(use.reasoned for use in outcome.tally.usage.values())
    labeled, wanted = rows_of(tmp_path / "labels.csv"), rows_of(ANNOTATIONS)
    assert [row[:3] for row in labeled] == [row[:3] for row in wanted]
    for row, codes in zip(labeled, wanted, strict=True):
        for code, annotated in zip(row[3:], codes[3:], strict=True):
            same = row[2] == "urgency" or annotated in PRESENT_OR_POSSIBLE
            assert code == annotated if same else code in (annotated, "-2"), row
    assert reasoned == 0
    if method is LEAN:
        assert questions / len(ALL) <= 60, "a list and a list an organ, and what is mentioned"


@pytest.mark.parametrize("filtration", [Filtration.THOROUGH, Filtration.NONE])
def test_nor_where_no_prompt_shows_the_report(
    pack: Pack, tmp_path: Path, filtration: Filtration
) -> None:
    reader = AnnotatedReader(pack)
    method = MethodOptions(filtration=filtration, reasoning=Reasoning.NEVER)
    for path in sorted(REPORTS.iterdir())[-4:]:
        reader.report_id = path.stem
        assert run(from_files([path]), tmp_path, reader, method).complete
    wanted = rows_of(ANNOTATIONS)
    assert rows_of(tmp_path / "labels.csv") == [wanted[0], *wanted[-4 * 18 :]]
    assert reader.asked["filtration_fast"] == 0


def test_a_report_that_does_not_fit_costs_its_own_cells(tmp_path: Path) -> None:
    source = reports(tmp_path / "in", a="The liver is normal.", b="Very long.", c="Short.")
    too_long = ContextError(18_204, 16_384)
    outcome = run(
        source, tmp_path / "run", Recorder(quoting, lambda one: too_long if "Very" in one else None)
    )
    assert (outcome.complete, outcome.exported.failed_cells) == (True, 22)
    failures = rows_of(tmp_path / "run" / "failures.csv")[1:]
    assert {tuple(row[i] for i in (0, 3, 4)) for row in failures} == {
        ("b", "filtration", str(too_long))
    }


@pytest.fixture
def repetitive(tmp_path: Path) -> ReportSource:
    """Reports made of the same five sentences, some of them altogether the same."""
    choices = random.Random(7)
    texts = [" ".join(choices.sample(SENTENCES, 3)) for _ in range(12)]
    return reports(
        tmp_path / "in", **{f"r{n:02}": text for n, text in enumerate([*texts, texts[0]])}
    )


@pytest.mark.parametrize(
    ("filtration", "reasoning"),
    [
        (Filtration.FAST, Reasoning.ALWAYS),
        (Filtration.BOTH, Reasoning.NEVER),
        (Filtration.JOINT, Reasoning.AUTO),
    ],
)
def test_labels_are_the_same_however_many_reports_are_in_flight(
    repetitive: ReportSource, tmp_path: Path, filtration: Filtration, reasoning: Reasoning
) -> None:
    method = MethodOptions(filtration=filtration, reasoning=reasoning)
    tables, usage = [], []
    for in_flight in (1, 2, 5, 50):
        folder = tmp_path / f"{in_flight}"
        outcome = run(
            repetitive, folder, by_hash, method, reports_in_flight=in_flight, keep_reasoning=True
        )
        assert outcome.complete
        assert outcome.exported.failed_cells > 0
        tables.append(tables_of(folder))
        usage.append({step: use.questions for step, use in outcome.tally.usage.items()})
    assert tables == [tables[0]] * 4
    assert usage == [usage[0]] * 4
    codes = {cell for row in rows_of(tmp_path / "1" / "labels.csv")[1:] for cell in row[3:]}
    assert len(codes) > 3, "the reports are not all labeled the same"


@pytest.mark.parametrize("in_flight", [1, 2])
@pytest.mark.parametrize("filtration", Filtration)
def test_a_report_that_repeats_another_asks_nothing(
    tmp_path: Path, filtration: Filtration, in_flight: int
) -> None:
    text = "The liver is enlarged. The spleen is normal."
    method = MethodOptions(filtration=filtration)
    single, double = Recorder(), Recorder()
    one = run(reports(tmp_path / "one", a=text), tmp_path / "1", single, method)
    two = run(
        reports(tmp_path / "two", a=text, b=text),
        tmp_path / "2",
        double,
        method,
        reports_in_flight=in_flight,
    )
    assert sorted(double.asked) == sorted(single.asked)
    labels = rows_of(tmp_path / "2" / "labels.csv")[1:]
    assert [row[1:] for row in labels if row[0] == "a"] == [
        row[1:] for row in labels if row[0] == "b"
    ]
    for step, use in one.tally.usage.items():
        both = two.tally.usage[step]
        assert (both.questions, both.calls) == (2 * use.questions, use.calls)
        assert both.known == use.known + use.questions


def test_another_run_does_not_know_the_answers(tmp_path: Path) -> None:
    source = reports(tmp_path / "in", a="The liver is normal.")
    first, second = Recorder(), Recorder()
    run(source, tmp_path / "1", first)
    run(source, tmp_path / "2", second)
    assert first.asked == second.asked != []


class CountedSource:
    """Reports without end to their number, and how many were taken."""

    def __init__(self) -> None:
        self.taken = 0

    def __iter__(self) -> Iterator[Report]:
        for number in range(100):
            self.taken = number + 1
            yield Report(f"r{number}", f"Report {number}.", number)

    def count(self) -> int:
        return 100


@pytest.mark.parametrize(
    ("batch_size", "wanted", "in_flight"),
    [(1, None, 2), (4, None, 5), (16, None, 17), (256, None, 100), (4, 1, 1), (4, 3, 3)],
)
def test_by_default_as_many_reports_are_in_flight_as_fill_the_engine(
    tmp_path: Path, batch_size: int, wanted: int | None, in_flight: int
) -> None:
    source, most = CountedSource(), 0

    async def script(messages: Sequence[Message], constraint: Constraint | None) -> str:
        nonlocal most
        if not most:
            await asyncio.sleep(0.01)  # all that may begin has begun
            most = source.taken
        return "none"

    output = OutputOptions(tmp_path / "run", reports_in_flight=wanted)
    assert label_reports(source, ScriptedEngine(script, batch_size), TWO, output).complete
    assert most == min(in_flight + 1, 100), "and one is at the door"


def test_texts_are_kept_whenever_they_are_wanted(tmp_path: Path) -> None:
    text = 'The "liver",\r\nis\nnörmal; ‚ja‘ \u2028 …\t'
    source = reports(tmp_path / "in", a="The spleen.", b="")
    (tmp_path / "in" / "a.txt").write_bytes(text.encode())
    run(source, tmp_path / "run", quoting)
    recorder = Recorder(quoting)
    for _ in range(2):
        run(source, tmp_path / "run", recorder, include_report=True)
    assert recorder.asked == []
    labels = rows_of(tmp_path / "run" / "labels.csv")
    assert labels[0][:4] == ["subjectid_studyid", "organ", "report", "type_annotation"]
    assert [(row[0], row[2]) for row in labels[1:]] == [("a", text)] * 4 + [("b", "")] * 4
    assert sum(line.record["kind"] == "report" for line in read_lines(tmp_path / "run")) == 1


@pytest.mark.parametrize("keep", [True, False])
def test_reasoning_is_recorded_only_where_wanted(tmp_path: Path, keep: bool) -> None:
    source = reports(tmp_path / "in", a="The liver is normal.")
    method = MethodOptions(organs=("liver",), filtration=Filtration.FAST)
    run(source, tmp_path / "run", plain_reader, method, keep_reasoning=keep)
    [journal] = (tmp_path / "run" / "journal").iterdir()
    assert ("Thinking." in journal.read_text(encoding="utf-8")) is keep
