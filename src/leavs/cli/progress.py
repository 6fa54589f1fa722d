"""Progress on stderr: a live bar on a terminal, one plain line a minute in a log."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

from leavs.run.recorder import Tally

if TYPE_CHECKING:
    from leavs.exam.sitting import Count  # loads what a run does not need

LOG_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Shown:
    """How far something is: of how many how many are finished, and that in a line."""

    total: int
    finished: int
    line: str


def show_progress(
    tally: Tally, console: Console, log_seconds: float = LOG_SECONDS
) -> AbstractAsyncContextManager[None]:
    """Show the tally as it grows, for the time of a `with` block."""
    return _show(
        lambda seconds: Shown(
            organs_total(tally), organs_finished(tally), describe(tally, seconds)
        ),
        console,
        log_seconds,
    )


def show_count(
    count: "Count", console: Console, log_seconds: float = LOG_SECONDS
) -> AbstractAsyncContextManager[None]:
    """Show how many items of an exam are answered, for the time of a `with` block."""

    def shown(seconds: float) -> Shown:
        line = f"{count.answered:,}/{count.total:,} items answered"
        return Shown(count.total, count.answered, line)

    return _show(shown, console, log_seconds)


@asynccontextmanager
async def _show(
    shown: Callable[[float], Shown], console: Console, log_seconds: float
) -> AsyncIterator[None]:
    began = time.monotonic()
    if console.is_terminal:

        def render() -> Table:
            return _bar(shown(time.monotonic() - began))

        with Live(get_renderable=render, console=console, refresh_per_second=4, transient=True):
            yield
        return
    ticker = asyncio.create_task(_log(shown, console, began, log_seconds))
    try:
        yield
    finally:
        ticker.cancel()
        await asyncio.gather(ticker, return_exceptions=True)


async def _log(
    shown: Callable[[float], Shown], console: Console, began: float, log_seconds: float
) -> None:
    while True:
        await asyncio.sleep(log_seconds)
        console.print(shown(time.monotonic() - began).line, highlight=False, soft_wrap=True)


def _bar(shown: Shown) -> Table:
    row = Table.grid(padding=(0, 1), expand=True)
    row.add_column(ratio=1)
    row.add_column(no_wrap=True)
    row.add_row(ProgressBar(total=max(1, shown.total), completed=shown.finished), shown.line)
    return row


def describe(tally: Tally, seconds: float) -> str:
    """Describe a run in one line: reports, cells, failures, tokens a second and the time left."""
    finished = tally.reports_done + tally.reports_before
    generated = sum(use.generated_tokens for use in tally.usage.values())
    parts = [
        f"{finished:,}/{tally.reports_total:,} reports",
        f"{tally.cells:,} cells",
        f"{tally.failed_cells:,} failed" if tally.failed_cells else "",
        f"{generated / seconds:,.0f} tokens/s" if seconds and generated else "",
        "stopping when those in flight are done" if tally.stopping else time_left(tally, seconds),
    ]
    return " · ".join(part for part in parts if part)


def time_left(tally: Tally, seconds: float) -> str:
    """Estimate the time left from this process's own rate, once a whole report is finished."""
    left = organs_total(tally) - organs_finished(tally)
    if not tally.reports_done or not tally.organs_done:
        return "time left not known yet"
    return f"{timedelta(seconds=round(seconds * left / tally.organs_done))} left"


def organs_total(tally: Tally) -> int:
    """Organs in all reports of the input."""
    return tally.reports_total * tally.organs_each


def organs_finished(tally: Tally) -> int:
    """Organs that are recorded, by this process or one before it."""
    return min(organs_total(tally), tally.organs_done + tally.reports_before * tally.organs_each)
