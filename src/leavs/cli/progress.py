"""Progress on stderr: a live bar on a terminal, one plain line a minute in a log."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

from leavs.run.recorder import Tally

LOG_SECONDS = 60.0


@asynccontextmanager
async def show_progress(
    tally: Tally, console: Console, log_seconds: float = LOG_SECONDS
) -> AsyncIterator[None]:
    """Show the tally as it grows, for the time of a `with` block."""
    began = time.monotonic()
    if console.is_terminal:

        def render() -> Table:
            return _bar(tally, time.monotonic() - began)

        with Live(get_renderable=render, console=console, refresh_per_second=4, transient=True):
            yield
        return
    ticker = asyncio.create_task(_log(tally, console, began, log_seconds))
    try:
        yield
    finally:
        ticker.cancel()
        await asyncio.gather(ticker, return_exceptions=True)


async def _log(tally: Tally, console: Console, began: float, log_seconds: float) -> None:
    while True:
        await asyncio.sleep(log_seconds)
        console.print(describe(tally, time.monotonic() - began), highlight=False, soft_wrap=True)


def _bar(tally: Tally, seconds: float) -> Table:
    row = Table.grid(padding=(0, 1), expand=True)
    row.add_column(ratio=1)
    row.add_column(no_wrap=True)
    finished = organs_finished(tally)
    bar = ProgressBar(total=max(1, organs_total(tally)), completed=finished)
    row.add_row(bar, describe(tally, seconds))
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
