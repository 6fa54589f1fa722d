"""Lays out an evaluation as tables, the same on the screen, in Markdown and on the page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from leavs.domain import Certainty
from leavs.evaluation.evaluate import Evaluation
from leavs.evaluation.items import HUMANS, Comparison, Task, Variant
from leavs.evaluation.scores import MACRO_CELLS, MACRO_ORGANS, MACRO_TYPES, MICRO
from leavs.tables.merging import MISSING

METRIC = {Task.LABELS: "f1", Task.URGENCY: "tau_b"}
METRIC_NAME = {Task.LABELS: "F1", Task.URGENCY: "tau-b"}
MEANING = {
    Certainty.PRESENT: "present",
    Certainty.ABSENT: "stated absent",
    Certainty.UNSURE: "unsure",
    Certainty.NOT_MENTIONED: "not mentioned",
    Certainty.AMBIGUOUS: "ambiguous",
    MISSING: "no label",
}
NO_VALUE = "–"
COUNTS = ("positives", "true_positives", "false_positives", "false_negatives")
BESIDE_F1 = ("precision", "recall", "specificity", "mcc")
READ = (0, 5, 10, 20, 30, 50, 70, 90)  # per cent of the cells of a group
TINY = 1e-9  # a share of cells is not more exact
ABSTENTIONS = ("unsure", "ambiguous", "no_label")

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table, with text in every cell."""

    title: str
    note: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def chosen(table: pd.DataFrame, **wanted: str) -> pd.DataFrame:
    """Select the rows with these values."""
    for column, value in wanted.items():
        table = table[table[column] == value]
    return table


def grouped(table: pd.DataFrame, *columns: str) -> Iterator[tuple[tuple[str, ...], pd.DataFrame]]:
    """Yield the rows that share values in these columns, in the order of the table."""
    for key, group in table.groupby(list(columns), sort=False):
        yield tuple(map(str, key)), group


def records(table: pd.DataFrame) -> list[Record]:
    """Return the rows as mappings from column names to values."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def by_value_of(column: str, table: pd.DataFrame) -> dict[str, Record]:
    """Return the rows by their values in one column."""
    return {row[column]: row for row in records(table)}


def overall(done: Evaluation) -> Sheet:
    """Lay out the figures over all cells."""
    rows = []
    voted = chosen(done.scores, comparison=Comparison.VOTE, scope="all")
    for (variant, task), (counting, whole) in done.cells.items():
        table = chosen(voted, variant=variant, task=task, metric=METRIC[task])
        for labeler in done.labelers:
            own = by_value_of("average", chosen(table, labeler=labeler))
            averages = (MICRO, MACRO_CELLS, MACRO_ORGANS, MACRO_TYPES)
            figures = [with_interval(own.get(average)) for average in averages]
            cells = f"{counting} of {whole}"
            rows.append((variant, f"{task}, {METRIC_NAME[task]}", labeler, cells, *figures))
    note = (
        "With 95 % intervals. Micro concatenates the cells (for urgency it is their mean); macro "
        "is the plain mean over cells, organs or finding types. tau-b is Kendall's."
    )
    columns = ("variant", "score", "labeler", "cells", "micro", "macro: cells")
    return Sheet("Scores", note, (*columns, "macro: organs", "macro: types"), rows)


def labels_by(done: Evaluation, scope: str) -> Sheet:
    """Lay out the scores of labels in the variant `types`, by finding type, organ or cell."""
    table = chosen(done.scores, comparison=Comparison.VOTE, scope=scope, average=MICRO)
    table = chosen(table, variant=Variant.TYPES, task=Task.LABELS)
    abstentions = ABSTENTIONS if done.protocol.abstentions else ()
    rows = []
    for (organ, finding_type, labeler), row in _by_labeler(done, table, "organ", "finding_type"):
        counted = [f"{row[name]['value']:.0f}" for name in COUNTS]
        for name in abstentions:
            ends = (row[f"{name}_of_{end}"]["value"] for end in ("positives", "negatives"))
            counted.append(" / ".join(f"{value:.0f}" for value in ends))
        scored = [number(row[name]["value"]) for name in BESIDE_F1]
        p = number(row["f1"]["p_value"])
        cell = f"{organ} {finding_type}".strip()
        rows.append((cell, labeler, *counted, with_interval(row["f1"]), *scored, p))
    note = "p compares F1 with that of the labels evaluated, on the same resamples."
    if abstentions:
        note += " Abstentions (unsure, ambiguous, no label): of positives / of negatives."
    counts = ("positives", "true pos.", "false pos.", "false neg.")
    abstained = (name.replace("_", " ") for name in abstentions)
    metrics = ("F1", "precision", "recall", "specificity", "MCC", "p")
    columns = ("", "labeler", *counts, *abstained, *metrics)
    return Sheet(f"Labels by {scope.replace('_', ' ')}", note, columns, rows)


def _by_labeler(
    done: Evaluation, table: pd.DataFrame, *columns: str
) -> Iterator[tuple[tuple[str, ...], dict[str, Record]]]:
    """Yield the measurements by metric, for each group of rows and each labeler in turn."""
    for key, group in grouped(table, *columns):
        for labeler in done.labelers:
            yield (*key, labeler), by_value_of("metric", chosen(group, labeler=labeler))


def urgency(done: Evaluation) -> Sheet:
    """Lay out Kendall's tau-b of each cell, in all variants."""
    table = chosen(done.scores, comparison=Comparison.VOTE, scope="cell", average=MICRO)
    table = chosen(table, task=Task.URGENCY)
    rows = []
    keys = ("variant", "organ", "finding_type")
    for (variant, organ, finding_type, labeler), row in _by_labeler(done, table, *keys):
        counted = (f"{row[name]['value']:.0f}" for name in ("items", "no_urgency"))
        cell = f"{organ} {finding_type}"
        rows.append((variant, cell, labeler, *counted, with_interval(row["tau_b"])))
    return Sheet(
        "Urgency",
        "Against the mean urgency of the annotators, where all of them affirm the finding.",
        ("variant", "cell", "labeler", "items", "the labeler gives none", "tau-b"),
        rows,
    )


