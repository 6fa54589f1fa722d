"""The errors that leavs raises on purpose; each message is one line: where, what, what to do.

No message holds the text of a report. The tree::

    LeavsError
    ├── UsageError          options that do not fit together or name nothing (exit 2)
    ├── InputError          a source of reports that cannot be read (exit 2)
    ├── PackError           a pack of prompts that is incomplete or wrong (exit 2)
    ├── StorageError        the disk fails or is full: the run stops and can be resumed (exit 75)
    ├── RunFolderError      an output folder that belongs to another run or is damaged (exit 2)
    ├── QuestionError       one question got no usable answer: its cells become failures
    │   ├── AnswerError     the reply cannot be read
    │   ├── ContextError    the prompt does not fit the model's context
    │   └── ServerError     the server fails at this question and answers others
    ├── FailureLimitError   more cells failed than the user allows (exit 75)
    └── EngineError         the engine cannot go on: the run stops and can be resumed (exit 75)
        └── EngineStartError  the engine did not start: nothing was asked (exit 1)

Imports nothing from leavs.
"""

from typing import Self


class LeavsError(Exception):
    """Base of every error that a user can cause or mend."""


class UsageError(LeavsError):
    """Options that contradict each other, are missing, or name something that does not exist."""


class InputError(LeavsError):
    """A source of reports that cannot be read at all."""


class PackError(LeavsError):
    """A pack of prompts with a missing file, an unknown key or an undefined variable."""


class RunFolderError(LeavsError):
    """An output folder that holds another run, no run, or one that cannot be read."""


class StorageError(LeavsError):
    """A run folder that cannot be written or read any further; what was recorded is safe."""


class QuestionError(LeavsError):
    """One question got no usable answer; the cells that depend on it are recorded as failures."""


class AnswerError(QuestionError):
    """A reply that is none of the answers asked for."""


class ContextError(QuestionError):
    """A prompt that the model's context cannot hold.

    Args:
        tokens: the length of the prompt, if known.
        limit: the tokens of the context, prompt and reply together, if known.
    """

    def __init__(self, tokens: int | None = None, limit: int | None = None) -> None:
        self.tokens = tokens
        self.limit = limit
        prompt = "the prompt" if tokens is None else f"the prompt of {tokens:,} tokens"
        context = "the model's context" if limit is None else f"the context of {limit:,} tokens"
        super().__init__(f"{prompt} is longer than {context} can hold with a reply")

    def __reduce__(self) -> tuple[type[Self], tuple[int | None, int | None]]:
        """Pickle the arguments in place of the message, so that another process can rebuild it."""
        return type(self), (self.tokens, self.limit)


class ServerError(QuestionError):
    """A question at which the server fails again and again, while it answers others."""


class FailureLimitError(LeavsError):
    """More cells failed than the user allows: the run stops and can be resumed."""


class EngineError(LeavsError):
    """The engine died or cannot be reached: the run stops and can be resumed."""


class EngineStartError(EngineError):
    """The engine could not be started; no question was asked."""
