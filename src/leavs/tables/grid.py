"""A table of labels as arrays: reports, organs, finding types. Knows nothing of files."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from leavs.errors import InputError
from leavs.tables.columns import KIND, KINDS, LABELS, ORGAN, REPORT_ID, URGENCY
from leavs.tables.merging import MISSING, CodeArray
from leavs.tables.read import finding_types_of
from leavs.tables.report_ids import shared_places


@dataclass(frozen=True, slots=True)
class Grid:
    """The codes of R reports, O organs and T finding types.

    Args:
        certainties: R x O x T; MISSING where the table's cell is empty or not there.
        urgencies: likewise.
        known: R x O, whether the table has a row of this report and organ.
    """

    ids: tuple[str, ...]
    organs: tuple[str, ...]
    finding_types: tuple[str, ...]
    certainties: CodeArray
    urgencies: CodeArray
    known: npt.NDArray[np.bool_]

    def part(
        self, reports: Sequence[int], organs: Sequence[str], finding_types: Sequence[str]
    ) -> "Grid":
        """Return the reports at these places, these organs and these finding types, in order."""
        o = [self.organs.index(organ) for organ in organs]
        t = [self.finding_types.index(name) for name in finding_types]
        return Grid(
            tuple(self.ids[place] for place in reports),
            tuple(organs),
            tuple(finding_types),
            self.certainties[np.ix_(reports, o, t)],
            self.urgencies[np.ix_(reports, o, t)],
            self.known[np.ix_(reports, o)],
        )


def shared_parts(one: Grid, other: Grid) -> tuple[Grid, Grid, list[int]]:
    """Return what two grids have in common, side by side, and the places of its reports in the one.

    Ids are matched in the form in which most agree.

    Raises:
        InputError: they have no report, organ or finding type in common.
    """
    places = shared_places(one.ids, other.ids)
    organs = [organ for organ in one.organs if organ in other.organs]
    types = [name for name in one.finding_types if name in other.finding_types]
    if not places or not organs or not types:
        raise InputError("the two sets of labels have no report, organ or type in common")
    own = [place for place, report_id in enumerate(one.ids) if report_id in places]
    theirs = [*places.values()]
    return one.part(own, organs, types), other.part(theirs, organs, types), own


def grid_of(labels: pd.DataFrame) -> Grid:
    """Convert a table to a grid of codes.

    Args:
        labels: a table as `read_labels` returns it, without duplicate rows.
    """
    finding_types = tuple(finding_types_of(labels))
    report, ids = pd.factorize(labels[REPORT_ID])
    organ, organs = pd.factorize(labels[ORGAN])
    known = np.zeros((len(ids), len(organs)), np.bool_)
    known[report, organ] = True
    codes = {}
    for kind in KINDS:
        at = (labels[KIND] == kind).to_numpy()
        codes[kind] = np.full((*known.shape, len(finding_types)), MISSING, np.int8)
        for place, name in enumerate(finding_types):
            column = labels.loc[at, name].fillna(MISSING)
            codes[kind][report[at], organ[at], place] = np.asarray(column, np.int8)
    return Grid(tuple(ids), tuple(organs), finding_types, codes[LABELS], codes[URGENCY], known)
