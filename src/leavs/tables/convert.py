"""Converts tables of labels: wide, long, tidy, binary, one abnormality for each organ.

A cell without a label stays empty in every shape; nothing is guessed. Finding types and organs
are merged as in LEAVS (arXiv 2503.13330, see `merging`). Knows nothing of files.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import pandas as pd

from leavs.domain import Certainty
from leavs.errors import InputError, UsageError
from leavs.tables.columns import (
    KEYS,
    KIND,
    KINDS,
    MASKED_SUFFIX,
    ORGAN,
    REPORT_ID,
    TIDY,
    URGENCY_SUFFIX,
)
from leavs.tables.grid import Grid, grid_of
from leavs.tables.merging import (
    ABNORMALITY,
    JOINED,
    MISSING,
    NO_URGENCY,
    SCORED,
    CodeArray,
    joined_organs,
    merge_certainties,
    merge_urgencies,
)
from leavs.tables.read import ALLOWED, finding_types_of
from leavs.tables.report_ids import without_folders


class Shape(StrEnum):
    """A shape to which a table of labels can be converted."""

    WIDE = "wide"
    LONG = "long"
    TIDY = "tidy"
    BINARY = "binary"
    ABNORMALITY = "abnormality"
    JOINED_ORGANS = "joined-organs"


class Reading(StrEnum):
    """What a certainty code counts as in a binary label."""

    POSITIVE = "positive"
    NEGATIVE = "negative"
    MASKED = "masked"


@dataclass(frozen=True, slots=True)
class Policy:
    """How certainty becomes yes or no.

    Present is always positive and stated absence always negative; a cell without a label is
    always masked.
    """

    unsure: Reading
    ambiguous: Reading
    not_mentioned: Reading


LEAVS_POLICY = Policy(Reading.POSITIVE, Reading.NEGATIVE, Reading.NEGATIVE)  # that of the paper


def convert_labels(
    labels: pd.DataFrame, to: Shape, policy: Policy | None = None, *, clean_ids: bool = False
) -> pd.DataFrame:
    """Convert a table of labels to another shape.

    Args:
        labels: a table in the long format, as `read_labels` returns it.
        to: wide has one row for each report, with the columns `{organ}_{type}` and
            `{organ}_{type}_urgency`; long is the format of LEAVS; tidy has one row for each report,
            organ and finding type. binary is wide, with 1 and 0; a masked value is empty and its
            `{organ}_{type}_masked` is 1. abnormality is wide, with the six scored types merged to
            one; joined-organs is the same after joining kidneys and bowels.
        policy: how certainty becomes 1 or 0; for binary alone.
        clean_ids: remove folders and file extensions from the ids.

    Returns:
        Ids and names as text, codes as nullable integers.

    Raises:
        UsageError: binary without a policy, or a policy without binary.
        InputError: the table contradicts itself, holds a value that is no code, or lacks a type or
            organ to be merged.
    """
    if to == Shape.BINARY and policy is None:
        raise UsageError("binary labels need a policy; there is no default")
    if to != Shape.BINARY and policy is not None:
        raise UsageError(f"a policy is for binary labels, not for {to}")
    _refuse_bad_rows(labels)
    grid = grid_of(_with_clean_ids(labels) if clean_ids else labels)
    return _wide_binary(grid, policy) if policy is not None else _CONVERTERS[Shape(to)](grid)


def _with_clean_ids(labels: pd.DataFrame) -> pd.DataFrame:
    clean = {one: without_folders(one) for one in labels[REPORT_ID].unique()}
    if (left := len(set(clean.values()))) < len(clean):
        raise InputError(
            f"clean ids would not be unique: {len(clean)} ids become {left}; keep them as they are"
        )
    return labels.assign(**{REPORT_ID: labels[REPORT_ID].map(clean)})


def _refuse_bad_rows(labels: pd.DataFrame) -> None:
    if labels.empty:
        raise InputError("the table has no rows")
    if bad := int((~labels[KIND].isin(KINDS)).sum()):
        raise InputError(
            f"{bad} rows are neither of labels nor of urgency; `leavs check` lists them"
        )
    if bad := int(labels.duplicated([*KEYS]).sum()):
        raise InputError(
            f"{bad} rows repeat the report, organ and kind of another; `leavs check` lists them"
        )
    for kind in KINDS:
        of_kind = labels[labels[KIND] == kind]
        for name in finding_types_of(labels):
            column = of_kind[name]
            if bad := int((column.notna() & ~column.isin(ALLOWED[kind])).sum()):
                raise InputError(
                    f"column {name!r} holds {bad} values that are no code of {kind}; "
                    "`leavs check` lists them"
                )


# The shapes, each as a function that makes it from a grid


def _integers(codes: CodeArray) -> pd.api.extensions.ExtensionArray:
    return pd.arrays.IntegerArray(codes.astype(np.int64), codes == MISSING)


def _wide(grid: Grid) -> pd.DataFrame:
    columns: dict[str, object] = {REPORT_ID: grid.ids}
    for o, organ in enumerate(grid.organs):
        for t, name in enumerate(grid.finding_types):
            columns[f"{organ}_{name}"] = _integers(grid.certainties[:, o, t])
            columns[f"{organ}_{name}{URGENCY_SUFFIX}"] = _integers(grid.urgencies[:, o, t])
    return pd.DataFrame(columns)


def _long(grid: Grid) -> pd.DataFrame:
    report, organ = np.nonzero(grid.known)
    both = np.stack([grid.certainties[grid.known], grid.urgencies[grid.known]], axis=1)
    columns: dict[str, object] = {
        REPORT_ID: pd.Index(grid.ids).take(report.repeat(2)),
        ORGAN: pd.Index(grid.organs).take(organ.repeat(2)),
        KIND: pd.Index(KINDS).take(np.tile([0, 1], len(report))),
    }
    for t, name in enumerate(grid.finding_types):
        columns[name] = _integers(both[:, :, t].ravel())
    return pd.DataFrame(columns)


def _tidy(grid: Grid) -> pd.DataFrame:
    report, organ = np.nonzero(grid.known)
    types = len(grid.finding_types)
    columns = (
        pd.Index(grid.ids).take(report.repeat(types)),
        pd.Index(grid.organs).take(organ.repeat(types)),
        pd.Index(grid.finding_types).take(np.tile(np.arange(types), len(report))),
        _integers(grid.certainties[grid.known].ravel()),
        _integers(grid.urgencies[grid.known].ravel()),
    )
    return pd.DataFrame(dict(zip(TIDY, columns, strict=True)))


def _wide_binary(grid: Grid, policy: Policy) -> pd.DataFrame:
    readings = {
        Certainty.PRESENT: Reading.POSITIVE,
        Certainty.ABSENT: Reading.NEGATIVE,
        Certainty.UNSURE: policy.unsure,
        Certainty.AMBIGUOUS: policy.ambiguous,
        Certainty.NOT_MENTIONED: policy.not_mentioned,
    }
    values = np.full(grid.certainties.shape, MISSING, np.int8)
    for code, reading in readings.items():
        if reading != Reading.MASKED:
            values[grid.certainties == code] = reading == Reading.POSITIVE
    with_masks = Reading.MASKED in readings.values() or (grid.certainties == MISSING).any()
    columns: dict[str, object] = {REPORT_ID: grid.ids}
    for o, organ in enumerate(grid.organs):
        for t, name in enumerate(grid.finding_types):
            cell = values[:, o, t]
            columns[f"{organ}_{name}"] = _integers(cell)
            if with_masks:
                mask = (cell == MISSING).astype(np.int8)
                columns[f"{organ}_{name}{MASKED_SUFFIX}"] = _integers(mask)
    return pd.DataFrame(columns)


def _abnormality(grid: Grid) -> Grid:
    """Merge the six scored finding types: certainty by priority, urgency by its maximum."""
    if lacking := [name for name in SCORED if name not in grid.finding_types]:
        raise InputError(
            f"the table has no finding type {lacking[0]!r}; "
            f"an abnormality is any of: {', '.join(SCORED)}"
        )
    scored = [grid.finding_types.index(name) for name in SCORED]
    return replace(
        grid,
        finding_types=(ABNORMALITY,),
        certainties=merge_certainties(grid.certainties[:, :, scored])[..., None],
        urgencies=_highest(grid.urgencies[:, :, scored], -1)[..., None],
    )


def _joined(grid: Grid) -> Grid:
    """Join kidneys and bowels to one organ each; certainty by priority, so no finding is lost."""
    for name, parts in JOINED.items():
        there = [part for part in parts if part in grid.organs]
        if len(there) == 1:
            raise InputError(
                f"the table has of the {name} only the {there[0]}; it cannot be joined"
            )
    whole = joined_organs(grid.organs)
    places = [[grid.organs.index(part) for part in parts] for parts in whole.values()]
    return replace(
        grid,
        organs=tuple(whole),
        certainties=np.stack(
            [merge_certainties(grid.certainties[:, p], 1) for p in places], axis=1
        ),
        urgencies=np.stack([_highest(grid.urgencies[:, p], 1) for p in places], axis=1),
        known=np.stack([grid.known[:, p].any(axis=1) for p in places], axis=1),
    )


def _highest(urgencies: CodeArray, axis: int) -> CodeArray:
    """Return the highest urgency; MISSING if there is none, and a value is missing."""
    highest = merge_urgencies(urgencies, axis)
    unclear = (highest == NO_URGENCY) & (urgencies == MISSING).any(axis=axis)
    return np.where(unclear, np.int8(MISSING), highest)


_CONVERTERS: dict[Shape, Callable[[Grid], pd.DataFrame]] = {
    Shape.WIDE: _wide,
    Shape.LONG: _long,
    Shape.TIDY: _tidy,
    Shape.ABNORMALITY: lambda grid: _wide(_abnormality(grid)),
    Shape.JOINED_ORGANS: lambda grid: _wide(_joined(_abnormality(grid))),
}
