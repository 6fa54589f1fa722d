"""An exam of readers whose score is known, from the items to the written files."""

import asyncio
import csv
import json
import os
import signal
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from exam_reader import commonest_reader, gold_reader, random_reader
from leavs.domain import CertaintyQuestions, Filtration, Preset, Reasoning
from leavs.engines.engine import Constraint, Engine, Message
from leavs.engines.scripted import ScriptedEngine
from leavs.errors import QuestionError, UsageError
from leavs.exam import page
from leavs.exam.earlier import read_earlier
from leavs.exam.examination import OURS, Exam, Sitting, examine
from leavs.exam.items import Item, load_items, shipped_data
from leavs.exam.options import SHIPPED_REPORTS, ExamOptions
from leavs.exam.questions import is_asked
from leavs.exam.result import COLUMNS, as_record
from leavs.exam.scores import Score, commonest_answers, every_score, wilson
from leavs.exam.sheets import every_sheet, on_screen, side_by_side
from leavs.exam.sitting import choose_items, take_items
from leavs.method.options import MethodOptions
from leavs.method.pack import Pack

BOTH = tuple(Preset)
LEAN = MethodOptions(preset=Preset.LEAN)
ITEMS_ALONE = ExamOptions(presets=BOTH, reports=0)


@pytest.fixture(scope="module")
def items(pack: Pack) -> tuple[Item, ...]:
    return load_items(shipped_data() / "exam", pack)


def taken(engine: Engine, folder: Path, options: ExamOptions = ITEMS_ALONE) -> Exam:
    return asyncio.run(examine(engine, MethodOptions(), options, folder))


def scores_of(sitting: Sitting) -> dict[str, dict[str, Score]]:
    return every_score(sitting.answered, sitting.commonest)


@pytest.fixture(scope="module")
def by_gold(pack: Pack, items: tuple[Item, ...], tmp_path_factory: pytest.TempPathFactory) -> Exam:
    engine = ScriptedEngine(gold_reader(pack, items))
    return taken(engine, tmp_path_factory.mktemp("gold"), ExamOptions(presets=BOTH))


def test_who_knows_the_answers_gets_all_of_them_in_both_presets(by_gold: Exam) -> None:
    assert [sitting.name for sitting in by_gold.sittings] == ["paper", "lean"]
    for sitting in by_gold.sittings:
        for scores in scores_of(sitting).values():
            assert {name: score.share for name, score in scores.items() if score.share < 1} == {}


def test_and_of_the_reports_every_cell(by_gold: Exam) -> None:
    for sitting in by_gold.sittings:
        found = sitting.reports
        assert found is not None
        assert (found.reports, found.cells) == (SHIPPED_REPORTS, SHIPPED_REPORTS * 9 * 11)
        assert (found.right, found.failed) == (found.cells, 0)
        assert (found.f1, found.f1_scored) == (1.0, 1.0)
        assert found.tau_b == pytest.approx(1.0)
        assert found.majority < found.right


def test_who_is_sure_and_right_is_calibrated(by_gold: Exam) -> None:
    for sitting in by_gold.sittings:
        for one in sitting.calibration.values():
            assert (one.error, one.brier) == (0.0, 0.0)
        assert set(sitting.calibration) == {"certainty", "urgency"}


def test_what_lean_does_not_ask_does_not_count_and_is_told(
    by_gold: Exam, items: tuple[Item, ...]
) -> None:
    paper, lean = by_gold.sittings
    unmentioned = [item for item in items if not item.mentioned]
    assert (paper.not_asked, lean.not_asked) == (0, len(unmentioned))
    assert len(lean.answered) == len(items) - len(unmentioned)
    rightly = sum(item.accepts(frozenset({"not_mentioned"})) for item in unmentioned)
    assert by_gold.notes == [
        f"lean: {len(unmentioned)} items hold a question that these ways never ask, and do not "
        f"count; without asking they take it for not mentioned, rightly in {rightly}"
    ]


@pytest.mark.parametrize("method", [MethodOptions(), LEAN], ids=["paper", "lean"])
def test_who_answers_at_random_is_within_the_intervals_of_chance(
    method: MethodOptions, pack: Pack, items: tuple[Item, ...]
) -> None:
    outside = steps = 0
    for seed in range(5):
        asked = [item for item in items if is_asked(item, method.ways)]
        answered = asyncio.run(take_items(random_reader(seed), pack, method, asked))
        for score in every_score(answered, commonest_answers(asked))["step"].values():
            low, high = score.interval
            steps += 1
            outside += not low <= score.chance <= high
    assert (steps, outside <= 4) == (25, True), outside  # one in twenty is expected outside


