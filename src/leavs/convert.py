"""Tables of labels in other shapes: wide, long, tidy, yes or no, one abnormality for each organ.

A cell that has no label stays empty in every shape; nothing is guessed. The merging of finding
types and organs follows LEAVS (arXiv 2503.13330, see `merging`). Knows nothing of files.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import pandas as pd

from leavs import rows
from leavs.domain import Certainty
from leavs.errors import InputError, UsageError
from leavs.identifiers import without_folders
from leavs.labels import ALLOWED, KIND, ORGAN, REPORT_ID, TIDY, URGENCY_SUFFIX, finding_types_of
from leavs.merging import (
    ABNORMALITY,
    JOINED,
    MISSING,
    NO_URGENCY,
    SCORED,
    Codes,
    joined_organs,
    merge_certainties,
    merge_urgencies,
)

KINDS = (rows.LABELS, rows.URGENCY)
MASKED_SUFFIX = "_masked"


class Shape(StrEnum):
    """What a table of labels can be turned into."""

    WIDE = "wide"
    LONG = "long"
    TIDY = "tidy"
    BINARY = "binary"
    ABNORMALITY = "abnormality"
    JOINED_ORGANS = "joined-organs"


class Reading(StrEnum):
    """What a certainty code counts as where a label is yes or no."""

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
    """A table of labels in another shape.

    Args:
        labels: the long format, as `read_labels` gives it.
        to: wide has one row for each report, with the columns `{organ}_{type}` and
            `{organ}_{type}_urgency`; long is the format of LEAVS; tidy has one row for each report,
            organ and finding type. binary is wide, with 1 and 0; where a value can be masked it is
            empty there and `{organ}_{type}_masked` is 1. abnormality is wide, with any of the six
            scored types as one; joined-organs is the same after joining kidneys and bowels.
        policy: for binary, and for it alone.
        clean_ids: take folders and extensions of files off the ids.

    Returns:
        Ids and names as text, codes as nullable integers.

    Raises:
        UsageError: binary without a policy, or a policy without binary.
        InputError: the table contradicts itself, holds what is no code, or lacks what is merged.
    """
    if to == Shape.BINARY and policy is None:
        raise UsageError("binary labels need a policy; there is no default")
    if to != Shape.BINARY and policy is not None:
        raise UsageError(f"a policy is for binary labels, not for {to}")
    cube = _cube(_with_clean_ids(labels) if clean_ids else labels)
    return _wide_binary(cube, policy) if policy is not None else _MAKERS[Shape(to)](cube)


def _with_clean_ids(labels: pd.DataFrame) -> pd.DataFrame:
    clean = {one: without_folders(one) for one in labels[REPORT_ID].unique()}
    if (left := len(set(clean.values()))) < len(clean):
        raise InputError(
            f"clean ids would not be unique: {len(clean)} ids become {left}; keep them as they are"
        )
    return labels.assign(**{REPORT_ID: labels[REPORT_ID].map(clean)})


@dataclass(frozen=True, slots=True)
class _Cube:
    """Labels as arrays.

    Args:
        certainties: R x O x T codes; MISSING where a cell is empty.
        urgencies: likewise.
        known: R x O, whether the table has a row of this report and organ.
    """

    ids: pd.Index
    organs: tuple[str, ...]
    finding_types: tuple[str, ...]
    certainties: Codes
    urgencies: Codes
    known: npt.NDArray[np.bool_]


def _cube(labels: pd.DataFrame) -> _Cube:
    _refuse_bad_rows(labels)
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
            codes[kind][report[at], organ[at], place] = _codes(labels.loc[at, name], kind)
    return _Cube(
        pd.Index(ids), tuple(organs), finding_types, codes[rows.LABELS], codes[rows.URGENCY], known
    )


def _refuse_bad_rows(labels: pd.DataFrame) -> None:
    if labels.empty:
        raise InputError("the table has no rows")
    if bad := int((~labels[KIND].isin(KINDS)).sum()):
        raise InputError(
            f"{bad} rows are neither of labels nor of urgency; `leavs check` lists them"
        )
    if bad := int(labels.duplicated([*rows.KEYS]).sum()):
        raise InputError(
            f"{bad} rows repeat the report, organ and kind of another; `leavs check` lists them"
        )


def _codes(column: "pd.Series[int]", kind: str) -> Codes:
    if bad := int((column.notna() & ~column.isin(ALLOWED[kind])).sum()):
        raise InputError(
            f"column {column.name!r} holds {bad} values that are no code of {kind}; "
            "`leavs check` lists them"
        )
    return np.asarray(column.fillna(MISSING), np.int8)


# What the shapes are made of


def _integers(codes: Codes) -> pd.api.extensions.ExtensionArray:
    return pd.arrays.IntegerArray(codes.astype(np.int64), codes == MISSING)


def _wide(cube: _Cube) -> pd.DataFrame:
    columns: dict[str, object] = {REPORT_ID: cube.ids}
    for o, organ in enumerate(cube.organs):
        for t, name in enumerate(cube.finding_types):
            columns[f"{organ}_{name}"] = _integers(cube.certainties[:, o, t])
            columns[f"{organ}_{name}{URGENCY_SUFFIX}"] = _integers(cube.urgencies[:, o, t])
    return pd.DataFrame(columns)


def _long(cube: _Cube) -> pd.DataFrame:
    report, organ = np.nonzero(cube.known)
    both = np.stack([cube.certainties[cube.known], cube.urgencies[cube.known]], axis=1)
    columns: dict[str, object] = {
        REPORT_ID: cube.ids.take(report.repeat(2)),
        ORGAN: pd.Index(cube.organs).take(organ.repeat(2)),
        KIND: pd.Index(KINDS).take(np.tile([0, 1], len(report))),
    }
    for t, name in enumerate(cube.finding_types):
        columns[name] = _integers(both[:, :, t].ravel())
    return pd.DataFrame(columns)


def _tidy(cube: _Cube) -> pd.DataFrame:
    report, organ = np.nonzero(cube.known)
    types = len(cube.finding_types)
    columns = (
        cube.ids.take(report.repeat(types)),
        pd.Index(cube.organs).take(organ.repeat(types)),
        pd.Index(cube.finding_types).take(np.tile(np.arange(types), len(report))),
        _integers(cube.certainties[cube.known].ravel()),
        _integers(cube.urgencies[cube.known].ravel()),
    )
    return pd.DataFrame(dict(zip(TIDY, columns, strict=True)))


def _wide_binary(cube: _Cube, policy: Policy) -> pd.DataFrame:
    readings = {
        Certainty.PRESENT: Reading.POSITIVE,
        Certainty.ABSENT: Reading.NEGATIVE,
        Certainty.UNSURE: policy.unsure,
        Certainty.AMBIGUOUS: policy.ambiguous,
        Certainty.NOT_MENTIONED: policy.not_mentioned,
    }
    values = np.full(cube.certainties.shape, MISSING, np.int8)
    for code, reading in readings.items():
        if reading != Reading.MASKED:
            values[cube.certainties == code] = reading == Reading.POSITIVE
    with_masks = Reading.MASKED in readings.values() or (cube.certainties == MISSING).any()
    columns: dict[str, object] = {REPORT_ID: cube.ids}
    for o, organ in enumerate(cube.organs):
        for t, name in enumerate(cube.finding_types):
            cell = values[:, o, t]
            columns[f"{organ}_{name}"] = _integers(cell)
            if with_masks:
                mask = (cell == MISSING).astype(np.int8)
                columns[f"{organ}_{name}{MASKED_SUFFIX}"] = _integers(mask)
    return pd.DataFrame(columns)


def _abnormality(cube: _Cube) -> _Cube:
    """The six scored finding types as one: certainty by priority, urgency by its maximum."""
    if lacking := [name for name in SCORED if name not in cube.finding_types]:
        raise InputError(
            f"the table has no finding type {lacking[0]!r}; "
            f"an abnormality is any of: {', '.join(SCORED)}"
        )
    scored = [cube.finding_types.index(name) for name in SCORED]
    return replace(
        cube,
        finding_types=(ABNORMALITY,),
        certainties=merge_certainties(cube.certainties[:, :, scored])[..., None],
        urgencies=_highest(cube.urgencies[:, :, scored], -1)[..., None],
    )


def _joined(cube: _Cube) -> _Cube:
    """Kidneys and bowels as one organ each; certainty by priority, so that no finding is hidden."""
    for name, parts in JOINED.items():
        there = [part for part in parts if part in cube.organs]
        if len(there) == 1:
            raise InputError(
                f"the table has of the {name} only the {there[0]}; it cannot be joined"
            )
    whole = joined_organs(cube.organs)
    places = [[cube.organs.index(part) for part in parts] for parts in whole.values()]
    return replace(
        cube,
        organs=tuple(whole),
        certainties=np.stack(
            [merge_certainties(cube.certainties[:, p], 1) for p in places], axis=1
        ),
        urgencies=np.stack([_highest(cube.urgencies[:, p], 1) for p in places], axis=1),
        known=np.stack([cube.known[:, p].any(axis=1) for p in places], axis=1),
    )


def _highest(urgencies: Codes, axis: int) -> Codes:
    """The highest urgency; where there is none, and one is missing, it is not known."""
    highest = merge_urgencies(urgencies, axis)
    unclear = (highest == NO_URGENCY) & (urgencies == MISSING).any(axis=axis)
    return np.where(unclear, np.int8(MISSING), highest)


_MAKERS: dict[Shape, Callable[[_Cube], pd.DataFrame]] = {
    Shape.WIDE: _wide,
    Shape.LONG: _long,
    Shape.TIDY: _tidy,
    Shape.ABNORMALITY: lambda cube: _wide(_abnormality(cube)),
    Shape.JOINED_ORGANS: lambda cube: _wide(_joined(_abnormality(cube))),
}
