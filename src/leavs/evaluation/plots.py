"""Draws the plots of the page, as SVG in the colour of the text around them.

Labelers differ by marker and fill, not by colour, so that a plot is readable in black and white,
and on light and dark backgrounds.
"""

import io
import re
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from leavs.evaluation.evaluate import Evaluation
from leavs.evaluation.items import HUMANS, Comparison, Task, Variant
from leavs.evaluation.probabilities import BIN, CALIBRATED, REST, by_name
from leavs.evaluation.scores import MICRO
from leavs.evaluation.sheets import METRIC, METRIC_NAME, chosen, grouped, records

INK = "#010203"  # replaced by the colour of the text
MARKERS = ("o", "D", "s", "^", "v", "P", "X")
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # text is not converted to paths
    "svg.hashsalt": "leavs",
    "font.family": "sans-serif",
    "font.size": 10,
    "text.parse_math": False,  # names given by users may hold a "$"
    **dict.fromkeys(
        ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), INK
    ),
}
WIDTH, ROW_HEIGHT = 8.0, 0.32  # inches


def forest(done: Evaluation) -> str:
    """Draw F1 and its interval by finding type, organ and cell."""
    table = chosen(done.scores, variant=Variant.TYPES, task=Task.LABELS, comparison=Comparison.VOTE)
    table = chosen(table, average=MICRO, metric="f1")
    names: dict[str, pd.DataFrame] = {}
    for scope in ("finding_type", "organ", "cell"):
        for name, rows in grouped(chosen(table, scope=scope), "organ", "finding_type"):
            names[" ".join(name).strip()] = rows
    return _forest(names, done.labelers, "F1", "forest", (0, 1))


def beside_humans(done: Evaluation, task: Task) -> str:
    """Draw every annotator beside the labelers on the same items, in all variants."""
    table = chosen(
        done.scores, task=task, comparison=Comparison.HUMANS, average=MICRO, metric=METRIC[task]
    )
    names: dict[str, pd.DataFrame] = {}
    for variant in Variant:
        for scope in ("all", "annotator"):
            rows = chosen(table, variant=variant, scope=scope)
            for (annotator,), group in grouped(rows, "annotator"):
                who = f"annotator {annotator}" if annotator else "all annotators"
                names[f"{variant}: {who}"] = group
    labelers = (HUMANS, *done.labelers)
    limits = (0, 1) if task is Task.LABELS else (-1, 1)
    return _forest(names, labelers, METRIC_NAME[task], f"humans-{task}", limits)


def _forest(
    names: dict[str, pd.DataFrame],
    labelers: Sequence[str],
    axis: str,
    prefix: str,
    limits: tuple[float, float],
) -> str:
    if not names:
        return ""
    with mpl.rc_context(STYLE):
        height = 1.2 + ROW_HEIGHT * len(names) * max(1, 0.6 * len(labelers))
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        axes = figure.add_subplot()
        for number, labeler in enumerate(labelers):
            shift = (number - (len(labelers) - 1) / 2) * 0.7 / len(labelers)
            for place, rows in enumerate(names.values()):
                for row in records(chosen(rows, labeler=labeler)):
                    _point(axes, row, place + shift, number)
            axes.plot([], [], label=labeler, **_look(number))
        axes.set_yticks(range(len(names)), list(names))
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.set_xlim(*limits)
        axes.set_xlabel(axis)
        axes.grid(axis="x", color=INK, alpha=0.15)
        _legend(axes, labelers)
        return _svg(figure, prefix)


def _point(axes: Axes, row: dict[str, Any], height: float, number: int) -> None:
    if not np.isnan(row["low"]):
        axes.plot([row["low"], row["high"]], [height, height], color=INK, linewidth=1.2)
    axes.plot([row["value"]], [height], **_look(number))


def _look(number: int) -> dict[str, Any]:
    return {
        "marker": MARKERS[number % len(MARKERS)],
        "markerfacecolor": INK if number % 2 == 0 else "none",
        "markeredgecolor": INK,
        "linestyle": "none",
        "markersize": 6,
    }


def _legend(axes: Axes, labelers: Sequence[str]) -> None:
    if len(labelers) > 1:
        looks = [Line2D([], [], **_look(number)) for number in range(len(labelers))]
        axes.legend(
            looks,
            labelers,
            loc="lower center",
            bbox_to_anchor=(0.5, 1),
            ncols=len(labelers),
            frameon=False,
        )


