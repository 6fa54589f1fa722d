"""Counts tokens: with the model's own tokenizer where it is here, else by the length of the text.

The tokenizers library is light; neither torch nor transformers is loaded.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from pathlib import Path

CHARACTERS_A_TOKEN = 3  # in reports, full of numbers and rare words, by the usual vocabularies
_CACHED = 4096  # texts that come again: the instructions of each step


@dataclass(frozen=True, slots=True)
class TokenCounter:
    """Counts the tokens of a text.

    Args:
        exact: it is the model's own tokenizer that counts.
    """

    count: Callable[[str], int]
    exact: bool

    @property
    def how(self) -> str:
        """For a message: how it was counted."""
        return "" if self.exact else " (estimated: three characters a token)"


def counter_for(tokenizer: Path | None) -> TokenCounter:
    """A counter with a model's tokenizer.json, or, without one that can be read, an estimate."""
    exact = None if tokenizer is None else _exact(tokenizer)
    if exact is None:
        return TokenCounter(by_length, exact=False)
    return TokenCounter(lru_cache(maxsize=_CACHED)(exact), exact=True)


def by_length(text: str) -> int:
    """Tokens of a text, estimated."""
    return ceil(len(text) / CHARACTERS_A_TOKEN)


def _exact(path: Path) -> Callable[[str], int] | None:
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        from tokenizers import Tokenizer
    except ImportError:
        return None
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:
        if type(error) is not Exception:  # all that the library raises for a file
            raise
        return None
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)
