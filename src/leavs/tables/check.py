"""Finds and lists contradictions inside a table of labels; never changes the table.

It reads the cells as text, so that a cell that holds no code is found and does not stop the check.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from leavs.domain import Certainty, Urgency
from leavs.tables.columns import (
    ANNOTATOR,
    KEYS,
    KIND,
    KINDS,
    LABELS,
    ORGAN,
    REPORT_ID,
    TIDY,
    URGENCY,
)
from leavs.tables.merging import MISSING, NO_URGENCY, SCORED, CodeArray, is_positive
from leavs.tables.read import ALLOWED, finding_types_of, read_rows

UNKNOWN = -10  # the cell's text is no code
COLUMNS = ("rule", "report_id", "organ", "type_annotation", "finding_type", "certainty", "urgency")
BESIDE_ABSENT = ("absent", "postsurgical", "quality")  # types that an absent organ may have

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that a table can break.

    Args:
        is_problem: False for the rule that only reports a failure recorded by a run.
    """

    name: str
    meaning: str
    is_problem: bool = True


NORMAL = Rule("normal beside a finding", "both are 1; six types are scored")
ABSENT = Rule("absent beside another finding", "an organ that is not there has a finding")
ENLARGED = Rule("enlarged beside atrophy", "both are 1")
NO_FINDING = Rule("urgency without a finding", "urgency from 0, certainty not 1 or -1")
UNDECIDED = Rule("finding without urgency", "certainty 1 or -1, urgency -1 or empty")
MISSING_ROW = Rule("missing row", "an organ has no labels or no urgency")
DUPLICATE = Rule("duplicate row", "the same report, organ and kind again")
UNKNOWN_ROW = Rule("unknown row", "no id, no organ, or of no kind")
UNKNOWN_CODE = Rule("unknown code", "a cell holds what is no code")
EMPTY = Rule("empty cell", "a recorded failure", is_problem=False)

RULES = (
    NORMAL,
    ABSENT,
    ENLARGED,
    NO_FINDING,
    UNDECIDED,
    MISSING_ROW,
    DUPLICATE,
    UNKNOWN_ROW,
    UNKNOWN_CODE,
    EMPTY,
)


def check_labels(path: Path) -> pd.DataFrame:
    """Check a table of labels; give one row for each problem, in the order of `RULES`.

    A cell that holds no code breaks that rule alone; of duplicate rows the first one counts.

    Args:
        path: as for `read_labels`.

    Returns:
        The columns `COLUMNS`, all text: certainty and urgency as in the file, "" if the problem
        does not concern them. `finding_type` names the types that contradict each other, joined by
        " + ".

    Raises:
        InputError: the file does not exist, or is not a table of labels.
    """
    table = read_rows(Path(path))
    if ANNOTATOR in table.columns and table[ANNOTATOR].nunique() > 1:  # check each separately
        table[REPORT_ID] += " (" + table[ANNOTATOR] + ")"
    bad = ~table[KIND].isin(KINDS) | (table[REPORT_ID] == "") | (table[ORGAN] == "")
    again = table.duplicated([*KEYS]) & ~bad
    cells = _cells(table[~bad & ~again])
    parts = {
        DUPLICATE: _rows(table[again]),
        UNKNOWN_ROW: _rows(table[bad]),
        MISSING_ROW: _missing_rows(cells),
        **dict(_contradictions(cells)),
        **dict(_urgencies(cells)),
        **{
            rule: _of_kinds(cells, code)
            for rule, code in ((UNKNOWN_CODE, UNKNOWN), (EMPTY, MISSING))
        },
    }
    found = [parts[rule].assign(rule=rule.name) for rule in RULES if rule in parts]
    return pd.concat(found, ignore_index=True)[[*COLUMNS]].fillna("")


def counts(problems: pd.DataFrame) -> dict[Rule, int]:
    """Count how often each rule is broken, in the order of `RULES`."""
    of = problems["rule"].value_counts()
    return {rule: int(of.get(rule.name, 0)) for rule in RULES}


@dataclass(frozen=True, slots=True)
class _Cells:
    """The cells of a table: P pairs of a report and an organ, T finding types.

    Args:
        pairs: the id and the organ of each pair.
        there: for each kind of row, P: whether the table has the row.
        text: for each kind, P x T: the text of the cell.
        codes: for each kind, P x T: the code of the cell, or MISSING or UNKNOWN.
    """

    pairs: pd.DataFrame
    finding_types: tuple[str, ...]
    there: dict[str, Flags]
    text: dict[str, npt.NDArray[np.object_]]
    codes: dict[str, CodeArray]

    def are(self, name: str) -> Flags:
        """P: where a finding type is present; nowhere if the table does not have it."""
        there: Flags = np.logical_or.reduce(self.present([name]), axis=1)
        return there

    def present(self, names: list[str]) -> Flags:
        """P x T: where these finding types are present."""
        of_these = np.array([name in names for name in self.finding_types])
        there: Flags = (self.codes[LABELS] == Certainty.PRESENT) & of_these
        return there


