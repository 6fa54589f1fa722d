"""What is promised of the rest holds on the true probabilities of generated cells."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from leavs.evaluation.calibration import cross_fitted_of_all
from leavs.evaluation.cells import Cells, Floats, Integers
from leavs.evaluation.curves import at, fitted, folds_of, method_for
from leavs.evaluation.resampling import resampled_sums
from leavs.evaluation.risk_coverage import rests
from leavs.tables.calibration import Calibration, Group
from simulated_cells import TYPES, Simulated, sharp, simulated


def calibrated_by(cells: Cells, folds: Integers, of: Cells) -> Floats:
    """The calibrated probabilities of other cells, along curves fitted to these."""
    values = np.empty(len(of.truth))
    for place in range(len(TYPES)):
        own, other = cells.of(cells.finding_type == place), of.finding_type == place
        method, _ = method_for(own, folds)
        knots = fitted(method, own.probability, own.truth)
        values[other] = at(knots, of.probability[other])
    return values


Draw = Callable[[int, int], Simulated]  # of a number of reports, with a seed


def kept(group: Group, precision: float, reports: int, sets: int, draw: Draw) -> list[bool | None]:
    """Whether the rest of fresh cells is as right as promised; None where nothing was promised."""
    fresh = draw(2000, 10**6)
    return [_kept(group, precision, draw(reports, seed).cells, seed, fresh) for seed in range(sets)]


def _kept(group: Group, precision: float, cells: Cells, seed: int, fresh: Simulated) -> bool | None:
    folds = folds_of(cells.reports, seed)
    found = rests(cells, cross_fitted_of_all(cells, folds), 1000, seed)
    threshold = Calibration({}, cells.reports, 1, (), {}, found).threshold(group, precision)
    if threshold is None:
        return None
    calibrated = calibrated_by(cells, folds, fresh.cells)
    is_finding = fresh.cells.is_finding
    own = is_finding if group is Group.FINDINGS else ~is_finding
    confidence, right = (
        np.where(is_finding, one, 1 - one)[own] for one in (calibrated, fresh.true)
    )
    return bool(right[confidence >= threshold].mean() >= precision)


def require_kept(told: list[bool | None], least: float) -> None:
    """Require that at most 7 of 100 promises are broken, and that some are made.

    Args:
        least: the share of sets in which something is promised: no promise is kept easily.
    """
    assert sum(one is not None for one in told) >= least * len(told)
    assert sum(one is not False for one in told) >= 0.93 * len(told)


@pytest.mark.parametrize(
    ("group", "precision"),
    [
        (Group.FINDINGS, 0.8),
        (Group.FINDINGS, 0.9),
        (Group.NO_FINDINGS, 0.95),
        (Group.NO_FINDINGS, 0.97),
    ],
)
@pytest.mark.parametrize(
    ("reports", "sets"),
    [(300, 10), *(pytest.param(n, 100, marks=pytest.mark.soak) for n in (300, 1000))],
)
def test_a_promised_precision_is_kept_in_93_of_100_sets(
    group: Group, precision: float, reports: int, sets: int
) -> None:
    require_kept(kept(group, precision, reports, sets, simulated), 0.5)


@pytest.mark.parametrize(
    "sets", [10, pytest.param(100, marks=pytest.mark.soak)], ids=["few", "many"]
)
def test_of_findings_19_of_20_are_promised_and_kept(sets: int) -> None:
    require_kept(kept(Group.FINDINGS, 0.95, 300, sets, sharp), 0.4)


@pytest.mark.soak
@pytest.mark.parametrize(
    ("group", "precision", "reports", "wrong", "least"),
    [
        (Group.NO_FINDINGS, 0.95, 100, 0.03, 0),
        (Group.NO_FINDINGS, 0.95, 150, 0.02, 0),
        (Group.NO_FINDINGS, 0.95, 300, 0.01, 0.5),
        (Group.NO_FINDINGS, 0.95, 300, 0.03, 0),
        (Group.NO_FINDINGS, 0.98, 300, 0.01, 0),
        (Group.FINDINGS, 0.95, 300, 0.01, 0),
        (Group.FINDINGS, 0.9, 300, 0.03, 0),
    ],
)
def test_a_promise_is_kept_where_some_reports_are_wrong_as_a_whole(
    group: Group, precision: float, reports: int, wrong: float, least: float
) -> None:
    draw = partial(sharp, of_report=0.5, wrong=wrong)
    require_kept(kept(group, precision, reports, 100, draw), least)


def erring(reports: int, wrong: float, error: float, correlation: float, seed: int) -> Cells:
    """Findings of one confidence; reports have ten on average, and err as wholes or in part.

    Args:
        wrong: the share of reports that are wrong as a whole.
        error: the share of wrong labels in the others, beta-binomial with this `correlation`.
    """
    random = np.random.default_rng(seed)
    report = np.repeat(np.arange(reports), random.poisson(10, reports))
    spread = (1 - correlation) / correlation
    chance = random.beta(error * spread, (1 - error) * spread, reports)
    chance = np.where(random.random(reports) < wrong, 1, chance)[report]
    right = random.random(len(report)) > chance
    every = np.ones(len(report), bool)
    return Cells(reports, ("a",), report, report * 0, np.full(len(report), 0.97), every, right)


@pytest.mark.parametrize(
    ("reports", "wrong", "error", "correlation"),
    [
        (86, 0.052, 0.0001, 0.01),
        (100, 0.03, 0.022, 0.01),
        (100, 0.02, 0.032, 0.01),
        (150, 0.01, 0.042, 0.01),
        (100, 0, 0.052, 0.4),
        (300, 0, 0.052, 0.4),
    ],
)
def test_errors_of_few_reports_do_not_break_a_promise(
    reports: int, wrong: float, error: float, correlation: float
) -> None:
    """A precision of just below 0.95 is hardly ever taken for one of 0.95."""
    assert 0.94 < (1 - wrong) * (1 - error) < 0.95
    broken = 0
    for seed in range(100):
        cells = erring(reports, wrong, error, correlation, seed)
        found = rests(cells, cells.probability, 200, seed)
        told = Calibration({}, reports, 1, (), {}, found).threshold(Group.FINDINGS, 0.95)
        broken += told is not None
    assert broken <= 7


@pytest.mark.parametrize(("reports", "promised"), [(85, False), (86, True)])
def test_86_reports_without_an_error_are_the_fewest_that_promise_19_of_20(
    reports: int, promised: bool
) -> None:
    cells, values = one_type([0.99] * reports * 9, [1] * reports * 9, reports)
    found = rests(cells, values, 500, 0)
    assert [one.reports for one in found[Group.FINDINGS]] == [reports]
    told = Calibration({}, reports, 1, (), {}, found).threshold(Group.FINDINGS, 0.95)
    assert (told is not None) is promised


def one_type(confidence: list[float], right: list[int], reports: int = 0) -> tuple[Cells, Floats]:
    """Findings with these calibrated probabilities, each in a report of its own or spread."""
    count = len(right)
    report = np.arange(count) % reports if reports else np.arange(count)
    values = np.array(confidence)
    every = np.ones(count, bool)
    cells = Cells(
        reports or count, ("a",), report, np.zeros(count, int), values, every, np.array(right, bool)
    )
    return cells, values


def test_the_rest_by_hand() -> None:
    cells, values = one_type([0.97, 0.97, 0.9, 0.6, 0.6], [1, 1, 1, 0, 1])
    found = rests(cells, values, 500, 0)
    told = [(one.cells, one.right, round(one.read, 9)) for one in found[Group.FINDINGS]]
    assert told == [(2, 2, 0.6), (3, 3, 0.4), (5, 4, 0.0)]
    assert found[Group.NO_FINDINGS] == ()
    for one in found[Group.FINDINGS]:
        assert one.low is not None
        assert one.high is not None
        assert one.bound <= one.low <= one.share_right <= one.high
        assert one.threshold <= 0.97


def test_an_exact_bound_is_that_of_clopper_and_pearson() -> None:
    cells, values = one_type([0.99] * 100, [1] * 100)
    [one] = rests(cells, values, 500, 0)[Group.FINDINGS]
    assert one.low == pytest.approx(0.025 ** (1 / 100))
    assert one.bound == pytest.approx(0.0125 ** (1 / 100))
    # of a promise, of as many reports
    cells, values = one_type([0.99] * 100, [1] * 100, 20)
    [one] = rests(cells, values, 500, 0)[Group.FINDINGS]
    assert one.low == pytest.approx(0.025 ** (1 / 100))
    assert one.bound == pytest.approx(0.0125 ** (1 / 20))


@pytest.mark.parametrize(
    ("reports", "per_mille"),
    [(100, 3), (150, 11), (200, 16), (300, 22), (500, 28), (1000, 34)],  # docs/calibration.md
)
def test_how_many_errors_a_promise_of_19_of_20_bears(reports: int, per_mille: int) -> None:
    """Errors that are spread over the reports; each has fifty cells."""
    for errors, is_borne in ((per_mille, True), (per_mille + 1, False)):
        right = np.ones(50 * reports, int)
        right[: errors * reports // 20] = 0
        cells, values = one_type([0.99] * len(right), right.tolist(), reports)
        [one] = rests(cells, values, 200, 0)[Group.FINDINGS]
        assert (one.bound >= 0.95) is is_borne


def test_reports_of_many_cells_count_for_more() -> None:
    report = np.array([0] * 8 + [1, 2])
    cells, values = one_type([0.9] * 10, [1] * 10)
    cells = replace(cells, reports=3, report=report)
    [one] = rests(cells, values, 200, 0)[Group.FINDINGS]
    assert one.reports == pytest.approx(10**2 / (8**2 + 2))


def test_cells_of_one_report_err_together_and_widen_the_interval() -> None:
    right = [0] * 20 + [1] * 180
    alone = rests(*one_type([0.9] * 200, right), 1000, 0)[Group.FINDINGS][0]
    cells, values = one_type([0.9] * 200, right)
    together = Cells(
        20,
        ("a",),
        np.arange(200) // 10,
        *(cells.finding_type, values, cells.is_finding, cells.truth),
    )
    clustered = rests(together, values, 1000, 0)[Group.FINDINGS][0]
    assert alone.low is not None
    assert clustered.low is not None
    assert clustered.low < alone.low - 0.03


def test_cells_without_a_calibrated_probability_are_in_no_group() -> None:
    cells, values = one_type([0.9, 0.9, 0.9], [1, 1, 0])
    values[2] = np.nan
    assert [one.cells for one in rests(cells, values, 200, 0)[Group.FINDINGS]] == [2]


def test_sums_over_reports_drawn_again_have_their_mean_and_spread() -> None:
    values = np.array([[0.0, 1.0], [1.0, 1.0], [2.0, 1.0], [5.0, 1.0]])
    drawn = resampled_sums(values, 20_000, np.random.default_rng(0))
    assert (drawn[:, 1] == 4).all()
    assert drawn[:, 0].mean() == pytest.approx(8, abs=0.1)
    assert drawn[:, 0].var() == pytest.approx(4 * values[:, 0].var(), rel=0.05)
