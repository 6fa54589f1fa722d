"""Reads from a server's refusal whether the prompt was too long, and the lengths that it names.

Each server has words of its own for it. Only the numbers are kept, because the words could quote
the prompt. Knows nothing of engines; imports nothing from leavs.
"""

import re
from dataclasses import dataclass

_TOO_LONG = re.compile(
    r"context (?:length|size|window)|maximum context|(?:maximum model |max_model_)len"
    r"|`max_new_tokens` must be <=",
    re.I,
)
_LIMIT = re.compile(
    r"(?:context (?:length|size|window)|maximum context|maximum model length|max_model_len)"
    r"(?: is| of)?[ =:]*\(?(\d{1,9})|`max_new_tokens` must be <= (\d{1,9})",
    re.I,
)
_TOKENS = re.compile(
    r"(?<!at least )\b(\d{1,9}) (?:`?inputs?`? tokens"
    r"|(?:tokens? )?(?:in|from) the (?:input )?(?:messages|prompt|input))"
    r"|prompt \(length (\d{1,9})\)|input length \((\d{1,9})\)|request \((\d{1,9}) tokens\)",
    re.I,
)


@dataclass(frozen=True, slots=True)
class TooLong:
    """The lengths that a server names when its context cannot hold a prompt.

    Args:
        tokens: of the prompt, if the server names them exactly.
        limit: of the context, prompt and reply together, if the server names it.
    """

    tokens: int | None
    limit: int | None


def read_refusal(message: str) -> TooLong | None:
    """Read the lengths that a refusal names; None if something else was refused."""
    if not _TOO_LONG.search(message):
        return None
    tokens, limit = _TOKENS.search(message), _LIMIT.search(message)
    return TooLong(*(int(next(filter(None, m.groups()))) if m else None for m in (tokens, limit)))
