"""Writes the evaluation to files: tables, Markdown, and one self-contained page."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from leavs.evaluation import plots, sheets
from leavs.evaluation.evaluate import Evaluation
from leavs.evaluation.items import Task
from leavs.system.pages import render_page
from leavs.system.private_files import make_private_folder, written_whole
from leavs.tables.merging import MISSING

SHOWN = 500  # disagreements on the page; disagreements.csv holds them all
FILES = ("evaluation.csv", "evaluation.md", "evaluation.html", "disagreements.csv")
CALIBRATION = "calibration.csv"  # only of a run that has probabilities


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One row of the page's list; `anchor` is the id of its evidence on the page, if any."""

    report_id: str
    organ: str
    finding_type: str
    certainty: str
    votes: str
    anchor: str


def write(done: Evaluation, folder: Path) -> tuple[str, ...]:
    """Write FILES into a folder, readable for the owner alone: they name reports and quote them.

    CALIBRATION, too, where there are probabilities; else one of an earlier evaluation is removed.

    Returns:
        The names of the files.

    Raises:
        OSError: the folder cannot be written.
    """
    make_private_folder(folder)
    for name, text in zip(FILES, _texts(done), strict=True):
        with written_whole(folder / name) as file:
            file.write(text)
    if done.probabilities is None:
        (folder / CALIBRATION).unlink(missing_ok=True)
        return FILES
    with written_whole(folder / CALIBRATION) as file:
        file.write(done.probabilities.to_csv(index=False))
    return (*FILES, CALIBRATION)


def _texts(done: Evaluation) -> tuple[str, ...]:
    return (
        done.scores.to_csv(index=False),
        sheets.as_markdown(done),
        as_page(done),
        done.disagreements.to_csv(index=False),
    )


def as_page(done: Evaluation) -> str:
    """Return one HTML page with its styles and plots inside; it needs no network."""
    listed, evidence = _disagreements(done)
    return render_page(
        Path(__file__).parent,
        summary=sheets.summary(done),
        done=done,
        sheets=sheets.every_sheet(done),
        plots=_plots(done),
        disagreements=listed,
        evidence=evidence,
        total=len(done.disagreements),
    )


def _plots(done: Evaluation) -> dict[str, str]:
    """Return plots by their titles, without those that have nothing to show."""
    drawn = {
        "F1 by finding type, organ and cell": plots.forest(done),
        "Precision and recall": plots.precision_recall(done),
        "Humans beside the labeler: labels": plots.beside_humans(done, Task.LABELS),
        "Humans beside the labeler: urgency": plots.beside_humans(done, Task.URGENCY),
        "Reliability of the probabilities": plots.reliability(done),
        "Right of the rest, by the share of cells read": plots.risk_coverage(done),
    }
    return {title: plot for title, plot in drawn.items() if plot}


def _disagreements(done: Evaluation) -> tuple[list[Disagreement], dict[str, Any]]:
    """Return the first SHOWN disagreements, and their evidence by report and organ, by anchor."""
    listed, evidence = [], {}
    anchors = {key: f"evidence-{place}" for place, key in enumerate(done.evidence)}
    for row in done.disagreements.head(SHOWN).to_dict("records"):
        key = (row["report_id"], row["organ"])
        anchor = anchors.get(key, "")
        if anchor:
            evidence[anchor] = (*key, done.evidence[key])
        code = MISSING if pd.isna(row["certainty"]) else int(row["certainty"])
        listed.append(
            Disagreement(
                *key,
                row["finding_type"],
                sheets.MEANING[code],
                f"{row['votes']} of {row['annotators']}",
                anchor,
            )
        )
    return listed, evidence
