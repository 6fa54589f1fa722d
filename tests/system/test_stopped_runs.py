"""A labeling process that is killed, warned or doubled at any moment loses nothing."""

import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from labeling_process import Labeling
from leavs.cli.exit_codes import FAILED_CELLS  # of a whole run: a few questions fail
from leavs.journal.index import Index
from leavs.method.pack import Pack
from leavs.tables.export import export
from processes import PATIENCE

FEW, MANY = 8, 26  # reports; some 2,000 and some 6,500 lines of the log


@pytest.fixture(scope="module")
def undisturbed(pack: Pack, tmp_path_factory: pytest.TempPathFactory) -> dict[int, Labeling]:
    return {
        cases: Labeling(tmp_path_factory.mktemp(f"undisturbed-{cases}"), pack, cases=cases)
        for cases in (FEW, MANY)
    }


@pytest.fixture
def labelings(
    pack: Pack, tmp_path: Path, undisturbed: dict[int, Labeling]
) -> Iterator[Callable[[int], Labeling]]:
    """Make reports to be labeled, so many; no process is left behind."""
    with ExitStack() as at_work:

        def made(cases: int) -> Labeling:
            labeling = Labeling(tmp_path, pack, undisturbed[cases].wanted, cases)
            at_work.callback(labeling.end)
            return labeling

        yield made


@pytest.fixture
def labeling(labelings: Callable[[int], Labeling]) -> Labeling:
    return labelings(FEW)


def wait_until(condition: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """Return as soon as a condition holds; fail where the process ends before."""
    give_up = time.monotonic() + PATIENCE
    while not condition():
        assert process.poll() is None, "it ended before"
        assert time.monotonic() < give_up
        time.sleep(0.002)


@pytest.mark.parametrize(
    ("cases", "kills", "most"), [(FEW, 4, 300), pytest.param(MANY, 10, 350, marks=pytest.mark.soak)]
)
def test_killed_at_random_moments_nothing_is_lost_or_asked_twice(
    labelings: Callable[[int], Labeling], cases: int, kills: int, most: int
) -> None:
    labeling = labelings(cases)
    seed = random.randrange(10**6)
    print(f"seed {seed}")  # shown where the test fails
    moments = random.Random(seed)
    before: set[tuple[str, str]] = set()
    for left in reversed(range(kills)):
        asked_before = len(labeling.lines())
        more = moments.randint(0, most) if left else 2 * most  # lines of the log
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
    assert 0 < len(before) < cases * 9
    assert labeling.label() == FAILED_CELLS
    rest = {(f"case {case}", organ) for _, case, organ in labeling.lines()[asked_before:]}
    assert rest == labeling.recorded() - before
    assert labeling.tables() == labeling.wanted


def stop_with(
    labeling: Labeling, process: subprocess.Popen[bytes], answers: int, *signals: signal.Signals
) -> int:
    """The exit code after signals, the first of them after some answers."""
    answered = [["answered"]]
    wait_until(lambda: sum(line[:1] in answered for line in labeling.lines()) >= answers, process)
    for number in signals[:-1]:
        process.send_signal(number)
        time.sleep(1)  # two at once would be one
        assert process.poll() is None, "it did not drain"
    process.send_signal(signals[-1])
    return process.wait(PATIENCE)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 75), (signal.SIGUSR1, 75), (signal.SIGINT, 130)]
)
def test_a_signal_lets_answers_in_flight_finish(
    labeling: Labeling, number: signal.Signals, code: int
) -> None:
    process = labeling.start(seconds=0.03)
    assert stop_with(labeling, process, 150, number) == code
    lines = labeling.lines()
    assert sum(line[0] == "asked" for line in lines) == sum(line[0] == "answered" for line in lines)
    asked = {(f"case {case}", organ) for _, case, organ in lines}
    assert labeling.recorded() == asked
    assert len(asked) % 9 == 0
    assert labeling.tables()["labels.csv"].count(b"\r\n") == 1 + 2 * len(asked)
    assert labeling.label() == FAILED_CELLS
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
    assert stop_with(labeling, process, 400, *signals) == code
    said = [line[0] for line in labeling.lines()]
    assert said.count("answered") == 400 < said.count("asked"), "no answer was waited for"
    before = labeling.recorded()
    assert before
    assert labeling.tables()["labels.csv"].count(b"\r\n") == 1 + 2 * len(before)
    lines = len(labeling.lines())
    assert labeling.label() == FAILED_CELLS
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
    ended = [process.wait(PATIENCE) for process in processes]
    assert ended[1:] == [FAILED_CELLS] * len(ended[1:])
    assert labeling.start(seconds=0, shard=parts[0]).wait() == FAILED_CELLS
    with Index(labeling.folder) as index:
        duplicates = index.records - FEW * 9
    for _ in range(2):
        exported = export(labeling.folder)
        assert labeling.tables() == labeling.wanted
        assert exported.duplicates == duplicates
        assert exported.damaged == []
