"""Places that only so many can have at once; of those that wait, the lowest turn goes first.

Knows nothing of what is done in a place; imports nothing from leavs.
"""

import asyncio
import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass


class Places:
    """Admits some at once; of those that wait, the lowest turn goes first, and within a turn the
    oldest.

    Args:
        allowed: returns the number of those admitted at the same time, at least one. It can
            change: then those who leave let in more or fewer.
    """

    def __init__(self, allowed: Callable[[], int]) -> None:
        self._allowed = allowed
        self._taken = 0
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()

    @property
    def taken(self) -> int:
        """The number of places that are taken."""
        return self._taken

    def place(self, turn: int = 0) -> "_Place":
        """Hold a place for the time of an `async with` block; wait for it if all are taken."""
        return _Place(self, turn)

    async def enter(self, turn: int) -> None:
        """Take a place, or wait for it."""
        if self._taken < self._allowed():
            self._taken += 1
            return
        called = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (turn, next(self._numbers), called))
        try:
            await called
        except asyncio.CancelledError:
            if called.done() and not called.cancelled():
                self.leave()  # cancelled after it was given the place: the next one gets it
            raise

    def leave(self) -> None:
        """Give a place back, and let in those for whom there is one."""
        self._taken -= 1
        while self._waiting and self._taken < self._allowed():
            _, _, called = heapq.heappop(self._waiting)
            if not called.done():
                self._taken += 1  # before it runs, so that nobody comes in between
                called.set_result(None)


@dataclass(frozen=True, slots=True)
class _Place:
    """A place; as each request needs one, not a generator's context manager."""

    places: Places
    turn: int

    async def __aenter__(self) -> None:
        await self.places.enter(self.turn)

    async def __aexit__(self, *_: object) -> None:
        self.places.leave()
