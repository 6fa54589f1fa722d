"""A stop is asked for once, drains for a while, and can be hurried."""

import asyncio
import os
import signal
import time

import pytest

from leavs.system.stopping import SIGNALS, Stop, stopped_by_signals

INT, TERM, USR1 = signal.SIGINT, signal.SIGTERM, signal.SIGUSR1


@pytest.mark.parametrize(
    ("received", "first", "interrupted"),
    [
        ([], None, False),
        ([TERM], TERM, False),
        ([USR1], USR1, False),
        ([INT], INT, True),
        ([TERM, INT], TERM, False),
        ([INT, TERM], INT, True),
    ],
)
def test_the_first_signal_tells_why(
    received: list[signal.Signals], first: signal.Signals | None, interrupted: bool
) -> None:
    async def ask() -> Stop:
        stop = Stop(60)
        for one in received:
            stop.request(one)
        return stop

    stop = asyncio.run(ask())
    assert (stop.requested, stop.signal, stop.interrupted) == (bool(received), first, interrupted)


def seconds_of_work(
    received: list[signal.Signals], drain: float, work: float
) -> tuple[float, bool]:
    """How long work goes on after signals, and whether it was finished."""

    async def run() -> tuple[float, bool]:
        stop = Stop(drain)
        began = time.monotonic()
        finished = False
        try:
            async with stop.limit():
                for one in received:
                    stop.request(one)
                await asyncio.sleep(work)
                finished = True
        except TimeoutError:
            pass
        return time.monotonic() - began, finished

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("received", "drain", "work", "least", "most", "finished"),
    [
        ([], 0.0, 0.05, 0.05, 5.0, True),
        ([TERM], 30.0, 0.05, 0.05, 5.0, True),
        ([TERM], 0.1, 30.0, 0.1, 5.0, False),
        ([USR1], 0.0, 30.0, 0.0, 5.0, False),
        ([INT], 0.1, 30.0, 0.1, 5.0, False),
        ([INT, INT], 30.0, 30.0, 0.0, 5.0, False),
        ([TERM, INT], 30.0, 30.0, 0.0, 5.0, False),
        ([INT, TERM, USR1], 30.0, 0.05, 0.05, 5.0, True),
    ],
)
def test_work_under_way_has_its_time(
    received: list[signal.Signals],
    drain: float,
    work: float,
    least: float,
    most: float,
    finished: bool,
) -> None:
    seconds, was_finished = seconds_of_work(received, drain, work)
    assert least <= seconds < most
    assert was_finished is finished


def test_a_stop_before_the_work_begins_lets_none_begin() -> None:
    async def run() -> None:
        stop = Stop(60)
        stop.request(TERM)
        async with stop.limit():
            await asyncio.sleep(30)

    with pytest.raises(TimeoutError):
        asyncio.run(run())


def test_a_signal_after_the_end_is_harmless() -> None:
    async def run() -> None:
        stop = Stop(0)
        with pytest.raises(TimeoutError):
            async with stop.limit():
                stop.request(TERM)
                await asyncio.sleep(30)
        stop.request(INT)

    asyncio.run(run())


@pytest.mark.parametrize("number", SIGNALS)
def test_signals_of_this_process_request_the_stop(number: signal.Signals) -> None:
    async def run() -> Stop:
        stop = Stop(60)
        with stopped_by_signals(stop):
            os.kill(os.getpid(), number)
            await asyncio.wait_for(stop.wait(), 5)
        return stop

    before = signal.getsignal(number)
    assert asyncio.run(run()).signal is number
    assert signal.getsignal(number) == before
