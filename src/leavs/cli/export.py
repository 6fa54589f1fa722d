"""`leavs export`: the tables of a run, made again from its journal."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from leavs.errors import StorageError
from leavs.journal import manifest
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
    calibration: Path | None = None,
) -> None:
    """Write labels.csv, details.csv, sentences.csv and failures.csv again from the journal.

    Args:
        include_report: add the report's text to labels.csv, where the run has kept it.
        reviewed: also write labels-reviewed.csv, with the corrections of `leavs review`.
        spreadsheet_safe: also write labels-spreadsheet.csv and so on, copies in which no cell is
            run as a formula by a spreadsheet.
        calibration: a file of `leavs calibrate`, for a column `calibrated_probability` in
            details.csv.
    """
    # Merged labels have their tables already; what else is asked for is made of these.
    only_copies = manifest.is_merged(manifest.read(run)) and (reviewed or spreadsheet_safe)
    if include_report or calibration or not only_copies:
        _export_tables(run, include_report, calibration)
    if reviewed:
        _write_reviewed(run)
    if spreadsheet_safe:
        _write_safe_copies(run, [*tables.TABLES, *([REVIEWED] if reviewed else [])])


def _export_tables(run: Path, include_report: bool, calibration: Path | None) -> None:
    exported = tables.export(run, include_report, calibration)
    print(
        f"{run}: {exported.reports:,} reports, {exported.rows:,} label rows, "
        f"{exported.failed_cells:,} failed cells, {exported.input_problems:,} input problems, "
        f"{exported.notes:,} notes, "
        f"{exported.duplicates:,} records superseded, {len(exported.damaged):,} damaged lines"
        + (f", {exported.reports_without_text:,} reports without text" * include_report)
    )
    for line in unfinished(exported.shards):
        print(line)


def unfinished(shards: Sequence[ShardStatus]) -> Iterator[str]:
    """Name the shards of a run that are not complete, one a line; the run itself, if it has none.

    Args:
        shards: as `Status` has them.
    """
    whole = [shard for shard in shards if shard.number is None]
    missing = [str(one.number) for one in shards if one.state is State.MISSING]
    if missing and not whole:
        yield f"shards that never began: {', '.join(missing)}"
    for shard in shards:
        if shard.state is State.UNFINISHED or (whole and shard.state is State.MISSING):
            left = "an unknown number of" if shard.left is None else f"{shard.left:,}"
            name = "the run" if whole else f"shard {shard.number}"
            yield f"{name} is unfinished: {shard.done:,} reports done, {left} left"


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
