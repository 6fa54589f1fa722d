"""A table of labels as arrays: reports, organs, finding types. Knows nothing of files."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from leavs.tables.columns import KIND, KINDS, LABELS, ORGAN, REPORT_ID, URGENCY
from leavs.tables.merging import MISSING, CodeArray
from leavs.tables.read import finding_types_of


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
