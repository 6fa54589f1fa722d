"""Measures how far a run's probabilities can be believed, by finding type, for `leavs evaluate`.

Importing this module needs the packages of the extra `evaluate`.
"""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from leavs.evaluation.calibration import cross_fitted_of_all
from leavs.evaluation.cells import Cells, Floats
from leavs.evaluation.curves import folds_of
from leavs.evaluation.reliability import (
    BINS,
    bins_of,
    brier_score,
    expected_calibration_error,
    reliability_curve,
)
from leavs.evaluation.resampling import interval, resampled_sums
from leavs.evaluation.risk_coverage import rests

COLUMNS = ("figure", "of", "at", "cells", "value", "low", "high")
ERROR, BRIER, BIN, REST = "calibration_error", "brier_score", "bin", "share_right_of_rest"
AS_GIVEN, CALIBRATED = "", "calibrated_"  # before the names of figures

Row = tuple[str, str, float, int, float, float, float]


def measured(cells: Cells, resamples: int, seed: int) -> pd.DataFrame:
    """Return the figures of the probabilities, as given and calibrated by other reports.

    `at` is the mean probability of a bin, or the share of a group's cells that is read.

    Args:
        resamples: of reports, for intervals; 0 means none.
    """
    calibrated = cross_fitted_of_all(cells, folds_of(cells.reports, seed))
    rows: list[Row] = []
    for place, name in enumerate(cells.finding_types):
        own = cells.finding_type == place
        for prefix, values in ((AS_GIVEN, cells.probability), (CALIBRATED, calibrated)):
            known = own & ~np.isnan(values)
            if known.any():
                some = _Some(cells.of(known), values[known], resamples, seed)
                rows += some.rows(prefix, name)
    for group, ones in rests(cells, calibrated, resamples, seed).items():
        for one in ones:
            low, high = (np.nan if end is None else end for end in (one.low, one.high))
            rows.append((REST, group, one.read, one.cells, one.share_right, low, high))
    return pd.DataFrame(rows, columns=list(COLUMNS))


class _Some:
    """The probabilities of the cells of one finding type, and their sums in resamples."""

    def __init__(self, cells: Cells, probability: Floats, resamples: int, seed: int) -> None:
        self._truth, self._probability = cells.truth, probability
        self._bins = bins_of(probability)
        truth = cells.truth.astype(float)
        values = (np.ones(len(truth)), truth, probability, (probability - truth) ** 2)
        sums = [self._by_report(cells, one) for one in values]
        random = np.random.default_rng([seed, BINS])
        drawn = resampled_sums(np.concatenate(sums, axis=1), resamples, random)
        self._counts, self._affirmed, self._expected, self._squares = np.split(drawn, 4, axis=1)

    def _by_report(self, cells: Cells, values: Floats) -> Floats:
        """Sum values by report and bin: R x bins."""
        sums = np.zeros((cells.reports, BINS))
        np.add.at(sums, (cells.report, self._bins), values)
        return sums

    def rows(self, prefix: str, name: str) -> Iterator[Row]:
        """Yield the rows of the finding type of this name; `prefix` begins their figures."""
        count = len(self._truth)
        whole = self._counts.sum(axis=1)
        distance = np.abs(self._affirmed - self._expected).sum(axis=1)
        error = expected_calibration_error(self._truth, self._probability)
        yield prefix + ERROR, name, np.nan, count, error, *_ends(_share(distance, whole))
        brier = brier_score(self._truth, self._probability)
        squares = self._squares.sum(axis=1)
        yield prefix + BRIER, name, np.nan, count, brier, *_ends(_share(squares, whole))
        frequency, mean = reliability_curve(self._truth, self._probability)
        there, counts = np.unique(self._bins, return_counts=True)
        for place, one in enumerate(there):
            ends = _ends(_share(self._affirmed[:, one], self._counts[:, one]))
            at, value = float(mean[place]), float(frequency[place])
            yield prefix + BIN, name, at, int(counts[place]), value, *ends


def _share(part: Floats, whole: Floats) -> Floats:
    """Divide; resamples that have nothing of a bin are left out."""
    some = whole > 0
    return part[some] / whole[some]


def _ends(drawn: Floats) -> tuple[float, float]:
    if not len(drawn):
        return np.nan, np.nan
    low, _, high = interval(drawn)
    return float(low), float(high)


def by_name(table: pd.DataFrame | None, figure: str) -> Mapping[str, pd.DataFrame]:
    """Return the rows of one figure, by what they are of, in the order of the table."""
    if table is None:
        return {}
    rows = table[table["figure"] == figure]
    return {str(name): group for name, group in rows.groupby("of", sort=False)}