def humans(done: Evaluation) -> Sheet:
    """Lay out each annotator beside the labelers, scored against the other annotators."""
    table = chosen(done.scores, comparison=Comparison.HUMANS, average=MICRO)
    table = table[table["metric"].isin(METRIC.values())]
    rows = []
    for scope in ("all", "annotator"):
        for (variant, task, annotator), group in grouped(
            chosen(table, scope=scope), "variant", "task", "annotator"
        ):
            own = by_value_of("labeler", group)
            score = f"{task}, {METRIC_NAME[Task(task)]}"
            who = f"annotator {annotator}" if annotator else "all"
            figures = [with_interval(own.get(name)) for name in (HUMANS, *done.labelers)]
            p = number(own[HUMANS]["p_value"])
            rows.append((variant, score, who, *figures, p))
    return Sheet(
        "Humans beside the labeler",
        "An annotator is scored where all colleagues who read the report agree, their agreement "
        "being the truth, and the labelers on the same items. For urgency: against the mean of "
        "the colleagues, the labelers against the mean of all. p compares humans and labeler.",
        ("variant", "score", "who", "humans", *done.labelers, "p"),
        rows,
    )


def agreement(done: Evaluation) -> Sheet:
    """Lay out the agreement between annotators."""
    rows = []
    for row in records(done.agreement):
        if row["items"]:
            what = (row["task"], row["finding_type"] or "all", row["measure"], row["annotators"])
            rows.append((*what, f"{row['items']:,}", number(row["value"])))
    return Sheet(
        "Agreement between annotators",
        "Cohen's kappa of pairs and Krippendorff's alpha of all; labels are nominal, urgencies "
        "ordinal (kappa with linear weights).",
        ("task", "finding type", "measure", "annotators", "items", "value"),
        rows,
    )


def codes(done: Evaluation) -> Sheet:
    """Lay out certainty codes against votes."""
    rows = []
    for code, counted in zip(done.codes.index, done.codes.to_numpy(), strict=True):
        name = MEANING[code] if code == MISSING else f"{code} {MEANING[code]}"
        rows.append((name, *(f"{count:,}" for count in counted)))
    return Sheet(
        "What each certainty code met",
        "Merged finding types of all organs, by how many annotators affirm the finding.",
        ("certainty", *(f"votes: {votes}" for votes in done.codes.columns)),
        rows,
    )


