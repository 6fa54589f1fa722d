"""What an exam keeps when it ends early, and what other packs can be asked."""

import asyncio
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from shutil import copytree

import pytest

from exam_reader import random_reader
from leavs.domain import Preset
from leavs.engines.engine import Constraint, Message
from leavs.engines.scripted import ScriptedEngine
from leavs.errors import EngineError, UsageError
from leavs.exam.examination import Exam, Onlooker, examine
from leavs.exam.items import Item, load_items, shipped_data
from leavs.exam.options import ExamOptions
from leavs.exam.questions import is_asked
from leavs.exam.result import as_record
from leavs.exam.sheets import score_sheet
from leavs.exam.sitting import Count, choose_items, no_count
from leavs.method.options import MethodOptions
from leavs.method.pack import Pack, find_pack, load_pack
from leavs.system.stopping import terminated_as_interrupted

BOTH = tuple(Preset)
FEW = ExamOptions(presets=BOTH, items=8, reports=0)
ORGANS = ("spleen", "liver", "pancreas")


@pytest.fixture(scope="module")
def items(pack: Pack) -> tuple[Item, ...]:
    return load_items(shipped_data() / "exam", pack)


def kept_until(end: Exception | signal.Signals, folder: Path) -> list[Exam]:
    """What is kept of an exam that ends in its second preset."""
    kept: list[Exam] = []
    reader = random_reader(0)
    signals = [end]  # one is sent; a second would end the process of the tests

    async def script(messages: Sequence[Message], constraint: Constraint | None) -> object:
        if kept and isinstance(end, Exception):
            raise end
        if kept:
            if signals:
                os.kill(os.getpid(), signals.pop())  # type: ignore[arg-type]
            await asyncio.sleep(60)
        return await reader.reply(messages, max_tokens=9, constraint=constraint)

    engine = ScriptedEngine(script)  # type: ignore[arg-type]
    with (
        pytest.raises(type(end) if isinstance(end, Exception) else KeyboardInterrupt),
        terminated_as_interrupted(),
    ):
        asyncio.run(examine(engine, MethodOptions(), FEW, folder, Onlooker(keep=kept.append)))
    return kept


@pytest.mark.parametrize("end", [EngineError("it is gone"), signal.SIGINT, signal.SIGTERM])
def test_presets_that_are_finished_are_kept(
    end: Exception | signal.Signals, tmp_path: Path
) -> None:
    before = signal.getsignal(signal.SIGTERM)
    [exam] = kept_until(end, tmp_path)
    assert [sitting.name for sitting in exam.sittings] == ["paper"]
    assert exam.notes[-1] == "not finished: lean; the exam ended before"
    assert as_record(exam)["notes"] == exam.notes
    assert signal.getsignal(signal.SIGTERM) is before


def test_at_the_end_nothing_is_unfinished(tmp_path: Path) -> None:
    kept: list[Exam] = []
    onlooker = Onlooker(keep=kept.append)
    exam = asyncio.run(examine(random_reader(0), MethodOptions(), FEW, tmp_path, onlooker))
    assert [len(one.sittings) for one in kept] == [1, 2], "what was kept first stays what it was"
    assert kept[-1] == exam
    assert not [note for note in exam.notes if note.startswith("not finished")]


def test_items_are_counted_while_they_are_answered(tmp_path: Path) -> None:
    counts: list[Count] = []
    onlooker = Onlooker(count=lambda count: counts.append(count) or no_count(count))
    asyncio.run(examine(random_reader(0), MethodOptions(), FEW, tmp_path, onlooker))
    assert counts == [Count(8, 8), Count(8, 8)]


def test_a_sample_holds_only_what_is_asked(items: tuple[Item, ...]) -> None:
    ways = {preset: MethodOptions(preset=preset).ways for preset in BOTH}
    samples = {preset: choose_items(items, ORGANS, one, 20).items for preset, one in ways.items()}
    for preset, sample in samples.items():
        assert len(sample) == 20
        assert all(is_asked(item, ways[preset]) for item in sample)
    paper, lean = ({item.id for item in sample} for sample in samples.values())
    assert len(paper & lean) >= 15


def test_the_majority_is_that_of_all_items_that_the_ways_ask(
    items: tuple[Item, ...], tmp_path: Path
) -> None:
    method = MethodOptions(organs=("spleen",))
    exam = asyncio.run(examine(random_reader(0), method, FEW, tmp_path))
    for preset, sitting in zip(BOTH, exam.sittings, strict=True):
        ways, organs = MethodOptions(preset=preset).ways, [item.organ.name for item in items]
        assert sitting.commonest == choose_items(items, organs, ways, None).commonest
    paper, lean = (sitting["commonest"] for sitting in as_record(exam)["sittings"])
    assert paper != lean, "what is not mentioned is not asked"
    note = score_sheet(as_record(exam), "step").note
    for name, commonest in (("paper", paper), ("lean", lean)):
        said = ", ".join(f"{step}: {answer}" for step, answer in commonest.items())
        assert f"{name}: {said}" in note


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A pack with a renamed finding type and an organ less."""
    folder = copytree(find_pack("leavs"), tmp_path / "other")
    path = folder / "ontology.toml"
    text = path.read_text(encoding="utf-8").replace('name = "focal"', 'name = "lesion"')
    start = text.index('[[organs]]\nname = "spleen"')
    path.write_text(text[:start] + text[text.index("[[organs]]", start + 1) :], encoding="utf-8")
    return folder


def about_what_it_lacks(item: Item) -> bool:
    named = {item.finding_type.name} | item.answer | item.either
    return item.organ.name == "spleen" or "focal" in named


def test_another_pack_is_asked_what_it_has_and_the_rest_is_counted(
    other: Path, items: tuple[Item, ...], tmp_path: Path
) -> None:
    method, options = MethodOptions(pack=str(other)), ExamOptions(reports=1)
    exam = asyncio.run(examine(random_reader(0), method, options, tmp_path))
    [sitting] = exam.sittings
    lacking = [item for item in items if about_what_it_lacks(item)]
    assert exam.left_out == len(lacking) > 0
    assert [one.item.id for one in sitting.answered] == [
        item.id for item in items if item not in lacking
    ]
    assert exam.notes[0] == (
        f"items left out, about organs or finding types that the pack lacks: {len(lacking)}"
    )
    assert sitting.reports is not None
    assert sitting.reports.cells == 8 * 10, "organs and types that both have"


def test_a_pack_of_other_organs_cannot_be_examined(tmp_path: Path) -> None:
    folder = copytree(find_pack("leavs"), tmp_path / "other")
    path = folder / "ontology.toml"
    text = path.read_text(encoding="utf-8")
    start, end = text.index("[[organs]]"), text.index("[[finding_types]]")
    heart = '[[organs]]\nname = "heart"\ncovers = "the heart"\n\n'
    path.write_text(text[:start] + heart + text[end:], encoding="utf-8")
    assert [organ.name for organ in load_pack(folder).ontology.organs] == ["heart"]
    with pytest.raises(UsageError, match="no item of the exam is about heart in this pack"):
        asyncio.run(examine(random_reader(0), MethodOptions(pack=str(folder)), FEW, tmp_path))