def test_who_always_says_the_commonest_gets_what_is_told_of_the_majority(
    pack: Pack, items: tuple[Item, ...]
) -> None:
    engine = ScriptedEngine(commonest_reader(pack, items))
    answered = asyncio.run(take_items(engine, pack, MethodOptions(), items))
    found = every_score(answered, commonest_answers(items))
    for scores in found.values():
        assert all(score.right == score.majority for score in scores.values())
    assert found["step"]["all"].share < 0.6


def test_what_fails_is_counted_and_the_rest_goes_on(
    pack: Pack, items: tuple[Item, ...], tmp_path: Path
) -> None:
    reader = gold_reader(pack, items)
    failing = items[-1]

    def script(messages: Sequence[Message], constraint: Constraint | None) -> object:
        if reader.by_question.get(messages[1].content) == failing:
            raise QuestionError("it is too hard")
        return reader(messages, constraint)

    exam = taken(ScriptedEngine(script), tmp_path)  # type: ignore[arg-type]
    for sitting in exam.sittings:
        [wrong] = [one for one in sitting.answered if not one.right]
        assert (wrong.item, wrong.answer, wrong.problem) == (failing, None, "it is too hard")
        assert scores_of(sitting)["step"]["all"].unreadable == 1
    assert exam.has_failures
    assert (
        "paper: no answer that can be read, by item: 1; the most, 1: it is too hard" in exam.notes
    )


def test_cells_without_a_label_are_wrong(tmp_path: Path) -> None:
    def mute(messages: Sequence[Message], constraint: Constraint | None) -> str:
        raise QuestionError("no")

    exam = taken(ScriptedEngine(mute), tmp_path, ExamOptions(items=4, reports=3))
    [sitting] = exam.sittings
    found = sitting.reports
    assert found is not None
    assert (found.right, found.failed) == (0, found.cells) == (0, 3 * 99)
    assert (found.f1, found.tau_b) == (0.0, None)
    assert exam.notes == [
        "paper: no answer that can be read, by item: 4; the most, 4: no",
        "calibration: the engine gives no probabilities of choices",
    ]
    assert exam.has_failures
    assert page.write(exam, tmp_path)["sittings"][0]["urgency_tau_b"] is None


def test_a_signal_during_the_reports_ends_the_exam_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    asked = []

    async def slow(messages: Sequence[Message], constraint: Constraint | None) -> str:
        asked.append(messages)
        if len(asked) > 40:
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.sleep(60)
        return "Well."

    method = MethodOptions(reasoning=Reasoning.NEVER)
    with pytest.raises(KeyboardInterrupt):
        asyncio.run(
            examine(ScriptedEngine(slow), method, ExamOptions(items=1, reports=9), tmp_path)
        )
    assert not list(tmp_path.glob("leavs-exam-*"))


def test_only_the_organs_named_are_examined(pack: Pack, tmp_path: Path) -> None:
    method = MethodOptions(organs=("spleen",))
    exam = asyncio.run(examine(random_reader(0), method, ExamOptions(reports=1), tmp_path))
    [sitting] = exam.sittings
    assert {one.item.organ.name for one in sitting.answered} == {"spleen"}
    assert sitting.reports is not None
    assert sitting.reports.cells == 11
    with pytest.raises(UsageError, match="no item of the exam is about heart"):
        choose_items(load_items(shipped_data() / "exam", pack), ["heart"], method.ways, None)


@pytest.mark.parametrize(
    ("options", "method", "words"),
    [
        (ExamOptions(items=0), MethodOptions(), "--items 0 is too small"),
        (ExamOptions(reports=27), MethodOptions(), "--reports 27 is not from 0 to 26"),
        (ExamOptions(presets=(Preset.LEAN,) * 2), MethodOptions(), "ask in the same ways"),
        (
            ExamOptions(presets=BOTH),
            MethodOptions(
                filtration=Filtration.FAST,
                certainty=CertaintyQuestions.ALL,
                reasoning=Reasoning.NEVER,
            ),
            "leave out what they differ in",
        ),
    ],
)
def test_wrong_usage_is_refused_before_anything_is_asked(
    options: ExamOptions, method: MethodOptions, words: str, tmp_path: Path
) -> None:
    def never(messages: Sequence[Message], constraint: Constraint | None) -> str:
        raise AssertionError("it was asked")

    with pytest.raises(UsageError, match=words):
        asyncio.run(examine(ScriptedEngine(never), method, options, tmp_path))