def urgencies(done: Evaluation) -> Sheet:
    """Lay out urgencies of annotators against those of the labeler."""
    rows = [
        (str(level), *(f"{count:,}" for count in counted))
        for level, counted in zip(done.urgencies.index, done.urgencies.to_numpy(), strict=True)
    ]
    return Sheet(
        "What each urgency met",
        "Down: of one annotator. Across: of the labeler, for the same finding.",
        ("annotator", *(f"labeler: {level}" for level in done.urgencies.columns)),
        rows,
    )


def reliability(done: Evaluation) -> Sheet:
    """Lay out the errors of the probabilities by finding type, as given and calibrated."""
    names = ("calibration_error", "brier_score")
    figures = (*names, *(f"calibrated_{name}" for name in names))
    rows = []
    table = _probabilities(done)
    for (name,), group in grouped(table[table["figure"].isin(figures)], "of"):
        own = by_value_of("figure", group)
        cells = f"{own[names[0]]['cells']:,}"
        rows.append((name, cells, *(with_interval(own.get(figure)) for figure in figures)))
    return Sheet(
        "Reliability of the probabilities",
        "Of the model's probability that a finding is there, where it was asked, against the "
        "majority of the annotators. Calibration error: the mean distance between probability and "
        "share affirmed, in ten bins; in resamples it tends to be larger. Calibrated: along curves "
        "fitted to the other reports.",
        ("", "cells", *(name.replace("_", " ").replace("brier", "Brier") for name in figures)),
        rows,
    )


def reading(done: Evaluation) -> Sheet:
    """Lay out how right the rest is, once a part of the cells is read."""
    rows = []
    for (group,), table in grouped(
        chosen(_probabilities(done), figure="share_right_of_rest"), "of"
    ):
        ordered = table.sort_values("at")
        for percent in READ:
            row = records(ordered[ordered["at"] >= percent / 100 - TINY])[:1]
            if row:
                share = f"{100 * row[0]['at']:.1f} %"
                rows.append((group, share, f"{row[0]['cells']:,}", with_interval(row[0])))
    return Sheet(
        "How right the rest is, once a part is read",
        "If readers take the cells of the lowest calibrated confidence: how many of the rest agree "
        "with the annotators, of the types as they were annotated. Findings are labels 1 and -1. "
        "These are estimates; `leavs calibrate` says what can be promised.",
        ("labeled as", "read", "cells left", "share right of the rest"),
        list(dict.fromkeys(rows)),
    )


def _probabilities(done: Evaluation) -> pd.DataFrame:
    if done.probabilities is None:
        return pd.DataFrame({"figure": [], "of": [], "at": []})
    return done.probabilities


def every_sheet(done: Evaluation) -> list[Sheet]:
    """Return all sheets that have rows, in the order of reading."""
    by_scope = (labels_by(done, scope) for scope in ("finding_type", "organ", "cell"))
    makers = (codes, urgency, urgencies, humans, agreement, reliability, reading)
    others = (make(done) for make in makers)
    return [sheet for sheet in (overall(done), *by_scope, *others) if sheet.rows]


def with_interval(row: Record | None) -> str:
    """Format a value and its interval; a dash if there is none."""
    if row is None:
        return NO_VALUE
    if pd.isna(row["low"]):
        return number(row["value"])
    return f"{number(row['value'])} [{number(row['low'])}, {number(row['high'])}]"


def number(value: float) -> str:
    """Format a number with three decimals; a dash if there is no value."""
    return NO_VALUE if pd.isna(value) else f"{value:.3f}"


def summary(done: Evaluation) -> str:
    """Say in one line what was compared."""
    who = f"{len(done.annotators)} annotators" if len(done.annotators) > 1 else "one annotator"
    drawn = f"{done.resamples:,} resamples" if done.resamples else "no resamples"
    return (
        f"{done.reports:,} reports, {who}, labels of {', '.join(done.labelers)}; "
        f"protocol {done.protocol.name}, {drawn}."
    )


def as_markdown(done: Evaluation) -> str:
    """Return all tables but the disagreements as Markdown, with their explanations."""
    lines = ["# Evaluation", "", summary(done), "", done.protocol.explanation]
    if done.notes:
        lines += ["", "Left out:", *(f"- {note}" for note in done.notes)]
    for sheet in every_sheet(done):
        lines += ["", f"## {sheet.title}", "", sheet.note, "", _markdown_row(sheet.columns)]
        lines += [_markdown_row(["---"] * len(sheet.columns)), *map(_markdown_row, sheet.rows)]
    return "\n".join(lines) + "\n"


def _markdown_row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
