"""The items that come with leavs: enough of each, unlike each other, and in nobody else's words."""

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from leavs.domain import Step
from leavs.exam.items import STEPS, TRAPS, Item, load_fitting, load_items, shipped_data
from leavs.exam.scores import commonest_answers
from leavs.exam.sitting import sample_of
from leavs.method.pack import Pack
from places import ROOT

ALIKE, BORROWED = 6, 8  # words in a row: between items, and with reports of others
READS_NOTHING = 0.6  # the most of a trap that one gets right who always says the commonest


@pytest.fixture(scope="module")
def items(pack: Pack) -> tuple[Item, ...]:
    return load_items(shipped_data() / "exam", pack)


def runs_of(text: str, length: int) -> Iterator[tuple[str, ...]]:
    words = re.findall(r"[a-z0-9]+", text.lower())
    yield from (tuple(words[at : at + length]) for at in range(len(words) - length + 1))


def test_there_are_enough_of_every_step_and_trap(items: tuple[Item, ...]) -> None:
    assert len(items) >= 220
    steps, traps = Counter(item.step for item in items), Counter(item.trap for item in items)
    assert min(steps[step] for step in STEPS) >= 40
    assert min(traps[trap] for trap in TRAPS) >= 5


def test_the_pack_that_comes_with_them_is_asked_all(items: tuple[Item, ...], pack: Pack) -> None:
    assert load_fitting(shipped_data() / "exam", pack) == (items, 0)


def test_organs_and_answers_are_balanced(items: tuple[Item, ...], pack: Pack) -> None:
    organs = Counter(item.organ for item in items)
    assert min(organs[organ] for organ in pack.ontology.organs) >= 12
    answers: dict[Step, Counter[str]] = defaultdict(Counter)
    for item in items:
        answers[item.step].update(item.answer or {"none"})
    for step in (Step.CERTAINTY, Step.URGENCY):
        [names] = {one.offered for one in items if one.step is step and one.mentioned}
        assert min(answers[step][name] for name in names) >= 5
    types = [one.name for one in pack.ontology.finding_types]
    assert min(answers[Step.FINDING_TYPES][name] for name in types) >= 2
    assert min(answers[step]["none"] for step in (Step.FILTRATION, Step.FINDING_TYPES)) >= 1


def test_no_trap_is_passed_without_reading(items: tuple[Item, ...]) -> None:
    commonest = commonest_answers(items)
    passed = {
        trap: [one.accepts(commonest[one.step]) for one in items if one.trap == trap]
        for trap in TRAPS
    }
    shares = {trap: sum(one) / len(one) for trap, one in passed.items()}
    assert {trap: share for trap, share in shares.items() if share > READS_NOTHING} == {}


def test_each_is_named_after_its_step(items: tuple[Item, ...]) -> None:
    assert [item.id for item in items if not re.fullmatch(rf"{item.step}-\d{{3}}", item.id)] == []


def test_no_two_share_six_words_in_a_row(items: tuple[Item, ...]) -> None:
    first: dict[tuple[str, ...], str] = {}
    shared = [
        f"{item.id} and {first[run]}: {' '.join(run)}"
        for item in items
        for run in runs_of(item.text, ALIKE)
        if first.setdefault(run, item.id) != item.id
    ]
    assert shared == []


def test_none_repeats_a_shipped_report(items: tuple[Item, ...]) -> None:
    paths = (shipped_data() / "reports").glob("*.txt")
    theirs = {run for path in paths for run in runs_of(path.read_text("utf-8"), BORROWED)}
    assert [one.id for one in items if theirs.intersection(runs_of(one.text, BORROWED))] == []


def test_none_repeats_a_real_report(items: tuple[Item, ...], amos: Path) -> None:
    ours = {run: item.id for item in items for run in runs_of(item.text, BORROWED)}
    csv.field_size_limit(10_000_000)
    with (amos / "reports.csv").open(encoding="utf-8", newline="") as file:
        cells = (cell for row in csv.reader(file) for cell in row)
        borrowed = {ours[run] for cell in cells for run in runs_of(cell, BORROWED) if run in ours}
    assert borrowed == set()


def test_a_sample_is_balanced_the_same_each_time_and_part_of_a_larger_one(
    items: tuple[Item, ...],
) -> None:
    eight, sixteen = sample_of(items, 8), sample_of(items, 16)
    assert sample_of(items, 8) == eight
    assert set(eight) < set(sixteen)
    assert set(Counter(item.step for item in sixteen).values()) == {4}
    assert max(Counter(item.trap for item in sixteen).values()) <= 3
    assert sample_of(items, None) == sample_of(items, 10_000) == list(items)


@pytest.mark.parametrize("page", ["README.md", "docs/quality.md", "data/README.md"])
def test_the_pages_say_how_many_there_are(items: tuple[Item, ...], page: str) -> None:
    assert f"{len(items)} " in (ROOT / page).read_text(encoding="utf-8")
