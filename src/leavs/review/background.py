"""Runs work in a thread, while others wait for just the part of its result that they need."""

import time
from collections.abc import Callable, Iterator
from threading import Condition, Thread

NOTIFY_SECONDS = 0.01  # of work between two wakings of the waiting threads, which take time
PAUSE_SECONDS = 0.005  # of pause after each while no thread waits, so that others can compute


class Background:
    """Starts work in a thread at once, and does it step by step.

    Args:
        steps: an iterator that does a step of the work for each item.
    """

    def __init__(self, steps: Iterator[None]) -> None:
        self._steps = steps
        self._condition = Condition()
        self._ended = False
        self._waiting = 0
        self._error: Exception | None = None
        Thread(target=self._work, daemon=True).start()

    def wait(self, ready: Callable[[], bool] = lambda: False) -> None:
        """Wait until `ready` returns True or all work is done.

        Raises:
            Exception: the error that ended the work before `ready` returned True.
        """
        with self._condition:
            self._waiting += 1
            self._condition.wait_for(lambda: self._ended or ready())
            self._waiting -= 1
        if self._error is not None and not ready():
            raise self._error

    def _work(self) -> None:
        notified = 0.0
        try:
            for _ in self._steps:
                if time.monotonic() - notified > NOTIFY_SECONDS:
                    self._notify()
                    notified = time.monotonic()
        except Exception as error:  # noqa: BLE001 - raised in the threads that wait
            self._error = error
        with self._condition:
            self._ended = True
            self._condition.notify_all()

    def _notify(self) -> None:
        with self._condition:
            self._condition.notify_all()
        if not self._waiting:
            time.sleep(PAUSE_SECONDS)
