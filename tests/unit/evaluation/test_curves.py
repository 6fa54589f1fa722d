"""Curves against scikit-learn's own, and against the true curve of generated cells."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from leavs.evaluation.calibration import fit
from leavs.evaluation.cells import Bools, Cells, Floats, ReadCells
from leavs.evaluation.curves import (
    CLIP,
    FOLDS,
    GRID,
    SLOPES,
    at,
    band,
    cross_fitted,
    drawn_again,
    fitted,
    folds_of,
    method_for,
)
from leavs.tables.calibration import Method
from simulated_cells import TYPES, simulated, truth_of


def of_type(cells: Cells, place: int) -> Cells:
    return cells.of(cells.finding_type == place)


def read(cells: Cells) -> ReadCells:
    return ReadCells(
        cells, {"finding_types": TYPES}, 1, ("liver",), {name: (name,) for name in TYPES}, ()
    )


def test_an_isotonic_curve_is_that_of_scikit_learn() -> None:
    cells = of_type(simulated(80, 3).cells, 0)
    model = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")
    model.fit(cells.probability, cells.truth.astype(float))
    places = np.linspace(0, 1, 1001)
    knots = fitted(Method.ISOTONIC, cells.probability, cells.truth)
    assert np.abs(at(knots, places) - model.predict(places)).max() < 1e-9
    curve = fit(read(simulated(80, 3).cells), 200, 0).curves["focal"]
    written = np.array([curve.at(place) for place in places.tolist()])
    assert np.abs(written - model.predict(places)).max() < 1e-9


def test_a_logistic_curve_is_that_of_scikit_learn() -> None:
    cells = of_type(simulated(80, 3).cells, 0)
    picked = cells.of(cells.probability > 0)
    model = LogisticRegression(C=SLOPES**2, tol=1e-8, max_iter=1000)
    odds = logit(np.clip(picked.probability, CLIP, 1 - CLIP))[:, None]
    expected = model.fit(odds, picked.truth).predict_proba(GRID[:, None])[:, 1]
    alone = fitted(Method.PLATT, picked.probability, picked.truth)
    assert np.abs(alone[1] - expected).max() < 1e-9
    # what the model did not pick has a point of its own, below the rest
    knots = fitted(Method.PLATT, cells.probability, cells.truth)
    rest = cells.truth[cells.probability == 0]
    assert knots[0][0] == 0
    assert knots[1][0] == pytest.approx((rest.sum() + 0.5) / (len(rest) + 1))
    assert np.abs(knots[1][1:] - np.maximum(expected, knots[1][0])).max() < 1e-9


@pytest.mark.parametrize("method", [Method.ISOTONIC, Method.PLATT])
def test_a_weight_counts_a_cell_as_often(method: Method) -> None:
    cells = of_type(simulated(40, 4).cells, 1)
    weights = np.random.default_rng(0).integers(0, 3, len(cells.truth))
    again = np.repeat(np.arange(len(weights)), weights)
    weighted = fitted(method, cells.probability, cells.truth, weights.astype(float))
    repeated = fitted(method, cells.probability[again], cells.truth[again])
    places = np.linspace(0, 1, 101)
    assert at(weighted, places) == pytest.approx(at(repeated, places), abs=1e-5)


@pytest.mark.parametrize(
    ("probability", "truth", "height"),
    [
        ([0.2, 0.4, 0.6, 0.8], [1, 1, 0, 0], 0.5),  # it would fall
        ([0.2, 0.4, 0.6, 0.8], [1, 1, 1, 1], 0.9),  # (4 + 1/2) / (4 + 1)
        ([0.5, 0.5, 0.5, 0.5], [1, 0, 0, 0], 0.3),
    ],
)
def test_a_logistic_curve_is_flat_where_the_probability_tells_nothing(
    probability: list[float], truth: list[int], height: float
) -> None:
    knots = fitted(Method.PLATT, np.array(probability), np.array(truth, bool))
    assert knots[1] == pytest.approx([height] * len(knots[1]))


def cells_with(truth: Bools, report: list[int], probability: Floats | None = None) -> Cells:
    of = np.array(report)
    given = np.linspace(0.1, 0.9, len(of)) if probability is None else probability
    return Cells(int(of.max()) + 1, ("a",), of, np.zeros_like(of), given, given >= 0.5, truth)


def truths(positives: int, negatives: int) -> Bools:
    return np.array([1] * positives + [0] * negatives, bool)


@pytest.mark.parametrize(
    ("positives", "negatives", "method", "note"),
    [
        (0, 0, Method.NONE, "no annotated cell has a probability"),
        (0, 50, Method.NONE, "0 of 50 cells are affirmed; 5 needed"),
        (4, 50, Method.NONE, "4 of 54 cells are affirmed; 5 needed"),
        (50, 4, Method.NONE, "4 of 54 cells are not affirmed; 5 needed"),
        (5, 50, Method.PLATT, ""),
        (29, 50, Method.PLATT, ""),
        (30, 50, Method.ISOTONIC, ""),
    ],
)
def test_how_a_curve_is_fitted_depends_on_the_positives(
    positives: int, negatives: int, method: Method, note: str
) -> None:
    truth = truths(positives, negatives)
    cells = cells_with(truth, [*range(len(truth))] or [0])
    cells = cells if len(truth) else cells_with(np.zeros(1, bool), [0]).of(np.array([False]))
    assert method_for(cells, folds_of(cells.reports, 0)) == (method, note)


def test_positives_of_one_report_are_too_few() -> None:
    cells = cells_with(truths(20, 20), [0] * 20 + [*range(1, 21)])
    method, note = method_for(cells, folds_of(21, 0))
    assert (method, note) == (Method.NONE, "all cells of one kind are in too few reports")


def test_no_report_has_a_part_in_its_own_calibrated_value() -> None:
    cells = of_type(simulated(50, 5).cells, 0)
    folds = folds_of(50, 0)
    assert sorted(np.bincount(folds)) == [50 // FOLDS] * FOLDS
    mine = folds[cells.report] == folds[7]
    other = replace(cells, truth=np.where(mine, ~cells.truth, cells.truth))
    values, changed = (cross_fitted(Method.ISOTONIC, one, folds) for one in (cells, other))
    assert values[mine].tolist() == changed[mine].tolist()
    assert (values[~mine] != changed[~mine]).any()


SPREAD = np.random.default_rng(9).normal(0, 0.5, 2000)


def marginal(place: int, probability: Floats) -> Floats:
    """The true share affirmed over all reports, which differ in how likely findings are."""
    odds = logit(truth_of(place, probability))
    shares: Floats = expit(odds[:, None] + SPREAD).mean(axis=1)
    return shares


def covered(reports: int, picked: float, seed: int) -> tuple[float, Method]:
    """The share of the picked cells at which the true curve is within the band."""
    cells = of_type(simulated(reports, seed, picked=picked).cells, 2)
    method, _ = method_for(cells, folds_of(reports, seed))
    knots = fitted(method, cells.probability, cells.truth)
    low, high = band(method, cells, knots, drawn_again(reports, seed))
    true = marginal(2, knots[0])
    inside = (low <= true) & (true <= high)
    own = cells.probability[cells.probability > 0]
    return float(np.interp(own, knots[0], inside.astype(float)).mean()), method


@pytest.mark.parametrize(
    "sets", [6, pytest.param(100, marks=pytest.mark.soak)], ids=["few", "many"]
)
@pytest.mark.parametrize(
    ("reports", "picked", "method"),
    [(150, 0.3, Method.ISOTONIC), (100, 0.02, Method.PLATT)],
)
def test_the_true_curve_is_within_the_band(
    reports: int, picked: float, method: Method, sets: int
) -> None:
    shares = [
        share for share, how in (covered(reports, picked, n) for n in range(sets)) if how is method
    ]
    assert len(shares) > sets / 2
    assert np.mean(shares) > 0.93


def test_a_band_of_few_cells_is_wide_and_holds_its_curve() -> None:
    cells = cells_with(truths(10, 30), [*range(40)])
    knots = fitted(Method.PLATT, cells.probability, cells.truth)
    low, high = band(Method.PLATT, cells, knots, drawn_again(40, 0))
    assert ((low <= knots[1]) & (knots[1] <= high)).all()
    never = cells_with(np.zeros(40, bool), [*range(40)])
    flat = fitted(Method.ISOTONIC, never.probability, never.truth)
    _, most = band(Method.ISOTONIC, never, flat, drawn_again(40, 0))
    assert most.min() > 0.05, "that none of 40 was affirmed does not say that none ever is"


def test_cells_of_few_reports_tell_less_of_what_the_model_did_not_pick() -> None:
    """That no cell of ten reports is affirmed does not say that none of a hundred reports is."""
    truth = truths(10, 200)
    probability = np.where(truth, 0.9, 0.0)
    widths = []
    for reports in (10, 200):
        report = [*range(200, 210), *(np.arange(200) % reports).tolist()]
        cells = cells_with(truth, report, probability)
        knots = fitted(Method.PLATT, cells.probability, cells.truth)
        assert knots[0][0] == 0
        low, high = band(Method.PLATT, cells, knots, drawn_again(210, 0))
        widths.append(high[0] - low[0])
    assert widths[0] > 0.2 > 0.05 > widths[1]
