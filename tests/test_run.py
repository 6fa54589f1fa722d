"""A run from a source of reports to the tables, and again in the same folder."""

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from annotated_reader import ANNOTATIONS, REPORTS, AnnotatedReader
from conftest import plain_reader
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
from leavs.engines import Constraint, Message
from leavs.engines.scripted import Script
from leavs.errors import ContextError, EngineError, LeavsError, QuestionError
from leavs.journal import read_lines
from leavs.prompts import Pack
from leavs.reports import ReportSource
from leavs.run import check_numbers, choose_model, choose_organs, vllm_options
from leavs.tables import TABLES

TWO = MethodOptions(
    organs=("spleen", "liver"), filtration=Filtration.FAST, reasoning=Reasoning.NEVER
)


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


@pytest.mark.parametrize("reasoning", Reasoning)
@pytest.mark.parametrize("filtration", [Filtration.BOTH, Filtration.FAST])
def test_the_chain_loses_nothing_between_question_and_file(
    pack: Pack, tmp_path: Path, filtration: Filtration, reasoning: Reasoning
) -> None:
    reader = AnnotatedReader(pack)
    method = MethodOptions(filtration=filtration, reasoning=reasoning)
    outcome = run(from_folder(REPORTS), tmp_path, reader, method, reports_in_flight=1)
    assert outcome.complete
    assert rows_of(tmp_path / "labels.csv") == rows_of(ANNOTATIONS)
    assert rows_of(tmp_path / "failures.csv")[1:] == []
    assert bool(reader.asked["filtration_thorough"]) == (filtration is Filtration.BOTH)
    assert outcome.tally.dropped_quotes == 0


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
    assert str(refused.value).count(" there, ") == 1 + ("pack" in changed)
    assert tables_of(tmp_path / "run") == before


def copied_pack(target: Path) -> Path:
    """The shipped pack with one word more."""
    target.mkdir()
    for path in (Path(__file__).parents[1] / "prompts" / "leavs").iterdir():
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
    too_long = ContextError("the prompt is longer than the model's context")
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
        (MethodOptions(temperature=-0.1), "--temperature -0.1 is too small; the least is 0"),
        (MethodOptions(temperature=float("nan")), "--temperature nan is too small"),
        (OutputOptions(reports_in_flight=0), "--reports-in-flight 0 is too small; the least is 1"),
        (OutputOptions(drain_seconds=-1), "--drain-seconds -1 is too small; the least is 0"),
        (EngineOptions(tensor_parallel_size=-1), "--tensor-parallel-size -1 is too small"),
        (EngineOptions(max_model_len=0), "--max-model-len 0 is too small; the least is 1"),
        (EngineOptions(gpu_memory_utilization=0), "--gpu-memory-utilization 0 is too small"),
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


@pytest.mark.parametrize(
    ("options", "name", "identity"),
    [
        ({"dry_run": True, "model": "m"}, None, {"engine": "dry run"}),
        ({"base_url": "http://x/v1"}, None, {"engine": "server", "model": None}),
        ({"base_url": "http://x/v1", "model": "m"}, "m", {"engine": "server", "model": "m"}),
        ({"model": "org/m", "revision": "r"}, "org/m", {"engine": "vllm", "revision": "r"}),
        ({"model": "m", "engine_arg": ("a-b=1",)}, "m", {"engine_args": {"a_b": 1}}),
    ],
)
def test_the_model_is_the_one_named(
    options: dict[str, Any], name: str | None, identity: dict[str, Any]
) -> None:
    chosen = choose_model(EngineOptions(**options))
    assert chosen.name == name
    assert identity.items() <= dict(chosen.identity).items()
    assert bool(chosen.warnings) is bool(options.get("dry_run"))


def test_a_folder_is_the_same_model_from_wherever_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "model").mkdir()
    monkeypatch.chdir(tmp_path)
    names = [choose_model(EngineOptions(model=m)).name for m in ("model", f"{tmp_path}/model")]
    assert names == [str((tmp_path / "model").resolve())] * 2


def test_the_demo_model_that_is_not_there_is_told_where_to_find(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEAVS_CACHE", str(tmp_path))
    with pytest.raises(LeavsError, match="leavs download demo"):
        choose_model(EngineOptions(model="demo"))


def test_the_engine_writes_its_pages_into_the_runs_folder(tmp_path: Path) -> None:
    engine = EngineOptions(tensor_parallel_size=2, engine_arg=("enforce-eager=true", "x=y"))
    options = vllm_options(engine, "m", MethodOptions(temperature=0.5, seed=3), tmp_path)
    assert (options.model, options.temperature, options.seed) == ("m", 0.5, 3)
    assert options.tensor_parallel_size == 2
    assert options.engine_args == {"enforce_eager": True, "x": "y"}
    assert options.log is not None
    assert options.log.parent == tmp_path / "logs"
