"""The cells to read for a precision: which they are, in which order, and where they are marked."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from leavs.domain import Certainty, Failure, Label, OrganResult, Step, hash_of
from leavs.errors import UsageError
from leavs.journal import manifest
from leavs.journal.journal import Journal, OrganRecord
from leavs.review.budget import Budget, budget_of
from leavs.review.shown import Filter, Shown
from leavs.tables.calibration import Group
from leavs.tables.calibration_file import write_calibration
from leavs.tables.export import export
from small_calibration import CALIBRATION, IDENTITY, rest

# The curve of focal is 0.02 up to 0.4, 0.82 from 0.9 on, and straight between.
PROBABILITIES = {"a": 0.9, "b": 0.5, "c": 0.65, "d": 0.1, "e": None}
CONFIDENCES = {"a": 0.82, "b": 0.18, "c": 0.42, "d": 0.98}  # all are findings but d
RESTS = {
    Group.FINDINGS: (rest(0.8, 900, 0.96, 0.5), rest(0.3, 1000, 0.92, 0.4)),
    Group.NO_FINDINGS: (rest(0.95, 900, 0.96, 0.5),),
}


def label(probability: float | None) -> Label:
    if probability is None:
        return Label(Certainty.NOT_MENTIONED)
    certainty = Certainty.PRESENT if probability >= 0.5 else Certainty.ABSENT
    return Label(certainty, 0.5, choices={"affirmed": probability, "denied": 1 - probability})


FAILED = Label(None, failure=Failure(Step.CERTAINTY, "why"))


def add(folder: Path, report: str, place: int, focal: Label) -> None:
    """Add a report to a run."""
    journal = Journal(folder, {})
    result = OrganResult(report, "liver", {"absent": label(0.1), "focal": focal})
    journal.add_result(OrganRecord(result, place, hash_of("")))
    journal.close()


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run of five reports, each with a focal and an absent liver."""
    folder = tmp_path / "run"
    identity = {**IDENTITY, "finding_types": ["absent", "focal"]}
    manifest.claim_folder(folder, identity, [], has_results=False)
    journal = Journal(folder, {})
    for place, (report, probability) in enumerate(PROBABILITIES.items()):
        labels = {"absent": label(0.1), "focal": label(probability)}
        journal.add_result(OrganRecord(OrganResult(report, "liver", labels), place, hash_of("")))
    journal.close()
    export(folder)
    return folder


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "calibration.json"
    identity = {**IDENTITY, "finding_types": ["absent", "focal"]}
    write_calibration(replace(CALIBRATION, identity=identity, rests=RESTS), path)
    return path


@pytest.mark.parametrize(
    ("precision", "reports", "unreached"),
    [
        (0.95, ["b", "c"], ()),
        (0.92, ["b"], ()),
        (0.97, ["b", "c", "a", "d"], (Group.FINDINGS, Group.NO_FINDINGS)),
    ],
)
def test_the_cells_below_the_threshold_are_to_be_read_the_most_doubtful_first(
    run: Path, file: Path, precision: float, reports: list[str], unreached: tuple[Group, ...]
) -> None:
    budget = budget_of(run, file, precision)
    assert list(budget.to_read) == reports == sorted(reports, key=CONFIDENCES.__getitem__)
    assert set(budget.to_read.values()) == {(("liver", "focal"),)}
    assert (budget.cells, budget.without) == (4, 6)
    assert budget.unreached == unreached


def test_a_failed_cell_is_counted(run: Path, file: Path) -> None:
    add(run, "f", 5, FAILED)
    export(run)
    budget = budget_of(run, file, 0.95)
    assert (budget.cells, budget.without, budget.failed, budget.not_shown) == (4, 7, 1, 0)


