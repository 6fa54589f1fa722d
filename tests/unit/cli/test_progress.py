"""Progress: numbers that are true, a bar on a terminal, and lines in a log."""

import asyncio
import io
from collections import Counter

import pytest
from rich.console import Console

from leavs.cli.progress import (
    describe,
    organs_finished,
    organs_total,
    show_count,
    show_progress,
    time_left,
)
from leavs.domain import Usage
from leavs.exam.sitting import Count
from leavs.run.recorder import Tally

FRESH = Tally(100, 9)
HALF = Tally(
    100,
    9,
    reports_done=40,
    reports_before=10,
    organs_done=360,
    certainties=Counter({-2: 3900, 1: 50, None: 10}),
    failed_cells=12,
    usage={"a": Usage(1, 2, 3, 600), "b": Usage(generated_tokens=400)},
)
RESUMED = Tally(3, 9, reports_before=3)
STOPPING = Tally(4, 1, reports_done=1, organs_done=1, stopping=True)


@pytest.mark.parametrize(
    ("tally", "seconds", "line"),
    [
        (FRESH, 0.0, "0/100 reports · 0 cells · time left not known yet"),
        (
            HALF,
            100.0,
            "50/100 reports · 3,960 cells · 12 failed · 10 tokens/s · 0:02:05 left",
        ),
        (RESUMED, 1.0, "3/3 reports · 0 cells · time left not known yet"),
        (STOPPING, 1.0, "1/4 reports · 0 cells · stopping when those in flight are done"),
    ],
)
def test_one_line_says_it_all(tally: Tally, seconds: float, line: str) -> None:
    assert describe(tally, seconds) == line


@pytest.mark.parametrize(
    ("tally", "seconds", "left"),
    [
        (FRESH, 10.0, "time left not known yet"),
        (Tally(100, 9, organs_done=5), 10.0, "time left not known yet"),
        (Tally(100, 9, reports_done=1, organs_done=9), 1.0, "0:01:39 left"),
        (Tally(100, 9, reports_done=50, reports_before=50, organs_done=450), 9.0, "0:00:00 left"),
        (Tally(100_000, 9, reports_done=1, organs_done=9), 1.0, "1 day, 3:46:39 left"),
    ],
)
def test_the_time_left_goes_by_this_processs_own_rate(
    tally: Tally, seconds: float, left: str
) -> None:
    assert time_left(tally, seconds) == left


@pytest.mark.parametrize(
    ("tally", "finished", "total"),
    [
        (FRESH, 0, 900),
        (HALF, 450, 900),
        (RESUMED, 27, 27),
        (Tally(1, 9, organs_done=12), 9, 9),  # never more than there is
        (Tally(0, 9), 0, 0),
    ],
)
def test_organs_are_counted_over_all_processes(tally: Tally, finished: int, total: int) -> None:
    assert (organs_finished(tally), organs_total(tally)) == (finished, total)


def printed(what: Tally | Count, terminal: bool, log_seconds: float) -> str:
    file = io.StringIO()
    console = Console(file=file, force_terminal=terminal, width=100)

    async def run() -> None:
        shown = (
            show_progress(what, console, log_seconds)
            if isinstance(what, Tally)
            else show_count(what, console, log_seconds)
        )
        async with shown:
            await asyncio.sleep(0.1)
        await asyncio.sleep(0.05)
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(run())
    return file.getvalue()


def test_a_log_gets_plain_lines() -> None:
    lines = printed(HALF, False, 0.02).splitlines()
    assert 2 <= len(lines) <= 6
    assert all(line.startswith("50/100 reports · 3,960 cells · ") for line in lines)
    assert "\x1b" not in "".join(lines)


def test_a_short_run_leaves_a_log_alone() -> None:
    assert printed(HALF, False, 60) == ""


def test_a_terminal_gets_a_bar_that_goes_away() -> None:
    shown = printed(HALF, True, 60)
    assert "50/100 reports" in shown
    assert "\x1b[" in shown


@pytest.mark.parametrize(("terminal", "log_seconds"), [(True, 60), (False, 0.02)])
def test_the_items_of_an_exam_are_counted(terminal: bool, log_seconds: float) -> None:
    assert "1,200/3,000 items answered" in printed(Count(3000, 1200), terminal, log_seconds)


def test_an_error_ends_the_showing() -> None:
    async def run() -> None:
        async with show_progress(FRESH, Console(file=io.StringIO()), 0.01):
            raise ValueError("a bug")

    with pytest.raises(ValueError, match="a bug"):
        asyncio.run(run())
