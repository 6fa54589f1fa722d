"""Reads a reply as one choice: a letter, or a word such as Yes.

A letter counts where it stands alone, bare or decorated, with "Answer:" in front or not, or where
nothing but its own wording or a neutral one stands behind it. Prose that mentions a letter is no
answer, whatever it says of it.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

from leavs.errors import AnswerError
from leavs.method.answer_lines import split_answer
from leavs.method.decorations import plain, undressed, without_bullets
from leavs.method.neutral_words import is_neutral, without_filler

LONGEST = 300  # characters of a line that is a choice and its wording
_NO_WORDINGS: Mapping[str, str] = MappingProxyType({})


def read_choice(
    reply: str, choices: Sequence[str], wordings: Mapping[str, str] = _NO_WORDINGS
) -> str:
    """Return the one choice that a reply names.

    Args:
        choices: single letters ("A", "B") or words ("Yes", "No").
        wordings: what the prompt says that each letter stands for, as far as it is known.

    Raises:
        AnswerError: the reply names none of the choices, or more than one.
    """
    if reply in tuple(choices):  # as nearly all are where the engine holds them
        return reply
    above, answer = split_answer(plain(reply))
    reader = _Reader(tuple(choices), wordings)
    lines = [line for line in answer if line]
    found = reader.answer(lines[0]) if len(lines) == 1 else None
    if found is None or any(reader.clear(line) not in (None, found) for line in above):
        raise AnswerError(f"the reply is not one of {', '.join(choices)} ({len(reply)} characters)")
    return found


class _Reader:
    """Reads single lines as one of the choices."""

    def __init__(self, choices: tuple[str, ...], wordings: Mapping[str, str]) -> None:
        self._by_name = {choice.lower(): choice for choice in choices}
        self._wordings = {letter: _words(wording) for letter, wording in wordings.items()}
        self._bare, self._labeled = _patterns(choices)

    def answer(self, line: str) -> str | None:
        """Return the choice that a line names, if need be with a neutral wording of the model."""
        return self.clear(line) or self._with_neutral_words(_core(line))

    def clear(self, line: str) -> str | None:
        """Return the choice that a line names alone or with the choice's own wording."""
        line = _core(line)
        if bare := self._bare.fullmatch(line if self._labeled else without_filler(line)):
            return self._by_name[next(filter(None, bare.groups())).lower()]
        letter, text, _ = self._parted(line)
        own = self._wordings.get(letter)
        return letter if own and _words(text) == own else None

    def _with_neutral_words(self, line: str) -> str | None:
        letter, text, listed = self._parted(line)
        own = self._wordings.get(letter, ())
        return letter if listed and is_neutral(text.removesuffix("."), own) else None

    def _parted(self, line: str) -> tuple[str, str, bool]:
        """The letter that a line begins with, the text behind it, and whether "A)" begins a list.

        The letter is "" if there is none.
        """
        match = self._labeled.fullmatch(line) if self._labeled else None
        if match is None:
            return "", "", False
        letter = match[0].lstrip("([ ")[0].lower()
        return self._by_name[letter], match["text"].strip(), match["listed"] is not None


def _core(line: str) -> str:
    """A line without decoration; "" if it is too long to be a choice."""
    return "" if len(line) > LONGEST else undressed(without_bullets(line))


@lru_cache(maxsize=64)
def _patterns(choices: tuple[str, ...]) -> tuple[re.Pattern[str], re.Pattern[str] | None]:
    """Expressions of a choice by itself, and of a letter with a text behind it."""
    one = "|".join(map(re.escape, choices))
    bare = rf"(?:\( ?({one}) ?\)|\[ ?({one}) ?\]|({one})\)?)[.:!]?"
    flags = re.IGNORECASE | re.ASCII
    if any(len(choice) > 1 for choice in choices):
        return re.compile(bare, flags), None
    upper = "".join(choice.upper() for choice in choices)
    either = re.escape(upper + upper.lower())
    upper = re.escape(upper)
    labeled = (
        rf"(?:(?P<listed>\([{either}]\)|\[[{either}]\]|[{upper}][.)])"
        rf"|[{upper}](?=[ \t]*+[:(]|[ \t]++[-–—][ \t]))"
        r"[ \t]*+[:\-–—]?+[ \t]*+(?P<text>[^\s:\-–—].*)"
    )
    return re.compile(bare, flags), re.compile(labeled)


@lru_cache(maxsize=256)
def _words(text: str) -> tuple[str, ...]:
    """The words of a wording, without decoration and case."""
    text = undressed(plain(text).strip("()").removesuffix("."))
    return tuple(text.replace("_", " ").casefold().split())
