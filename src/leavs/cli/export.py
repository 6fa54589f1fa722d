"""`leavs export`: the tables of a run, made again from its journal."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from leavs.errors import StorageError
from leavs.journal.status import ShardStatus, State
from leavs.system.private_files import written_whole
from leavs.tables import export as tables
from leavs.tables.spreadsheets import write_safe_copy

REVIEWED = "labels-reviewed.csv"


def export(
    run: Annotated[Path, Parameter(help="The run's output folder.")],
    *,
    include_report: bool = False,
    reviewed: bool = False,
    spreadsheet_safe: bool = False,
) -> None:
    """Write labels.csv, details.csv, sentences.csv and failures.csv again from the journal.

    Args:
        include_report: add the report's text to labels.csv, where the run has kept it.
        reviewed: also write labels-reviewed.csv, with the corrections of `leavs review`.
        spreadsheet_safe: also write labels-spreadsheet.csv and so on, copies in which no cell is
            run as a formula by a spreadsheet.
    """
    exported = tables.export(run, include_report)
    print(
        f"{run}: {exported.reports:,} reports, {exported.rows:,} label rows, "
        f"{exported.failed_cells:,} failed cells, {exported.input_problems:,} input problems, "
        f"{exported.notes:,} notes, "
        f"{exported.duplicates:,} records superseded, {len(exported.damaged):,} damaged lines"
        + (f", {exported.reports_without_text:,} reports without text" * include_report)
    )
    for line in unfinished(exported.shards):
        print(line)
    if reviewed:
        _write_reviewed(run)
    if spreadsheet_safe:
        _write_safe_copies(run, [*tables.TABLES, *([REVIEWED] if reviewed else [])])


def unfinished(shards: Sequence[ShardStatus]) -> Iterator[str]:
    """Name the shards of a run that are not complete, one a line."""
    missing = [str(shard.number) for shard in shards if shard.state is State.MISSING]
    if missing:
        yield f"shards that never began: {', '.join(missing)}"
    for shard in shards:
        if shard.state is State.UNFINISHED:
            left = "an unknown number of" if shard.left is None else f"{shard.left:,}"
            yield f"shard {shard.number} is unfinished: {shard.done:,} reports done, {left} left"


def _write_reviewed(run: Path) -> None:
    from leavs.review.results import corrected_labels
    from leavs.tables.columns import CORRECTED

    table = corrected_labels(run)
    target = run / REVIEWED
    with written_whole(target) as file:
        table.to_csv(file, index=False, lineterminator="\r\n")
    cells = table[CORRECTED].str.split("; ").map(lambda names: len([one for one in names if one]))
    print(f"{target}: {cells.sum():,} codes corrected")


def _write_safe_copies(run: Path, names: Sequence[str]) -> None:
    try:
        copies = [write_safe_copy(run / name) for name in names]
    except OSError as error:
        raise StorageError(
            f"copies for spreadsheets cannot be written in {run}: {error.strerror}; mend that, "
            "and give the same command again"
        ) from error
    print(f"for spreadsheets: {', '.join(copy.name for copy in copies)}")
