"""What an actor does with a shard; the same without Ray."""

import asyncio
import logging
import os
import pickle
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from leavs import MethodOptions, Outcome, OutputOptions, Reasoning, ScriptedEngine, from_csv
from leavs.domain import Filtration, Shard
from leavs.engines.models.choice import choose_model
from leavs.engines.scripted import Script
from leavs.errors import EngineError, EngineStartError, InputError, RunFolderError
from leavs.journal.journal import read_lines
from leavs.journal.status import State, read_status
from leavs.method.pack import Pack
from leavs.reports import ReportSource
from leavs.run.cluster.replica import Broken, Replica, Site
from leavs.run.in_flight import last_taken
from leavs.run.session import Session, no_progress
from leavs.system.private_process import NO_STATISTICS, BugElsewhere
from readers import plain_reader

CANARY = "The liver CANARYWORD is normal."
WHOLE = Shard(0, 2)
METHOD = MethodOptions(organs=("liver",), filtration=Filtration.NONE, reasoning=Reasoning.NEVER)


@pytest.fixture
def source(tmp_path: Path) -> ReportSource:
    path = tmp_path / "reports.csv"
    rows = "".join(f"r{number},{CANARY}\n" for number in range(8))
    path.write_text(f"image1,anonymized_report\n{rows}")
    return from_csv(path)


@pytest.fixture(autouse=True)
def process_as_before(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A replica changes its process: folder, arguments, environment, hooks, umask."""
    monkeypatch.chdir(tmp_path)
    for module, name in ((sys, "argv"), (sys, "excepthook"), (sys, "unraisablehook")):
        monkeypatch.setattr(module, name, getattr(module, name))
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    monkeypatch.setattr(logging, "lastResort", logging.StreamHandler())
    for name in NO_STATISTICS:
        monkeypatch.setenv(name, "other")
    before = os.umask(0o022)
    yield
    os.umask(before)


def replica_of(source: ReportSource, folder: Path, pack: Pack, script: Script) -> Replica:
    engine = ScriptedEngine(script)
    session = Session(source, engine, METHOD, OutputOptions(folder / "run"), no_progress)
    traces = folder / "run" / "in_flight-1"
    traces.mkdir(parents=True)
    site = Site(folder, ["leavs", "label"], traces, pack.sha256, {})
    session = replace(session, model=choose_model(engine))
    if script is plain_reader:
        session = pickle.loads(pickle.dumps(session))  # noqa: S301 - our own
    return Replica(session, site)


def run(replica: Replica) -> Any:
    async def both() -> Any:
        return await replica.ready() or await replica.label(WHOLE, None, frozenset())

    return asyncio.run(both())


def positions(folder: Path) -> list[int]:
    lines = [one.record for one in read_lines(folder / "run") if one.record["kind"] == "organ"]
    return [record["position"] for record in lines]


def test_a_shard_is_labeled_into_a_journal_of_its_own(
    source: ReportSource, tmp_path: Path, pack: Pack
) -> None:
    outcome = run(replica_of(source, tmp_path, pack, plain_reader))
    assert isinstance(outcome, Outcome)
    assert outcome.complete
    theirs = [entry.position for entry in source.sharded(WHOLE)]
    assert positions(tmp_path) == theirs
    first = next(read_lines(tmp_path / "run")).record
    assert (first["shard"], first["command"]) == ([0, 2], ["leavs", "label"])
    assert last_taken(tmp_path / "run" / "in_flight-1" / "0") == theirs[-1]


def test_its_process_tells_nobody_what_it_holds(
    source: ReportSource, tmp_path: Path, pack: Pack
) -> None:
    replica_of(source, tmp_path, pack, plain_reader)
    assert {name: os.environ[name] for name in NO_STATISTICS} == NO_STATISTICS
    assert os.umask(0o077) == 0o077


def test_some_are_labeled_alone_and_the_others_without_them(
    source: ReportSource, tmp_path: Path, pack: Pack
) -> None:
    first, *others = [entry.position for entry in source.sharded(WHOLE)]
    replica = replica_of(source, tmp_path, pack, plain_reader)

    async def both() -> None:
        assert await replica.ready() is None
        await replica.label(WHOLE, frozenset({first}), frozenset())
        assert positions(tmp_path) == [first]
        assert read_status(tmp_path / "run").shards[0].state is State.UNFINISHED
        await replica.label(WHOLE, None, frozenset({first, others[0]}))

    asyncio.run(both())
    assert positions(tmp_path) == [first, *others[1:]]


def fails(error: Exception) -> Script:
    def raise_it(*_: Any) -> str:
        raise error

    return raise_it


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (EngineError("the engine is gone"), EngineError, "the engine is gone"),
        (KeyError(CANARY), BugElsewhere, "KeyError: (message withheld"),
    ],
)
def test_what_goes_wrong_comes_back_as_a_value_without_a_text(
    source: ReportSource,
    tmp_path: Path,
    pack: Pack,
    error: Exception,
    kind: type[Exception],
    words: str,
) -> None:
    value = run(replica_of(source, tmp_path, pack, fails(error)))
    broken = pickle.loads(pickle.dumps(value))  # noqa: S301 - our own
    assert isinstance(broken, Broken)
    assert type(broken.error) is kind
    assert words in str(broken.error)
    assert "CANARYWORD" not in str(broken.error)


def other_prompts(replica: Replica, folder: Path) -> None:
    replica._site = replace(replica._site, pack_sha256="other")


def other_folder(replica: Replica, folder: Path) -> None:
    (folder / "run" / "in_flight-1").rmdir()


def no_input(replica: Replica, folder: Path) -> None:
    (folder / "reports.csv").unlink()


@pytest.mark.parametrize(
    ("lacking", "kind", "words"),
    [
        (other_prompts, EngineStartError, "is not the same on every machine"),
        (other_folder, RunFolderError, "name an --output-dir on a file system that all machines"),
        (no_input, InputError, "all machines must see the input at the same path"),
    ],
)
def test_a_machine_that_lacks_something_says_so_before_a_question(
    source: ReportSource,
    tmp_path: Path,
    pack: Pack,
    lacking: Callable[[Replica, Path], None],
    kind: type[Exception],
    words: str,
) -> None:
    replica = replica_of(source, tmp_path, pack, plain_reader)
    lacking(replica, tmp_path)
    broken = asyncio.run(_once(replica.ready()))
    assert isinstance(broken, Broken)
    assert type(broken.error) is kind
    assert words in str(broken.error)
    assert "\n" not in str(broken.error)


async def _once(value: Awaitable[Any]) -> Any:
    return await value
