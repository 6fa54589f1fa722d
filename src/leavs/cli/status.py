"""`leavs status`: how far a run is, over all its shards."""

import json
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

from leavs.journal.status import ShardStatus, Status, read_status


def status(
    run: Annotated[Path, Parameter(help="The run's output folder.")],
    *,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> None:
    """Show how many reports are done, failed and left, how fast it goes, and the time left.

    Reads the journal; may be asked at any time, on any machine that sees the folder.

    Args:
        as_json: print one JSON object instead, for scripts.
    """
    found = read_status(run)
    if as_json:
        print(json.dumps(as_values(found)))
        return
    console = Console(highlight=False, soft_wrap=True)
    console.print(shard_table(found))
    for line in summary(found):
        console.print(line, markup=False)


def as_values(status: Status) -> dict[str, Any]:
    """Turn a status into JSON values; what is not known is null."""
    return {
        "num_shards": status.num_shards,
        "complete": status.complete,
        "reports_done": status.done,
        "reports_left": status.left,
        "left_is_known": status.left_is_known,
        "failed_cells": status.failed_cells,
        "input_problems": status.input_problems,
        "records_superseded": status.records_superseded,
        "damaged_lines": len(status.damaged),
        "reports_an_hour": status.reports_an_hour,
        "seconds_left": status.seconds_left,
        "shards": [{**asdict(one), "left": one.left} for one in status.shards],
    }


def shard_table(status: Status) -> Table:
    """Make a table with a row for each shard."""
    table = Table(box=None)
    for column in ("shard", "state", "done", "left", "failed cells", "last record"):
        table.add_column(column, justify="left" if column in ("shard", "state") else "right")
    for shard in status.shards:
        table.add_row(*_cells(shard))
    return table


def _cells(shard: ShardStatus) -> tuple[str, ...]:
    since = shard.seconds_since_record
    return (
        "all" if shard.number is None else str(shard.number),
        shard.state.value,
        f"{shard.done:,}",
        "?" if shard.left is None else f"{shard.left:,}",
        f"{shard.failed_cells:,}",
        "never" if since is None else f"{timedelta(seconds=round(since))} ago",
    )


def summary(status: Status) -> list[str]:
    """Sum up all shards, in lines."""
    left = "?" if status.left is None else f"{status.left:,}"
    about = "" if status.left_is_known or status.left is None else "about "
    lines = [
        f"{status.done:,} reports done, {about}{left} left, {status.failed_cells:,} failed cells"
    ]
    if status.reports_an_hour is not None and status.seconds_left is not None:
        time_left = timedelta(seconds=round(status.seconds_left))
        lines.append(f"{status.reports_an_hour:,.0f} reports an hour, {about}{time_left} left")
    elif not status.complete:
        lines.append("no process seems to be at work: no rate, no time left")
    if status.input_problems:
        lines.append(f"{status.input_problems:,} entries of the input are no report")
    if status.records_superseded:
        lines.append(
            f"{status.records_superseded:,} records of cells that have a better or older one"
        )
    if status.damaged:
        lines.append(f"{len(status.damaged):,} damaged lines in the journal were passed over")
    return lines
