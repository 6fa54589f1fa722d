"""Tells a prompt that a server cut without a word: it then counts fewer tokens than there must be.

Some servers shorten what is longer than their context, in front, and answer with 200. Only a lower
limit of a prompt's tokens is known here: the trial questions showed how many characters of plain
English the server counts as one, and a report has no more.
"""

import re
from collections.abc import Sequence

from leavs.engines.engine import Message, Reply
from leavs.engines.replies import LEAST_REPLY
from leavs.engines.server.completion import Completion
from leavs.errors import ContextError, QuestionError

# A prompt has at most so many times the characters a token that the trial's text has. So the limit
# is between 0.75 and 0.9 of a prompt's text, by four real tokenizers: test_prompt_length.py.
MOST = 1.3
_RUNS = re.compile(r"([^\w\n])\1+")  # "-----" and runs of spaces are a token or two


class PromptLengths:
    """Checks the lengths of prompts by what a server counts.

    Args:
        characters_a_token: of plain English; None if the server does not count tokens.
        context: the tokens that a prompt and its reply may have together, as the user says; None
            if only the server knows it.
    """

    def __init__(self, characters_a_token: float | None, context: int | None) -> None:
        self._characters_a_token = characters_a_token
        self._context = context

    def at_least(self, messages: Sequence[Message]) -> int:
        """Return the tokens that a prompt has at least; 0 if that is not known."""
        if self._characters_a_token is None:
            return 0
        characters = sum(len(_RUNS.sub(r"\1", message.content)) for message in messages)
        return int(characters / self._characters_a_token / MOST)

    def room(self, messages: Sequence[Message], max_tokens: int) -> int:
        """Return the longest reply for which the context has room.

        Raises:
            ContextError: the prompt is surely longer than the context.
        """
        if self._context is None:
            return max_tokens
        least = self.at_least(messages)
        if least >= self._context:
            raise ContextError(None, self._context)
        return min(max_tokens, self._context - least)

    def check(
        self, messages: Sequence[Message], completion: Completion, follows: Reply | None
    ) -> None:
        """Check that the server read the whole prompt.

        Raises:
            ContextError: the prompt is longer than the context that the user named.
            QuestionError: the server counts fewer tokens than the prompt must have.
        """
        read = completion.prompt_tokens
        if read is None or self._characters_a_token is None:
            return
        if self._context is not None and read + LEAST_REPLY > self._context:
            raise ContextError(read, self._context)
        before = follows.prompt_tokens if follows is not None else 0
        least = max(self.at_least(messages), before)
        if read < least:
            raise QuestionError(
                f"the server cut the prompt ({read:,} tokens read of at least {least:,}); give it "
                "a longer context"
            )
