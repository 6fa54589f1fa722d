"""What is recorded survives, and what was half written is no record."""

import asyncio
import stat
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from leavs.domain import (
    Certainty,
    Evidence,
    Failure,
    FoundBy,
    Label,
    OrganResult,
    Sentence,
    Step,
    Thought,
    UnreadableReport,
    Urgency,
    Usage,
    hash_of,
)
from leavs.errors import StorageError
from leavs.journal.journal import Journal, OrganRecord, read_lines
from leavs.journal.serialization import result_from_json, result_to_json


def result(report_id: str = "a", organ: str = "liver", failed: bool = False) -> OrganResult:
    label = Label(Certainty.PRESENT, 0.75, Urgency.LOW, 0.5, choices={"affirmed": 0.75})
    failure = Label(None, urgency=None, failure=Failure(Step.CERTAINTY, "why"))
    return OrganResult(
        report_id,
        organ,
        {"normal": Label(Certainty.ABSENT), "focal": failure if failed else label},
        (Evidence(Sentence(3, 9, "Zyste.", "Leber:"), FoundBy.THOROUGH, 0.9),),
        ("focal",),
        2,
        True,
        {"certainty": Usage(1, 2, 3, 4, 5, 6, 7)},
        (Thought("certainty: focal", "Denn …", "D"),),
        1.5,
    )


def record(*args: object, **kwargs: object) -> OrganRecord:
    return OrganRecord(result(*args, **kwargs), 7, "hash")  # type: ignore[arg-type]


def recorded(folder: Path, damaged: list[str] | None = None) -> set[str]:
    """The reports of all records."""
    lines = [line.record for line in read_lines(folder, damaged)]
    return {line["report_id"] for line in lines if line["kind"] == "organ"}


@pytest.mark.parametrize("failed", [True, False])
def test_a_result_comes_back_as_it_was(failed: bool) -> None:
    assert result_from_json(result_to_json(result(failed=failed))) == result(failed=failed)


def test_records_are_read_back_in_order(tmp_path: Path) -> None:
    journal = Journal(tmp_path, {"host": "h"})
    journal.add_result(record())
    journal.add_input_problem(UnreadableReport("", "no id", 3, "x.csv line 4"))
    journal.add_report_text("a", 'Text "with" ünïcode\r\n\u2028 and \ud800')
    journal.close(complete=True)
    lines = [line.record for line in read_lines(tmp_path)]
    assert [line["kind"] for line in lines] == ["session", "organ", "input", "report", "end"]
    assert lines[3]["text"] == 'Text "with" ünïcode\r\n\u2028 and \ud800'


def test_a_half_written_line_is_no_record_and_others_hold(tmp_path: Path) -> None:
    journal = Journal(tmp_path, {})
    journal.add_result(record("a"))
    journal.add_result(record("b"))
    journal.close()
    (path,) = (tmp_path / "journal").iterdir()
    whole = path.read_bytes()
    ends = [i + 1 for i, byte in enumerate(whole) if byte == ord("\n")]
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        damaged: list[str] = []
        expected = sum(end <= cut for end in ends[1:3])
        assert len(recorded(tmp_path, damaged=damaged)) == expected
        assert damaged == []


def test_garbage_in_the_middle_is_named_and_passed_over(tmp_path: Path) -> None:
    journal = Journal(tmp_path, {})
    journal.add_result(record("a"))
    journal.close()
    (path,) = (tmp_path / "journal").iterdir()
    path.write_bytes(b"\xff\xfe garbage\n" + path.read_bytes())
    damaged: list[str] = []
    assert recorded(tmp_path, damaged=damaged) == {"a"}
    assert damaged == [f"{path} line 1"]


def test_any_altered_byte_makes_a_line_no_record(tmp_path: Path) -> None:
    """A label is as it was recorded, or its line is damaged: nothing between."""
    journal = Journal(tmp_path, {})
    journal.add_result(record("a"))
    journal.close()
    (path,) = (tmp_path / "journal").iterdir()
    session, organ, end = path.read_bytes().splitlines(keepends=True)
    for place in range(len(organ)):
        for bit in range(8):
            altered = bytearray(organ)
            altered[place] ^= 1 << bit
            path.write_bytes(session + bytes(altered) + end)
            damaged: list[str] = []
            assert recorded(tmp_path, damaged) == set()
            assert damaged
    path.write_bytes(session + organ + end)
    assert recorded(tmp_path) == {"a"}


def test_two_processes_never_share_a_file(tmp_path: Path) -> None:
    journals = [Journal(tmp_path, {}) for _ in range(20)]
    for journal in journals:
        journal.close()
    assert len(list((tmp_path / "journal").iterdir())) == 20


