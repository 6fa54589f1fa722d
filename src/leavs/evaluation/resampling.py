"""The bootstrap: what the counts could have been, had other reports been drawn.

Units that are alike are drawn together, so that a resample is one draw of a multinomial
distribution and one product of matrices. Knows nothing of metrics.
"""

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
from scipy import sparse

from leavs.evaluation.items import NO_ITEM, Items

Floats = npt.NDArray[np.float64]

NUMBERS_AT_ONCE = 10_000_000  # of a block of resamples, 80 MB
LOW, HIGH = 0.025, 0.975


def resampled_counts(
    items: Items, resamples: int, by_report: bool, random: np.random.Generator
) -> Iterator[dict[str, Floats]]:
    """The counts of every labeler in block after block of resamples, the same for all labelers.

    Args:
        by_report: draw whole reports; else single items of the cells pooled, as in the LEAVS paper
            (arXiv 2503.13330).

    Yields:
        Of each labeler, B x C x truths x answers counts.
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
    """Different reports as rows of columns to count one in, and how many there are of each."""
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
    """Different items of all cells as rows of one column, and how many there are of each."""
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
    """A row for each unit with a one in each of its columns."""
    unit, place = np.nonzero(columns != NO_ITEM)
    ones = np.ones(len(unit))
    return sparse.csr_array((ones, (unit, columns[unit, place])), shape=(len(columns), size))


def interval(values: Floats) -> tuple[Floats, Floats, Floats]:
    """Low, median and high along the first axis: of 2,000, the places 50, 1000 and 1950."""
    ordered = np.sort(values, axis=0)
    places = (int(LOW * len(values)), len(values) // 2, int(HIGH * len(values)))
    low, median, high = (ordered[min(place, len(values) - 1)] for place in places)
    return low, median, high


def p_value(differences: Floats) -> Floats:
    """Two-sided, along the first axis, of what two labelers differ by on the same resamples."""
    above = (differences > 0).mean(axis=0) + (differences == 0).mean(axis=0) / 2
    p: Floats = 2 * np.minimum(above, 1 - above)
    return p
