"""The bootstrap draws what it says, together for all labelers, and reads its intervals right."""

import numpy as np
import pytest

from leavs.evaluation.items import NO_ITEM, Cell, Items
from leavs.evaluation.resampling import interval, p_value, resampled_counts

REPORTS, CELLS, RESAMPLES = 40, 3, 400
# 2 truths x 2 answers; in every report all cells are alike, and a labeler errs in all or none
RIGHT = np.repeat(np.arange(REPORTS)[:, None] % 2 * 3, CELLS, axis=1).astype(np.int16)
WRONG = np.where(np.arange(REPORTS)[:, None] % 5 == 0, RIGHT ^ 1, RIGHT).astype(np.int16)


def items(coded: dict[str, np.ndarray]) -> Items:
    cells = tuple(Cell("liver", f"type {number}") for number in range(CELLS))
    return Items(cells, 2, 2, coded)


def drawn(some: Items, by_report: bool, seed: int = 0) -> dict[str, np.ndarray]:
    blocks = list(resampled_counts(some, RESAMPLES, by_report, np.random.default_rng(seed)))
    return {name: np.concatenate([block[name] for block in blocks]) for name in some.coded}


@pytest.mark.parametrize("by_report", [True, False])
def test_a_resample_is_as_large_as_the_sample_and_on_average_the_sample(by_report: bool) -> None:
    some = items({"right": RIGHT, "wrong": WRONG})
    for name, counts in drawn(some, by_report).items():
        assert counts.shape == (RESAMPLES, CELLS, 2, 2)
        assert (counts.sum(axis=(1, 2, 3)) == REPORTS * CELLS).all()
        assert counts.mean(axis=0) == pytest.approx(some.counts(name), abs=1)


def test_whole_reports_keep_their_cells_together() -> None:
    some = items({"right": RIGHT})
    for by_report in (True, False):
        counts = drawn(some, by_report)["right"]
        assert (counts == counts[:, :1]).all() == by_report


def test_rows_as_if_independent_vary_less() -> None:
    errors = {
        by_report: drawn(items({"wrong": WRONG}), by_report)["wrong"][..., [0, 1], [1, 0]]
        for by_report in (True, False)
    }
    spread = {by_report: one.sum(axis=(1, 2)).std() for by_report, one in errors.items()}
    assert spread[True] > 1.5 * spread[False]


@pytest.mark.parametrize("by_report", [True, False])
def test_all_labelers_stand_on_the_same_resamples(by_report: bool) -> None:
    counts = drawn(items({"one": WRONG, "same": WRONG.copy(), "other": RIGHT}), by_report)
    assert (counts["one"] == counts["same"]).all()
    assert (counts["one"].sum(axis=-1) == counts["other"].sum(axis=-1)).all()


@pytest.mark.parametrize("by_report", [True, False])
def test_what_is_not_scored_is_never_counted(by_report: bool) -> None:
    part = RIGHT.copy()
    part[::4, 1] = NO_ITEM
    counts = drawn(items({"part": part}), by_report)["part"]
    assert counts[:, 1].sum(axis=(1, 2)).mean() == pytest.approx(REPORTS * 3 / 4, rel=0.05)


def test_the_places_of_an_interval() -> None:
    low, median, high = interval(np.arange(2000.0)[::-1, None])
    assert (low[0], median[0], high[0]) == (50, 1000, 1950)


@pytest.mark.parametrize(
    ("differences", "p"),
    [([1, 1, 1, 1], 0), ([-1, -1], 0), ([1, 1, 1, -1], 0.5), ([0, 0], 1), ([1, 0, 0, -1], 1)],
)
def test_the_p_value_counts_ties_half(differences: list[float], p: float) -> None:
    assert p_value(np.array(differences, float)[:, None])[0] == p
