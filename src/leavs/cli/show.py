"""`leavs show`: the labels of a run on the screen."""

from pathlib import Path
from typing import Annotated

import pandas as pd
from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

from leavs import manifest, rows, tables

MARKS = {1: "[bold green]1[/]", 0: "0", -1: "[yellow]-1[/]", -2: "[dim]·[/]", -3: "[magenta]-3[/]"}


def show(
    run: Annotated[Path, Parameter(help="The run's output folder.")],
    *,
    report: tuple[str, ...] = (),
    limit: int = 10,
) -> None:
    """Show labels as a grid: organs down, finding types across, urgency as ! marks.

    Args:
        report: ids of the reports to show; by default the first ones.
        limit: how many reports are shown where none is named.
    """
    console = Console()
    for warning in manifest.read(run).get("warnings", ()):
        console.print(f"[bold red]{warning}[/]")
    labels = tables.read_labels(run)
    ids = list(report) or list(labels[rows.KEYS[0]].unique()[:limit])
    for report_id in ids:
        console.print(_grid(report_id, labels[labels[rows.KEYS[0]] == report_id]))
    console.print(
        "1 present, 0 stated absent, -1 unsure, -3 ambiguous, · not mentioned, x failed; "
        "! low, !! medium, !!! high urgency"
    )


def _grid(report_id: str, labels: pd.DataFrame) -> Table:
    columns = [c for c in labels.columns if c not in (*rows.KEYS, "report")]
    grid = Table("organ", *columns, title=report_id, title_justify="left")
    for organ, of_organ in labels.groupby("organ", sort=False):
        by_kind = of_organ.set_index(rows.KEYS[2])
        codes, urgencies = by_kind.loc[rows.LABELS], by_kind.loc[rows.URGENCY]
        grid.add_row(str(organ), *(_mark(codes[c], urgencies[c]) for c in columns))
    return grid


def _mark(code: object, urgency: object) -> str:
    if pd.isna(code):  # type: ignore[call-overload]
        return "[red]x[/]"
    marks = 0 if pd.isna(urgency) else max(0, int(urgency))  # type: ignore[call-overload]
    return MARKS[int(code)] + "!" * marks  # type: ignore[call-overload]