def test_the_shipped_reports_are_as_many_as_the_options_say() -> None:
    assert len(list((shipped_data() / "reports").iterdir())) == SHIPPED_REPORTS


def test_what_is_written_holds_all_of_it(by_gold: Exam, tmp_path: Path) -> None:
    record = page.write(by_gold, tmp_path / "exam")
    assert sorted(path.name for path in (tmp_path / "exam").iterdir()) == sorted(page.FILES)
    assert {path.stat().st_mode & 0o77 for path in (tmp_path / "exam").iterdir()} == {0}
    [read] = read_earlier([tmp_path / "exam"])
    assert read == json.loads(json.dumps(record)) == json.loads(json.dumps(as_record(by_gold)))
    assert read["about"] == OURS
    assert read["sittings"][0]["identity"]["pack_sha256"]
    assert {"host", "versions", "started"} <= set(read["session"])
    with (tmp_path / "exam" / "exam.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == list(COLUMNS)
    assert len(rows) == sum(len(sitting.answered) for sitting in by_gold.sittings)
    assert {row["right"] for row in rows} == {"1"}


def test_a_wrong_answer_stands_on_the_page_with_its_text(
    pack: Pack, items: tuple[Item, ...], tmp_path: Path
) -> None:
    exam = taken(ScriptedEngine(commonest_reader(pack, items)), tmp_path)
    record = as_record(exam)
    text = page.as_page(exam, record)
    wrong = [one.item for sitting in exam.sittings for one in sitting.answered if not one.right]
    assert wrong
    assert text.count("<article>") == len(wrong)
    assert "http" not in text.replace("http-equiv", "")
    assert all(f"<h3>{item.id}, " in text for item in wrong)


def test_two_presets_stand_against_each_other(
    pack: Pack, items: tuple[Item, ...], by_gold: Exam
) -> None:
    record = as_record(by_gold)
    [sheet] = [one for one in on_screen(record) if one.title == "Presets against each other"]
    count = str(sum(item.mentioned for item in items))
    assert sheet.rows == [("paper and lean", count, count, "0", "0", "0")]


def test_earlier_exams_stand_beside_this_one(by_gold: Exam, tmp_path: Path) -> None:
    page.write(taken(random_reader(1), tmp_path), tmp_path)
    few = taken(random_reader(1), tmp_path, ExamOptions(items=8, reports=0))
    page.write(few, tmp_path / "few")
    earlier = read_earlier([tmp_path, tmp_path / "few" / "exam.json"])
    record = as_record(by_gold)
    sheet = side_by_side([record, *earlier])
    same = [row[-1] for row in sheet.rows]
    assert [row[1] for row in sheet.rows] == ["paper", "lean", "paper", "lean", "paper"]
    assert same == ["yes", "no", "yes", "no", "no"]
    assert every_sheet(record, earlier)[0].rows == sheet.rows


def test_a_fair_share_is_within_its_own_interval() -> None:
    low, high = wilson(5, 20)
    assert low < 0.25 < high


def test_a_preset_that_is_changed_is_named_as_such(tmp_path: Path) -> None:
    method, few = MethodOptions(reasoning=Reasoning.NEVER), ExamOptions(BOTH, items=4, reports=0)
    exam = asyncio.run(examine(random_reader(0), method, few, tmp_path))
    assert [sitting.name for sitting in exam.sittings] == ["paper (own)", "lean (own)"]
    assert {sitting.identity["preset"] for sitting in exam.sittings} == {None}


def test_presets_keep_what_is_given_by_itself() -> None:
    given = replace(MethodOptions(), reasoning=Reasoning.NEVER)
    methods = ExamOptions(presets=BOTH).methods(given)
    assert {one.ways.reasoning for one in methods} == {Reasoning.NEVER}
    assert [one.ways.filtration for one in methods] == [Filtration.BOTH, Filtration.NUMBERED]
