"""A labeling process that is killed, warned or doubled at any moment loses nothing."""

import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from labeling_process import Labeling
from leavs.journal.index import Index
from leavs.method.pack import Pack
from leavs.tables.export import export


@pytest.fixture(scope="module")
def wanted(pack: Pack, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return Labeling(tmp_path_factory.mktemp("undisturbed"), pack).wanted


@pytest.fixture
def labeling(pack: Pack, tmp_path: Path, wanted: dict[str, bytes]) -> Labeling:
    return Labeling(tmp_path, pack, wanted)


def wait_until(condition: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """Return as soon as a condition holds; fail where the process ends before."""
    give_up = time.monotonic() + 60
    while not condition():
        assert process.poll() is None, "it ended before"
        assert time.monotonic() < give_up
        time.sleep(0.002)


def test_killed_at_ten_random_moments_nothing_is_lost_or_asked_twice(labeling: Labeling) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")  # shown where the test fails
    moments = random.Random(seed)
    before: set[tuple[str, str]] = set()
    for _ in range(10):
        asked_before = len(labeling.lines())
        more = moments.randint(0, 350)  # lines of the log; a whole run has about 5,000
        # However late the kill comes on a busy machine, the process does not get much further.
        process = labeling.start(slow_after=more // 2 + 50)
        wait_until(lambda lines=asked_before + more: len(labeling.lines()) >= lines, process)
        time.sleep(moments.uniform(0, 0.02))
        process.kill()
        assert process.wait() == -signal.SIGKILL
        asked = {(f"case {case}", organ) for _, case, organ in labeling.lines()[asked_before:]}
        assert not asked & before
        assert labeling.recorded() >= before
        before = labeling.recorded()
    asked_before = len(labeling.lines())
    assert 0 < len(before) < 26 * 9
    assert labeling.start(seconds=0).wait() == 3  # a few questions fail
    rest = {(f"case {case}", organ) for _, case, organ in labeling.lines()[asked_before:]}
    assert rest == labeling.recorded() - before
    assert labeling.tables() == labeling.wanted


def stop_with(
    labeling: Labeling, process: subprocess.Popen[bytes], answers: int, *signals: signal.Signals
) -> tuple[int, float]:
    """The exit code after signals, the first after some answers, and the seconds till the end."""
    answered = [["answered"]]
    wait_until(lambda: sum(line[:1] in answered for line in labeling.lines()) >= answers, process)
    for number in signals:
        process.send_signal(number)
        time.sleep(0.3 if number is not signals[-1] or len(signals) == 1 else 0)
        if number is not signals[-1]:
            assert process.poll() is None, "it did not drain"
    began = time.monotonic()
    return process.wait(30), time.monotonic() - began


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 75), (signal.SIGUSR1, 75), (signal.SIGINT, 130)]
)
def test_a_signal_lets_answers_in_flight_finish(
    labeling: Labeling, number: signal.Signals, code: int
) -> None:
    process = labeling.start(seconds=0.03)
    assert stop_with(labeling, process, 150, number)[0] == code
    lines = labeling.lines()
    assert sum(line[0] == "asked" for line in lines) == sum(line[0] == "answered" for line in lines)
    asked = {(f"case {case}", organ) for _, case, organ in lines}
    assert labeling.recorded() == asked
    assert len(asked) % 9 == 0
    assert labeling.tables()["labels.csv"].count(b"\r\n") == 1 + 2 * len(asked)
    assert labeling.start(seconds=0).wait() == 3
    assert labeling.tables() == labeling.wanted
    again = {(f"case {case}", organ) for _, case, organ in labeling.lines()[len(lines) :]}
    assert not again & asked


@pytest.mark.parametrize(
    ("signals", "drain", "code"),
    [
        ((signal.SIGTERM,), 0.2, 75),
        ((signal.SIGINT, signal.SIGINT), 60, 130),
        ((signal.SIGTERM, signal.SIGINT), 60, 75),
    ],
)
def test_answers_that_take_too_long_are_left(
    labeling: Labeling, signals: tuple[signal.Signals, ...], drain: float, code: int
) -> None:
    process = labeling.start(drain=drain, slow_after=400)
    ended, seconds = stop_with(labeling, process, 400, *signals)
    assert ended == code
    assert seconds < 5
    before = labeling.recorded()
    assert before
    assert labeling.tables()["labels.csv"].count(b"\r\n") == 1 + 2 * len(before)
    lines = len(labeling.lines())
    assert labeling.start(seconds=0).wait() == 3
    assert labeling.tables() == labeling.wanted
    assert not before & {(f"case {case}", organ) for _, case, organ in labeling.lines()[lines:]}


@pytest.mark.parametrize("shards", [None, 2])
def test_two_processes_in_one_folder_at_once_do_not_harm_each_other(
    labeling: Labeling, shards: int | None
) -> None:
    """With the same reports: duplicates are counted, and resolved the same way each time."""
    parts = [None] if shards is None else [(number, shards) for number in range(shards)]
    processes = [labeling.start(shard=part) for part in parts for _ in range(2)]
    time.sleep(random.uniform(0, 1))
    processes[0].kill()  # and one of them dies
    ended = [process.wait(60) for process in processes]
    assert ended[1:] == [3] * len(ended[1:])
    assert labeling.start(seconds=0, shard=parts[0]).wait() == 3
    with Index(labeling.folder) as index:
        duplicates = index.records - 26 * 9
    for _ in range(2):
        exported = export(labeling.folder)
        assert labeling.tables() == labeling.wanted
        assert exported.duplicates == duplicates
        assert exported.damaged == []