def test_only_what_the_tables_hold_is_counted(run: Path, file: Path) -> None:
    add(run, "f", 5, FAILED)
    export(run)
    add(run, "f", 5, label(0.5))  # of a second try, after the tables
    add(run, "g", 6, label(0.6))  # not in the tables
    budget = budget_of(run, file, 0.95)
    assert list(budget.to_read) == ["b", "c"]
    assert (budget.cells, budget.without, budget.failed, budget.not_shown) == (4, 7, 0, 3)
    with closing(Shown(run)) as shown:
        shown.mark(budget)
        assert shown.queue(Filter("budget")) == [1, 2]
    export(run)
    budget = budget_of(run, file, 0.95)
    assert list(budget.to_read) == ["b", "f", "g", "c"]
    assert (budget.cells, budget.not_shown) == (6, 0)


TWO = {"a": (("liver", "focal"), ("liver", "absent")), "b": (("spleen", "focal"),)}
BOTH = (Group.FINDINGS, Group.NO_FINDINGS)
SAID: dict[str, tuple[Budget, list[str]]] = {
    "all is well": (
        Budget(0.95, TWO, 4050, 0, ()),
        [
            "3 of 4,050 cells with a calibrated probability (0.1 %), in 2 reports, to read; "
            "the rest then reaches at least 0.95"
        ],
    ),
    "one group is not reached": (
        Budget(0.9, TWO, 12, 5, BOTH[:1]),
        [
            "3 of 12 cells with a calibrated probability (25.0 %), in 2 reports, to read; "
            "the rest then reaches at least 0.9",
            "of the findings all: no threshold is sure to reach 0.9",
            "5 labels have no calibrated probability; nothing is said of them",
        ],
    ),
    "none is": (
        Budget(0.99, TWO, 3, 0, BOTH),
        [
            "3 of 3 cells with a calibrated probability (100.0 %), in 2 reports, to read; "
            "no threshold is sure to reach 0.99"
        ],
    ),
    "nothing is calibrated": (
        Budget(0.95, {}, 0, 1200, BOTH),
        [
            "none of 1,200 labels has a calibrated probability: all would have to be read, "
            "and the queue budget holds none of them"
        ],
    ),
    "some failed, and some are not shown": (
        Budget(0.95, {}, 10, 0, (), failed=4, not_shown=3),
        [
            "0 of 10 cells with a calibrated probability (0.0 %), in 0 reports, to read; "
            "the rest then reaches at least 0.95",
            "4 cells failed and have no label: read them too (queue failed)",
            "3 cells of the journal are not in the tables, or otherwise, and do not count; "
            "make the tables again with: leavs export",
        ],
    ),
}


@pytest.mark.parametrize("case", SAID)
def test_what_is_said_of_a_budget(case: str) -> None:
    budget, lines = SAID[case]
    assert budget.lines() == lines


@pytest.mark.parametrize("precision", [0, 1, -0.5, 95, float("nan")])
def test_a_precision_is_between_0_and_1(run: Path, file: Path, precision: float) -> None:
    with pytest.raises(UsageError, match="it must be between 0 and 1"):
        budget_of(run, file, precision)


def test_the_page_has_the_queue_and_the_marks(run: Path, file: Path) -> None:
    with closing(Shown(run)) as shown:
        shown.mark(budget_of(run, file, 0.95, shown.grid))
        assert shown.session()["budget"] is True
        assert shown.queue(Filter("budget")) == [1, 2]
        marked = [
            (place, name)
            for place in range(5)
            for name, cell in shown.report(place)["organs"]["liver"]["cells"].items()
            if cell.get("to_read")
        ]
    assert marked == [(1, "focal"), (2, "focal")]


def test_without_a_calibration_or_blind_there_is_none_of_it(run: Path, file: Path) -> None:
    with closing(Shown(run)) as plain, pytest.raises(UsageError, match="with --calibration"):
        plain.queue(Filter("budget"))
    budget = budget_of(run, file, 0.95)
    with closing(Shown(run, blind=True)) as blind:
        blind.mark(budget)
        assert blind.session()["budget"] is False
        cells = blind.report(1)["organs"]["liver"]["cells"]
        assert not any("to_read" in cell for cell in cells.values())
        with pytest.raises(UsageError, match="a blind reader has the queues"):
            blind.queue(Filter("budget"))
