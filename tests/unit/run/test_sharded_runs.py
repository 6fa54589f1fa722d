"""Shards of a run share a folder: joined, they are the run that one process would have made."""

import asyncio
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from leavs import Outcome, OutputOptions, ScriptedEngine, cli, from_folder, label_reports
from leavs.domain import Shard
from leavs.engines.engine import Constraint, Message, Reply
from leavs.errors import RunFolderError
from leavs.journal.index import Index
from leavs.journal.journal import read_lines
from leavs.journal.status import State, read_status
from leavs.reports import select
from leavs.tables.export import TABLES, export
from readers import SENTENCES, TWO, by_hash

REPORTS = 30


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Reports of which one has no text."""
    folder = tmp_path_factory.mktemp("inputs")
    chance = random.Random(3)
    for number in range(REPORTS):
        text = " ".join(chance.sample(SENTENCES, 3)) + f" Case {number}." if number else ""
        (folder / f"r{number:02d}.txt").write_text(text)
    return folder


def run(
    inputs: Path, folder: Path, shard: Shard | None = None, script: Any = by_hash, **output: Any
) -> Outcome:
    engine, options = ScriptedEngine(script), OutputOptions(folder, **output)
    return label_reports(from_folder(inputs), engine, TWO, options, shard=shard)


def tables_of(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in TABLES}


@pytest.fixture(scope="module")
def whole(inputs: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The tables of a run of one process."""
    folder = tmp_path_factory.mktemp("whole")
    assert run(inputs, folder, include_report=True).complete
    return tables_of(folder)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_joined_shards_are_the_whole(
    inputs: Path, tmp_path: Path, whole: dict[str, bytes], count: int
) -> None:
    shards = [Shard(number, count) for number in range(count)]
    random.Random(count).shuffle(shards)
    outcomes = [run(inputs, tmp_path, shard, include_report=True) for shard in shards]
    assert all(outcome.complete for outcome in outcomes)
    assert sum(outcome.tally.reports_total for outcome in outcomes) == REPORTS
    assert [outcome.exported.reports for outcome in outcomes] == [
        outcome.tally.reports_total for outcome in outcomes
    ]
    assert (tmp_path / "labels.csv").exists() is (count == 1), "a shard has no tables of its own"
    exported = export(tmp_path, include_report=True)
    assert tables_of(tmp_path) == whole
    assert [shard.state for shard in exported.shards] == [State.COMPLETE] * count
    assert exported.duplicates == 0
    manifest = json.loads((tmp_path / "run.json").read_text())
    assert manifest["num_shards"] == count
    assert {tuple(s["shard"]) for s in manifest["sessions"] if s["kind"] == "session"} == {
        (shard.number, count) for shard in shards
    }


def test_a_shard_goes_on_where_it_was_and_asks_nothing_twice(
    inputs: Path, tmp_path: Path, whole: dict[str, bytes]
) -> None:
    def nobody(*_: object) -> str:
        raise AssertionError("all was known")

    run(inputs, tmp_path, Shard(0, 2), include_report=True)
    again = run(inputs, tmp_path, Shard(0, 2), script=nobody, include_report=True)
    assert again.complete
    assert again.tally.reports_before == again.tally.reports_total
    # What is left can be labeled by one process without a shard.
    assert run(inputs, tmp_path, include_report=True).complete
    assert tables_of(tmp_path) == whole
    assert read_status(tmp_path).complete


def test_failed_cells_of_a_shard_are_its_own(inputs: Path, tmp_path: Path) -> None:
    """Its exit code tells of them, also where they were recorded by an earlier process."""
    first = [run(inputs, tmp_path, Shard(number, 2)) for number in range(2)]
    again = [run(inputs, tmp_path, Shard(number, 2)) for number in range(2)]
    failed = [outcome.exported.failed_cells for outcome in first]
    assert [outcome.exported.failed_cells for outcome in again] == failed
    assert export(tmp_path).failed_cells == sum(failed) > 0


