"""Computes scores with intervals: for each cell, and over cells in all averages of LEAVS.

"Micro" concatenates cells and scores once; for urgency, whose values cannot be concatenated, it is
the plain mean over cells. "Macro" is the plain mean over groups: cells, organs (their types
concatenated) or types (their organs concatenated). No average is weighted by prevalence (arXiv
2503.13330).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from leavs.evaluation.items import (
    AMBIGUOUS,
    NEGATIVE,
    NO_LABEL,
    NO_URGENCY_SAID,
    POSITIVE,
    TRUTHS,
    UNSURE,
    Cell,
    Items,
    Task,
)
from leavs.evaluation.metrics import (
    LABEL_METRICS,
    URGENCY_METRICS,
    Floats,
    kendall_tau_b,
    label_metrics,
)
from leavs.evaluation.resampling import interval, p_value, resampled_counts

Places = tuple[int, ...]

MICRO, MACRO_CELLS = "micro", "macro-cells"
MACRO_ORGANS, MACRO_TYPES = "macro-organs", "macro-types"
COLUMNS = (
    "labeler",
    "scope",
    "organ",
    "finding_type",
    "annotator",
    "average",
    "metric",
    "value",
    "low",
    "median",
    "high",
    "p_value",
)


@dataclass(frozen=True, slots=True)
class Figure:
    """A number to report: the cells it is over, and how they are averaged.

    Args:
        scope: all, organ, finding_type, annotator or cell.
        groups: the cells that are concatenated; the figure is the mean over these groups.
    """

    scope: str
    organ: str
    finding_type: str
    annotator: str
    average: str
    groups: tuple[Places, ...]

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """The values that identify the figure, in the order of COLUMNS."""
        return (self.scope, self.organ, self.finding_type, self.annotator, self.average)


def figures_of(cells: Sequence[Cell], micro_is_mean: bool) -> list[Figure]:
    """Return all figures over these cells.

    Args:
        micro_is_mean: the cells cannot be concatenated, so a group's score is its cells' mean.
    """
    figures = []
    for scope, named in _scopes(cells):
        for (organ, finding_type, annotator), places in named.items():
            for average, groups in _averages(cells, places, scope).items():
                if micro_is_mean and average == MICRO:
                    groups = [(place,) for place in places]
                figures.append(
                    Figure(scope, organ, finding_type, annotator, average, tuple(groups))
                )
    return figures


def _scopes(cells: Sequence[Cell]) -> Iterator[tuple[str, dict[tuple[str, str, str], Places]]]:
    yield "all", _grouped(cells, lambda _: ("", "", ""))
    yield "organ", _grouped(cells, lambda cell: (cell.organ, "", ""))
    yield "finding_type", _grouped(cells, lambda cell: ("", cell.finding_type, ""))
    if any(cell.annotator for cell in cells):
        yield "annotator", _grouped(cells, lambda cell: ("", "", cell.annotator))
    yield "cell", _grouped(cells, lambda cell: (cell.organ, cell.finding_type, cell.annotator))


def _grouped(
    cells: Sequence[Cell], key: Callable[[Cell], tuple[str, str, str]]
) -> dict[tuple[str, str, str], Places]:
    groups: dict[tuple[str, str, str], Places] = {}
    for place, cell in enumerate(cells):
        groups[key(cell)] = (*groups.get(key(cell), ()), place)
    return groups


def _averages(cells: Sequence[Cell], places: Places, scope: str) -> dict[str, list[Places]]:
    averages = {MICRO: [places]}
    if scope != "cell":
        averages[MACRO_CELLS] = [(place,) for place in places]
    if scope in ("all", "annotator"):
        for average, name in ((MACRO_ORGANS, "organ"), (MACRO_TYPES, "finding_type")):
            groups: dict[str, Places] = {}
            for place in places:
                key = getattr(cells[place], name)
                groups[key] = (*groups.get(key, ()), place)
            averages[average] = list(groups.values())
    return averages


class Scorer:
    """Computes the values of all figures from the counts of cells.

    Args:
        cells: the C cells of the counts, in the same order.
    """

    def __init__(self, cells: Sequence[Cell], task: Task) -> None:
        by_cell = task is Task.URGENCY
        self.figures = figures_of(cells, micro_is_mean=by_cell)
        self.metrics = URGENCY_METRICS if by_cell else LABEL_METRICS
        self._by_cell = by_cell
        groups = {group for figure in self.figures for group in figure.groups}
        self._groups = {group: place for place, group in enumerate(sorted(groups))}
        self._means = self._mean_over_groups(len(cells))

    def _mean_over_groups(self, cells: int) -> Floats:
        """Return weights, figures x groups; figures x cells if groups are means of cells."""
        means = np.zeros((len(self.figures), cells if self._by_cell else len(self._groups)))
        for row, figure in enumerate(self.figures):
            for group in figure.groups:
                if self._by_cell:
                    means[row, list(group)] += 1 / len(figure.groups) / len(group)
                else:
                    means[row, self._groups[group]] += 1 / len(figure.groups)
        return means

    def values(self, counts: Floats) -> Floats:
        """Return B x figures x metrics, given B x C x truths x answers counts."""
        if self._by_cell:
            taus = kendall_tau_b(counts[..., :NO_URGENCY_SAID])[..., None]
            values: Floats = self._means @ taus
            return values
        pooled = np.stack([counts[:, list(group)].sum(axis=1) for group in self._groups], axis=1)
        return self._means @ label_metrics(pooled)


def scores(
    items: Items,
    task: Task,
    labeler: str,
    resamples: int,
    by_report: bool,
    random: np.random.Generator,
) -> pd.DataFrame:
    """Return a row for each labeler, figure and metric, and for each labeler and count.

    Args:
        labeler: the labeler that the others' p-values compare them with.
        resamples: the number of resamples of the bootstrap; 0 means no intervals.
    """
    if not items.cells:
        return pd.DataFrame(columns=list(COLUMNS))
    scorer = Scorer(items.cells, task)
    drawn: dict[str, list[Floats]] = {name: [] for name in items.coded}
    for block in resampled_counts(items, resamples, by_report, random) if resamples else ():
        for name, counts in block.items():
            drawn[name].append(scorer.values(counts))
    parts = []
    whole = {name: np.concatenate(blocks) for name, blocks in drawn.items() if blocks}
    for name in items.coded:
        counts = items.counts(name).astype(float)
        parts.append(_metric_rows(scorer, name, counts, whole, labeler))
        parts.append(_count_rows(scorer, name, counts, task))
    return pd.concat(parts, ignore_index=True)


def _metric_rows(
    scorer: Scorer, name: str, counts: Floats, drawn: Mapping[str, Floats], labeler: str
) -> pd.DataFrame:
    values = scorer.values(counts[None])[0]
    unknown = np.full_like(values, np.nan)
    low, median, high = interval(drawn[name]) if drawn else (unknown,) * 3
    p = p_value(drawn[labeler] - drawn[name]) if drawn and name != labeler else unknown
    keys = pd.DataFrame(
        [(name, *figure.key, metric) for figure in scorer.figures for metric in scorer.metrics],
        columns=list(COLUMNS[:7]),
    )
    numbers = (values, low, median, high, p)
    return keys.assign(**{c: n.ravel() for c, n in zip(COLUMNS[7:], numbers, strict=True)})


def _count_rows(scorer: Scorer, name: str, counts: Floats, task: Task) -> pd.DataFrame:
    rows = []
    for figure in scorer.figures:
        if figure.average != MICRO:
            continue
        cells = [place for group in figure.groups for place in group]
        pooled = counts[cells].sum(axis=0).astype(int)
        key = (name, *figure.key)
        counted = label_counts(pooled) if task is Task.LABELS else urgency_counts(pooled)
        rows += [(*key, metric, number) for metric, number in counted.items()]
    return pd.DataFrame(rows, columns=list(COLUMNS[:8])).astype({"value": float})


def label_counts(table: npt.NDArray[np.int64]) -> dict[str, int]:
    """Name the counts of a 2 x P table of truth and answer; P is 2, or 5 with abstentions."""
    negative, positive = table
    counted = {
        "items": table.sum(),
        "positives": positive.sum(),
        "true_positives": positive[POSITIVE],
        "false_positives": negative[POSITIVE],
        "false_negatives": positive[NEGATIVE],
        "true_negatives": negative[NEGATIVE],
    }
    abstentions = {"unsure": UNSURE, "ambiguous": AMBIGUOUS, "no_label": NO_LABEL}
    for name, answer in abstentions.items() if len(positive) > TRUTHS else ():
        counted[f"{name}_of_positives"] = positive[answer]
        counted[f"{name}_of_negatives"] = negative[answer]
    return {name: int(number) for name, number in counted.items()}


def urgency_counts(table: npt.NDArray[np.int64]) -> dict[str, int]:
    """Count the items with an urgency of the labeler, and those without."""
    lacking = int(table[:, NO_URGENCY_SAID].sum())
    return {"items": int(table.sum()) - lacking, "no_urgency": lacking}
