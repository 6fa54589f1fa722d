"""Fits a calibration to a run and its annotations: `leavs calibrate`.

Importing this module needs the packages of the extra `evaluate`.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from leavs.evaluation.cells import Bools, Cells, Floats, Integers, ReadCells
from leavs.evaluation.curves import (
    Knots,
    band,
    cross_fitted,
    drawn_again,
    fitted,
    folds_of,
    method_for,
)
from leavs.evaluation.reliability import brier_score, expected_calibration_error
from leavs.evaluation.risk_coverage import rests
from leavs.tables.calibration import Calibration, Curve, Fit, Method, Point


def fit(read: ReadCells, resamples: int, seed: int) -> Calibration:
    """Fit the curve of each finding type, and measure the rest at every threshold.

    Types that were annotated together are no part of the rest: their cells are none of the run's.

    Args:
        resamples: of reports, for the intervals of the rest.
        seed: of folds and resamples.
    """
    cells = read.cells
    folds, drawn = folds_of(cells.reports, seed), drawn_again(cells.reports, seed)
    curves, promised = {}, np.full(len(cells.truth), np.nan)
    for place, name in enumerate(cells.finding_types):
        own = cells.finding_type == place
        curves[name], calibrated = _curve(cells.of(own), name, folds, drawn)
        if read.parts[name] == (name,):
            promised[own] = calibrated
    return Calibration(
        read.identity,
        cells.reports,
        read.annotators,
        read.organs,
        _of_parts(curves, read),
        rests(cells, promised, resamples, seed),
    )


def cross_fitted_of_all(cells: Cells, folds: Integers) -> Floats:
    """Calibrate each cell by the other folds' curve of its type; NaN where a type has no curve."""
    values = np.full(len(cells.truth), np.nan)
    for place in range(len(cells.finding_types)):
        own = cells.finding_type == place
        method, _ = method_for(cells.of(own), folds)
        if method is not Method.NONE:
            values[own] = cross_fitted(method, cells.of(own), folds)
    return values


def _curve(own: Cells, name: str, folds: Integers, drawn: Floats) -> tuple[Curve, Floats]:
    """Fit the curve of one finding type to its cells, and calibrate each by the other folds'."""
    method, note = method_for(own, folds)
    counts = (len(np.unique(own.report)), len(own.truth), int(own.truth.sum()))
    points: tuple[Point, ...] = ()
    after = np.full(len(own.truth), np.nan)
    if method is not Method.NONE:
        knots = fitted(method, own.probability, own.truth)
        points = _points(knots, *band(method, own, knots, drawn))
        after = cross_fitted(method, own, folds)
    error, brier = (
        Fit(*(_figure(measure, own, one) for one in (own.probability, after)))
        for measure in (expected_calibration_error, brier_score)
    )
    return Curve(method, points, *counts, error, brier, name, note), after


def _points(knots: Knots, low: Floats, high: Floats) -> tuple[Point, ...]:
    rows = np.clip(np.column_stack([*knots, low, high]), 0, 1).tolist()
    return tuple(Point(*row) for row in rows)


def _figure(
    measure: Callable[[Bools, Floats], float], cells: Cells, probability: Floats
) -> float | None:
    """Return a figure of the probabilities; None where there are none."""
    if not len(probability) or np.isnan(probability).any():
        return None
    return measure(cells.truth, probability)


def _of_parts(curves: Mapping[str, Curve], read: ReadCells) -> dict[str, Curve]:
    """Give each finding type of the run the curve of the type that it is annotated as."""
    nothing = Fit(None, None)
    none = Curve(Method.NONE, (), 0, 0, 0, nothing, nothing, "", "not annotated")
    found = dict.fromkeys(read.identity["finding_types"], none)
    for name, parts in read.parts.items():
        found |= {part: replace(curves[name], annotated_as=name) for part in parts}
    return found
