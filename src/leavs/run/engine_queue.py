"""The line in front of the engine: so many questions at once, those of the earliest report first.

The engine always has enough to work on and never a long queue of its own; the questions of one
report stay close in time, so that what they share stays in the engine's cache.
Knows nothing of what the questions mean.
"""

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import ceil

from leavs.engines.engine import Constraint, Engine, Message, Reply

GOES_ON = -1  # before every report: what a conversation shares with its last turn is still cached


class Line:
    """Lets so many in at once; of those that wait, the lowest turn first, then the oldest.

    Args:
        places: how many may be inside at the same time, at least one.
    """

    def __init__(self, places: int) -> None:
        self._free = places
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()

    @asynccontextmanager
    async def place(self, turn: int) -> AsyncIterator[None]:
        """A place for the time of a `with` block, as soon as it is this turn's."""
        await self._enter(turn)
        try:
            yield
        finally:
            self._leave()

    async def _enter(self, turn: int) -> None:
        if self._free:
            self._free -= 1
            return
        called = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (turn, next(self._numbers), called))
        try:
            await called
        except asyncio.CancelledError:
            if called.done() and not called.cancelled():
                self._leave()  # called and cancelled at once: the place goes to the next
            raise

    def _leave(self) -> None:
        while self._waiting:
            _, _, called = heapq.heappop(self._waiting)
            if not called.done():
                called.set_result(None)  # the place passes on
                return
        self._free += 1


def line_for(engine: Engine) -> Line:
    """A line that keeps an engine busy: an eighth more than it works on waits at its door, so that
    a place inside is taken at once when it falls free."""
    return Line(engine.batch_size + ceil(engine.batch_size / 8))


def reports_to_fill(batch_size: int, organs: int) -> int:
    """Reports in flight that keep an engine full.

    A report has at least one question open for each organ that is not finished, and on average
    half of its organs are.

    Args:
        batch_size: questions that the engine works on at once.
        organs: that are labeled in each report.
    """
    return 1 + ceil(2 * batch_size / organs)


@dataclass(frozen=True, slots=True)
class InTurn:
    """An engine behind a line, as one report sees it.

    Args:
        turn: of the report; a conversation that goes on is served before all new ones.
    """

    engine: Engine
    line: Line
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
        async with self.line.place(self.turn if follows is None else GOES_ON):
            return await self.engine.reply(
                messages, max_tokens=max_tokens, constraint=constraint, follows=follows
            )

    async def close(self) -> None:
        """See `Engine.close`."""
        await self.engine.close()
