"""Reads how far a run is, over all its shards: done, failed, left, rate and time left.

All of it comes from the journal; no process is contacted. A file does not show whether its process
is alive, so the time of its last record is reported instead.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from leavs.domain import Shard, shard_number
from leavs.errors import RunFolderError
from leavs.journal import manifest
from leavs.journal.index import Index
from leavs.journal.journal import FOLDER

AT_WORK_SECONDS = 600.0  # the rate counts processes whose last record is at most this old


class State(StrEnum):
    """How far a shard is."""

    COMPLETE = "complete"
    UNFINISHED = "unfinished"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class ShardStatus:
    """How far one shard is, or a run without shards.

    Args:
        number: the number of the shard; None for the whole run.
        reports: the number of its reports; None until one of its processes has counted them.
        done: the number of reports of which every organ is recorded.
        failed_cells: the number of cells that are recorded without a label.
        seconds_since_record: the time since the last record of its processes; None if there is
            none.
    """

    number: int | None
    state: State
    reports: int | None
    done: int
    failed_cells: int
    seconds_since_record: float | None

    @property
    def left(self) -> int | None:
        """The number of reports that are still to be labeled; None if it is not known."""
        if self.state is State.COMPLETE:
            return 0
        return None if self.reports is None else max(0, self.reports - self.done)


@dataclass(frozen=True, slots=True)
class Status:
    """How far a run is.

    Args:
        shards: the status of each shard; of the whole run as one, if it has no shards.
        input_problems: the number of entries of the input that belong to no report.
        reports_an_hour: the rate, since their engines were ready, of the processes that recorded
            something in the last ten minutes; None if there are none.
        records_superseded: the number of records that do not count, because their cells were
            recorded more than once.
    """

    num_shards: int | None
    shards: Sequence[ShardStatus]
    input_problems: int
    reports_an_hour: float | None
    records_superseded: int
    damaged: Sequence[str]

    @property
    def done(self) -> int:
        """The number of reports of which every organ is recorded."""
        return sum(shard.done for shard in self.shards)

    @property
    def failed_cells(self) -> int:
        """The number of cells that are recorded without a label."""
        return sum(shard.failed_cells for shard in self.shards)

    @property
    def left(self) -> int | None:
        """The number of reports left, with shards that never began assumed as large as others."""
        known = [shard.reports for shard in self.shards if shard.reports is not None]
        if not known:
            return None
        others = round(sum(known) / len(known))
        return sum(
            max(0, others - shard.done) if shard.left is None else shard.left
            for shard in self.shards
        )

    @property
    def left_is_known(self) -> bool:
        """Whether every shard has counted its reports."""
        return all(shard.left is not None for shard in self.shards)

    @property
    def seconds_left(self) -> float | None:
        """The time left at the present rate; None if it cannot be estimated."""
        if self.left is None or not self.reports_an_hour:
            return None if self.left != 0 else 0.0
        return self.left / self.reports_an_hour * 3600

    @property
    def complete(self) -> bool:
        """Whether every shard is complete."""
        return all(shard.state is State.COMPLETE for shard in self.shards)


def read_status(folder: Path) -> Status:
    """Read how far the run in a folder is.

    Raises:
        RunFolderError: the folder holds no run, or merged labels, which have no journal.
    """
    described = manifest.read(folder)
    if manifest.is_merged(described):
        raise RunFolderError(f"{folder} holds merged labels; ask for the status of their runs")
    with Index(folder) as index:
        return status_of(index, folder, described)


def status_of(index: Index, folder: Path, described: Mapping[str, Any]) -> Status:
    """Compute how far a run is from the index of its journal and its manifest."""
    num_shards = described.get("num_shards")
    organs = len(described["identity"]["organs"])
    count = num_shards or 1
    done, failed, cells = [0] * count, [0] * count, 0
    for report, recorded, failures in index.progress():
        number = shard_number(report, count)
        done[number] += recorded >= organs
        failed[number] += failures
        cells += recorded
    processes = _processes(index, folder)
    shards = [
        _shard_status(
            Shard(number, count) if num_shards else None, done[number], failed[number], processes
        )
        for number in range(count)
    ]
    problems = sum(1 for _ in index.input_problems())
    superseded = index.records - cells
    return Status(num_shards, shards, problems, _rate(processes), superseded, tuple(index.damaged))


@dataclass(frozen=True, slots=True)
class _Process:
    """A process, as described by the journal file that it wrote.

    Args:
        shard: the shard that it labeled; None if it labeled all reports.
        planned: the number of reports it was to label; None if its engine was not ready yet.
        ready: when its engine was ready, in seconds since the epoch, as all times here.
        complete: whether it ended with all of its reports done.
    """

    shard: Shard | None
    planned: int | None
    ready: float | None
    ended: bool
    complete: bool
    last_record: float
    reports: int


def _processes(index: Index, folder: Path) -> list[_Process]:
    """Return all processes that worked on a run, from the oldest."""
    records: dict[str, dict[str, Mapping[str, Any]]] = {}
    for record in index.sessions:
        records.setdefault(record["journal"], {})[record["kind"]] = record
    recorded = index.reports_by_file()
    return [
        _process(told, (folder / FOLDER / name).stat().st_mtime, recorded.get(name, 0))
        for name, told in records.items()
    ]


def _process(told: Mapping[str, Mapping[str, Any]], last_record: float, reports: int) -> _Process:
    shard = told.get("session", {}).get("shard")
    plan, end = told.get("plan"), told.get("end")
    return _Process(
        None if shard is None else Shard(*shard),
        None if plan is None else plan["reports"],
        None if plan is None else datetime.fromisoformat(plan["at"]).timestamp(),
        end is not None,
        end is not None and bool(end.get("complete")),
        last_record,
        reports,
    )


def _shard_status(
    shard: Shard | None, done: int, failed: int, processes: Iterable[_Process]
) -> ShardStatus:
    own = [process for process in processes if process.shard == shard]
    planned = [process.planned for process in own if process.planned is not None]
    reports = planned[-1] if planned else None
    since = None if not own else max(0.0, time.time() - max(one.last_record for one in own))
    return ShardStatus(
        None if shard is None else shard.number,
        _state(own, [process for process in processes if process.shard is None], reports, done),
        reports,
        done,
        failed,
        since,
    )


def _state(
    own: Sequence[_Process], whole: Sequence[_Process], reports: int | None, done: int
) -> State:
    """Return COMPLETE if its last process or a later shardless one said so, or by count."""
    last, before = own[-1:], own[-1].last_record if own else 0.0
    later = [process for process in whole if process.last_record >= before]
    said = any(process.complete for process in (*last, *later))
    if said or (reports is not None and done >= reports):
        return State.COMPLETE
    return State.UNFINISHED if own else State.MISSING


def _rate(processes: Iterable[_Process]) -> float | None:
    now, rates = time.time(), []
    for one in processes:
        at_work = not one.ended and now - one.last_record < AT_WORK_SECONDS
        if at_work and one.ready is not None and one.last_record > one.ready and one.reports:
            rates.append(one.reports / (one.last_record - one.ready) * 3600)
    return sum(rates) if rates else None