def precision_recall(done: Evaluation) -> str:
    """Draw the precision and recall of each labeler, by finding type and organ."""
    table = chosen(done.scores, variant=Variant.TYPES, task=Task.LABELS, comparison=Comparison.VOTE)
    table = chosen(table, average=MICRO)
    table = table[table["scope"].isin(["finding_type", "organ"])]
    if table.empty:
        return ""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 10), layout="constrained")
        both = figure.subplots(2, 1)
        for axes, scope in zip(both, ("finding_type", "organ"), strict=True):
            _operating_points(axes, chosen(table, scope=scope), scope, done.labelers)
        return _svg(figure, "precision-recall")


def _operating_points(axes: Axes, table: pd.DataFrame, scope: str, labelers: Sequence[str]) -> None:
    for f1 in (0.5, 0.6, 0.7, 0.8, 0.9):
        recall = np.linspace(f1 / (2 - f1), 1, 100)
        precision = f1 * recall / (2 * recall - f1)
        axes.plot(recall, precision, color=INK, alpha=0.25, linewidth=0.8)
        axes.annotate(f"F1 {f1}", (recall[0], 1), (-8, 4), textcoords="offset points", alpha=0.6)
    for number, labeler in enumerate(labelers):
        own = chosen(table, labeler=labeler)
        points = own.pivot(index=scope, columns="metric", values="value")
        axes.plot(points["recall"], points["precision"], label=labeler, **_look(number))
        for name, point in zip(points.index, records(points), strict=True):
            at = (point["recall"], point["precision"])
            axes.annotate(name, at, (4, 4), textcoords="offset points", fontsize=8)
    axes.set(xlim=(-0.02, 1.1), ylim=(-0.02, 1.06), xlabel="recall", ylabel="precision")
    axes.set_title(f"by {scope.replace('_', ' ')}", loc="left", fontsize=10)
    _legend(axes, labelers if scope == "organ" else ())


def reliability(done: Evaluation) -> str:
    """Draw by finding type which share of cells is affirmed at which probability."""
    bins = by_name(done.probabilities, BIN)
    calibrated = by_name(done.probabilities, CALIBRATED + BIN)
    if not bins:
        return ""
    with mpl.rc_context(STYLE):
        columns = min(3, len(bins))
        lines = -(-len(bins) // columns)
        figure = Figure(figsize=(WIDTH, 2.7 * lines + 0.4), layout="constrained")
        panels = figure.subplots(lines, columns, squeeze=False).ravel()
        for axes in panels[len(bins) :]:
            axes.remove()
        for axes, (name, rows) in zip(panels, bins.items(), strict=False):
            _diagram(axes, name, (rows, calibrated.get(name)))
        looks = [Line2D([], [], **_look(number)) for number in range(2)]
        names = ["as the model gives it", "calibrated by other reports"]
        figure.legend(looks, names, loc="outside upper center", ncols=2, frameon=False)
        return _svg(figure, "reliability")


def _diagram(axes: Axes, name: str, both: Sequence[pd.DataFrame | None]) -> None:
    axes.plot([0, 1], [0, 1], color=INK, alpha=0.25, linewidth=0.8)
    for number, rows in enumerate(both):
        for row in [] if rows is None else records(rows):
            if not np.isnan(row["low"]):
                axes.plot([row["at"]] * 2, [row["low"], row["high"]], color=INK, linewidth=0.8)
            axes.plot([row["at"]], [row["value"]], **{**_look(number), "markersize": 4})
    axes.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), xlabel="probability", ylabel="affirmed")
    axes.set_title(name, loc="left", fontsize=10)


def risk_coverage(done: Evaluation) -> str:
    """Draw how right the rest is, by the share of cells that is read."""
    groups = by_name(done.probabilities, REST)
    if not groups:
        return ""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 4.5), layout="constrained")
        axes = figure.add_subplot()
        for number, (name, rows) in enumerate(groups.items()):
            rows = rows.sort_values("at")
            look = {**_look(number), "linestyle": ("-", "--")[number % 2], "markersize": 3}
            axes.plot(rows["at"], rows["value"], label=name, color=INK, linewidth=1, **look)
            if rows["low"].notna().all():
                axes.fill_between(rows["at"], rows["low"], rows["high"], color=INK, alpha=0.12)
        axes.set(xlim=(-0.02, 1.02), xlabel="share of cells read", ylabel="right of the rest")
        axes.legend(loc="lower right", frameon=False)
        return _svg(figure, "risk-coverage")


def _svg(figure: Figure, prefix: str) -> str:
    """Return the figure as an element of a page, with unique ids and the colour of the text."""
    file = io.StringIO()
    figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    text = file.getvalue()
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    text = re.sub(r'\bid="', f'id="{prefix}-', text)
    text = re.sub(r'(href="#|url\(#)', rf"\g<1>{prefix}-", text)
    return text.replace(INK, "currentColor")
