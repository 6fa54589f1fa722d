"""Work in a thread, while whoever needs a part of it waits for that part alone."""

import time
from collections.abc import Callable, Iterator
from threading import Condition, Thread

NEWS = 0.01  # seconds of work after which those who wait look again: to wake them costs time
REST = 0.005  # seconds of rest after that while nobody waits: others get the processor


class Background:
    """Starts a piece of work at once, and does it step by step.

    Args:
        steps: does a step of the work each time it is asked for the next.
    """

    def __init__(self, steps: Iterator[None]) -> None:
        self._steps = steps
        self._news = Condition()
        self._ended = False
        self._waiting = 0
        self._error: Exception | None = None
        Thread(target=self._work, daemon=True).start()

    def wait(self, ready: Callable[[], bool] = lambda: False) -> None:
        """Return when `ready` says so, or when all is done.

        Raises:
            Exception: the one that ended the work before `ready` said so.
        """
        with self._news:
            self._waiting += 1
            self._news.wait_for(lambda: self._ended or ready())
            self._waiting -= 1
        if self._error is not None and not ready():
            raise self._error

    def _work(self) -> None:
        told = 0.0
        try:
            for _ in self._steps:
                if time.monotonic() - told > NEWS:
                    self._tell()
                    told = time.monotonic()
        except Exception as error:  # noqa: BLE001 - whoever waits gets it
            self._error = error
        with self._news:
            self._ended = True
            self._news.notify_all()

    def _tell(self) -> None:
        with self._news:
            self._news.notify_all()
        if not self._waiting:
            time.sleep(REST)
