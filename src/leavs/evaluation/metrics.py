"""Computes metrics from counts, for many tables at once: the last axes are truths and answers.

A metric that is not defined (no positives, or all values tied) is 0, as in the LEAVS paper
(arXiv 2503.13330). Tests compare them with scikit-learn and scipy. Knows nothing of cells.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

LABEL_METRICS = ("precision", "recall", "f1", "specificity", "mcc")
URGENCY_METRICS = ("tau_b",)


def label_metrics(counts: Floats) -> Floats:
    """Compute precision, recall, F1, specificity and MCC.

    Args:
        counts: ... x 2 x P, by truth (negative, positive) and by answer, of which the first two are
            negative and positive; the others are abstentions, which no metric counts.

    Returns:
        ... x 5, in the order of LABEL_METRICS.
    """
    true_negative, false_positive = counts[..., 0, 0], counts[..., 0, 1]
    false_negative, true_positive = counts[..., 1, 0], counts[..., 1, 1]
    said, real = true_positive + false_positive, true_positive + false_negative
    not_said, not_real = true_negative + false_negative, true_negative + false_positive
    product = true_positive * true_negative - false_positive * false_negative
    return np.stack(
        [
            _ratio(true_positive, said),
            _ratio(true_positive, real),
            _ratio(2 * true_positive, said + real),
            _ratio(true_negative, not_real),
            _ratio(product, np.sqrt(said) * np.sqrt(real) * np.sqrt(not_said) * np.sqrt(not_real)),
        ],
        axis=-1,
    )


def kendall_tau_b(counts: Floats) -> Floats:
    """Compute Kendall's tau-b between truth and answer.

    Args:
        counts: ... x truths x answers, both in ascending order.
    """
    below = np.zeros_like(counts)  # for each place, the items lower in truth and in answer
    below[..., 1:, 1:] = counts.cumsum(axis=-2).cumsum(axis=-1)[..., :-1, :-1]
    across = np.zeros_like(counts)  # the items lower in truth and higher in answer
    from_the_right = counts[..., ::-1].cumsum(axis=-2).cumsum(axis=-1)[..., ::-1]
    across[..., 1:, :-1] = from_the_right[..., :-1, 1:]
    balance = (counts * (below - across)).sum(axis=(-2, -1))
    every_pair = _pairs(counts.sum(axis=(-2, -1)))
    untied_truth = every_pair - _pairs(counts.sum(axis=-1)).sum(axis=-1)
    untied_answer = every_pair - _pairs(counts.sum(axis=-2)).sum(axis=-1)
    return _ratio(balance, np.sqrt(untied_truth) * np.sqrt(untied_answer))


def _pairs(count: Floats) -> Floats:
    return count * (count - 1) / 2


def _ratio(above: Floats, below: Floats) -> Floats:
    return np.divide(above, below, out=np.zeros_like(above), where=below != 0)


def f1_of(found: npt.NDArray[np.bool_], real: npt.NDArray[np.bool_]) -> float:
    """Compute the F1 of flags of the same shape; 0 if none is set."""
    named = int(found.sum() + real.sum())
    return 2 * int((found & real).sum()) / named if named else 0.0
