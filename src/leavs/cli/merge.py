"""`leavs merge`: one table from several models or seeds."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from leavs.cli.exit_codes import FAILED_CELLS
from leavs.cli.export import unfinished
from leavs.tables.merged import Merged, merge_runs
from leavs.tables.votes import VotingRule


def merge(
    *runs: Annotated[Path, Parameter(help="The output folders of two runs or more.")],
    by: VotingRule,
    output_dir: Path,
) -> int:
    """Merge the labels of several models or seeds: they vote on each cell.

    Writes the tables of a run; details.csv also says how the runs voted. Exit code 3: some cells
    have no label in any run, or rows are missing.

    Args:
        by: majority: the commonest code. mean-probability: the code of the highest mean
            probability.
        output_dir: where the tables go.
    """
    merged = merge_runs(runs, output_dir, by)
    for line in _lines(merged, len(runs), by, output_dir):
        print(line)
    is_lacking = merged.failed_cells or merged.input_problems or merged.missing_rows
    return FAILED_CELLS if is_lacking else 0


def _lines(merged: Merged, runs: int, by: VotingRule, folder: Path) -> list[str]:
    lines = [
        f"{folder}: {merged.reports:,} reports, {merged.rows:,} label rows, {runs} runs by {by}",
        f"{merged.ties:,} ties of labels and {merged.urgency_ties:,} of urgencies, "
        f"{merged.outvoted_failures:,} failures of single runs outvoted, "
        f"{merged.failed_cells:,} failed cells, {merged.input_problems:,} input problems, "
        f"{merged.notes:,} notes",
    ]
    if merged.reports_not_in_every_run:
        lines.append(
            f"{merged.reports_not_in_every_run:,} reports are not in every run; those that have "
            "them voted"
        )
    if merged.organs_not_in_every_run:
        lines.append(
            f"{merged.organs_not_in_every_run:,} organs are not in every run that has their "
            "report; those that have them voted"
        )
    if merged.missing_rows:
        lines.append(f"{merged.missing_rows:,} rows are missing: no run has labeled their organs")
    for run, status in merged.unfinished.items():
        lines += [f"{run}: {line}" for line in unfinished(status.shards)]
    if merged.damaged:
        lines.append(f"{len(merged.damaged):,} damaged lines in the journals were passed over")
    if merged.stale:
        lines.append(f"made of earlier tables, and stale now: {', '.join(merged.stale)}")
    return lines
