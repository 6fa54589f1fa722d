"""Splits a report into sentences with offsets, each with the heading that it stands under.

The rules, from the largest unit to the smallest:

1. Lines that belong together are joined, as the layout of the report tells (`layout`).
2. Within the lines so joined, a full stop, "!" or "?" ends a sentence unless nltk's Punkt, with the
   abbreviations of our data file, or `_goes_on` says otherwise. A missing space after it
   ("size.The spleen") and "。" are understood; ";" ends nothing.

Every step takes time in proportion to the text: expressions are bounded or possessive, and Punkt
is asked about one stop at a time, because nltk raises an error after five seconds.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

from leavs.domain import Sentence
from leavs.text.habits import CLOSERS, NEVER_END, NUMBER, WINDOW, last_word
from leavs.text.headings import (
    Headings,
    ends_in_organ,
    is_item,
    item_mark,
    read_headings,
    states_finding,
)
from leavs.text.layout import Block, blocks_of
from leavs.text.punkt import load_punkt
from leavs.text.words import words

if TYPE_CHECKING:
    from nltk.tokenize.punkt import PunktSentenceTokenizer

Span = tuple[int, int]

_BEFORE_NUMBER = words("stops", "before_number")
_MAY_END = words("stops", "may_end")
_AFTER_UNIT = words("lines", "after_unit")
_WANTS_NUMBER = words("lines", "wants_number")

_STOP = re.compile(
    rf"(?<![.!?])[.!?]++{CLOSERS}*+(?=\s|(?:\d{{1,2}}[.)])?[^\W\d_])"  # spaced or not
    r"|(?<![。！？])[。！？]++[”’」』）)\"']*+"  # full-width stops need no space
    r"|(?<=\s)(?=[•●▪◦‣])"  # a list run into one line
    r"|(?<=\s\s)(?=[A-Z][\w/&, ]{2,40}:\s)"  # lines of which spaces are left: "IV  SPLEEN: Normal"
)
# Words of a title that may be a finding, and characters of the sentences below it.
_TITLE_WORDS, _LEAST_BELOW = 5, 60
# Characters of a sentence, and of one that is more than half of its report.
_LONGEST, _LONGEST_OF_SHORT = 600, 120
_ITEM_NUMBER = re.compile(r"[\W_]*\d{1,2}|[^:\n]{1,60}:[\W_]*1")
_FIRST_ITEM = re.compile(r"(?:[^:\n]{1,60}:)?\s*\(?(\d{1,2})[.)]")
_NEXT_ITEM = re.compile(r"\s(\d{1,2})[.)]$")


def split_sentences(text: str) -> tuple[Sentence, ...]:
    """Split a report into sentences, in order; what is left out between them is no text.

    That is white space, escaped line ends, and page furniture in the middle of a sentence.

    Args:
        text: any text; offsets count its characters. Headings, bullets and rules ("-----") become
            sentences of their own or part of one; those without content have `is_heading`.
    """
    headings = Headings()
    found: list[Sentence] = []
    blocks = blocks_of(text)
    for number, block in enumerate(blocks):
        if block.is_furniture:
            found.append(_furniture(block))
            continue
        if block.after_blank:
            headings.new_paragraph()
        headings.new_line(block.text, after_stop=block.after_stop)
        following = blocks[number + 1] if number + 1 < len(blocks) else None
        may_be_heading = _stands_above(block, following, found)
        found.extend(_sentences(block, headings, may_be_heading=may_be_heading))
        if _introduces(block, following):
            headings.introduce(block.text)
    return tuple(found)


def overlong_sentence(text: str, sentences: Sequence[Sentence]) -> Sentence | None:
    """Find the longest sentence of a report if it is too long for one; None if it is not.

    It is if it has more than 600 characters, or more than 120 and half of the report: then line
    ends were probably lost or written in a way that we do not know.
    """
    longest = max(sentences, key=lambda one: one.end - one.start, default=None)
    if longest is None:
        return None
    length = longest.end - longest.start
    half = length > _LONGEST_OF_SHORT and 2 * length > len(text.strip())
    return longest if length > _LONGEST or half else None


def heading_lines(text: str) -> list[Span]:
    """Find the lines of a report that are headings and nothing else, as start and end."""
    return [
        (one.start, one.end)
        for one in split_sentences(text)
        if one.is_heading and any(map(str.isalnum, one.text))
    ]


def _furniture(block: Block) -> Sentence:
    """Page furniture is no heading, lest what it holds be lost; and no heading holds for it."""
    return Sentence(block.place(0), block.place(len(block.text) - 1) + 1, block.text)


def _stands_above(block: Block, following: Block | None, before: Sequence[Sentence]) -> bool:
    """Whether a line without a colon may stand above the next one, as its heading.

    It does not where a heading or label follows; nor in a list of such lines, or below a line that
    introduces it ("Removed:"). One that may be a finding only begins a paragraph or is an item.
    """
    leading = read_headings(block.text)
    if not leading.bare or leading.is_section:
        return True
    if following is None or following.is_furniture:
        return False
    below = read_headings(following.text)
    item = is_item(block.text)
    if (below.names and below.sure) or (item and is_item(following.text)):
        return False
    if not leading.is_heading and not (block.after_blank or item):
        return False
    if not before or before[-1].is_heading:
        return True
    if not block.after_blank and not block.after_stop and ends_in_organ(before[-1].text):
        return False
    listed = read_headings(before[-1].text)
    return not before[-1].text.endswith((":", "：")) and not (listed.bare and not listed.is_section)


def _introduces(block: Block, following: Block | None) -> bool:
    """Whether the first line of a paragraph, short and without a stop, is a title of what follows.

    It may be a finding as well, so it is no heading, but shown with the lines below it. They are a
    list, or sentences longer than a note.
    """
    if following is None or following.after_blank or not block.after_blank:
        return False
    text, below = block.text, following.text
    short = len(text.split()) <= _TITLE_WORDS and text[0].isupper() and text[-1].isalpha()
    if not short or is_item(text) or read_headings(text).names or read_headings(below).names:
        return False
    return is_item(below) or (len(below) >= _LEAST_BELOW and not states_finding(text))


def _sentences(block: Block, headings: Headings, *, may_be_heading: bool) -> Iterator[Sentence]:
    for start, end in _spans(block.text, notes=block.is_in_lower_case):
        piece = block.text[start:end]
        place = block.place(start), block.place(end - 1) + 1
        headings.new_sentence(item_mark(piece))
        leading = read_headings(piece, starts_line=start == 0)
        whole = start == 0 and end == len(block.text)
        if leading.names and not (leading.bare and not (may_be_heading and whole)):
            heading = headings.outer if leading.alone or not leading.sure else ""
            headings.enter(leading)
            heading = "" if leading.is_heading else heading
            yield Sentence(*place, piece, heading, leading.is_heading)
        elif not any(map(str.isalnum, piece)):
            yield Sentence(*place, piece, is_heading=True)
        else:
            yield Sentence(*place, piece, headings.current)
            headings.text(piece)


# Stops


def _spans(text: str, *, notes: bool) -> Iterator[Span]:
    """The sentences of one block of running text.

    Args:
        notes: whether it begins its sentences in lower case.
    """
    start, end = 0, len(text)
    for stop in _STOP.finditer(text, start, end):
        if _ends_sentence(text, start, stop, notes=notes):
            cut = _before_next_item(text, start, stop.end())
            yield from _some(_strip(text, start, cut))
            start = cut
    yield from _some(_strip(text, start, end))


def _strip(text: str, start: int, end: int) -> Span:
    piece = text[start:end]
    start += len(piece) - len(piece.lstrip())
    return start, start + len(piece.strip())


def _some(span: Span) -> tuple[Span, ...]:
    return (span,) if span[0] < span[1] else ()


def _ends_sentence(text: str, start: int, stop: re.Match[str], *, notes: bool) -> bool:
    """Whether a possible stop ends the sentence that began at `start`."""
    mark = stop[0]
    if not mark and text[stop.end()].isalpha():
        label = text[stop.end() : text.index(":", stop.end()) + 1]
        return read_headings(label).is_heading
    if not mark or mark[0] in "。！？":
        return True
    if _is_item_number(text, start, stop.start()):
        return False
    before = text[max(start, stop.start() - WINDOW) : stop.start()]
    after = text[stop.end() : stop.end() + WINDOW]
    if not after[0].isspace():
        return _lacks_space(before, after)
    after = after.lstrip()
    return not after or not (
        _goes_on(before, mark, after, notes=notes) or _punkt_joins(before, mark, after)
    )


def _is_item_number(text: str, start: int, end: int) -> bool:
    """Whether the sentence so far is only the "1" of "1. Liver cyst" or "IMPRESSION: 1. Cyst"."""
    return end - start <= 2 * WINDOW and bool(_ITEM_NUMBER.fullmatch(text, start, end))


def _lacks_space(before: str, after: str) -> bool:
    """Whether "size.The" is two sentences; "T2.N1", "e.g.The", "Dr.Smith", "U.S.A" are not."""
    after = after.lstrip("0123456789.)")  # "cyst.2.Spleen": two items of a list
    if not after[:1].isupper() or not (after[1:2].isalpha() or after[1:2].isspace()):
        return False
    if before[-1:].isdigit():
        return after[1:2].islower()
    if before[-1:] in (")", "]", "%"):
        return True
    word = last_word(before) if before[-1:].isalpha() else ""
    return len(word) > 1 and "." not in word and word not in NEVER_END | _BEFORE_NUMBER


def _goes_on(before: str, mark: str, after: str, *, notes: bool) -> bool:
    """Whether a sentence continues in a way that Punkt cannot know.

    As with units, numbered things, "?" for doubt, and an added parenthesis.
    """
    following = after[0]
    if following in ",;:)]}×%" or (following in "([" and after[1:2].islower()):
        return True
    if mark[0] in "?!" or mark.startswith(".."):
        return following.islower()
    word = last_word(before) if before[-1:].isalpha() else ""
    if word in _BEFORE_NUMBER and NUMBER.match(after):
        return True
    return word in _MAY_END and following.islower() and _may_go_on(after, notes=notes)


def _may_go_on(after: str, *, notes: bool) -> bool:
    """Whether "3 cm." goes on in lower case, in which notes begin their sentences, too."""
    return not notes or after.split()[0] in _AFTER_UNIT


def _punkt_joins(before: str, mark: str, after: str) -> bool:
    """Whether Punkt finds no end of a sentence between the words on both sides of a stop."""
    if mark[0] != ".":
        return False
    word = "" if before[-1:].isspace() else before.split()[-1] if before.strip() else ""
    return not _punkt().text_contains_sentbreak(f"{word}{mark} {after.split()[0]}")


def _before_next_item(text: str, start: int, end: int) -> int:
    """Move an end before the number of the next item: "1. Liver cyst 2. | Splenomegaly"."""
    first = _FIRST_ITEM.match(text, start, end)
    tail_start = max(start, end - WINDOW)
    following = _NEXT_ITEM.search(text[tail_start:end])
    if not first or not following or int(following[1]) != int(first[1]) + 1:
        return end
    cut = tail_start + following.start()
    return end if last_word(text[tail_start:cut]) in _WANTS_NUMBER else cut


@cache
def _punkt() -> "PunktSentenceTokenizer":
    """Punkt with our own word lists: nothing is learned from a text, nothing downloaded."""
    punkt = load_punkt()
    parameters = punkt.PunktParameters()
    parameters.abbrev_types.update(NEVER_END)
    starters = words("stops", "starters") | words("labels", "sections", "preliminaries", "parts")
    parameters.sent_starters.update(starters)
    for word in starters:
        # Known in lower case within sentences, so that its capital is a sign of a new one.
        parameters.add_ortho_context(word, _SEEN_IN_LOWER_CASE)
    tokenizer: PunktSentenceTokenizer = punkt.PunktSentenceTokenizer(parameters)
    return tokenizer


# nltk.tokenize.punkt._ORTHO_MID_LC, which has no public name.
_SEEN_IN_LOWER_CASE = 1 << 5