def _cells(table: pd.DataFrame) -> _Cells:
    report, ids = pd.factorize(table[REPORT_ID])
    organ, organs = pd.factorize(table[ORGAN])
    pairs = pd.DataFrame(
        {
            "report_id": ids.repeat(len(organs)),
            "organ": organs.take(np.tile(np.arange(len(organs)), len(ids))),
        }
    )
    names = tuple(finding_types_of(table))
    place = report * len(organs) + organ
    there, text, codes = {}, {}, {}
    for kind in KINDS:
        of_kind = (table[KIND] == kind).to_numpy()
        at = place[of_kind]
        there[kind] = np.zeros(len(pairs), np.bool_)
        there[kind][at] = True
        text[kind] = np.full((len(pairs), len(names)), "", np.object_)
        codes[kind] = np.full((len(pairs), len(names)), MISSING, np.int8)
        for t, name in enumerate(names):
            column = table.loc[of_kind, name]
            text[kind][at, t] = column.to_numpy(np.object_)
            codes[kind][at, t] = _codes(column, kind)
    return _Cells(pairs, names, there, text, codes)


def _codes(column: "pd.Series[str]", kind: str) -> CodeArray:
    numbers = pd.to_numeric(column, errors="coerce")
    known = numbers.isin(ALLOWED[kind])
    otherwise = np.where(column == "", MISSING, UNKNOWN)
    return np.where(known, numbers.where(known, 0), otherwise).astype(np.int8)


# The rules, each as a function that yields the rows that break it


def _contradictions(cells: _Cells) -> Iterator[tuple[Rule, pd.DataFrame]]:
    """Find present finding types of an organ that exclude each other."""
    others = [name for name in cells.finding_types if name not in BESIDE_ABSENT]
    for rule, name, beside in (
        (NORMAL, "normal", [*SCORED]),
        (ABSENT, "absent", others),
        (ENLARGED, "enlarged", ["atrophy"]),
    ):
        found = cells.present(beside) & cells.are(name)[:, None]
        pair = np.flatnonzero(found.any(axis=1))
        which = pd.DataFrame(found[pair], columns=cells.finding_types).astype(object)
        names = which.dot(np.array([f" + {one}" for one in cells.finding_types], np.object_))
        yield rule, _described(cells, pair, finding_type=name + names.to_numpy(np.object_))


def _urgencies(cells: _Cells) -> Iterator[tuple[Rule, pd.DataFrame]]:
    """Find cells whose certainty and urgency do not fit, where the table has both rows."""
    certainties, urgencies = (cells.codes[kind] for kind in KINDS)
    both = (cells.there[LABELS] & cells.there[URGENCY])[:, None]
    positive = is_positive(certainties)
    without = (urgencies >= Urgency.NONE) & ~positive & (certainties != UNKNOWN)
    undecided = ((urgencies == NO_URGENCY) | (urgencies == MISSING)) & positive
    for rule, found in ((NO_FINDING, without), (UNDECIDED, undecided)):
        pair, finding_type = np.nonzero(found & both)
        yield rule, _cell_rows(cells, pair, finding_type)


def _of_kinds(cells: _Cells, code: int) -> pd.DataFrame:
    """Return the cells with a certain code, in rows that the table has."""
    parts = []
    for kind, column in zip(KINDS, ("certainty", "urgency"), strict=True):
        found = (cells.codes[kind] == code) & cells.there[kind][:, None]
        part = _cell_rows(cells, *np.nonzero(found))
        parts.append(part[["report_id", "organ", "finding_type", column]].assign(**{KIND: kind}))
    return pd.concat(parts, ignore_index=True)


def _missing_rows(cells: _Cells) -> pd.DataFrame:
    """Return the pairs that lack one row or both."""
    parts = [_described(cells, np.flatnonzero(~cells.there[k]), **{KIND: k}) for k in KINDS]
    by_pair = pd.concat(parts).groupby(["report_id", "organ"], sort=False)
    return by_pair[KIND].agg(" + ".join).reset_index()


def _rows(table: pd.DataFrame) -> pd.DataFrame:
    return table[[*KEYS]].set_axis(["report_id", "organ", KIND], axis=1)


def _cell_rows(
    cells: _Cells, pair: npt.NDArray[np.intp], finding_type: npt.NDArray[np.intp]
) -> pd.DataFrame:
    names = np.array(cells.finding_types, np.object_)[finding_type]
    texts = (cells.text[kind][pair, finding_type] for kind in KINDS)
    return _described(cells, pair, **dict(zip(TIDY[2:], (names, *texts), strict=True)))


def _described(cells: _Cells, pair: npt.NDArray[np.intp], **columns: Any) -> pd.DataFrame:
    return cells.pairs.iloc[pair].reset_index(drop=True).assign(**columns)
