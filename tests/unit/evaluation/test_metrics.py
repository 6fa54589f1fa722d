"""Metrics out of counts are those of scikit-learn and scipy."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kendalltau
from sklearn.metrics import f1_score, matthews_corrcoef, precision_score, recall_score

from fuzzing import examples
from leavs.evaluation.metrics import LABEL_METRICS, kendall_tau_b, label_metrics

PAIRS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)
LEVELS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 3)), min_size=2, max_size=60)


def counted(pairs: list[tuple[int, int]], truths: int, answers: int) -> np.ndarray:
    table = np.zeros((truths, answers))
    for truth, answer in pairs:
        table[int(truth), int(answer)] += 1
    return table


@pytest.mark.filterwarnings("ignore:A single label was found")  # of scikit-learn's, for the MCC
@examples()
@given(PAIRS)
def test_label_metrics_are_those_of_scikit_learn(pairs: list[tuple[bool, bool]]) -> None:
    truth, answer = zip(*pairs, strict=True)
    expected = {
        "precision": precision_score(truth, answer, zero_division=0),
        "recall": recall_score(truth, answer, zero_division=0),
        "f1": f1_score(truth, answer, zero_division=0),
        "specificity": recall_score(truth, answer, pos_label=False, zero_division=0),
        "mcc": matthews_corrcoef(truth, answer),
    }
    values = dict(zip(LABEL_METRICS, label_metrics(counted(pairs, 2, 2)), strict=True))
    assert values == pytest.approx(expected, abs=1e-12)


@examples()
@given(LEVELS)
def test_tau_b_is_that_of_scipy(pairs: list[tuple[int, int]]) -> None:
    truth, answer = zip(*pairs, strict=True)
    with warnings.catch_warnings(action="ignore"):
        expected = kendalltau(truth, answer).statistic
    value = float(kendall_tau_b(counted(pairs, 7, 4)))
    assert value == pytest.approx(0 if np.isnan(expected) else expected, abs=1e-12)


def test_abstentions_enter_no_metric() -> None:
    plain = np.array([[5.0, 2.0], [1.0, 4.0]])
    with_abstentions = np.concatenate([plain, [[7.0, 8.0, 9.0], [3.0, 2.0, 1.0]]], axis=1)
    assert np.array_equal(label_metrics(plain), label_metrics(with_abstentions))


def test_many_tables_at_once_are_one_after_the_other() -> None:
    tables = np.random.default_rng(0).integers(0, 9, size=(4, 3, 5, 4)).astype(float)
    together = kendall_tau_b(tables)
    assert together.shape == (4, 3)
    assert together[2, 1] == kendall_tau_b(tables[2, 1])
