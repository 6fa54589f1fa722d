"""Measures how far probabilities can be believed.

Needs scikit-learn. Knows nothing of cells.
"""

import numpy as np
import numpy.typing as npt
from numpy.typing import ArrayLike
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

BINS = 10


def bins_of(probability: ArrayLike, bins: int = BINS) -> npt.NDArray[np.intp]:
    """Return the bin of each probability, of equal width, as `reliability_curve` has them."""
    edges = np.linspace(0.0, 1.0, bins + 1)
    return np.searchsorted(edges[1:-1], np.asarray(probability, float))


def reliability_curve(
    truth: ArrayLike, probability: ArrayLike, bins: int = BINS
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the share of truths and the mean probability in each bin that holds any."""
    frequency, mean = calibration_curve(
        np.asarray(truth, int), np.asarray(probability, float), n_bins=bins
    )
    return frequency, mean


def expected_calibration_error(truth: ArrayLike, probability: ArrayLike, bins: int = BINS) -> float:
    """Compute the mean distance between probability and frequency, over bins of equal width.

    Args:
        truth: N times 0 or 1.
        probability: N numbers from 0 to 1.
        bins: the number of bins; each counts by what is in it.

    Source: Guo et al., On Calibration of Modern Neural Networks (arXiv 1706.04599).
    """
    truth, probability = np.asarray(truth, int), np.asarray(probability, float)
    if not len(truth):
        return float("nan")
    frequency, mean = reliability_curve(truth, probability, bins)
    counts = np.bincount(bins_of(probability, bins), minlength=bins)
    return float(np.abs(frequency - mean) @ counts[counts > 0] / len(truth))


def brier_score(truth: ArrayLike, probability: ArrayLike) -> float:
    """Compute the mean squared distance between probability and truth (0 or 1)."""
    truth, probability = np.asarray(truth, int), np.asarray(probability, float)
    if not len(truth):
        return float("nan")
    return float(brier_score_loss(truth, probability, pos_label=1))
