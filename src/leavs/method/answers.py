"""Reads a model's reply as an answer: a set of letters or numbers, or a list of quotes.

Reads strictly: a reply that is not clearly one of the answers asked for raises AnswerError and
becomes a recorded failure. Decoration is not what strictness is about: Markdown, bullets, "Answer:"
in front and a line that only announces a list are read over. The patterns beside the readers let an
engine constrain the reply to what the reader accepts. Pure functions on text; knows nothing of
models. No error holds text of a reply, because a reply may quote the report.

A single choice is read in `choices`, whose reader stands here beside the others, and JSON in
`json_answers`.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import zip_longest
from typing import TypeVar

from leavs.errors import AnswerError
from leavs.method.answer_lines import split_answer
from leavs.method.choices import read_choice as read_choice
from leavs.method.decorations import plain, undressed, without_bullets, without_fences
from leavs.method.neutral_words import leads_to_list, without_filler

T = TypeVar("T")

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
NONE = "none"

_QUOTE = r'"[^"\n]+": (not informative|informative)'
QUOTES_PATTERN = rf"{NONE}|{_QUOTE}(\n{_QUOTE})*"
# Quantifiers are possessive, here and below: a reply may be long, and backtracking would be slow.
_BEFORE = r"(?:[\s\-–—•◦‣·*>#`_.)(]|\d|\[\d{1,3}\])*+"
_BEFORE_QUOTE = re.compile(rf'{_BEFORE}["“”„]')
_BEGINS_QUOTE = re.compile(rf'{_BEFORE}(?:["“”„]|$)')
_SIGNS = r":\-–—=>*_`("
_MARK = re.compile(
    rf'["“”](?:[\s{_SIGNS}]*+|\s*+[{_SIGNS}][\s{_SIGNS}]*+["“])(not informative|informative)'
    r'[\s.,;!*_`)"”]*+$',
    re.IGNORECASE,
)
# In what was quoted: the mark of a quote before, another quote behind it, a quotation mark alone.
_INNER_MARK = re.compile(rf'["“”][\s{_SIGNS}"“]*+(?:not )?+informative', re.IGNORECASE)
_TWO_QUOTES = re.compile(rf'["”][\s,;/&|{_SIGNS}]*+(?:(?:and|or)\b[\s,]*+)?+["“]')
_STRAIGHT, _CURLY = re.compile(r'(?<!\d)"'), re.compile("[“”„]")  # behind a digit: inches
_NUMBERED = re.compile(r"\d{1,3}[.)][ \t]++")
_DIGITS = "[1-9][0-9]{0,5}+"
_NUMBER = rf"\[{_DIGITS}\]|\({_DIGITS}\)|{_DIGITS}"
_ONE_OR_RANGE = re.compile(rf"({_NUMBER})(?:[ \t]*+[-–][ \t]*+({_NUMBER}))?+")
_BETWEEN = re.compile(r"(?:\s*+,\s*+|\s++)(?:and\s++)?+")


@dataclass(frozen=True, slots=True)
class Quote:
    """A passage that the model quotes from the report, and whether it marks it informative."""

    text: str
    informative: bool


def letters_pattern(letters: str) -> str:
    """A regular expression of the replies that `read_letters` accepts: "(A), (D)" or "none"."""
    one = rf"\([{letters}]\)"
    return rf"{NONE}|{one}(, {one}){{0,{len(letters) - 1}}}"


def read_letters(reply: str, letters: str, names: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the letters that a reply names, in the order of `letters`; there may be none.

    Args:
        names: what the letters stand for; behind a letter, its own name may stand and no other.

    Raises:
        AnswerError: the reply names a letter that was not offered, or holds anything else.
    """
    item = _letter_pattern(letters, tuple(names))

    def read(lines: list[str]) -> set[str] | None:
        bare = (_NUMBERED.sub("", line, count=1).removesuffix(".") for line in lines)
        text = without_filler("\n".join(bare))
        if _is_none(text):
            return set()
        return {_letter_in(match[0]) for match in _items(item, undressed(text))} or None

    named = _only_answer(plain(reply), read, leads_to_list)
    if named is None:
        offered = f"letters {letters[0]} to {letters[-1]}"
        raise AnswerError(
            f"the reply is not a list of {offered} or 'none' ({len(reply)} characters)"
        )
    return tuple(letter for letter in letters if letter in named)


@lru_cache(maxsize=64)
def _letter_pattern(letters: str, names: tuple[str, ...]) -> re.Pattern[str]:
    """An expression of one letter: "(A)", "A", or with its own name: "(A) normal", "A. normal"."""
    both = zip_longest(letters, names, fillvalue="")
    one = "|".join(_with_name(letter, name) for letter, name in both)
    return re.compile(rf'["“”]?+(?:{one})["“”]?+', re.IGNORECASE | re.ASCII)


