"""The results of a review: labels with their corrections, and annotations."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from leavs.errors import InputError
from leavs.review.corrections import ADJUDICATOR, FOLDER, CellCodes, Readings, decided, read_all
from leavs.review.grid import ReviewedLabels, read_for_review
from leavs.tables.columns import (
    ANNOTATION_KEYS,
    ANNOTATOR,
    CORRECTED,
    IMAGE,
    KEYS,
    KIND,
    LABELS,
    REPORT_ID,
    URGENCY,
)
from leavs.tables.merging import MERGED, MISSING, NO_URGENCY, is_positive
from leavs.tables.read import read_labels

ANNOTATED = {"quality": ("quality",), **MERGED}  # the columns of the LEAVS file, for each organ


def corrected_labels(labels: Path) -> pd.DataFrame:
    """Return the labels with the readers' corrections, and a column with the corrected types.

    Raises:
        UsageError: readers differ on a cell that no adjudicator has decided.
        InputError: the labels cannot be read, or nobody has reviewed them.
    """
    seen = read_for_review(labels)
    codes = decided(_readings(seen), seen.codes)
    table = read_labels(labels)
    changed: list[list[str]] = [[] for _ in range(len(table))]
    keys = zip(*(table[column] for column in KEYS), strict=True)
    places = {key: place for place, key in enumerate(keys)}
    columns = {name: _objects(table[name]) for name in seen.grid.finding_types}
    for (report_id, organ, finding_type), one in codes.items():
        for kind, code in ((LABELS, one.certainty), (URGENCY, one.urgency)):
            place = places.get((report_id, organ, kind))
            if place is not None and columns[finding_type][place] != code:
                columns[finding_type][place] = code
                changed[place].append(finding_type)
    corrected = {name: pd.array(column, "Int64") for name, column in columns.items()}
    return table.assign(**corrected, **{CORRECTED: ["; ".join(names) for names in changed]})


def annotations(labels: Path) -> pd.DataFrame:
    """Return the readers' codes in the wide format of the LEAVS annotations (arXiv 2503.13330).

    Each reader has two rows for each accepted report, one of labels (0 or 1) and one of urgencies;
    an urgency is given only if the label is 1.

    Raises:
        InputError: the labels cannot be read, or no reader has accepted a report.
    """
    seen = read_for_review(labels)
    annotated = [row for one in _readings(seen) for row in _annotated(one, seen)]
    if not annotated:
        raise InputError(f"{seen.folder / FOLDER}: no reader has accepted a report")
    table = pd.DataFrame(annotated)
    codes = [column for column in table.columns if column not in ANNOTATION_KEYS]
    return table.astype(dict.fromkeys(codes, "Int64"))


def _objects(column: "pd.Series[int]") -> list[int | None]:
    return [None if pd.isna(code) else int(code) for code in column]


def _readings(seen: ReviewedLabels) -> list[Readings]:
    readings = read_all(seen.folder)
    if not readings:
        raise InputError(f"{seen.folder / FOLDER}: nobody has reviewed these labels")
    return readings


def _annotated(one: Readings, seen: ReviewedLabels) -> Iterator[dict[str, Any]]:
    if one.reader == ADJUDICATOR:
        return
    for report_id in (known for known in seen.grid.ids if one.accepted.get(known)):
        labels: dict[str, Any] = {
            IMAGE: report_id,
            REPORT_ID: report_id,
            KIND: LABELS,
            ANNOTATOR: one.reader,
        }
        urgencies = {**labels, KIND: URGENCY}
        for organ in seen.grid.organs:
            for name, types in ANNOTATED.items():
                codes = [
                    one.says((report_id, organ, finding_type), seen.codes)
                    for finding_type in types
                    if finding_type in seen.grid.finding_types
                ]
                label, urgency = _merged(codes)
                labels[f"{organ}_{name}"], urgencies[f"{organ}_{name}"] = label, urgency
        yield labels
        yield urgencies


def _merged(codes: Sequence[CellCodes]) -> tuple[int | None, int | None]:
    """Return whether any of the types is present, and the highest urgency; None if not said."""
    certainties = [MISSING if one.certainty is None else one.certainty for one in codes]
    positive = is_positive(np.array(certainties, np.int8)) if codes else np.array([], bool)
    if positive.any():
        highest = max(NO_URGENCY if one.urgency is None else one.urgency for one in codes)
        return 1, None if highest == NO_URGENCY else highest
    return (None if not codes or MISSING in certainties else 0), None
