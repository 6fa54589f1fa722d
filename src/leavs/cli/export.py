"""`leavs export`: the tables of a run, made again from its journal."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from leavs import tables


def export(
    run: Annotated[Path, Parameter(help="The run's output folder.")],
    *,
    include_report: bool = False,
) -> None:
    """Write labels.csv, details.csv, sentences.csv and failures.csv again from the journal.

    Args:
        include_report: add the report's text to labels.csv, where the run has kept it.
    """
    exported = tables.export(run, include_report)
    print(
        f"{run}: {exported.reports:,} reports, {exported.rows:,} label rows, "
        f"{exported.failed_cells:,} failed cells, {exported.input_problems:,} input problems, "
        f"{exported.duplicates:,} records superseded, {len(exported.damaged):,} damaged lines"
        + (f", {exported.reports_without_text:,} reports without text" * include_report)
    )
