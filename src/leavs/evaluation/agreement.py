"""Measures how far annotators agree with each other, as a reference for every labeler."""

from itertools import combinations
from typing import Literal

import krippendorff
import numpy as np
import pandas as pd
from sklearn.metrics import cohen_kappa_score

from leavs.evaluation.items import Task, View
from leavs.evaluation.metrics import Floats
from leavs.tables.merging import NO_URGENCY

COLUMNS = ("task", "finding_type", "measure", "annotators", "items", "value")


def agreement(seen: View) -> pd.DataFrame:
    """Compute Cohen's kappa of each pair and Krippendorff's alpha, by finding type and over all.

    Labels are nominal, urgencies ordinal. A value that is not defined (all annotators say the same,
    or no item has two annotators) is empty.
    """
    known = seen.positive & (seen.urgencies != NO_URGENCY)
    rows: list[tuple[str, str, str, str, int, float]] = []
    for task, values, given in (
        (Task.LABELS, seen.positive, seen.given),
        (Task.URGENCY, seen.urgencies, known),
    ):
        numbers = np.where(given, values.astype(float), np.nan)
        for name in ("", *seen.finding_types):
            columns = [not name or name == one for one in seen.finding_types]
            said = np.moveaxis(numbers[..., columns], 1, 0).reshape(len(seen.annotators), -1)
            rows += [(task, name, *row) for row in _measures(said, seen.annotators, task)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _measures(
    given: Floats, annotators: tuple[str, ...], task: Task
) -> list[tuple[str, str, int, float]]:
    """Compute the measures of `given`, annotators x items, NaN where one said nothing."""
    measured = []
    weights = "linear" if task is Task.URGENCY else None
    level: Literal["ordinal", "nominal"] = "ordinal" if task is Task.URGENCY else "nominal"
    for one, other in combinations(range(len(annotators)), 2):
        both = ~np.isnan(given[one]) & ~np.isnan(given[other])
        left, right = given[one, both].astype(int), given[other, both].astype(int)
        kappa = np.nan
        if len(set(left) | set(right)) > 1:
            kappa = cohen_kappa_score(left, right, weights=weights)
        name = "weighted kappa" if weights else "kappa"
        pair = f"{annotators[one]}, {annotators[other]}"
        measured.append((name, pair, int(both.sum()), float(kappa)))
    shared = (~np.isnan(given)).sum(axis=0) > 1
    alpha = np.nan
    if len(np.unique(given[:, shared][~np.isnan(given[:, shared])])) > 1:
        alpha = krippendorff.alpha(given[:, shared], level_of_measurement=level)
    measured.append(("alpha", ", ".join(annotators), int(shared.sum()), float(alpha)))
    return measured
