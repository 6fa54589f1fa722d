"""Remembers the answers of a run, so that no question is put to the engine twice.

Reports repeat each other ("The spleen is normal."), and so do the questions about them: if the
rendered prompt is the same, the earlier answer is used again. The least recently used answers are
dropped, so that memory stays bounded.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")

REMEMBERED = 50_000  # answers; about half a kilobyte each


class AnswerCache(Generic[T]):
    """Answers by the key of their question.

    Args:
        remembered: how many answers are kept; beyond that the least recently used one is dropped.
    """

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._remembered = remembered
        self._answers: OrderedDict[bytes, T] = OrderedDict()
        self._being_asked: dict[bytes, asyncio.Future[None]] = {}

    async def once(self, key: bytes, ask: Callable[[], Awaitable[T]]) -> tuple[T, bool]:
        """Return the answer to a question, and whether it was in the cache already.

        While one task asks, others with the same question wait. If that task gets no answer (it
        fails, or is cancelled), the next one asks.
        """
        while True:
            if key in self._answers:
                self._answers.move_to_end(key)
                return self._answers[key], True
            if key not in self._being_asked:
                return await self._ask(key, ask), False
            await asyncio.shield(self._being_asked[key])

    async def _ask(self, key: bytes, ask: Callable[[], Awaitable[T]]) -> T:
        asked = self._being_asked[key] = asyncio.get_running_loop().create_future()
        try:
            answer = await ask()
            self._answers[key] = answer
            if len(self._answers) > self._remembered:
                self._answers.popitem(last=False)
        finally:
            del self._being_asked[key]
            asked.set_result(None)
        return answer
