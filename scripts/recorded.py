"""The requests of a run as they reached the engine, and a way to give it just these once more.

Knows nothing of the chain; the engine is asked with the parameters of leavs's own requests.
"""

import asyncio
import itertools
import time
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

from guide import Wrapped
from leavs.engines.engine import Constraint, Message, Reply
from leavs.engines.vllm.engine import VllmEngine
from leavs.engines.vllm.sampling import SamplingOfReplies

_NUMBERS = itertools.count()


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it reached the engine, and its reply."""

    reply: Reply
    constraint: Constraint | None

    @property
    def prompt(self) -> list[int]:
        """The tokens of the whole prompt."""
        return list(self.reply.token_ids[: self.reply.prompt_tokens])

    def parameters(self, sampling: SamplingOfReplies) -> Any:
        """Return vLLM's parameters for the same request with a reply as long as it was."""
        tokens = self.reply.generated_tokens
        made = sampling(tokens, self.constraint)
        return made if made.max_tokens == 1 or self.reply.grammar else of_length(made, tokens)


def of_length(parameters: Any, tokens: int) -> Any:
    """Return a copy of vLLM's parameters with which a reply has just so many tokens."""
    exact = parameters.clone()
    exact.min_tokens = exact.max_tokens = tokens
    return exact


@dataclass
class Recorded(Wrapped):
    """Keeps each request, and how many are with the engine over time.

    Args:
        busy: seconds for which so many requests were with the engine, by number.
    """

    requests: list[Request] = field(default_factory=list)
    busy: dict[int, float] = field(default_factory=dict)
    inside: int = 0
    since: float = 0.0

    @property
    def mean_in_flight(self) -> float:
        """How many requests were with the engine on average."""
        return sum(number * time for number, time in self.busy.items()) / sum(self.busy.values())

    def _count(self, change: int) -> None:
        now = time.perf_counter()
        if self.since:
            self.busy[self.inside] = self.busy.get(self.inside, 0.0) + now - self.since
        self.inside, self.since = self.inside + change, now

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
        self._count(1)
        reply = await self.engine.reply(
            messages, max_tokens=max_tokens, constraint=constraint, follows=follows
        )
        self._count(-1)
        self.requests.append(Request(reply, constraint))
        return reply


async def given(
    engine: VllmEngine,
    prompts: Iterable[tuple[Sequence[int], Any]],
    at_once: int | None = None,
) -> list[Any]:
    """Give prompts to the engine past leavs, and return vLLM's RequestOutputs in their order.

    Args:
        prompts: the tokens and vLLM's parameters of each.
        at_once: how many are with the engine at a time; None for all.
    """
    from vllm.inputs import TokensPrompt

    places = asyncio.Semaphore(at_once) if at_once else nullcontext()

    async def one(prompt: Sequence[int], parameters: Any) -> Any:
        tokens = TokensPrompt(prompt_token_ids=list(prompt))
        async with places:
            name = f"given-{next(_NUMBERS)}"
            [output] = [out async for out in engine.llm.generate(tokens, parameters, name)]
        return output

    return await asyncio.gather(*(one(*prompt) for prompt in prompts))
