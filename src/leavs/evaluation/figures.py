"""Computes all scores of an evaluation, and the annotators' agreement.

Importing this module needs the packages of the extra `evaluate`.
"""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from leavs.evaluation.agreement import agreement
from leavs.evaluation.codes import Coded
from leavs.evaluation.items import (
    HUMANS,
    LABELER,
    Comparison,
    Items,
    Task,
    Variant,
    View,
    counting_cells,
    human_label_items,
    human_urgency_items,
    label_items,
    parts_of,
    urgency_items,
    view,
)
from leavs.evaluation.protocol import Protocol
from leavs.evaluation.scores import scores

__all__ = ["agreement", "scores_of_all"]

CellCounts = dict[tuple[Variant, Task], tuple[int, int]]
KEYS = ("protocol", "variant", "task", "comparison")


def scores_of_all(
    annotated: Coded, coded: Mapping[str, Coded], rules: Protocol, resamples: int, seed: int
) -> tuple[pd.DataFrame, CellCounts]:
    """Score every variant and task against the vote, and humans beside labelers.

    Returns:
        The scores, and for each variant and task the number of cells that count and of all.
    """
    tables, cells = [], CellCounts()
    for number, variant in enumerate(Variant):
        if not parts_of(annotated.organs, variant):
            continue
        seen = view(annotated, coded, variant, rules)
        for task in Task:
            random = np.random.default_rng([seed, number, list(Task).index(task)])
            for comparison, items in _comparisons(seen, task, rules):
                judge = LABELER if comparison is Comparison.VOTE else HUMANS
                kept = counting_cells(items, task, rules, judge)
                if comparison is Comparison.VOTE:
                    cells[variant, task] = (int(kept.sum()), len(kept))
                table = scores(items.only(kept), task, LABELER, resamples, rules.by_report, random)
                keys = (rules.name, variant.value, task.value, comparison.value)
                tables.append(_with_keys(table, keys))
    return pd.concat([one for one in tables if len(one)] or tables[:1], ignore_index=True), cells


def _comparisons(seen: View, task: Task, rules: Protocol) -> Iterator[tuple[Comparison, Items]]:
    if task is Task.LABELS:
        yield Comparison.VOTE, label_items(seen, rules)
    else:
        yield Comparison.VOTE, urgency_items(seen, rules)
    if len(seen.annotators) <= 2:
        return
    if task is Task.LABELS:
        yield Comparison.HUMANS, human_label_items(seen, rules, HUMANS)
    else:
        yield Comparison.HUMANS, human_urgency_items(seen, HUMANS)


def _with_keys(table: pd.DataFrame, keys: tuple[str, ...]) -> pd.DataFrame:
    for place, (name, key) in enumerate(zip(KEYS, keys, strict=True)):
        table.insert(place, name, key)
    return table
