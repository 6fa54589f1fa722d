"""How far a run is, read from its journal alone."""

import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from leavs import cli
from leavs.domain import Certainty, Failure, Label, OrganResult, Shard, Step, UnreadableReport
from leavs.errors import RunFolderError
from leavs.journal import manifest
from leavs.journal.journal import Journal, OrganRecord, line_of, read_lines
from leavs.journal.status import State, Status, read_status

ORGANS = ("spleen", "liver")
IDENTITY = {"organs": list(ORGANS), "finding_types": ["normal"]}
NAMES = [f"r{number:03d}" for number in range(100)]


def process(
    folder: Path,
    names: list[str],
    shard: Shard | None = None,
    *,
    planned: int | None = None,
    complete: bool | None = None,
    organs: tuple[str, ...] = ORGANS,
    failed: int = 0,
    ready_ago: float = 3600,
    last_ago: float = 0,
) -> None:
    """What one process left: it was ready and recorded last so many seconds ago.

    Args:
        complete: as it said at its end; None if it did not come to it.
    """
    journal = Journal(folder, {} if shard is None else {"shard": [shard.number, shard.count]})
    path = max((folder / "journal").iterdir())  # names begin with the time
    journal.add_plan(len(names) if planned is None else planned)
    failure = Label(None, urgency=None, failure=Failure(Step.CERTAINTY, "why"))
    for place, name in enumerate(names):
        for organ in organs:
            label = failure if place < failed else Label(Certainty.ABSENT)
            journal.add_result(OrganRecord(OrganResult(name, organ, {"normal": label}), place, "h"))
    if complete is not None:
        journal.close(complete=complete)
    ready = datetime.fromtimestamp(time.time() - ready_ago, UTC).isoformat()
    records = [line.record for line in read_lines(folder) if line.path == path]
    told = [one | ({"at": ready} if one["kind"] == "plan" else {}) for one in map(dict, records)]
    path.write_bytes(b"".join(map(line_of, told)))
    os.utime(path, (time.time() - last_ago,) * 2)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    manifest.claim_folder(tmp_path, IDENTITY, [], has_results=False)
    return tmp_path


def of_shard(number: int, count: int = 2) -> list[str]:
    return [name for name in NAMES if Shard(number, count).includes(name)]


def states(status: Status) -> list[tuple[State, int, int | None]]:
    return [(shard.state, shard.done, shard.left) for shard in status.shards]


def test_a_run_without_shards_is_one_row(folder: Path) -> None:
    process(folder, NAMES[:40], planned=100)
    status = read_status(folder)
    assert status.num_shards is None
    assert [shard.number for shard in status.shards] == [None]
    assert states(status) == [(State.UNFINISHED, 40, 60)]
    assert (status.done, status.left, status.complete) == (40, 60, False)
    assert status.reports_an_hour == pytest.approx(40, rel=0.01)
    assert status.seconds_left == pytest.approx(1.5 * 3600, rel=0.01)


def test_a_run_that_has_not_begun_has_nothing_to_tell(folder: Path) -> None:
    status = read_status(folder)
    assert states(status) == [(State.MISSING, 0, None)]
    assert (status.left, status.reports_an_hour, status.seconds_left) == (None, None, None)
    with pytest.raises(RunFolderError, match="holds no run"):
        read_status(folder / "nowhere")


def test_shards_are_told_apart_and_the_missing_are_estimated(folder: Path) -> None:
    manifest.claim_folder(folder, IDENTITY, [], has_results=True, num_shards=4)
    shards = [of_shard(number, 4) for number in range(4)]
    process(folder, shards[0], Shard(0, 4), complete=True)
    process(folder, shards[1][:5], Shard(1, 4), planned=len(shards[1]), failed=2)
    process(folder, shards[2][:3], Shard(2, 4), planned=len(shards[2]), complete=False)
    status = read_status(folder)
    lengths = [len(shard) for shard in shards]
    assert states(status) == [
        (State.COMPLETE, lengths[0], 0),
        (State.UNFINISHED, 5, lengths[1] - 5),
        (State.UNFINISHED, 3, lengths[2] - 3),
        (State.MISSING, 0, None),
    ]
    assert status.failed_cells == 2 * len(ORGANS)
    assert not status.left_is_known
    others = round(sum(lengths[:3]) / 3)
    assert status.left == lengths[1] - 5 + lengths[2] - 3 + others
    assert status.reports_an_hour == pytest.approx(5, rel=0.01), "the one that is at work"


