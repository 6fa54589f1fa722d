"""Counts tokens: with the model's own tokenizer if it is here, else by the length of the text.

It uses the small tokenizers library, and loads neither torch nor transformers.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from pathlib import Path

CHARACTERS_A_TOKEN = 3  # in reports, which have many numbers and rare words, by usual vocabularies
_CACHED = 4096  # texts; those of the instructions repeat


@dataclass(frozen=True, slots=True)
class TokenCounter:
    """Counts the tokens of a text.

    Args:
        count: returns the number of tokens of a text.
        exact: whether the model's own tokenizer counts.
    """

    count: Callable[[str], int]
    exact: bool

    @property
    def how(self) -> str:
        """How tokens were counted, for a message; "" if exactly."""
        return "" if self.exact else " (estimated: three characters a token)"


def counter_for(tokenizer: Path | None) -> TokenCounter:
    """Return a counter with a model's tokenizer.json, or one that estimates if there is none."""
    exact = None if tokenizer is None else _exact(tokenizer)
    if exact is None:
        return TokenCounter(by_length, exact=False)
    return TokenCounter(lru_cache(maxsize=_CACHED)(exact), exact=True)


def by_length(text: str) -> int:
    """Estimate the tokens of a text."""
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
        if type(error) is not Exception:  # the class that the library raises for a bad file
            raise
        return None
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)
