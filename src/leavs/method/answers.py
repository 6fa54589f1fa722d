"""Reads a model's reply as an answer: a choice, a set of letters or numbers, or a list of quotes.

Reads strictly: a reply that is not clearly one of the answers asked for raises AnswerError and
becomes a recorded failure. The patterns beside the readers let an engine constrain the reply to
what the reader accepts. Pure functions on text; knows nothing of models. No error holds text of a
reply, because a reply may quote the report.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from leavs.errors import AnswerError

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
NONE = "none"

_QUOTE = r'"[^"\n]+": (not informative|informative)'
QUOTES_PATTERN = rf"{NONE}|{_QUOTE}(\n{_QUOTE})*"
# Quantifiers are possessive, here and below: a reply may be long, and backtracking would be slow.
_BEFORE_QUOTE = re.compile(r'(?:[^\w"]|\d)*+"')
_MARK = re.compile(r'"\s*+[:\-–—=>]*+\s*+(not informative|informative)\W*+$', re.I)
# A letter counts as the answer only where no other word can reverse it: alone, at the very end in
# parentheses or after "answer", or at the very start in parentheses, before its own wording.
_AT_THE_END = re.compile(r"(?:\(([A-Z])\)|(?i:answer)(?:\s++is)?+\s*+:?\s*+([A-Z]))[\s.*]*+$")
_AT_THE_START = re.compile(r"^[\s*]*\(([A-Z])\)[\s*]+(?![^.\n]*\b(?:not|wrong|no)\b)")
_NEGATED = re.compile(
    r"\b(?:not|isn't|never|neither|nor|or|except|than)\W+(?:\w+\W+)?$", re.IGNORECASE
)
_LETTER = re.compile(r"\(([A-Za-z])\)|([A-Za-z])")
_DIGITS = "[1-9][0-9]{0,5}+"
_NUMBER = rf"\[{_DIGITS}\]|\({_DIGITS}\)|{_DIGITS}"
_ONE_OR_RANGE = re.compile(rf"({_NUMBER})(?:\s*+[-–]\s*+({_NUMBER}))?+")
_BETWEEN_NUMBERS = re.compile(r"(?:\s*+,\s*+|\s++)(?:and\s++)?+")


@dataclass(frozen=True, slots=True)
class Quote:
    """A passage that the model quotes from the report, and whether it marks it informative."""

    text: str
    informative: bool


def read_choice(reply: str, choices: Sequence[str]) -> str:
    """Return the one choice that a reply names.

    Args:
        choices: single letters ("A", "B") or words ("Yes", "No").

    Raises:
        AnswerError: the reply names none of the choices, or more than one.
    """
    bare = reply.strip().strip("().:*\"'").casefold()
    for choice in choices:
        if bare == choice.casefold():
            return choice
    named: set[str] = {letter.upper() for letter in re.findall(r"\(([A-Za-z])\)", reply)}
    end, start = _AT_THE_END.search(reply), _AT_THE_START.match(reply)
    if end and not _NEGATED.search(reply[: end.start()]):
        named.add(end[1] or end[2])
    elif start:
        named.add(start[1])
    else:
        named.clear()
    if len(named) == 1 and (letter := named.pop()) in choices:
        return letter
    raise AnswerError(f"the reply is not one of {', '.join(choices)} ({len(reply)} characters)")


def letters_pattern(letters: str) -> str:
    """A regular expression of the replies that `read_letters` accepts: "(A), (D)" or "none"."""
    one = rf"\([{letters}]\)"
    return rf"{NONE}|{one}(, {one}){{0,{len(letters) - 1}}}"


def read_letters(reply: str, letters: str) -> tuple[str, ...]:
    """Return the letters that a reply names, in the order of `letters`; there may be none.

    Raises:
        AnswerError: the reply names a letter that was not offered, or holds anything else.
    """
    bare = reply.strip().rstrip(".").strip()
    if bare.strip("()").casefold() == NONE:
        return ()
    parts = [part.strip() for part in re.split(r"[,\s]+(?:and\s+)?", bare) if part.strip()]
    letter_in = [_LETTER.fullmatch(part) for part in parts]
    named = {(match[1] or match[2]).upper() if match else "" for match in letter_in}
    if not named or not named <= set(letters):
        offered = f"letters {letters[0]} to {letters[-1]}"
        raise AnswerError(
            f"the reply is not a list of {offered} or 'none' ({len(reply)} characters)"
        )
    return tuple(letter for letter in letters if letter in named)


def numbers_pattern(count: int) -> str:
    """A regular expression of replies that `read_numbers` accepts: "2, 5-7" or "none".

    It also allows ranges that run backwards, which are refused when they are read; to leave them
    out would take an expression for each pair of numbers.
    """
    number = f"(?:{_numbers_up_to(count)})"
    one = f"{number}(?:-{number})?"
    return rf"{NONE}|{one}(?:, {one}){{0,{count - 1}}}"


def _numbers_up_to(count: int) -> str:
    """A regular expression of the numbers from 1 to `count`, digit by digit."""
    digits = str(count)
    options = ["[1-9]" + "[0-9]" * length for length in range(len(digits) - 1)]
    for place, digit in enumerate(digits):
        low, high = int(place == 0), int(digit) - 1
        if low <= high:
            rest = "[0-9]" * (len(digits) - place - 1)
            options.append(f"{digits[:place]}[{low}-{high}]{rest}")
    return "|".join([*options, digits])


def read_numbers(reply: str, count: int) -> tuple[int, ...]:
    """Return the numbers that a reply lists, singly or as ranges, in order; there may be none.

    Args:
        count: the largest number that may be named; the smallest is 1.

    Raises:
        AnswerError: the reply names another number or a range that runs backwards, or holds
            anything else.
    """
    bare = reply.strip().rstrip(".").rstrip()
    if bare.casefold() == NONE:
        return ()
    ranges = _ranges(bare)
    if not ranges or not all(first <= last <= count for first, last in ranges):
        raise AnswerError(
            f"the reply is not a list of numbers from 1 to {count} or 'none' "
            f"({len(reply)} characters)"
        )
    return tuple(sorted({one for first, last in ranges for one in range(first, last + 1)}))


def _ranges(text: str) -> list[tuple[int, int]]:
    """The first and the last of each number or range in a list; empty if the text is no list."""
    ranges, place = [], 0
    while one := _ONE_OR_RANGE.match(text, place):
        first, last = (int(number.strip("[]()")) for number in (one[1], one[2] or one[1]))
        ranges.append((first, last))
        if one.end() == len(text):
            return ranges
        between = _BETWEEN_NUMBERS.match(text, one.end())
        place = between.end() if between else len(text)
    return []


def read_quotes(reply: str, cut: bool = False) -> tuple[Quote, ...]:
    """Return the quotes of a reply that lists one a line: `"words": informative`.

    Args:
        cut: whether the engine stopped the reply at its length limit; if so, an incomplete last
            line is left out.

    Raises:
        AnswerError: a line is not a marked quote, or the reply is empty.
    """
    lines = [line.strip() for line in reply.strip().split("\n") if line.strip()]
    if len(lines) == 1 and lines[0].rstrip(".").casefold() == NONE:
        return ()
    quotes = [_read_quote(line) for line in lines]
    if cut and quotes and quotes[-1] is None:
        quotes.pop()
    read = tuple(quote for quote in quotes if quote is not None)
    if len(read) < len(quotes) or not (lines and (read or cut)):
        raise AnswerError(f"the reply is not a list of marked quotes ({len(lines)} lines)")
    return read


def _read_quote(line: str) -> Quote | None:
    """The quote of one line: from its first quotation mark to the one before "informative"."""
    start, end = _BEFORE_QUOTE.match(line), _MARK.search(line)
    if start is None or end is None or end.start() <= start.end():
        return None
    text = line[start.end() : end.start()]
    return Quote(text.strip(), end[1].casefold() == "informative")
