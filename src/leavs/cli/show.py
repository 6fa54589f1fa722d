"""`leavs show`: the labels of a run on the screen."""

from pathlib import Path
from typing import Annotated

import pandas as pd
from cyclopts import Parameter
from rich.console import Console
from rich.table import Table
from rich.text import Text

from leavs.errors import UsageError
from leavs.journal import manifest
from leavs.tables.columns import KIND, LABELS, ORGAN, REPORT_ID, URGENCY
from leavs.tables.read import finding_types_of, read_labels

MARKS = {1: "[bold green]1[/]", 0: "0", -1: "[yellow]-1[/]", -2: "[dim]·[/]", -3: "[magenta]-3[/]"}


def show(
    run: Annotated[Path, Parameter(help="The run's output folder.")],
    *,
    report: tuple[str, ...] = (),
    limit: int = 10,
) -> None:
    """Show labels as a grid: finding types down, organs across, urgency as ! marks.

    Args:
        report: ids of the reports to show; by default the first ones.
        limit: how many reports are shown where none is named.
    """
    console = Console()
    for warning in manifest.read(run).get("warnings", ()):
        console.print(f"[bold red]{warning}[/]")
    labels = read_labels(run)
    known = labels[REPORT_ID].unique()
    if unknown := [report_id for report_id in report if report_id not in known]:
        raise UsageError(f"{run} has no report {unknown[0]!r}")
    ids = list(report) or list(known[:limit])
    for report_id in ids:
        console.print(_grid(report_id, labels[labels[REPORT_ID] == report_id]))
    console.print(
        "1 present, 0 stated absent, -1 unsure, -3 ambiguous, · not mentioned, x failed; "
        "! low, !! medium, !!! high urgency"
    )


def _grid(report_id: str, labels: pd.DataFrame) -> Table:
    by_row = labels.set_index([ORGAN, KIND])
    organs = list(labels[ORGAN].unique())
    # Narrow enough for 80 columns: names of two words stand on two lines.
    heads = [organ.replace(" ", "\n") for organ in organs]
    grid = Table("", *heads, title=Text(report_id), title_justify="left", box=None)
    grid.padding, grid.pad_edge = (0, 1, 0, 0), False
    for name in finding_types_of(labels):
        cells = by_row[name]
        marks = (_mark(cells[organ, LABELS], cells[organ, URGENCY]) for organ in organs)
        grid.add_row(name, *marks)
    return grid


def _mark(code: object, urgency: object) -> str:
    if pd.isna(code):  # type: ignore[call-overload]
        return "[red]x[/]"
    marks = 0 if pd.isna(urgency) else max(0, int(urgency))  # type: ignore[call-overload]
    return MARKS[int(code)] + "!" * marks  # type: ignore[call-overload]