def test_only_the_owner_reads_a_journal(tmp_path: Path) -> None:
    Journal(tmp_path / "run", {}).close()
    (path,) = (tmp_path / "run" / "journal").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "run").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "run" / "journal").stat().st_mode) == 0o700


def test_the_hash_tells_texts_apart() -> None:
    assert hash_of("a") != hash_of("a ")
    assert hash_of("\ud800") == hash_of("\ud800")


def test_what_older_versions_recorded_is_read_still() -> None:
    """They counted four numbers a step."""
    old = result_to_json(result())
    old["usage"] = {"certainty": [1, 2, 3, 4]}
    assert result_from_json(old).usage == {"certainty": Usage(1, 2, 3, 4, 0, 0, 0)}
    everything = result_to_json(result())
    everything["usage"] = {"certainty": [1, 2, 3, 4, 5, 6, 7]}
    assert result_from_json(everything).usage == {"certainty": Usage(1, 2, 3, 4, 5, 6, 7)}


class GatedThread(ThreadPoolExecutor):
    """The thread in which the file system is asked: counts how often, and waits for permission."""

    def __init__(self) -> None:
        super().__init__(1)
        self.asked = 0
        self.permitted = threading.Semaphore(0)

    def submit(self, job: Callable[..., Any], /, *args: Any, **more: Any) -> Future[Any]:
        self.asked += 1

        def when_permitted() -> Any:
            self.permitted.acquire()
            return job(*args, **more)

        return super().submit(when_permitted)


def synced_with(check: Callable[[GatedThread], Coroutine[Any, Any, None]]) -> None:
    """Run a check in a loop whose thread is gated; nothing hangs where the check fails."""

    async def run() -> None:
        thread = GatedThread()
        asyncio.get_running_loop().set_default_executor(thread)
        try:
            async with asyncio.timeout(10):
                await check(thread)
        finally:
            thread.permitted.release(1000)

    asyncio.run(run())


async def ticks() -> None:
    """Let every task that can go on do so."""
    for _ in range(5):
        await asyncio.sleep(0)


def test_who_waits_goes_on_when_the_file_system_has_answered(tmp_path: Path) -> None:
    async def check(thread: GatedThread) -> None:
        journal = Journal(tmp_path, {})
        journal.add_result(record("a"))
        waiting = asyncio.create_task(journal.synced())
        await ticks()
        assert (thread.asked, waiting.done()) == (1, False)
        assert recorded(tmp_path) == {"a"}, "a kill loses nothing even now"
        thread.permitted.release()
        await waiting
        await journal.synced()
        assert thread.asked == 1, "there was nothing new"
        journal.close()

    synced_with(check)


def test_what_is_recorded_while_it_is_asked_is_for_the_next_time(tmp_path: Path) -> None:
    async def check(thread: GatedThread) -> None:
        journal = Journal(tmp_path, {})
        first = asyncio.create_task(journal.synced())
        await ticks()
        journal.add_result(record("a"))
        second = asyncio.create_task(journal.synced())
        await ticks()
        thread.permitted.release()
        await first
        await ticks()
        assert (thread.asked, second.done()) == (2, False)
        thread.permitted.release()
        await second
        assert thread.asked == 2
        journal.close()

    synced_with(check)


def test_many_who_wait_at_once_cost_little(tmp_path: Path) -> None:
    async def check(thread: GatedThread) -> None:
        journal = Journal(tmp_path, {})
        thread.permitted.release(1000)

        async def report(number: int) -> None:
            journal.add_result(record(f"{number}"))
            await journal.synced()

        await asyncio.gather(*(report(number) for number in range(50)))
        assert thread.asked == 2, "for the first, and for all who came meanwhile"
        assert len(recorded(tmp_path)) == 50
        journal.close()

    synced_with(check)


def test_who_gives_up_waiting_leaves_the_others_theirs(tmp_path: Path) -> None:
    async def check(thread: GatedThread) -> None:
        journal = Journal(tmp_path, {})
        waiting = []
        for name in "abc":
            journal.add_result(record(name))
            waiting.append(asyncio.create_task(journal.synced()))
            await ticks()
        waiting[0].cancel()
        thread.permitted.release(1000)
        ended = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(one) for one in ended] == [asyncio.CancelledError, type(None), type(None)]
        journal.close()

    synced_with(check)


def test_nobody_is_told_that_it_is_safe_where_the_file_system_refuses(tmp_path: Path) -> None:
    journal = Journal(tmp_path, {})
    journal.close()  # with a record of its own; after it, the file cannot be asked

    async def three() -> list[BaseException | None]:
        return await asyncio.gather(*(journal.synced() for _ in range(3)), return_exceptions=True)

    assert [type(one) for one in asyncio.run(three())] == [StorageError] * 3
