"""A queue in front of the engine: questions of the earliest report go first.

The engine always has enough requests to fill its batch, and never a long queue of its own. The
questions of one report stay close in time, so that their shared prefix stays in the engine's cache.
Knows nothing of what the questions mean.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from leavs.engines.engine import Constraint, Engine, Message, Reply
from leavs.system.places import Places

NEXT_TURN = -1  # goes before every report: the conversation's earlier turns are still cached


def queue_for(engine: Engine) -> Places:
    """Admit 1/8 more requests than the batch size, so that a freed slot is refilled at once."""
    return Places(lambda: engine.batch_size + ceil(engine.batch_size / 8))


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
    queue: Places
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
        thought_tokens: int = 0,
    ) -> Reply:
        """See `Engine.reply`."""
        async with self.queue.place(self.turn if follows is None else NEXT_TURN):
            return await self.engine.reply(
                messages,
                max_tokens=max_tokens,
                constraint=constraint,
                follows=follows,
                thought_tokens=thought_tokens,
            )

    async def close(self) -> None:
        """See `Engine.close`."""
        await self.engine.close()