@pytest.mark.parametrize(
    ("told", "rate"),
    [
        ({}, 10),
        ({"last_ago": 599}, 10 * 3600 / 3001),
        ({"last_ago": 700}, None),  # for more than ten minutes nothing was recorded
        ({"complete": True}, None),  # it has ended
        ({"complete": False}, None),
        ({"ready_ago": -5}, None),  # its clock is ahead
    ],
)
def test_the_rate_is_that_of_processes_at_work(
    folder: Path, told: dict[str, Any], rate: float | None
) -> None:
    process(folder, NAMES[:10], planned=100, **told)
    found = read_status(folder).reports_an_hour
    assert found == (None if rate is None else pytest.approx(rate, rel=0.01))


def test_rates_of_processes_add_up(folder: Path) -> None:
    manifest.claim_folder(folder, IDENTITY, [], has_results=True, num_shards=2)
    for number in range(2):
        mine = of_shard(number)
        process(folder, mine[:20], Shard(number, 2), planned=len(mine))
    status = read_status(folder)
    assert status.reports_an_hour == pytest.approx(40, rel=0.01)
    assert status.seconds_left == pytest.approx(60 / 40 * 3600, rel=0.01)


def test_a_report_counts_when_all_of_its_organs_are_recorded(folder: Path) -> None:
    process(folder, NAMES[:8], planned=100, organs=("liver",))
    process(folder, NAMES[:3], planned=100, organs=("spleen",))
    assert states(read_status(folder)) == [(State.UNFINISHED, 3, 97)]


def test_what_was_recorded_twice_counts_once_and_is_told(folder: Path) -> None:
    for _ in range(2):
        process(folder, NAMES[:10], planned=100)
    status = read_status(folder)
    assert status.done == 10
    assert status.records_superseded == 10 * len(ORGANS)


def test_a_whole_run_completes_the_shards(folder: Path) -> None:
    manifest.claim_folder(folder, IDENTITY, [], has_results=True, num_shards=2)
    process(folder, of_shard(0)[:4], Shard(0, 2), planned=50)
    process(folder, NAMES, complete=True)
    status = read_status(folder)
    assert status.complete
    assert states(status) == [(State.COMPLETE, len(of_shard(number)), 0) for number in range(2)]
    assert status.seconds_left == 0


def test_a_whole_run_says_nothing_of_reports_that_came_later(folder: Path) -> None:
    process(folder, NAMES[:20], complete=True, last_ago=900)
    process(folder, NAMES[20:30], planned=100, complete=False, last_ago=800)
    assert states(read_status(folder)) == [(State.UNFINISHED, 30, 70)]
    manifest.claim_folder(folder, IDENTITY, [], has_results=True, num_shards=2)
    process(folder, of_shard(0)[:20], Shard(0, 2), planned=len(of_shard(0)))
    assert read_status(folder).shards[0].state is State.UNFINISHED


def test_the_command_prints_a_table_or_json(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest.claim_folder(folder, IDENTITY, [], has_results=True, num_shards=2)
    process(folder, of_shard(0)[:5], Shard(0, 2), planned=50, failed=1)
    journal = Journal(folder, {"shard": [0, 2]})
    journal.add_input_problem(UnreadableReport("", "no id", 3, "x.csv line 4"))
    journal.close(complete=False)
    assert cli.run(["status", str(folder)]) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == "shard state done left failed cells last record"
    assert lines[1].startswith("0 unfinished 5 ")
    assert lines[2] == "1 missing 0 ? 0 never"
    assert "5 reports done, about " in lines[3]
    assert "1 entries of the input are no report" in lines
    assert cli.run(["status", str(folder), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["num_shards"], told["reports_done"], told["failed_cells"]) == (2, 5, 2)
    assert [shard["state"] for shard in told["shards"]] == ["unfinished", "missing"]
    assert told["left_is_known"] is False
    assert cli.run(["status", str(folder / "nowhere")]) == 2
    assert "holds no run" in capsys.readouterr().err
