"""A queue in front of the engine: questions of the earliest report go first.

The engine always has enough requests to fill its batch, and never a long queue of its own. The
questions of one report stay close in time, so that their shared prefix stays in the engine's cache.
Knows nothing of what the questions mean.
"""

import asyncio
import heapq
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from leavs.engines.engine import Constraint, Engine, Message, Reply

NEXT_TURN = -1  # goes before every report: the conversation's earlier turns are still cached


class EngineQueue:
    """Admits a fixed number of requests at once; of those that wait, the lowest turn goes first,
    and within a turn the oldest.

    Args:
        places: the number of requests admitted at the same time, at least one.
    """

    def __init__(self, places: int) -> None:
        self._free = places
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()

    def place(self, turn: int) -> "_Place":
        """Hold a place for the time of an `async with` block; wait for it if all are taken."""
        return _Place(self, turn)

    async def enter(self, turn: int) -> None:
        """Take a place, or wait for it."""
        if self._free:
            self._free -= 1
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
        """Give a place back, or hand it on."""
        while self._waiting:
            _, _, called = heapq.heappop(self._waiting)
            if not called.done():
                called.set_result(None)  # hands the place over without freeing it in between
                return
        self._free += 1


@dataclass(frozen=True, slots=True)
class _Place:
    """A place in the queue; as each request needs one, not a generator's context manager."""

    queue: EngineQueue
    turn: int

    async def __aenter__(self) -> None:
        await self.queue.enter(self.turn)

    async def __aexit__(self, *_: object) -> None:
        self.queue.leave()


def queue_for(engine: Engine) -> EngineQueue:
    """Admit 1/8 more requests than the batch size, so that a freed slot is refilled at once."""
    return EngineQueue(engine.batch_size + ceil(engine.batch_size / 8))


def reports_to_fill(batch_size: int, organs: int) -> int:
    """Return the number of reports in flight that keeps an engine's batch full.

    A report has at least one open question for each organ that is not finished, and on average
    half of its organs are finished.

    Args:
        batch_size: the number of questions that the engine works on at once.
        organs: the number of organs that are labeled in each report.
    """
    return 1 + ceil(2 * batch_size / organs)


@dataclass(frozen=True, slots=True)
class InTurn:
    """An engine that one report asks by way of the queue.

    Args:
        turn: the turn of the report's questions; later turns of a conversation use NEXT_TURN.
    """

    engine: Engine
    queue: EngineQueue
    turn: int

    @property
    def batch_size(self) -> int:
        """See `Engine.batch_size`."""
        return self.engine.batch_size

    async def reply(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        constraint: Constraint | None = None,
        follows: Reply | None = None,
    ) -> Reply:
        """See `Engine.reply`."""
        async with self.queue.place(self.turn if follows is None else NEXT_TURN):
            return await self.engine.reply(
                messages, max_tokens=max_tokens, constraint=constraint, follows=follows
            )

    async def close(self) -> None:
        """See `Engine.close`."""
        await self.engine.close()
