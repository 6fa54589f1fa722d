"""Measures how right the rest is, once the cells of the lowest confidence are read.

Findings and their absence are two groups. The thresholds are fixed beforehand, so that choosing
among them can be tested (see `Calibration.threshold`). Needs scipy.
"""

from collections.abc import Mapping

import numpy as np
from scipy.special import expit
from scipy.stats import beta

from leavs.evaluation.cells import Bools, Cells, Floats
from leavs.evaluation.resampling import HIGH, LOW, effective, resampled_sums
from leavs.tables.calibration import LEVEL, Group, Rest

THRESHOLDS = np.append(expit(np.arange(46, -24, -1) / 5), 0.0)  # 0.9999 to 0.01, in log-odds


def rests(
    cells: Cells, calibrated: Floats, resamples: int, seed: int
) -> Mapping[Group, tuple[Rest, ...]]:
    """Return what is left of each group at every threshold, the strictest first.

    Args:
        calibrated: N probabilities that readers affirm the finding, NaN for cells without; none
            may be from a curve that was fitted to its own report.
        resamples: of reports, for intervals; 0 means none.
    """
    known = ~np.isnan(calibrated)
    confidence = np.where(cells.is_finding, calibrated, 1 - calibrated)
    right = cells.is_finding == cells.truth
    groups = {Group.FINDINGS: cells.is_finding, Group.NO_FINDINGS: ~cells.is_finding}
    return {
        group: _rests_of(
            cells.of(own & known), confidence[own & known], right[own & known], (resamples, seed)
        )
        for group, own in groups.items()
    }


def _rests_of(
    cells: Cells, confidence: Floats, right: Bools, bootstrap: tuple[int, int]
) -> tuple[Rest, ...]:
    left, agreeing = (_left(cells, confidence, weights) for weights in (np.ones(len(right)), right))
    counts, rights = left.sum(axis=0), agreeing.sum(axis=0)
    low, high, bound = _bounds(left, agreeing, *bootstrap)
    found = []
    for place, threshold in enumerate(THRESHOLDS):
        if counts[place] == (counts[place - 1] if place else 0):
            continue
        rest = Rest(
            float(threshold),
            int(counts[place]),
            int(rights[place]),
            float(effective(left[:, place])),
            float(1 - counts[place] / len(right)),
            _known(low[place]),
            _known(high[place]),
            float(bound[place]),
        )
        found.append(rest)
    return tuple(found)


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _left(cells: Cells, confidence: Floats, weights: Floats | Bools) -> Floats:
    """Sum the weights of what is left of each report at each threshold: R x thresholds."""
    first = np.searchsorted(-THRESHOLDS, -confidence)  # the first threshold that is low enough
    sums = np.zeros((cells.reports, len(THRESHOLDS)))
    np.add.at(sums, (cells.report, first), weights)
    return sums.cumsum(axis=1)


def _bounds(
    left: Floats, right: Floats, resamples: int, seed: int
) -> tuple[Floats, Floats, Floats]:
    """Return the 95 % interval of the share right at each threshold, and the bound of a promise.

    Each is the wider one of two: by drawing reports again, and an exact one (Clopper and Pearson),
    for a resample of cells without an error has none either. Of the interval that is the one of as
    many independent cells. Of a promise it is the one of as many reports, each right or wrong as a
    whole: labels of a report can all be wrong at once, and where few reports are like that, the
    annotated ones may hold none of them.
    """
    counts, rights = left.sum(axis=0), right.sum(axis=0)
    reports = np.array([effective(of_threshold) for of_threshold in left.T])
    shares = np.divide(rights, counts, out=np.zeros_like(rights), where=counts > 0)
    bound = _exact(reports, shares * reports, LEVEL)
    if not resamples:
        return np.full_like(bound, np.nan), np.full_like(bound, np.nan), bound
    random = np.random.default_rng([seed, len(THRESHOLDS)])
    sums = resampled_sums(np.concatenate([left, right], axis=1), resamples, random)
    there, agreeing = np.split(sums, 2, axis=1)
    drawn = np.divide(agreeing, there, out=np.zeros_like(there), where=there > 0)
    drawn = np.sort(drawn, axis=0)
    low, high, lowest = (drawn[int(level * resamples)] for level in (LOW, HIGH, LEVEL))
    upper = 1 - _exact(counts, counts - rights, LOW)
    return (
        np.minimum(low, _exact(counts, rights, LOW)),
        np.maximum(high, upper),
        np.minimum(bound, lowest),
    )


def _exact(counts: Floats, rights: Floats, level: float) -> Floats:
    """Return the exact lower bound of a share, which is too high with a chance of `level`."""
    some = rights > 0
    bounds: Floats = np.zeros_like(counts)
    bounds[some] = beta.ppf(level, rights[some], counts[some] - rights[some] + 1)
    return bounds
