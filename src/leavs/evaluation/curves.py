"""Fits the curve of a finding type: from the model's probability to the share that readers affirm.

A curve is a row of points, between which it is straight, however it was fitted. Needs scikit-learn.
"""

import numpy as np
from scipy.special import expit, logit
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from leavs.evaluation.cells import Bools, Cells, Floats, Integers
from leavs.evaluation.resampling import effective, interval
from leavs.tables.calibration import Method

FEW = 30  # positives below which a curve of two numbers is fitted in place of a free one
LEAST = 5  # positives, and negatives, below which there is none
FOLDS = 5
CLIP = 0.01  # nearer to 0 and 1, log-odds would let single cells decide the slope
GRID = np.linspace(logit(CLIP), logit(1 - CLIP), 201)  # of the points of a logistic curve
SLOPES = 2.5  # the standard deviation of slopes to expect; of a calibrated model it is 1
BAND_RESAMPLES = 200
WIDE = 1.959963984540054  # standard deviations on both sides that hold 95 % of a normal variable

TINY = 1e-9  # what no cells at all tell of a rate: its interval is everything

Knots = tuple[Floats, Floats]  # the points of a curve: model's probability, calibrated


def method_for(cells: Cells, folds: Integers) -> tuple[Method, str]:
    """Choose how to fit the cells of one finding type; if not at all, say why.

    Args:
        folds: the fold of each report.
    """
    if not len(cells.truth):
        return Method.NONE, "no annotated cell has a probability"
    positives, negatives = int(cells.truth.sum()), int((~cells.truth).sum())
    for number, kind in ((positives, "affirmed"), (negatives, "not affirmed")):
        if number < LEAST:
            return Method.NONE, f"{number} of {len(cells.truth)} cells are {kind}; {LEAST} needed"
    for fold in range(FOLDS):
        truth = cells.truth[folds[cells.report] != fold]
        if truth.all() or not truth.any():
            return Method.NONE, "all cells of one kind are in too few reports"
    return (Method.PLATT if positives < FEW else Method.ISOTONIC), ""


def folds_of(reports: int, seed: int) -> Integers:
    """Return a fold for each report, all of nearly the same size."""
    return np.random.default_rng([seed, FOLDS]).permutation(reports) % FOLDS


def fitted(
    method: Method, probability: Floats, truth: Bools, weights: Floats | None = None
) -> Knots:
    """Fit a curve.

    Args:
        weights: how often each cell counts.
    """
    weights = np.ones(len(truth)) if weights is None else weights
    kept = weights > 0
    fit = _isotonic if method is Method.ISOTONIC else _platt
    return fit(probability[kept], truth[kept], weights[kept])


def at(knots: Knots, probability: Floats) -> Floats:
    """Return the calibrated probabilities."""
    values: Floats = np.interp(probability, *knots)
    return values


def _isotonic(probability: Floats, truth: Bools, weights: Floats) -> Knots:
    """The nearest curve that never falls (Zadrozny and Elkan, KDD 2002)."""
    model = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")
    model.fit(probability, truth.astype(float), weights)
    return model.X_thresholds_, model.y_thresholds_


def _platt(probability: Floats, truth: Bools, weights: Floats) -> Knots:
    """A logistic curve over the log-odds, with a point of its own for what was not picked.

    A type that the model did not pick has a probability of exactly 0, and no odds.
    """
    picked = probability > 0
    curve = _logistic(probability[picked], truth[picked], weights[picked])
    if picked.all():
        return expit(GRID), curve
    affirmed, count = weights[~picked] @ truth[~picked], weights[~picked].sum()
    values = np.append((affirmed + 0.5) / (count + 1), curve)
    return np.append(0.0, expit(GRID)), np.maximum.accumulate(values)


