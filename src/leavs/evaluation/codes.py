"""Reads tables of labels and annotations as arrays: reports, annotators, organs, merged types.

The scored finding types are merged to four (see `merging`). Labelers and annotators are treated
alike here: each has a place on the second axis.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from leavs.errors import InputError
from leavs.tables.columns import ANNOTATOR, KEYS, KIND, KINDS, LABELS, ORGAN, REPORT_ID, URGENCY
from leavs.tables.merging import (
    MERGED,
    MISSING,
    NO_URGENCY,
    CodeArray,
    merge_certainties,
    merge_urgencies,
)
from leavs.tables.read import ALLOWED, as_rows, file_of, finding_types_of, read_labels, read_table

BLANK = {LABELS: MISSING, URGENCY: NO_URGENCY}


@dataclass(frozen=True, slots=True)
class Coded:
    """Certainty and urgency codes of some reports.

    Args:
        ids: the ids of R reports.
        annotators: the names of the A annotators or labelers that gave the codes.
        organs: the names of O organs.
        certainties: R x A x O x 4 codes, of the four merged types; MISSING where none was given.
        urgencies: R x A x O x 4 codes; -1 where none was given.
    """

    ids: tuple[str, ...]
    annotators: tuple[str, ...]
    organs: tuple[str, ...]
    certainties: CodeArray
    urgencies: CodeArray

    def of(self, places: Sequence[int], organs: Sequence[str]) -> "Coded":
        """Select the reports at these places, and these organs, in this order."""
        columns = [self.organs.index(organ) for organ in organs]
        return Coded(
            tuple(self.ids[place] for place in places),
            self.annotators,
            tuple(organs),
            self.certainties[list(places)][:, :, columns],
            self.urgencies[list(places)][:, :, columns],
        )


def labels_as_codes(path: Path) -> Coded:
    """Read the labels of a run folder or a table as codes of one labeler.

    Raises:
        InputError: the table cannot be read, lacks a scored finding type, or contradicts itself.
    """
    return _coded(read_labels(path).assign(**{ANNOTATOR: ""}), path)


def annotations_as_codes(path: Path) -> Coded:
    """Read annotations: the LEAVS wide file, or a long file like labels.csv.

    A long file may have a column `labeler` with the annotators' names; without it there is one.

    Raises:
        InputError: the file cannot be read, lacks a scored finding type, or contradicts itself.
    """
    return _coded(_annotations(path), path)


def annotations_by_type(
    path: Path, finding_types: Sequence[str]
) -> tuple[Coded, Mapping[str, tuple[str, ...]]]:
    """Read annotations of each finding type by itself, or of the merged ones where the file is so.

    Args:
        finding_types: those that are wanted; others of the file are left out.

    Returns:
        The codes, with these types in place of the four, and the parts of each by its name.

    Raises:
        InputError: the file cannot be read, has none of the types, or contradicts itself.
    """
    table = _annotations(path)
    _check_rows(table, path)
    there = set(table.columns)
    single = {name: (name,) for name in finding_types if name in there}
    parts = MERGED if set(MERGED) <= there else single
    parts = {name: own for name, own in parts.items() if set(own) <= set(finding_types)}
    if not parts:
        raise InputError(f"{path} has none of the finding types: {', '.join(finding_types)}")
    return _of_groups(table, {name: (name,) for name in parts}, path), parts


def _annotations(path: Path) -> pd.DataFrame:
    """Read annotations as a long table with a column of annotators."""
    file = file_of(path)
    table = read_table(file)
    if KIND in table.columns and ORGAN not in table.columns:
        return _from_human_file(table, path)
    if ANNOTATOR not in table.columns:
        return as_rows(table, file).assign(**{ANNOTATOR: ""})
    return table


def _from_human_file(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Convert the LEAVS wide file to a long table.

    It has columns `{organ}_{merged type}` and a row for each report, annotator and kind. Other
    columns, such as `{organ}_quality`, are not scored.
    """
    if REPORT_ID not in table.columns:
        raise InputError(f"{path} has no column {REPORT_ID!r}; is it a file of annotations?")
    organs = _organs_of_human_file(table.columns, path)
    who = table[ANNOTATOR] if ANNOTATOR in table.columns else ""
    parts = [
        table[[REPORT_ID, KIND, *(f"{organ}_{name}" for name in MERGED)]]
        .set_axis([REPORT_ID, KIND, *MERGED], axis=1)
        .assign(**{ANNOTATOR: who, ORGAN: organ})
        for organ in organs
    ]
    return pd.concat(parts, ignore_index=True)


