"""Splits a report into sentences with offsets, each with the heading that it stands under.

The rules, from the largest unit to the smallest:

1. Blank lines end a paragraph, and so every sentence in it.
2. The end of a line ends a sentence, too, unless the text was hard-wrapped (`_wraps`).
3. Within the lines so joined, a full stop, "!" or "?" ends a sentence unless nltk's Punkt, with the
   abbreviations of our data file, or `_goes_on` says otherwise. A missing space after it
   ("size.The spleen") and "。" are understood; ";" ends nothing.

Every step takes time in proportion to the text: expressions are bounded or possessive, and Punkt
is asked about one stop at a time, because nltk raises an error after five seconds.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING

from leavs.domain import Sentence
from leavs.text.headings import BULLET, Headings, read_headings
from leavs.text.punkt import load_punkt
from leavs.text.words import words

if TYPE_CHECKING:
    from nltk.tokenize.punkt import PunktSentenceTokenizer

Span = tuple[int, int]

# A shorter line is not taken for a wrapped one, unless its last word cannot end a sentence.
MIN_WRAPPED = 40
# Nor is a line longer than this, because nobody wraps text so wide.
MAX_WRAPPED = 132
# Columns by which the right margin of wrapped text may vary.
MARGIN = 10
# Characters around a stop that decide whether it ends a sentence.
WINDOW = 40

_NEVER_END = words("stops", "never_end")
_BEFORE_NUMBER = words("stops", "before_number")
_MAY_END = words("stops", "may_end")
_DANGLING = words("lines", "dangling")
_WANTS_NUMBER = words("lines", "wants_number")

_CLOSERS = r"[\"')\]}”’»*_]"
_STOP = re.compile(
    rf"(?<![.!?])[.!?]++{_CLOSERS}*+(?=\s|(?:\d{{1,2}}[.)])?[^\W\d_])"  # spaced or not
    r"|(?<![。！？])[。！？]++[”’」』）)\"']*+"  # full-width stops need no space
    r"|(?<=\s)(?=[•●▪◦‣])"  # a list run into one line
)
_LINE_STOP = re.compile(rf"(?:[.!?]{{1,9}}{_CLOSERS}{{0,4}}|[。！？:：][”’」』）)\"'*_]{{0,4}})$")
_LAST_WORD = re.compile(r"([^\W\d_]+(?:[./][^\W\d_]+)*)[\W_]*$")
_ITEM_NUMBER = re.compile(r"[\W_]*\d{1,2}|[^:\n]{1,60}:[\W_]*1")
_FIRST_ITEM = re.compile(r"(?:[^:\n]{1,60}:)?\s*\(?(\d{1,2})[.)]")
_NEXT_ITEM = re.compile(r"\s(\d{1,2})[.)]$")


def split_sentences(text: str) -> tuple[Sentence, ...]:
    """Split a report into sentences, in order; only white space between them is left out.

    Args:
        text: any text; offsets count its characters. Headings, bullets and rules ("-----") become
            sentences of their own or part of one; those without content have `is_heading`.
    """
    headings = Headings()
    found: list[Sentence] = []
    for paragraph in _paragraphs(text):
        headings.new_paragraph()
        after_stop = True
        for start, end in _unwrapped(text, paragraph):
            headings.new_line(text[start:end], after_stop=after_stop)
            found.extend(_sentences(text, (start, end), headings))
            after_stop = _LINE_STOP.search(text[max(start, end - WINDOW) : end]) is not None
    return tuple(found)


def heading_lines(text: str) -> list[Span]:
    """Find the lines of a report that are headings and nothing else, as start and end."""
    return [
        (start, end)
        for start, end in _lines(text)
        if start < end and read_headings(text[start:end]).alone
    ]


def _sentences(text: str, block: Span, headings: Headings) -> Iterator[Sentence]:
    for start, end in _spans(text, *block):
        piece = text[start:end]
        headings.new_sentence(is_item=BULLET.match(piece) is not None)
        leading = read_headings(piece, starts_line=start == block[0])
        if leading.names:
            headings.enter(leading)
            heading = "" if leading.sure else headings.outer
            yield Sentence(start, end, piece, heading, is_heading=leading.alone)
        elif not any(map(str.isalnum, piece)):
            yield Sentence(start, end, piece, is_heading=True)
        else:
            yield Sentence(start, end, piece, headings.current)
            headings.text(piece)


# Lines


def _paragraphs(text: str) -> Iterator[list[Span]]:
    """Runs of lines that are not blank, each line stripped."""
    for blank, lines in groupby(_lines(text), key=lambda line: line[0] == line[1]):
        if not blank:
            yield list(lines)


def _lines(text: str) -> Iterator[Span]:
    at = 0
    for line in text.splitlines(keepends=True):
        yield _strip(text, at, at + len(line))
        at += len(line)


def _strip(text: str, start: int, end: int) -> Span:
    piece = text[start:end]
    start += len(piece) - len(piece.lstrip())
    return start, start + len(piece.strip())


def _unwrapped(text: str, lines: Sequence[Span]) -> Iterator[Span]:
    """The lines of a paragraph, with wrapped lines joined again."""
    width = max(end - start for start, end in lines)
    start, last = lines[0][0], lines[0]
    for line in lines[1:]:
        if not _wraps(text[slice(*last)], text[slice(*line)], width):
            yield start, last[1]
            start = line[0]
        last = line
    yield start, last[1]


def _wraps(line: str, following: str, width: int) -> bool:
    """Whether a sentence continues from a line to the next one of its paragraph.

    It does if the line has no stop at its end, the next is no item of a list, and either the line
    ends in a comma or in a word that cannot end a sentence ("of", "the", "approx."); or the next
    starts in lower case or with a number, and its first word had no room in the line, given the
    longest line of the paragraph. So a list of short lines, one finding each, stays a list even in
    lower case.
    """
    last = _last_word(line[-WINDOW:])
    stop = _LINE_STOP.search(line[-WINDOW:])
    abbreviated = stop is not None and stop[0][0] == "." and last in _NEVER_END
    if stop and not abbreviated and not (stop[0][0] == "." and last in _MAY_END):
        return False
    if following[0].isdigit() and last in _WANTS_NUMBER and not stop:
        return True
    if BULLET.match(following):
        return False
    if abbreviated or line[-1] in ",/(&" or (not stop and last in _DANGLING):
        return not (read_headings(following).names and following[0].isupper())
    first = following[:WINDOW].split()[0]
    full = MIN_WRAPPED <= len(line) <= MAX_WRAPPED and len(line) + 1 + len(first) > width - MARGIN
    goes_on = first[0].islower() or first[0].isdigit() or first[0] in "(,;)"
    return full and goes_on and not read_headings(following).names


def _last_word(text: str) -> str:
    match = _LAST_WORD.search(text)
    return match[1].casefold() if match else ""


# Stops


def _spans(text: str, start: int, end: int) -> Iterator[Span]:
    """The sentences of one block of running text."""
    for stop in _STOP.finditer(text, start, end):
        if _ends_sentence(text, start, stop, end):
            cut = _before_next_item(text, start, stop.end())
            yield from _some(_strip(text, start, cut))
            start = cut
    yield from _some(_strip(text, start, end))


def _some(span: Span) -> tuple[Span, ...]:
    return (span,) if span[0] < span[1] else ()


def _ends_sentence(text: str, start: int, stop: re.Match[str], end: int) -> bool:
    """Whether a possible stop ends the sentence that began at `start`."""
    mark = stop[0]
    if not mark or mark[0] in "。！？":
        return True
    if _is_item_number(text, start, stop.start()):
        return False
    before = text[max(start, stop.start() - WINDOW) : stop.start()]
    after = text[stop.end() : min(end, stop.end() + WINDOW)]
    if not after[0].isspace():
        return _lacks_space(before, after)
    after = after.lstrip()
    return not after or not (_goes_on(before, mark, after) or _punkt_joins(before, mark, after))


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
    word = _last_word(before) if before[-1:].isalpha() else ""
    return len(word) > 1 and "." not in word and word not in _NEVER_END | _BEFORE_NUMBER


def _goes_on(before: str, mark: str, after: str) -> bool:
    """Whether a sentence continues in a way that Punkt cannot know.

    As with units, numbered things, "?" for doubt, and an added parenthesis.
    """
    following = after[0]
    if following in ",;:)]}×%" or (following in "([" and after[1:2].islower()):
        return True
    if mark[0] in "?!" or mark.startswith(".."):
        return following.islower()
    word = _last_word(before) if before[-1:].isalpha() else ""
    if word in _BEFORE_NUMBER and following.isdigit():
        return True
    return word in _MAY_END and following.islower()


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
    return end if _last_word(text[tail_start:cut]) in _WANTS_NUMBER else cut


@cache
def _punkt() -> "PunktSentenceTokenizer":
    """Punkt with our own word lists: nothing is learned from a text, nothing downloaded."""
    punkt = load_punkt()
    parameters = punkt.PunktParameters()
    parameters.abbrev_types.update(_NEVER_END)
    starters = words("stops", "starters") | words("labels", "sections", "preliminaries", "parts")
    parameters.sent_starters.update(starters)
    for word in starters:
        # Known in lower case within sentences, so that its capital is a sign of a new one.
        parameters.add_ortho_context(word, _SEEN_IN_LOWER_CASE)
    tokenizer: PunktSentenceTokenizer = punkt.PunktSentenceTokenizer(parameters)
    return tokenizer


# nltk.tokenize.punkt._ORTHO_MID_LC, which has no public name.
_SEEN_IN_LOWER_CASE = 1 << 5
