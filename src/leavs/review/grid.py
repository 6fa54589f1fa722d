"""The codes that a page shows, as arrays over all reports, from which queues are computed.

Knows nothing of texts or pages.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from leavs.errors import InputError
from leavs.review.corrections import NOTHING, Cell, CellCodes
from leavs.tables.columns import KEYS
from leavs.tables.grid import Grid, grid_of, shared_parts
from leavs.tables.merging import MISSING
from leavs.tables.read import read_labels

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class ReviewedLabels:
    """The labels of a run folder or a table.

    Args:
        folder: the folder with the table.
    """

    folder: Path
    grid: Grid

    @cached_property
    def places(self) -> dict[str, int]:
        """The place of each report in the grid, by its id."""
        return {report_id: place for place, report_id in enumerate(self.grid.ids)}

    def codes(self, cell: Cell) -> CellCodes:
        """Return the codes of a cell; no codes if the labels do not have its report."""
        report_id, organ, finding_type = cell
        if report_id not in self.places:
            return NOTHING
        place = self.places[report_id]
        o, t = self.grid.organs.index(organ), self.grid.finding_types.index(finding_type)
        certainty, urgency = self.grid.certainties[place, o, t], self.grid.urgencies[place, o, t]
        return CellCodes(_code(certainty), _code(urgency))


def _code(code: np.int8) -> int | None:
    return None if code == MISSING else int(code)


def read_for_review(path: Path) -> ReviewedLabels:
    """Read the labels of a run folder or a table.

    Of duplicate rows the first counts, as in `leavs check`.

    Raises:
        InputError: it is no table of labels, or has no rows.
    """
    table = read_labels(path)
    if table.empty:
        raise InputError(f"{path} has no rows")
    folder = path if path.is_dir() else path.parent
    return ReviewedLabels(folder, grid_of(table.drop_duplicates([*KEYS])))


def differing(one: Grid, other: Grid) -> Flags:
    """Flag the reports (R) of a grid of which a certainty differs in another grid.

    A cell without a label in one of the grids does not count.

    Raises:
        InputError: the grids have no report, organ or finding type in common.
    """
    own, theirs, places = shared_parts(one, other)
    mine, their = own.certainties, theirs.certainties
    different = (mine != their) & (mine != MISSING) & (their != MISSING)
    found = np.zeros(len(one.ids), np.bool_)
    found[places] = different.any(axis=(1, 2))
    return found
