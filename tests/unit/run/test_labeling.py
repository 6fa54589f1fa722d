"""A run from a source of reports to the tables, and again in the same folder."""

import asyncio
import csv
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from annotated_reader import ANNOTATIONS, REPORTS, AnnotatedReader
from leavs import (
    EngineOptions,
    Filtration,
    MethodOptions,
    Outcome,
    OutputOptions,
    Reasoning,
    ScriptedEngine,
    from_files,
    from_folder,
    label_reports,
)
from leavs.domain import Report
from leavs.engines.engine import Constraint, Message
from leavs.engines.models.choice import ChosenModel
from leavs.engines.scripted import Script
from leavs.errors import ContextError, EngineError, LeavsError, QuestionError
from leavs.journal.journal import read_lines
from leavs.method.options import CONFIDENCE
from leavs.method.pack import Pack
from leavs.reports import ReportSource
from leavs.run.plan import check_numbers, choose_organs, identity_of
from leavs.tables.export import TABLES
from places import ROOT
from readers import SENTENCES, TWO, by_hash, plain_reader


def reports(folder: Path, **texts: str) -> ReportSource:
    """Reports with the given ids and texts; those that are there stay."""
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    return from_folder(folder)


def run(
    source: ReportSource,
    folder: Path,
    script: Script = plain_reader,
    method: MethodOptions = TWO,
    **output: Any,
) -> Outcome:
    return label_reports(source, ScriptedEngine(script), method, OutputOptions(folder, **output))


def rows_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def tables_of(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in TABLES}


class Recorder:
    """Answers as another script and keeps the questions; raises what `fails` says of one."""

    def __init__(
        self,
        script: Script = plain_reader,
        fails: Callable[[str], Exception | None] = lambda question: None,
    ) -> None:
        self.script, self.fails = script, fails
        self.asked: list[str] = []

    def __call__(self, messages: Sequence[Message], constraint: Constraint | None) -> Any:
        self.asked.append(messages[1].content)
        if error := self.fails(messages[1].content):
            raise error
        return self.script(messages, constraint)


def quoting(messages: Sequence[Message], constraint: Constraint | None) -> str:
    """Finds the report's only line informative, and everything denied."""
    question = messages[1].content
    if "<report>" in question:
        return f'"{question.split("<report>")[1].split("</report>")[0].strip()}": informative'
    return "none" if "Which types" in question else "A"


# One report a run: the reader's answers are those of its report, and within a run the answer to a
# question about one report is also that to the same question about another.
WAYS = [
    (filtration, reasoning)
    for filtration in (Filtration.BOTH, Filtration.JOINT, Filtration.FAST)
    for reasoning in Reasoning
]
ALL = sorted(REPORTS.iterdir())