def _logistic(probability: Floats, truth: Bools, weights: Floats) -> Floats:
    """Return a logistic curve at the places of GRID (Platt scaling).

    Platt's own targets (1999), not quite 0 and 1, pull so few cells towards the middle; a slope
    that is held by `SLOPES` keeps the curve finite as well. A curve that would fall is flat: then
    the probability tells nothing of the truth.
    """
    odds = logit(np.clip(probability, CLIP, 1 - CLIP))
    positives, negatives = weights @ truth, weights @ ~truth
    slope, offset = 0.0, float(logit((positives + 0.5) / (positives + negatives + 1)))
    if positives and negatives and np.ptp(odds) > 0:
        model = LogisticRegression(C=SLOPES**2, tol=1e-8, max_iter=1000)
        model.fit(odds[:, None], truth, weights)
        if model.coef_[0, 0] > 0:
            slope, offset = float(model.coef_[0, 0]), float(model.intercept_[0])
    values: Floats = expit(slope * GRID + offset)
    return values


def cross_fitted(method: Method, cells: Cells, folds: Integers) -> Floats:
    """Calibrate each cell along the curve of all reports but those of its own fold."""
    values = np.empty(len(cells.truth))
    fold_of = folds[cells.report]
    for fold in np.unique(fold_of):
        own = fold_of == fold
        knots = fitted(method, cells.probability[~own], cells.truth[~own])
        values[own] = at(knots, cells.probability[own])
    return values


def drawn_again(reports: int, seed: int) -> Floats:
    """Return how often each report is drawn in resamples of as many: resamples x reports."""
    random = np.random.default_rng([seed, BAND_RESAMPLES])
    chances = np.full(reports, 1 / reports)
    return random.multinomial(reports, chances, size=BAND_RESAMPLES).astype(float)


def band(method: Method, cells: Cells, knots: Knots, drawn: Floats) -> tuple[Floats, Floats]:
    """Return the 95 % band of a curve at its points: fitted again to reports drawn again.

    Of few reports that is too narrow: without a positive among them, no resample has one either. So
    it is the wider of two, the other one being Wilson's interval of the reports with cells at each
    height of the curve, and of a logistic curve the interval that its own standard errors give.

    Args:
        drawn: as `drawn_again` returns it.
    """
    curves = []
    for weights in drawn:
        again = weights[cells.report]
        if again.any():
            curves.append(at(fitted(method, cells.probability, cells.truth, again), knots[0]))
    low, _, high = interval(np.array(curves))
    least, most = _wilson(cells.report, at(knots, cells.probability), knots[1])
    if method is Method.PLATT:
        picked, odds = cells.probability[cells.probability > 0], knots[0] > 0
        least[odds], most[odds] = _of_errors(picked, (knots[0][odds], knots[1][odds]))
    return np.minimum(np.minimum(low, least), knots[1]), np.maximum(
        np.maximum(high, most), knots[1]
    )


def _of_errors(probability: Floats, knots: Knots) -> tuple[Floats, Floats]:
    """Return the interval of a logistic curve by the standard errors of its two numbers."""
    odds = logit(np.clip(probability, CLIP, 1 - CLIP))
    calibrated = at(knots, np.clip(probability, CLIP, 1 - CLIP))
    columns = np.column_stack([np.ones(len(odds)), odds])
    information = columns.T @ (columns * (calibrated * (1 - calibrated))[:, None])
    information += np.diag([TINY, 1 / SLOPES**2])
    places = np.column_stack([np.ones(len(GRID)), GRID])
    errors = np.sqrt(((places @ np.linalg.inv(information)) * places).sum(axis=1))
    middle = logit(knots[1])
    return expit(middle - WIDE * errors), expit(middle + WIDE * errors)


def _wilson(report: Integers, calibrated: Floats, heights: Floats) -> tuple[Floats, Floats]:
    """Return Wilson's interval at each height, of the reports that have cells there."""
    there = (report[np.isclose(calibrated, one, atol=1e-12)] for one in heights)
    counts = np.array([effective(np.bincount(one).astype(float)) for one in there])
    counts = np.maximum(counts, 1)
    middle = (heights + WIDE**2 / (2 * counts)) / (1 + WIDE**2 / counts)
    spread = np.sqrt(heights * (1 - heights) / counts + (WIDE / (2 * counts)) ** 2)
    half = WIDE / (1 + WIDE**2 / counts) * spread
    return np.maximum(0, middle - half), np.minimum(1, middle + half)
