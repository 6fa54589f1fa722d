"""Joins the lines of a report that belong together, as the report's own layout tells it.

Each line goes on with the one above it, or begins a new block:

1. A line after a full stop, an item of a list, a label ("Spleen:") and a row of a table begin one.
2. A line after one that cannot be finished ("no", "of", "approx.", a comma) goes on.
3. So does a line in lower case where the report begins its sentences with capitals.
4. So does any other line where the one above ends at the column at which the report was wrapped,
   because the line's first word had no room there.

What printing put between two pages in the middle of a sentence is left out of the block; the rest
of the text is kept to the character. Every step takes time in proportion to the text.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from leavs.text.habits import (
    BEFORE_NOUN,
    LINE_STOP,
    NEVER_END,
    NUMBER,
    WINDOW,
    Habits,
    Pair,
    last_word,
    may_begin,
)
from leavs.text.headings import LeadingHeadings, is_item, item_mark, read_headings
from leavs.text.lines import Line, lines_of
from leavs.text.pages import furniture
from leavs.text.words import words

# Where a report does not show the column at which it was wrapped, a line of such a length may have
# been wrapped, if it ends within so many columns of the widest line.
_MIN_WRAPPED, _MARGIN = 40, 10
# Lines of page furniture that may stand within a sentence.
_MOST_FURNITURE = 12
# Characters of a line that may be unfinished although a blank line follows it.
_MIN_UNFINISHED = 20

_MAY_END = words("stops", "may_end")
_WANTS_NUMBER = words("lines", "wants_number")
_LINKS = words("labels", "links") | {"with", "without"}
_GOING_ON = "0123456789([,;)_+-><≤≥=&/~"
# Unlike a heading it may name a finding: "Hydronephrosis: yes".
_SHORT_LABEL = re.compile(r"[^\W\d_][^:.;!?]{0,40}[:?](?=\s)")
_REMOVED = "[**"  # what stands in place of a name or date begins no line of its own
_LABEL_AT_END = re.compile(r"[.!?]\s{1,3}[^\W\d_][^.!?:]{1,30}:$")
_CELL = re.compile(r"(?:\t+| {2,}| ?\| ?)(?=\S)")


class Block(NamedTuple):
    """A line, or several of which each goes on with the one before.

    Args:
        text: the lines as they stand in the report; where an escape or page furniture stands
            between two of them, a line break stands in its place.
        pieces: where each piece of the report begins, in `text` and in the report.
        after_blank: whether a blank line stands above.
        after_stop: whether the line above ends in a stop, or there is none.
        is_furniture: whether it is page furniture, no line of the report.
        is_in_lower_case: whether the report begins its sentences in lower case.
    """

    text: str
    pieces: tuple[tuple[int, int], ...]
    after_blank: bool
    after_stop: bool
    is_furniture: bool
    is_in_lower_case: bool

    def place(self, at: int) -> int:
        """The offset in the report of a character of the text."""
        begin, start = self.pieces[bisect_right(self.pieces, (at, 1 << 62)) - 1]
        return start + at - begin


def blocks_of(text: str) -> list[Block]:
    """Join the lines of a report that belong together, in order."""
    lines = lines_of(text)
    return [*_Layout(text, lines, furniture(text, lines)).blocks()] if lines else []


class _Layout:
    """Decides for each line of a report whether it goes on with the one above.

    Args:
        page: whether each line is page furniture.
    """

    def __init__(self, text: str, lines: Sequence[Line], page: Sequence[bool]) -> None:
        self._text, self._lines, self._page = text, lines, page
        own = [
            line._replace(blanks=0) if at and page[at - 1] else line
            for at, line in enumerate(lines)
            if not page[at]
        ]
        self._habits = Habits(text, own or lines)

    def blocks(self) -> Iterator[Block]:
        at, after_stop = 0, True
        while at < len(self._lines):
            joined = [at]
            while (following := self._following(joined)) is not None:
                joined.append(following)
            yield self._block(joined, after_stop)
            last = self._lines[joined[-1]]
            if not self._page[at]:
                after_stop = (
                    LINE_STOP.search(self._text[last.start : last.end][-WINDOW:]) is not None
                )
            at = joined[-1] + 1

    def _block(self, joined: Sequence[int], after_stop: bool) -> Block:
        lines, parts, pieces, size = self._lines, list[str](), list[tuple[int, int]](), 0
        start = lines[joined[0]].start
        for this, following in zip(joined, [*joined[1:], None], strict=True):
            end = lines[this].end
            if following is not None and self._text[end : lines[following].start].isspace():
                continue
            pieces.append((size, start))
            parts.append(self._text[start:end])
            size += end - start + 1
            start = lines[following].start if following is not None else end
        at = joined[0]
        new_paragraph = lines[at].blanks > self._habits.spacing and not (at and self._page[at - 1])
        text, places = "\n".join(parts), tuple(pieces)
        notes = self._habits.in_lower_case
        return Block(text, places, not at or new_paragraph, after_stop, self._page[at], notes)

    def _following(self, joined: Sequence[int]) -> int | None:
        """The line that goes on with the last of these; None if none does."""
        at = joined[-1] + 1
        if self._page[joined[-1]]:
            return None
        while at < len(self._lines) and self._page[at]:
            at += 1
        there = at < len(self._lines) and at - joined[-1] <= _MOST_FURNITURE
        return at if there and self._goes_on(joined, at) else None

    def _goes_on(self, joined: Sequence[int], at: int) -> bool:
        """Whether a line goes on with the last one of a block."""
        habits, pair = self._habits, self._habits.pair(self._lines[joined[-1]], self._lines[at])
        apart = pair.line.blanks > habits.spacing and at == joined[-1] + 1
        full, leading = habits.is_full(pair) and not apart, read_headings(pair.said)
        row = _in_table(self._text, pair)
        if row is False:
            return False
        above = read_headings(self._said(joined[0])) if len(joined) == 1 else None
        if above and above.alone and not (above.bare and is_item(self._said(joined[0]))):
            return full and self._heading_goes_on(above, leading, pair)
        if self._is_finished(pair) and not (full and self._is_open_label(pair)):
            return False
        if NUMBER.match(pair.said) and last_word(pair.tail) in _WANTS_NUMBER:
            return True
        if pair.is_item and not (full and self._is_no_item(pair)):
            return False
        if pair.is_open:
            labeled = _begins_block(leading, full=full) or _SHORT_LABEL.match(pair.said)
            return not (labeled and pair.said[0].isupper()) or (full and leading.bare)
        if pair.said[0].isupper() and _SHORT_LABEL.match(pair.said) and not full:
            return False
        cut = full or last_word(pair.tail) in BEFORE_NOUN
        lower = habits.capitalizes and pair.said[0].islower()
        if _begins_block(leading, full=full) and not (cut and lower):
            return False
        if row or self._hangs(joined[0], pair, apart=apart):
            return True
        if apart and not pair.line.new_page:
            return lower and pair.last.width >= _MIN_UNFINISHED
        return self._continues(pair, full)

    def _heading_goes_on(
        self, above: LeadingHeadings, leading: LeadingHeadings, pair: Pair
    ) -> bool:
        """Whether a label or title was wrapped, its next word having had no room beside it."""
        if pair.is_item or _begins_block(leading, full=True):
            return False
        lower = pair.said[0].islower() and self._habits.capitalizes
        linked = lower or pair.is_open or pair.said.split()[0].casefold() in _LINKS
        return not above.bare or leading.bare or linked

    def _hangs(self, first: int, pair: Pair, *, apart: bool) -> bool:
        """Whether a line of an item is indented more than its mark."""
        mark = item_mark(self._said(first))
        deeper = pair.line.indent > self._lines[first].indent
        # In capitals a line of a list that has no mark of its own is none of its items.
        listed = self._habits.capitals and sum(self._habits.item_marks.values()) > 1
        return not apart and mark != "" and (deeper or listed)

    def _said(self, at: int) -> str:
        return self._text[self._lines[at].start : self._lines[at].end]

    def _is_finished(self, pair: Pair) -> bool:
        """Whether a line ends in a stop that may end a sentence, or as "on the left" does."""
        if pair.is_between_sides and not self._habits.stops:
            return True
        stop = LINE_STOP.search(pair.tail)
        return stop is not None and not (
            stop[0][0] == "." and last_word(pair.tail) in NEVER_END | _MAY_END
        )

    def _is_open_label(self, pair: Pair) -> bool:
        """Whether a full line ends with a label in its midst, or with a colon in a sentence."""
        if pair.tail[-1] != ":":
            return False
        goes_on = self._habits.capitalizes and pair.said[0].islower()
        return goes_on or _LABEL_AT_END.search(pair.tail) is not None

    def _is_no_item(self, pair: Pair) -> bool:
        """Whether a wrapped line only looks like an item: there is no other of its kind."""
        mark = item_mark(pair.said)
        marks = self._habits.item_marks
        if mark.isdigit():
            return int(mark) > 1 and not marks[str(int(mark) - 1)]
        return marks[mark] == 1

    def _continues(self, pair: Pair, full: bool) -> bool:
        """Whether a line goes on with one that may be finished or not."""
        habits, first = self._habits, pair.said[0]
        before_noun = last_word(pair.tail) in BEFORE_NOUN
        if first.islower():
            if habits.capitalizes:
                return True
            return habits.runs or (
                full and (habits.stops or before_noun or not may_begin(pair.said))
            )
        wrapped = full or (habits.stops and (habits.runs or self._may_be_wrapped(pair)))
        if pair.said.startswith(_REMOVED):
            return True
        if not first.isalpha():
            listed = first.isdigit() and habits.capitalizes and not habits.stops
            return wrapped and not listed and first in _GOING_ON
        if habits.capitals:
            return wrapped and (habits.stops or before_noun or not may_begin(pair.said))
        return full and habits.stops

    def _may_be_wrapped(self, pair: Pair) -> bool:
        """Whether it may, where the report does not show a column: it ends near the widest line."""
        width, widest = pair.last.width, self._habits.widest_line
        return width >= _MIN_WRAPPED and width + 1 + pair.first_word > widest - _MARGIN >= 0


def _begins_block(leading: LeadingHeadings, *, full: bool) -> bool:
    """Whether a line has a label, or is the heading of a section.

    Args:
        full: whether it may be the end of a wrapped title: "PANCREATIC" / "PROTOCOL".
    """
    if not leading.bare:
        return bool(leading.names)
    return leading.is_part or (leading.is_section and not full)


def _in_table(text: str, pair: Pair) -> bool | None:
    """Whether a line goes on within a cell of a table; None if the two lines are in no table."""
    above = _cells(text, pair.last)
    if not above:
        return None
    if pair.line.indent and pair.line.indent in above:
        return True
    return False if above & _cells(text, pair.line) else None


def _cells(text: str, line: Line) -> set[int]:
    """The columns at which the cells of a row begin, but for the first cell."""
    said = text[line.start : line.end]
    if "  " not in said and "\t" not in said and "|" not in said:
        return set()
    return {
        line.indent + len(said[: cell.end()].expandtabs())
        for cell in _CELL.finditer(said)
        if said[cell.start() - 1] not in ".!?:;,"
    }
