"""Remembers the answers of a run, so that no question is put to the engine twice.

Reports repeat each other ("The spleen is normal."), and so do the questions about them: where the
rendered prompt is the same, the answer is taken from the one that was asked. The oldest unused
answers are forgotten, so that memory stays flat.
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
        remembered: how many are kept; of more, those that were not wanted for longest go.
    """

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._remembered = remembered
        self._answers: OrderedDict[bytes, T] = OrderedDict()
        self._being_asked: dict[bytes, asyncio.Event] = {}

    async def once(self, key: bytes, ask: Callable[[], Awaitable[T]]) -> tuple[T, bool]:
        """The answer to a question, and whether it was there already.

        While one asks, others with the same question wait. Where the one who asked got no answer
        (it failed, or was cancelled), the next asks itself.
        """
        while True:
            if key in self._answers:
                self._answers.move_to_end(key)
                return self._answers[key], True
            if key not in self._being_asked:
                return await self._ask(key, ask), False
            await self._being_asked[key].wait()

    async def _ask(self, key: bytes, ask: Callable[[], Awaitable[T]]) -> T:
        asked = self._being_asked[key] = asyncio.Event()
        try:
            answer = await ask()
            self._answers[key] = answer
            if len(self._answers) > self._remembered:
                self._answers.popitem(last=False)
        finally:
            del self._being_asked[key]
            asked.set()
        return answer
