"""The doctor asks a few items of the exam, on the engine on which it measures."""

import asyncio
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from leavs.doctor.examination import Wishes, examine_run
from leavs.doctor.findings import Verdict, problem
from leavs.doctor.rates import Measured
from leavs.doctor.tryout import exam_finding, try_engine
from leavs.domain import Preset, Report
from leavs.engines.engine import Constraint, Message
from leavs.engines.models.choice import choose_model
from leavs.engines.options import EngineOptions
from leavs.engines.scripted import ScriptedEngine
from leavs.errors import EngineError
from leavs.exam.examination import examine
from leavs.exam.options import ExamOptions
from leavs.exam.scores import Score
from leavs.method.ontology import Organ
from leavs.method.options import MethodOptions
from leavs.method.pack import Pack, find_pack
from leavs.reports.options import InputOptions
from leavs.run.options import OutputOptions

DRY = EngineOptions(dry_run=True)


@pytest.mark.parametrize(
    ("score", "verdict", "says"),
    [
        (Score(17, 20, majority=8), Verdict.OK, "17 of 20 right (majority answer 8)"),
        (Score(12, 20, majority=8), Verdict.WARNING, "so few items do not tell it"),
        (Score(13, 20, majority=8), Verdict.OK, "13 of 20"),
        (Score(8, 20, 3, 8), Verdict.WARNING, "3 without an answer that can be read"),
        (Score(2, 2, majority=2), Verdict.OK, "2 of 2 right"),
        (Score(1, 2, majority=1), Verdict.WARNING, "1 of 2 right"),
    ],
)
def test_a_score_is_judged_beside_who_does_not_read(
    score: Score, verdict: Verdict, says: str
) -> None:
    found = exam_finding(score)
    assert (found.check, found.verdict) == ("exam", verdict)
    assert says in found.says
    assert bool(found.advice) is (verdict is Verdict.WARNING)


def wishes(folder: Path, **more: object) -> Wishes:
    output = OutputOptions(folder / "results")
    return Wishes(DRY, MethodOptions(), output, **more)  # type: ignore[arg-type]


def test_an_exam_needs_no_reports(tmp_path: Path) -> None:
    done = examine_run(wishes(tmp_path, exam=20))
    assert done.findings[-1].check == "exam"
    assert done.numbers["exam"]["asked"] == 20
    assert done.findings[-1].says.startswith(f"{done.numbers['exam']['right']} of 20 right")


def test_sample_and_exam_are_asked_together(tmp_path: Path) -> None:
    (tmp_path / "r.txt").write_text("The spleen is normal.")
    reports = InputOptions(single_file=(tmp_path / "r.txt",))
    done = examine_run(wishes(tmp_path, reports=reports, measure=True, exam=4))
    checks = [one.check for one in done.findings]
    assert checks[-4:] == ["measured", "hours", "disk", "exam"]
    assert done.numbers["measured"]["reports"] == 1
    assert done.numbers["exam"]["asked"] == 4


def test_an_engine_that_is_gone_is_a_problem_of_all_that_was_wished(pack: Pack) -> None:
    def gone(messages: Sequence[Message], constraint: Constraint | None) -> str:
        raise EngineError("it is gone (more in /tmp/x/logs/engine.log); start it again")

    engine, spleen = ScriptedEngine(gone), pack.ontology.organs[:1]
    sample = [Report("r", "The spleen is normal.")]
    tried = try_engine(engine, choose_model(engine), MethodOptions(), pack, spleen, sample, 4)
    for check, found in (("measured", tried.measured), ("exam", tried.exam)):
        assert found == problem(check, "nothing: it is gone; start it again")
    assert tried.score == {}


def test_of_another_pack_what_it_lacks_is_left_out_and_told(pack: Pack, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(find_pack("leavs"), tmp_path / "other"))
    path = folder / "ontology.toml"
    path.write_text(path.read_text().replace('name = "focal"', 'name = "lesion"'))
    done = examine_run(replace(wishes(tmp_path, exam=4), method=MethodOptions(pack=str(folder))))
    assert done.numbers["exam"]["asked"] == 4
    assert "items left out, about organs or finding types that the pack lacks" in (
        done.findings[-1].says
    )


def test_an_exam_that_cannot_be_taken_is_a_warning_and_the_sample_is_measured(pack: Pack) -> None:
    engine, heart = ScriptedEngine(lambda messages, constraint: "none"), [Organ("heart", "it")]
    sample = [Report("r", "The spleen is normal.")]
    tried = try_engine(engine, choose_model(engine), MethodOptions(), pack, heart, sample, 4)
    assert isinstance(tried.measured, Measured)
    assert tried.exam is not None
    assert tried.exam.verdict is Verdict.WARNING
    assert tried.exam.says.startswith("nothing: no item of the exam is about heart")


def test_doctor_and_exam_ask_the_same(pack: Pack, tmp_path: Path) -> None:
    lean, asked = MethodOptions(preset=Preset.LEAN), []

    def note(messages: Sequence[Message], constraint: Constraint | None) -> str:
        asked[-1].add(messages[1].content)
        return "A"

    engine = ScriptedEngine(note)
    asked.append(set())
    try_engine(engine, choose_model(engine), lean, pack, pack.ontology.organs, (), 12)
    asked.append(set())
    asyncio.run(examine(engine, lean, ExamOptions(items=12, reports=0), tmp_path))
    assert asked[0] == asked[1]


def test_without_a_wish_nothing_is_asked(tmp_path: Path) -> None:
    done = examine_run(wishes(tmp_path))
    assert "exam" not in [one.check for one in done.findings]
    assert "exam" not in done.numbers


def test_nothing_is_asked_where_a_run_would_fail(tmp_path: Path) -> None:
    (tmp_path / "results").touch()
    done = examine_run(wishes(tmp_path, exam=4))
    assert not done.healthy
    assert done.findings[-1].says == "nothing: there are problems, see above"
