"""Work that goes on in a thread while those who need a part of it wait for that part alone."""

import time
from collections.abc import Callable, Iterator
from threading import Condition, Thread

STEPS_A_NEWS = 64  # waking those who wait costs more than a step
REST = 0.005  # seconds after each of these, while nobody waits: others have the processor


class Background:
    """Goes through the steps of a piece of work, from the moment it is made.

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
        """Return when this is so, or when all is done.

        Raises:
            Exception: that with which the work ended too early.
        """
        with self._news:
            self._waiting += 1
            self._news.wait_for(lambda: self._ended or ready())
            self._waiting -= 1
        if self._error is not None and not ready():
            raise self._error

    def _work(self) -> None:
        try:
            for number, _ in enumerate(self._steps):
                if number % STEPS_A_NEWS == 0:
                    with self._news:
                        self._news.notify_all()
                    if not self._waiting:
                        time.sleep(REST)
        except Exception as error:  # noqa: BLE001 - whoever waits gets it
            self._error = error
        with self._news:
            self._ended = True
            self._news.notify_all()
