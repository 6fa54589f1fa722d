"""Figures of probabilities: scikit-learn's on the same arrays, and what is plain by hand."""

import math

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from leavs.evaluation.probabilities import measured
from leavs.evaluation.reliability import (
    bins_of,
    brier_score,
    expected_calibration_error,
    reliability_curve,
)
from simulated_cells import TYPES, simulated


@pytest.mark.parametrize("seed", range(5))
def test_figures_are_those_of_scikit_learn(seed: int) -> None:
    cells = simulated(40, seed).cells
    frequency, mean = calibration_curve(cells.truth, cells.probability, n_bins=10)
    ours = reliability_curve(cells.truth, cells.probability)
    assert np.abs(np.array(ours) - np.array([frequency, mean])).max() < 1e-9
    counts = np.histogram(cells.probability, np.linspace(0, 1, 11))[0]
    error = np.abs(frequency - mean) @ counts[counts > 0] / len(cells.truth)
    assert abs(expected_calibration_error(cells.truth, cells.probability) - error) < 1e-9
    brier = brier_score_loss(cells.truth, cells.probability)
    assert abs(brier_score(cells.truth, cells.probability) - brier) < 1e-9


@pytest.mark.parametrize(
    ("truth", "probability", "error", "brier"),
    [
        ([1, 1, 0, 0], [1.0, 1.0, 0.0, 0.0], 0, 0),
        ([0, 0, 1, 1], [1.0, 1.0, 0.0, 0.0], 1, 1),
        ([1, 0], [0.75, 0.75], 0.25, (0.0625 + 0.5625) / 2),
        ([1, 0], [0.2, 0.9], (0.8 + 0.9) / 2, (0.64 + 0.81) / 2),
    ],
)
def test_figures_by_hand(
    truth: list[int], probability: list[float], error: float, brier: float
) -> None:
    assert expected_calibration_error(truth, probability) == pytest.approx(error)
    assert brier_score(truth, probability) == pytest.approx(brier)


def test_of_nothing_there_is_no_figure() -> None:
    assert math.isnan(expected_calibration_error([], []))
    assert math.isnan(brier_score([], []))


def test_a_bin_holds_its_upper_end() -> None:
    assert bins_of([0.0, 0.1, 0.1001, 1.0]).tolist() == [0, 0, 1, 9]


def test_a_table_of_figures_has_each_value_within_its_interval() -> None:
    table = measured(simulated(60, 1).cells, 300, 0)
    bounded = table[table["figure"].isin(["brier_score", "bin", "share_right_of_rest"])]
    assert set(table["of"]) == {*TYPES, "findings", "no findings"}
    assert (bounded["low"] <= bounded["value"]).all()
    assert (bounded["value"] <= bounded["high"]).all()
    assert measured(simulated(60, 1).cells, 300, 0).equals(table), "the same seed, the same figures"
    # the rest is whole where nothing is read, and smaller the more is read
    for group in ("findings", "no findings"):
        rest = table[(table["figure"] == "share_right_of_rest") & (table["of"] == group)]
        assert rest["at"].is_monotonic_decreasing
        assert rest["cells"].is_monotonic_increasing
        assert rest["at"].iloc[-1] == 0


def test_without_resamples_there_are_figures_and_no_intervals() -> None:
    with_intervals, without = (measured(simulated(30, 2).cells, n, 0) for n in (50, 0))
    assert without["low"].isna().all()
    assert without["value"].equals(with_intervals["value"])
