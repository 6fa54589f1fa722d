"""Stops a run in good order: a signal asks it to stop, and a time limit ends the waiting.

Knows nothing of reports or engines; imports nothing from leavs.
"""

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)


class Stop:
    """A request to stop: take no new work, and give work in progress some time to finish.

    Args:
        drain_seconds: that time.
    """

    def __init__(self, drain_seconds: float) -> None:
        self.signal: signal.Signals | None = None
        self._drain_seconds = drain_seconds
        self._limit: asyncio.Timeout | None = None
        self._requested = asyncio.Event()

    @property
    def requested(self) -> bool:
        """Whether the run was asked to stop."""
        return self._requested.is_set()

    @property
    def interrupted(self) -> bool:
        """Whether it was a SIGINT that asked first."""
        return self.signal is signal.SIGINT

    async def wait(self) -> None:
        """Return when the run is asked to stop."""
        await self._requested.wait()

    def request(self, received: signal.Signals) -> None:
        """Ask to stop; a SIGINT after a first request ends the draining at once."""
        if self.signal is None:
            self.signal = received
            self._requested.set()
            self._end_in(self._drain_seconds)
        elif received is signal.SIGINT:
            self._end_in(0)

    def _end_in(self, seconds: float) -> None:
        if self._limit is not None and not self._limit.expired():
            self._limit.reschedule(asyncio.get_running_loop().time() + seconds)

    def limit(self) -> asyncio.Timeout:
        """Return a timeout for the work; it is unlimited until a stop is requested."""
        self._limit = asyncio.timeout(0 if self.requested else None)
        return self._limit


@contextmanager
def stopped_by_signals(stop: Stop) -> Iterator[None]:
    """Let SIGINT, SIGTERM and SIGUSR1 (SLURM's warning) request the stop.

    Outside the main thread, where Python handles no signals, it does nothing. The handlers from
    before are restored afterwards.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number in SIGNALS:
        loop.add_signal_handler(number, stop.request, signal.Signals(number))
    try:
        yield
    finally:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)


@contextmanager
def terminated_as_interrupted() -> Iterator[None]:
    """Let SIGTERM raise KeyboardInterrupt, so that what is open is closed; for the main thread."""
    with _interrupting(signal.SIGTERM):
        yield


@contextmanager
def interrupted_at_once() -> Iterator[None]:
    """Let SIGINT raise KeyboardInterrupt even in a task, which asyncio would only cancel.

    For the main thread, and for work that waits for nothing of the event loop.
    """
    with _interrupting(signal.SIGINT):
        yield


@contextmanager
def _interrupting(number: signal.Signals) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(number, before)
