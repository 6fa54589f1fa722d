"""A run that is started again in the folder of another."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from labeled_runs import Recorder, quoting, reports, rows_of, run, tables_of
from leavs import CertaintyQuestions, Filtration, MethodOptions, Preset, Reasoning
from leavs.errors import EngineError, LeavsError, QuestionError
from leavs.method.pack import Pack
from places import ROOT
from readers import TWO

OTHER_RUNS: list[tuple[dict[str, Any], str]] = [
    ({"organs": ("spleen",)}, "organs ['spleen', 'liver'] there, ['spleen'] now"),
    ({"filtration": Filtration.BOTH}, "filtration 'fast' there, 'both' now"),
    (
        {"certainty": CertaintyQuestions.MENTIONED},
        "certainty 'all' there, 'mentioned' now",
    ),
    ({"preset": Preset.LEAN}, "certainty 'all' there, 'mentioned' now"),
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