@pytest.mark.parametrize(
    ("way", "paths"),
    [
        (WAYS[0], ALL),
        *((way, ALL[-4:]) for way in WAYS[1:]),
        *(pytest.param(way, ALL, marks=pytest.mark.soak) for way in WAYS[1:]),
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


OTHER_RUNS: list[tuple[dict[str, Any], str]] = [
    ({"organs": ("spleen",)}, "organs ['spleen', 'liver'] there, ['spleen'] now"),
    ({"filtration": Filtration.BOTH}, "filtration 'fast' there, 'both' now"),
    ({"reasoning": Reasoning.ALWAYS}, "reasoning 'never' there, 'always' now"),
    ({"max_reasoning_tokens": 9}, "max_reasoning_tokens 1600 there, 9 now"),
    (
        {"reasoning": Reasoning.AUTO},
        "confidence None there, 0.95 now; reasoning 'never' there, 'auto' now",
    ),
    ({"temperature": 0.5}, "temperature 0.0 there, 0.5 now"),
    ({"seed": 1}, "seed 0 there, 1 now"),
    ({"pack": "other"}, "pack 'leavs' there, 'other' now; pack_sha256 "),
]


@pytest.mark.parametrize(("changed", "named"), OTHER_RUNS)
def test_a_folder_takes_no_other_run(
    tmp_path: Path, changed: dict[str, Any], named: str, pack: Pack
) -> None:
    source = reports(tmp_path / "in", a="The liver is normal.")
    run(source, tmp_path / "run")
    before = tables_of(tmp_path / "run")
    if "pack" in changed:
        changed = {"pack": str(copied_pack(tmp_path / "other"))}
    base = {"organs": TWO.organs, "filtration": TWO.filtration, "reasoning": TWO.reasoning}
    with pytest.raises(LeavsError) as refused:
        run(source, tmp_path / "run", method=MethodOptions(**(base | changed)))
    assert named in str(refused.value)
    assert str(refused.value).count(" there, ") == named.count(" there, ") + ("pack" in changed)
    assert tables_of(tmp_path / "run") == before


def copied_pack(target: Path) -> Path:
    """The shipped pack with one word more."""
    target.mkdir()
    for path in (ROOT / "prompts" / "leavs").iterdir():
        more = "\n# other\n" if path.suffix == ".toml" else ""
        (target / path.name).write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")
    return target


def test_a_changed_text_is_reported_and_not_mixed(tmp_path: Path) -> None:
    run(reports(tmp_path / "in", a="The liver is normal.", b="Same."), tmp_path / "run")
    before = rows_of(tmp_path / "run" / "labels.csv")
    recorder = Recorder(quoting)
    source = reports(tmp_path / "in", a="The liver CANARY is normal.")
    outcome = run(source, tmp_path / "run", recorder)
    assert (outcome.complete, recorder.asked) == (True, [])
    assert outcome.exported.input_problems == 1
    assert rows_of(tmp_path / "run" / "labels.csv") == before
    [problem] = rows_of(tmp_path / "run" / "failures.csv")[1:]
    assert problem[:4] == ["", "", "", "input"]
    assert "a: its text is not the one labeled before" in problem[4]
    assert problem[5] == str(tmp_path / "in" / "a.txt")
    written = [path.read_text(encoding="utf-8") for path in tmp_path.glob("run/**/*.*")]
    assert not any("CANARY" in text for text in written)


def test_failures_are_asked_again_only_where_wanted(tmp_path: Path) -> None:
    source = reports(tmp_path / "in", a="The liver is normal.", b="The spleen is normal.")
    run(source, tmp_path / "whole", quoting)

    def fails(question: str) -> Exception | None:
        broken = "organ is the liver" in question and "a focal abnormality" in question
        return QuestionError("not today") if broken else None

    first = run(source, tmp_path / "run", Recorder(quoting, fails))
    failures = rows_of(tmp_path / "run" / "failures.csv")[1:]
    expected = [[id_, "liver", "focal", "certainty", "not today", ""] for id_ in ("a", "b")]
    assert (first.exported.failed_cells, failures) == (2, expected)
    plain, retrying = Recorder(quoting), Recorder(quoting)
    assert run(source, tmp_path / "run", plain).exported.failed_cells == 2
    assert plain.asked == []
    assert run(source, tmp_path / "run", retrying, retry_failures=True).exported.failed_cells == 0
    assert retrying.asked != []
    assert not any("organ is the spleen" in question for question in retrying.asked)
    assert tables_of(tmp_path / "run") == tables_of(tmp_path / "whole")


def test_a_retry_that_fails_worse_keeps_the_better_record(tmp_path: Path) -> None:
    source = reports(tmp_path / "in", a="The liver is normal.")

    def fails(words: str) -> Callable[[str], Exception | None]:
        return lambda question: QuestionError("no") if words in question else None

    run(source, tmp_path / "run", Recorder(quoting, fails("a focal abnormality")))
    before = tables_of(tmp_path / "run")
    again = run(source, tmp_path / "run", Recorder(quoting, fails("")), retry_failures=True)
    assert again.exported.duplicates == 2
    assert tables_of(tmp_path / "run") == before


def test_a_report_that_can_be_read_at_last_is_labeled_once(tmp_path: Path) -> None:
    source = reports(tmp_path / "in", a="The liver is normal.", b=" \n")
    assert run(source, tmp_path / "run", quoting).exported.failed_cells == 22
    source = reports(tmp_path / "in", b="The spleen is normal.")
    second, third = Recorder(quoting), Recorder(quoting)
    assert run(source, tmp_path / "run", second).exported.failed_cells == 0
    assert len([one for one in second.asked if "<report>" in one]) == 2
    assert run(source, tmp_path / "run", third).tally.reports_before == 2
    assert third.asked == []
    run(source, tmp_path / "whole", quoting)
    assert tables_of(tmp_path / "run") == tables_of(tmp_path / "whole")


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


def test_an_engine_that_dies_ends_the_run_and_another_goes_on(tmp_path: Path) -> None:
    texts = {f"r{number}": f"Report {number} on the liver." for number in range(6)}
    source = reports(tmp_path / "in", **texts)
    run(source, tmp_path / "whole", quoting)
    dying = Recorder(quoting, lambda one: EngineError("gone") if "Report 4" in one else None)
    with pytest.raises(EngineError, match="gone"):
        run(source, tmp_path / "run", dying, reports_in_flight=1)
    assert len(rows_of(tmp_path / "run" / "labels.csv")) == 1 + 4 * 2 * 2
    rest = Recorder(quoting)
    outcome = run(source, tmp_path / "run", rest)
    assert (outcome.tally.reports_before, outcome.tally.reports_done) == (4, 2)
    assert not any(f"Report {number}" in one for one in rest.asked for number in range(4))
    assert tables_of(tmp_path / "run") == tables_of(tmp_path / "whole")


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


def test_organs_come_in_the_order_of_the_pack(pack: Pack) -> None:
    everything = [organ.name for organ in pack.ontology.organs]
    assert [organ.name for organ in choose_organs(pack, ())] == everything
    assert [organ.name for organ in choose_organs(pack, ("liver", "spleen"))] == everything[:2]
    with pytest.raises(LeavsError, match="no organ 'heart' in the pack; it has: spleen, liver, "):
        choose_organs(pack, ("liver", "heart"))


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (MethodOptions(max_reasoning_tokens=0), "--max-reasoning-tokens 0 is too small; the least"),
        (MethodOptions(confidence=-0.01), "--confidence -0.01 is too small; the least is 0"),
        (MethodOptions(confidence=1.01), "--confidence 1.01 is more than 1"),
        (MethodOptions(confidence=float("nan")), "--confidence nan is too small"),
        (MethodOptions(temperature=-0.1), "--temperature -0.1 is too small; the least is 0"),
        (MethodOptions(temperature=float("nan")), "--temperature nan is too small"),
        (OutputOptions(reports_in_flight=0), "--reports-in-flight 0 is too small; the least is 1"),
        (OutputOptions(drain_seconds=-1), "--drain-seconds -1 is too small; the least is 0"),
        (EngineOptions(tensor_parallel_size=-1), "--tensor-parallel-size -1 is too small"),
        (EngineOptions(max_model_len=0), "--max-model-len 0 is too small; the least is 1"),
        (EngineOptions(gpu_memory_utilization=0), "--gpu-memory-utilization 0 is too small"),
        (EngineOptions(request_timeout=0), "--request-timeout 0 is too small; the least is 0.1"),
        (EngineOptions(request_tries=0), "--request-tries 0 is too small; the least is 1"),
        (OutputOptions(max_failures="few"), "--max-failures 'few' is neither a number of cells"),
    ],
)
def test_numbers_that_make_no_sense_are_refused(
    options: MethodOptions | OutputOptions | EngineOptions, complaint: str
) -> None:
    defaults: list[Any] = [EngineOptions(), MethodOptions(), OutputOptions()]
    check_numbers(*defaults)
    given = [options if type(options) is type(one) else one for one in defaults]
    with pytest.raises(LeavsError) as refused:
        check_numbers(*given)
    assert str(refused.value).startswith(complaint)


@pytest.mark.parametrize("number", [0, 0.0, 0.5, 1, 1.0])
def test_every_probability_is_a_confidence(number: float) -> None:
    check_numbers(EngineOptions(), MethodOptions(confidence=number), OutputOptions())


@pytest.mark.parametrize(
    ("method", "confidence"),
    [
        (MethodOptions(), None),
        (MethodOptions(confidence=0.5), None),
        (MethodOptions(reasoning=Reasoning.NEVER, confidence=0.5), None),
        (MethodOptions(reasoning=Reasoning.AUTO), CONFIDENCE),
        (MethodOptions(reasoning=Reasoning.AUTO, confidence=0.5), 0.5),
    ],
)
def test_labels_depend_on_the_confidence_where_it_is_asked_for(
    pack: Pack, method: MethodOptions, confidence: float | None
) -> None:
    identity = identity_of(pack, pack.ontology.organs, method, ChosenModel("m", {}))
    assert identity["confidence"] == confidence
