"""Cells of generated reports, of which the true probabilities are known.

The model's probability is overconfident, in another way for each finding type, and a report makes
all of its cells more or less likely, so that they are not independent.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from leavs.evaluation.cells import Cells, Floats

TYPES = ("focal", "diffuse", "enlarged")
OFFSETS, SLOPES = np.array([0.4, 0.0, -0.6]), np.array([0.9, 0.6, 1.1])
ORGANS = 9


@dataclass(frozen=True, slots=True)
class Simulated:
    """Cells, and for each the true probability that readers affirm the finding."""

    cells: Cells
    true: Floats


def truth_of(finding_type: int, probability: Floats) -> Floats:
    """The true curve of a finding type, for a report like most."""
    odds = logit(np.clip(probability, 0.01, 0.99))
    values: Floats = expit(OFFSETS[finding_type] + SLOPES[finding_type] * odds)
    return values


def simulated(reports: int, seed: int, of_report: float = 0.5, picked: float = 0.3) -> Simulated:
    """Reports with nine organs and three types.

    Args:
        of_report: how much reports differ: a standard deviation, in log-odds.
        picked: the share of cells of which the model picks the type.
    """
    random = np.random.default_rng(seed)
    shape = (reports, ORGANS, len(TYPES))
    is_picked = random.random(shape) < picked
    probability = np.where(is_picked, random.beta(0.9, 0.5, shape), 0.0)
    true = np.stack([truth_of(t, probability[..., t]) for t in range(len(TYPES))], axis=-1)
    shift = random.normal(0, of_report, (reports, 1, 1)) if of_report else 0.0
    true = expit(logit(true) + shift)
    return _simulated(probability, true, random)


def sharp(reports: int, seed: int, of_report: float = 1.0, wrong: float = 0.0) -> Simulated:
    """Reports of a model that is mostly sure, and mostly right; of some it is wrong as a whole.

    Args:
        of_report: as for `simulated`.
        wrong: the share of reports in which every probability is that of the contrary.
    """
    random = np.random.default_rng(seed)
    probability = expit(random.normal(logit(0.3), 3, (reports, ORGANS, len(TYPES))))
    shift = random.normal(0, of_report, (reports, 1, 1))
    true = expit(logit(probability) + shift)
    true = np.where(random.random((reports, 1, 1)) < wrong, 1 - true, true)
    return _simulated(probability, true, random)


def _simulated(probability: Floats, true: Floats, random: np.random.Generator) -> Simulated:
    truth = random.random(true.shape) < true
    report, _, finding_type = np.indices(true.shape)
    cells = Cells(
        len(true),
        TYPES,
        report.ravel(),
        finding_type.ravel(),
        probability.ravel(),
        (probability >= 0.5).ravel(),
        truth.ravel(),
    )
    return Simulated(cells, true.ravel())