def _organs_of_human_file(columns: "pd.Index[str]", path: Path) -> list[str]:
    ends = {name: f"_{name}" for name in MERGED}
    organs = dict.fromkeys(
        column.removesuffix(end)
        for column in columns
        for end in ends.values()
        if column.endswith(end)
    )
    if not organs:
        raise InputError(
            f"{path} has no column 'organ' and none such as 'liver_focal'; "
            "is it a file of annotations?"
        )
    for organ in organs:
        for end in ends.values():
            if organ + end not in columns:
                raise InputError(f"{path} has no column {organ + end!r}")
    return list(organs)


def _coded(table: pd.DataFrame, path: Path) -> Coded:
    """Convert a long table to arrays.

    Its finding types are the scored ones, or are merged already.
    """
    _check(table, path)
    already = set(MERGED) <= set(table.columns)
    return _of_groups(table, {name: (name,) for name in MERGED} if already else MERGED, path)


def _of_groups(table: pd.DataFrame, groups: Mapping[str, tuple[str, ...]], path: Path) -> Coded:
    """Convert a long table to arrays, with each group of finding types merged."""
    names = [name for group in groups.values() for name in group]
    table = table[[REPORT_ID, ANNOTATOR, ORGAN, KIND, *names]].drop_duplicates()
    if table.duplicated([REPORT_ID, ANNOTATOR, ORGAN, KIND]).any():
        raise InputError(
            f"{path} has rows for the same report and organ that contradict each other"
        )
    places, keys = [], []
    for column in (REPORT_ID, ANNOTATOR, ORGAN):
        place, key = pd.factorize(table[column])
        places.append(place)
        keys.append(tuple(str(one) for one in key))
    ids, annotators, organs = keys
    order = sorted(range(len(annotators)), key=annotators.__getitem__)
    codes = {}
    for kind in KINDS:
        whole = np.full([*(len(key) for key in keys), len(names)], BLANK[kind], np.int8)
        of_kind = (table[KIND] == kind).to_numpy()
        at = tuple(place[of_kind] for place in places)
        whole[at] = _numbers(table.loc[of_kind, list(names)], kind, path)
        codes[kind] = whole[:, order]
    merge = {LABELS: merge_certainties, URGENCY: merge_urgencies}
    columns = [[names.index(name) for name in group] for group in groups.values()]
    certainties, urgencies = (
        np.stack([merge[kind](codes[kind][..., group]) for group in columns], axis=-1)
        for kind in KINDS
    )
    return Coded(ids, tuple(annotators[one] for one in order), organs, certainties, urgencies)


def _check(table: pd.DataFrame, path: Path) -> None:
    """Raise InputError if a table lacks what is needed to score it."""
    _check_rows(table, path)
    types = set(finding_types_of(table))
    needed = [name for parts in MERGED.values() for name in parts]
    if not set(MERGED) <= types and (missing := [name for name in needed if name not in types]):
        raise InputError(f"{path} has no column {missing[0]!r}; scored are: {', '.join(needed)}")


def _check_rows(table: pd.DataFrame, path: Path) -> None:
    if table.empty:
        raise InputError(f"{path} has no rows")
    for column in KEYS:
        if column not in table.columns:
            raise InputError(f"{path} has no column {column!r}; is it a table of labels?")
        if (table[column] == "").any():
            raise InputError(f"{path} has a row with nothing in the column {column!r}")
    kinds = set(table[KIND])
    if unknown := int((~table[KIND].isin(KINDS)).sum()):
        raise InputError(f"{path}: {KIND} of {unknown} rows is neither labels nor urgency")
    if LABELS not in kinds:
        raise InputError(f"{path} has no row of labels, only of urgency")


def _numbers(table: pd.DataFrame, kind: str, path: Path) -> npt.NDArray[np.int8]:
    """Check codes and convert them to numbers; a blank cell becomes the code of BLANK."""
    columns = []
    for name in table.columns:
        column = table[name]
        blank = column.isna() | (column == "")
        numbers = pd.to_numeric(column, errors="coerce")
        known = blank | numbers.isin(ALLOWED[kind])
        if not known.all():
            raise InputError(
                f"{path}: column {name!r} holds {(~known).sum()} values that are no code of {kind}"
            )
        columns.append(numbers.fillna(BLANK[kind]).to_numpy(np.int8))
    return np.stack(columns, axis=-1)
