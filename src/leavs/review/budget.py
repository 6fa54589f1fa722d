"""Chooses the cells to read so that the rest reaches a precision, from a run and its calibration.

Knows nothing of annotations: what may be promised stands in the calibration.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from leavs.domain import Label, OrganResult
from leavs.errors import UsageError
from leavs.journal import manifest
from leavs.journal.index import Index
from leavs.journal.serialization import result_from_json
from leavs.review.grid import read_for_review
from leavs.tables.calibration import Calibration, Group
from leavs.tables.calibration_file import read_calibration_for
from leavs.tables.grid import Grid
from leavs.tables.merging import MISSING

PRECISION = 0.95


@dataclass(frozen=True, slots=True)
class Budget:
    """The cells to read.

    Args:
        precision: the share right that the rest reaches at least, in each group by itself.
        to_read: by report, the organs and finding types to read; reports stand in the order of
            their most doubtful cell.
        cells: the cells that have a calibrated probability, in both groups.
        without: the cells that have a label but no calibrated probability.
        unreached: the groups of which all cells are to be read, for no threshold is sure to do.
        failed: the cells that have no label.
        not_shown: the cells of the journal that the tables lack, or of which they tell otherwise;
            they are none of the others.
    """

    precision: float
    to_read: Mapping[str, tuple[tuple[str, str], ...]]
    cells: int
    without: int
    unreached: tuple[Group, ...]
    failed: int = 0
    not_shown: int = 0

    @property
    def count(self) -> int:
        """The number of cells to read."""
        return sum(map(len, self.to_read.values()))

    def lines(self) -> list[str]:
        """Say what there is to read, and what is not part of it."""
        return [*(self._of_calibrated() if self.cells else self._of_none()), *self._of_others()]

    def _of_calibrated(self) -> Iterator[str]:
        least = f"the rest then reaches at least {self.precision:g}"
        if len(self.unreached) == len(Group):
            least = f"no threshold is sure to reach {self.precision:g}"
        share = f"({100 * self.count / self.cells:.1f} %)"
        yield (
            f"{self.count:,} of {self.cells:,} cells with a calibrated probability {share}, in "
            f"{len(self.to_read):,} reports, to read; {least}"
        )
        if self.unreached and len(self.unreached) < len(Group):
            group = self.unreached[0]
            yield f"of the {group} all: no threshold is sure to reach {self.precision:g}"
        if self.without:
            yield (
                f"{self.without:,} labels have no calibrated probability; nothing is said of them"
            )

    def _of_none(self) -> Iterator[str]:
        yield (
            f"none of {self.without:,} labels has a calibrated probability: all would have to be "
            "read, and the queue budget holds none of them"
        )

    def _of_others(self) -> Iterator[str]:
        if self.failed:
            yield f"{self.failed:,} cells failed and have no label: read them too (queue failed)"
        if self.not_shown:
            yield (
                f"{self.not_shown:,} cells of the journal are not in the tables, or otherwise, and "
                "do not count; make the tables again with: leavs export"
            )


def budget_of(
    run: Path, file: Path, precision: float = PRECISION, grid: Grid | None = None
) -> Budget:
    """Choose the cells of a run to read.

    Args:
        file: a calibration for runs of this kind.
        precision: the share right that is wanted of the rest, between 0 and 1.
        grid: the labels of the run's tables, which a page shows; read if not given.

    Raises:
        UsageError: the precision is out of range, or the calibration is for another kind of run.
        InputError: the calibration or the tables cannot be read.
        RunFolderError: the folder holds no run.
    """
    if not 0 < precision < 1:
        raise UsageError(f"--precision {precision:g}: it must be between 0 and 1")
    manifest.refuse_merged_probabilities(run)
    calibration = read_calibration_for(run, file)
    thresholds = {group: calibration.threshold(group, precision) for group in Group}
    unreached = tuple(group for group in Group if thresholds[group] is None)
    doubts = _Doubts(calibration, thresholds)
    shown = _Shown(read_for_review(run).grid if grid is None else grid)
    with Index(run) as index:
        for place in index.best():
            result = result_from_json(index.record(place))
            doubts.add(result, shown.labels(result))
    return Budget(
        precision,
        doubts.in_order(),
        doubts.cells,
        doubts.without,
        unreached,
        doubts.failed,
        doubts.not_shown,
    )


class _Shown:
    """Tells which labels of the journal are those of the tables."""

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        names = (grid.ids, grid.organs, grid.finding_types)
        self._places = [{name: place for place, name in enumerate(one)} for one in names]

    def labels(self, result: OrganResult) -> dict[str, Label]:
        """Return the labels of an organ that the tables have, too."""
        reports, organs, types = self._places
        report, organ = reports.get(result.report_id), organs.get(result.organ)
        if report is None or organ is None or not self._grid.known[report, organ]:
            return {}
        codes = self._grid.certainties[report, organ].tolist()
        return {
            name: label
            for name, label in result.labels.items()
            if name in types
            and codes[types[name]] == (MISSING if label.certainty is None else label.certainty)
        }


class _Doubts:
    """Collects the cells below the thresholds, and the lowest confidence of each report."""

    def __init__(self, calibration: Calibration, thresholds: Mapping[Group, float | None]) -> None:
        self._calibration, self._thresholds = calibration, thresholds
        self._found: dict[str, list[tuple[str, str]]] = {}
        self._lowest: dict[str, float] = {}
        self._names: dict[tuple[str, str], tuple[str, str]] = {}  # each cell's name is kept once
        self.cells = self.without = self.failed = self.not_shown = 0

    def add(self, result: OrganResult, shown: Mapping[str, Label]) -> None:
        """Take the cells of one organ of a report, of which these are shown."""
        self.not_shown += len(result.labels) - len(shown)
        for name, label in shown.items():
            found = self._calibration.confidence(result.organ, name, label)
            if found is None:
                self.without += label.certainty is not None
                self.failed += label.certainty is None
                continue
            self.cells += 1
            group, confidence = found
            threshold = self._thresholds[group]
            if threshold is None or confidence < threshold:
                self._take(result.report_id, (result.organ, name), confidence)

    def _take(self, report_id: str, cell: tuple[str, str], confidence: float) -> None:
        self._found.setdefault(report_id, []).append(self._names.setdefault(cell, cell))
        self._lowest[report_id] = min(confidence, self._lowest.get(report_id, confidence))

    def in_order(self) -> dict[str, tuple[tuple[str, str], ...]]:
        """Return the cells to read by report, the report with the most doubtful one first."""
        ordered = sorted((confidence, one) for one, confidence in self._lowest.items())
        return {report_id: tuple(self._found[report_id]) for _, report_id in ordered}
