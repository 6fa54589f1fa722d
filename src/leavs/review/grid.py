"""The codes of all reports at once, and the questions that a queue asks of them.

Knows nothing of texts, readers or pages.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from leavs import rows
from leavs.errors import InputError
from leavs.identifiers import common_form
from leavs.labels import finding_types_of, read_labels

REPORT_ID, ORGAN, KIND = rows.KEYS
NO_CODE = -9  # a failed cell, or one that the table does not have

Codes = npt.NDArray[np.int8]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Grid:
    """The codes of R reports, O organs and T finding types.

    Args:
        certainties: R x O x T; NO_CODE where there is none.
        urgencies: likewise.
    """

    ids: tuple[str, ...]
    organs: tuple[str, ...]
    finding_types: tuple[str, ...]
    certainties: Codes
    urgencies: Codes

    def differing(self, other: "Grid") -> Flags:
        """R: the reports in which another grid has another certainty, where both have one.

        Raises:
            InputError: they have no report, organ or finding type in common.
        """
        form = common_form(self.ids, other.ids)
        organs = [organ for organ in self.organs if organ in other.organs]
        types = [name for name in self.finding_types if name in other.finding_types]
        if form is None or not organs or not types:
            raise InputError("the two sets of labels have no report, organ or type in common")
        there = {form(one): place for place, one in enumerate(other.ids)}
        pairs = [(place, there.get(form(one))) for place, one in enumerate(self.ids)]
        own = np.array([place for place, match in pairs if match is not None])
        theirs = np.array([match for _, match in pairs if match is not None])
        mine = _part(self, own, organs, types)
        their = _part(other, theirs, organs, types)
        different = (mine != their) & (mine != NO_CODE) & (their != NO_CODE)
        found = np.zeros(len(self.ids), np.bool_)
        found[own] = different.any(axis=(1, 2))
        return found


def _part(
    grid: Grid, reports: npt.NDArray[np.intp], organs: Sequence[str], types: Sequence[str]
) -> Codes:
    o = [grid.organs.index(organ) for organ in organs]
    t = [grid.finding_types.index(name) for name in types]
    return grid.certainties[reports][:, o][:, :, t]


def read_grid(labels: Path) -> Grid:
    """The codes of a run folder or a table of labels.

    Of rows that repeat each other the first counts, as in `leavs check`.

    Raises:
        InputError: it is no table of labels, or has no rows.
    """
    table = read_labels(labels)
    if table.empty:
        raise InputError(f"{labels} has no rows")
    table = table.drop_duplicates([*rows.KEYS])
    report, ids = pd.factorize(table[REPORT_ID])
    organ, organs = pd.factorize(table[ORGAN])
    types = finding_types_of(table)
    codes = {}
    for kind in (rows.LABELS, rows.URGENCY):
        codes[kind] = np.full((len(ids), len(organs), len(types)), NO_CODE, np.int8)
        at = (table[KIND] == kind).to_numpy()
        values = np.stack(
            [np.asarray(table.loc[at, name].fillna(NO_CODE), np.int8) for name in types], axis=-1
        )
        codes[kind][report[at], organ[at]] = values
    return Grid(tuple(ids), tuple(organs), tuple(types), codes[rows.LABELS], codes[rows.URGENCY])
