"""Bootstraps the counts: how they vary if reports are drawn again with replacement.

Equal units are drawn together, so that a resample is one draw from a multinomial distribution and
one product of matrices. Knows nothing of metrics.
"""

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
from scipy import sparse

from leavs.evaluation.items import NO_ITEM, Items

Floats = npt.NDArray[np.float64]

NUMBERS_AT_ONCE = 10_000_000  # in a block of resamples: 80 MB
LOW, HIGH = 0.025, 0.975


def resampled_counts(
    items: Items, resamples: int, by_report: bool, random: np.random.Generator
) -> Iterator[dict[str, Floats]]:
    """Yield the counts of every labeler for blocks of resamples; all labelers share the resamples.

    Args:
        by_report: draw whole reports; otherwise single items, pooled over cells, as in the LEAVS
            paper (arXiv 2503.13330).

    Yields:
        For each labeler, the counts of B resamples: B x C x truths x answers.
    """
    units, times = (_reports if by_report else _rows)(items)
    size = len(items.cells) * items.truths * items.answers
    tables = {name: _one_hot(units[name], size) for name in items.coded}
    draws, chances = int(times.sum()), times / max(1, times.sum())
    at_once = max(1, NUMBERS_AT_ONCE // max(1, len(times), size * len(tables)))
    for start in range(0, resamples, at_once):
        count = min(at_once, resamples - start)
        weights = random.multinomial(draws, chances, size=count).astype(float)
        yield {
            name: np.asarray(weights @ table).reshape(
                count, len(items.cells), items.truths, items.answers
            )
            for name, table in tables.items()
        }


Units = tuple[Mapping[str, npt.NDArray[np.int64]], npt.NDArray[np.int64]]


def _reports(items: Items) -> Units:
    """Return the distinct reports, each as the columns to add a 1 to, and how often each occurs."""
    stacked = np.concatenate(list(items.coded.values()), axis=1)
    different, times = np.unique(stacked, axis=0, return_counts=True)
    cells = len(items.cells)
    offsets = np.arange(cells) * items.truths * items.answers
    units = {}
    for place, name in enumerate(items.coded):
        numbers = different[:, place * cells : (place + 1) * cells].astype(np.int64)
        units[name] = np.where(numbers == NO_ITEM, NO_ITEM, numbers + offsets)
    return units, times


def _rows(items: Items) -> Units:
    """Return the distinct items, each as one column to add a 1 to, and how often each occurs."""
    stacked = np.stack(list(items.coded.values()), axis=-1)
    cell = np.broadcast_to(np.arange(len(items.cells)), stacked.shape[:2])
    scored = (stacked != NO_ITEM).any(axis=-1)
    rows = np.column_stack([cell[scored], stacked[scored]])
    different, times = np.unique(rows, axis=0, return_counts=True)
    offset = different[:, 0] * items.truths * items.answers
    units = {}
    for place, name in enumerate(items.coded):
        numbers = different[:, place + 1].astype(np.int64)
        units[name] = np.where(numbers == NO_ITEM, NO_ITEM, numbers + offset)[:, None]
    return units, times


def _one_hot(columns: npt.NDArray[np.int64], size: int) -> "sparse.csr_array":
    """Return a matrix with a row for each unit and a 1 in each of its columns."""
    unit, place = np.nonzero(columns != NO_ITEM)
    ones = np.ones(len(unit))
    return sparse.csr_array((ones, (unit, columns[unit, place])), shape=(len(columns), size))


def resampled_sums(of_reports: Floats, resamples: int, random: np.random.Generator) -> Floats:
    """Sum columns over reports that are drawn again with replacement.

    Args:
        of_reports: R x K numbers.

    Returns:
        B x K sums.
    """
    reports = len(of_reports)
    at_once = max(1, NUMBERS_AT_ONCE // max(1, *of_reports.shape))
    blocks = [np.empty((0, of_reports.shape[1]))]
    for start in range(0, resamples, at_once):
        count = min(at_once, resamples - start)
        weights = random.multinomial(reports, np.full(reports, 1 / reports), size=count)
        blocks.append(weights.astype(float) @ of_reports)
    return np.concatenate(blocks)


def effective(cells: Floats) -> float:
    """Return how many equal reports tell as much as reports with so many cells each.

    Source: Kish, Survey Sampling (1965).
    """
    squares = float(cells @ cells)
    return float(cells.sum()) ** 2 / squares if squares else 0.0


def interval(values: Floats) -> tuple[Floats, Floats, Floats]:
    """Return low, median and high along the first axis: places 50, 1000 and 1950 of 2,000."""
    ordered = np.sort(values, axis=0)
    places = (int(LOW * len(values)), len(values) // 2, int(HIGH * len(values)))
    low, median, high = (ordered[min(place, len(values) - 1)] for place in places)
    return low, median, high


def p_value(differences: Floats) -> Floats:
    """Return the two-sided p-value of two labelers' differences on the same resamples (axis 0)."""
    above = (differences > 0).mean(axis=0) + (differences == 0).mean(axis=0) / 2
    p: Floats = 2 * np.minimum(above, 1 - above)
    return p