def test_missing_and_unfinished_shards_are_named(
    inputs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(inputs, tmp_path, Shard(0, 3))
    before = sum(Shard(1, 3).includes(path.stem) for path in inputs.iterdir())

    async def dies(messages: Sequence[Message], constraint: Constraint | None) -> Reply:
        if "Case 2" in messages[1].content:
            raise KeyError("a bug")
        return await by_hash(messages, constraint)

    with pytest.raises(KeyError):
        run(inputs, tmp_path, Shard(1, 3), script=dies, reports_in_flight=1)
    assert cli.run(["export", str(tmp_path)]) == 0
    out = capsys.readouterr().out.splitlines()
    assert "shards that never began: 2" in out
    status = read_status(tmp_path)
    assert [shard.state for shard in status.shards] == [
        State.COMPLETE,
        State.UNFINISHED,
        State.MISSING,
    ]
    assert 0 < status.shards[1].done < before
    left = before - status.shards[1].done
    assert status.shards[1].left == left
    unfinished = f"shard 1 is unfinished: {status.shards[1].done} reports done, {left} left"
    assert unfinished in out
    assert not any(line.startswith("shard 0") for line in out)


def test_a_folder_has_one_number_of_shards(inputs: Path, tmp_path: Path) -> None:
    run(inputs, tmp_path, Shard(0, 2))
    for count in (1, 3):
        with pytest.raises(RunFolderError, match=f"has 2 shards, not {count}; give --num-shards 2"):
            run(inputs, tmp_path, Shard(0, count))


def test_what_was_labeled_before_there_were_shards_is_done(inputs: Path, tmp_path: Path) -> None:
    pilot = from_folder(inputs)
    label_reports(pilot, ScriptedEngine(by_hash), TWO, OutputOptions(tmp_path))
    outcomes = [run(inputs, tmp_path, Shard(number, 2)) for number in range(2)]
    assert sum(outcome.tally.reports_before for outcome in outcomes) == REPORTS


def test_two_runs_that_claim_a_folder_at_once_do_not_mix(inputs: Path, tmp_path: Path) -> None:
    """The first has claimed an empty folder and loads its model; the second takes it over."""
    other = TWO.__class__(organs=("liver",), filtration=TWO.filtration, reasoning=TWO.reasoning)
    took_over: list[Outcome] = []

    async def slow_start(messages: Sequence[Message], constraint: Constraint | None) -> Reply:
        if not took_over:
            took_over.append(await asyncio.to_thread(second))
        return await by_hash(messages, constraint)

    source, options = select(from_folder(inputs), start_index=1), OutputOptions(tmp_path)

    def second() -> Outcome:
        return label_reports(source, ScriptedEngine(by_hash), other, options)

    # Both recorded labels: they cannot be joined, and that is said, to both and ever after.
    with pytest.raises(RunFolderError, match=r"holds labels of another run.*move the file"):
        label_reports(source, ScriptedEngine(slow_start), TWO, options)
    assert took_over[0].complete
    with pytest.raises(RunFolderError, match=r"holds labels of another run"):
        second()
    first = min((tmp_path / "journal").iterdir())
    first.rename(tmp_path / first.name)
    assert second().complete


def test_the_same_shard_twice_at_once_is_no_harm(
    inputs: Path, tmp_path: Path, whole: dict[str, bytes]
) -> None:
    """Two processes label the same reports, each into its own file; one record counts."""

    def both() -> list[Outcome]:
        async def at_once() -> list[Outcome]:
            one = asyncio.to_thread(run, inputs, tmp_path, Shard(0, 2), include_report=True)
            two = asyncio.to_thread(run, inputs, tmp_path, Shard(0, 2), include_report=True)
            return list(await asyncio.gather(one, two))

        return asyncio.run(at_once())

    assert all(outcome.complete for outcome in both())
    run(inputs, tmp_path, Shard(1, 2), include_report=True)
    with Index(tmp_path) as index:
        records = index.records
    for _ in range(2):
        exported = export(tmp_path, include_report=True)
        assert tables_of(tmp_path) == whole
        assert exported.duplicates == records - REPORTS * 2
    recorded = [line.record for line in read_lines(tmp_path) if line.record["kind"] == "organ"]
    assert len(recorded) == records
