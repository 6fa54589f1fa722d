"""An engine whose model is a function: for tests, and for `leavs label --dry-run`."""

import inspect
from collections.abc import Awaitable, Callable, Sequence

from leavs.engines.engine import Choices, Constraint, Message, Pattern, Reply

Script = Callable[[Sequence[Message], Constraint | None], str | Reply | Awaitable[str | Reply]]


class ScriptedEngine:
    """Replies what a function says.

    Args:
        script: gets the conversation and the constraint, returns the reply (or its text); may be
            a coroutine function.
        batch_size: the number of conversations that it claims to work on at once.
    """

    def __init__(self, script: Script, batch_size: int = 256) -> None:
        self._script = script
        self.batch_size = batch_size

    async def reply(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        constraint: Constraint | None = None,
        follows: Reply | None = None,
        thought_tokens: int = 0,
    ) -> Reply:
        """Return what the function replies; its words are counted as tokens."""
        answer = self._script(messages, constraint)
        if inspect.isawaitable(answer):
            answer = await answer
        if isinstance(answer, Reply):
            return answer
        return Reply(
            answer,
            prompt_tokens=sum(len(message.content.split()) for message in messages),
            generated_tokens=len(answer.split()),
        )

    async def close(self) -> None:
        """Do nothing: there is no model to free."""


def dry_run_script(messages: Sequence[Message], constraint: Constraint | None) -> str:
    """Answer with the first choice, no quotes and no letters: for a run that asks no model."""
    match constraint:
        case Choices(options):
            return options[0]
        case Pattern():
            return "none"
        case None:
            return ""