def _with_name(letter: str, name: str) -> str:
    closed, bare, gap = rf"(?:\({letter}\)|\[{letter}\])", rf"{letter}(?!\w)", r"[ \t]*+"
    if not name:
        return rf"{closed}|{bare}"
    own = r"[ \t_]++".join(map(re.escape, name.replace("_", " ").split())) + r"(?!\w)"
    after_closed = rf"{gap}[:\-–—]?+{gap}{own}|{gap}\({own}\)"
    after_bare = rf"{gap}[).:]{gap}{own}|[ \t]++[-–—]{gap}{own}|{gap}\({own}\)"
    return rf"{closed}(?:{after_closed})?+|{bare}(?:{after_bare})?+"


def _letter_in(item: str) -> str:
    return item.lstrip('"“”([')[0].upper()


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

    def read(lines: list[str]) -> list[tuple[int, int]] | None:
        text = without_filler("\n".join(lines))
        if _is_none(text):
            return []
        ranges = [_range(match) for match in _items(_ONE_OR_RANGE, undressed(text))]
        fits = all(first <= last <= count for first, last in ranges)
        return ranges if ranges and fits else None

    ranges = _only_answer(plain(reply), read, leads_to_list)
    if ranges is None:
        raise AnswerError(
            f"the reply is not a list of numbers from 1 to {count} or 'none' "
            f"({len(reply)} characters)"
        )
    return tuple(sorted({one for first, last in ranges for one in range(first, last + 1)}))


def _range(match: re.Match[str]) -> tuple[int, int]:
    """The first and the last number of a range; one number is both."""
    first, last = (int(number.strip("[]()")) for number in (match[1], match[2] or match[1]))
    return first, last


def read_quotes(reply: str, cut: bool = False) -> tuple[Quote, ...]:
    """Return the quotes of a reply that lists one a line: `"words": informative`.

    Args:
        cut: whether the engine stopped the reply at its length limit; if so, an incomplete last
            line is left out.

    Raises:
        AnswerError: a line is not a marked quote, or the reply is empty.
    """
    quotes = _only_answer(
        without_fences(reply), partial(_quotes_of, cut=cut), _leads_to_quotes, _quotes_of
    )
    if quotes is None:
        raise AnswerError(f"the reply is not a list of marked quotes ({len(reply)} characters)")
    return quotes


def _quotes_of(lines: list[str], cut: bool = False) -> tuple[Quote, ...] | None:
    """The quotes of some lines; None if one is no quote, or no more than the beginning of one."""
    if len(lines) == 1 and _is_none(plain(lines[0])):
        return None if cut else ()
    quotes = [_read_quote(line) for line in lines]
    if cut and quotes[-1] is None and _BEGINS_QUOTE.match(lines[-1]):
        quotes.pop()
    found = tuple(quote for quote in quotes if quote is not None)
    return found if len(found) == len(quotes) and (found or cut) else None


def _leads_to_quotes(line: str) -> bool:
    return leads_to_list(plain(line))


def _read_quote(line: str) -> Quote | None:
    """The quote of one line: from its first quotation mark to the one before "informative"."""
    start, end = _BEFORE_QUOTE.match(line), _MARK.search(line)
    if start is None or end is None or end.start() <= start.end():
        return None
    text = line[start.end() : end.start()].strip()
    if not text or _INNER_MARK.search(text) or _TWO_QUOTES.search(text):
        return None
    marks = _STRAIGHT if line[start.end() - 1] == '"' else _CURLY
    if len(marks.findall(text)) % 2:
        return None
    return Quote(text, end[1].casefold() == "informative")


def _only_answer(
    text: str,
    read: Callable[[list[str]], T | None],
    announces: Callable[[str], bool],
    read_above: Callable[[list[str]], T | None] | None = None,
) -> T | None:
    """Read the lines of the answer, or return None if they are none or another stands above.

    Args:
        announces: whether a line that stands before the list only leads to it.
        read_above: reads a line above the answer; by default as the answer is read.
    """
    above, answer = split_answer(text)
    lines = _listed(answer)
    if len(lines) > 1 and announces(lines[0]):
        del lines[0]
    found = read(lines) if lines else None
    if found is None and lines:  # "Types: (A), (C)"
        head, colon, rest = lines[0].partition(":")
        if rest.strip() and announces(head + colon):
            found = read([rest.strip(), *lines[1:]])
    if found is None:
        return None
    others = ((read_above or read)([line]) for line in _listed(above))
    return None if any(other not in (None, found) for other in others) else found


def _listed(lines: Sequence[str]) -> list[str]:
    """The lines that are not blank, without bullets."""
    return [bare for line in lines if (bare := without_bullets(line))]


def _is_none(text: str) -> bool:
    return undressed(text.removesuffix(".")).strip("()").casefold() == NONE


def _items(pattern: re.Pattern[str], text: str) -> list[re.Match[str]]:
    """The matches of a list with commas or spaces between; none if anything else stands in it."""
    text = text.removesuffix(".").rstrip()
    items, place = [], 0
    while one := pattern.match(text, place):
        items.append(one)
        if one.end() == len(text):
            return items
        between = _BETWEEN.match(text, one.end())
        place = between.end() if between else len(text)
    return []
