"""What the lines of a report show, taken together, of how the report was written.

The column at which its lines were wrapped, if they were; whether its sentences begin with capitals
and its paragraphs end with stops; whether its lines are double-spaced. Judges no single line.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from leavs.text.headings import BULLET, has_own_topic, item_mark, read_headings
from leavs.text.lines import Line
from leavs.text.words import words

# Narrower columns than this cannot be told from a list of short lines.
_NARROWEST = 24
_MAX_WRAPPED = 132
# Shorter lines, and those of fewer words, may be titles, names and signatures.
_LONG, _FEW_WORDS = 30, 4
# The margin of wrapped text may vary by one column in so many.
_RAGGED = 32
_UNKNOWN = 1 << 30
# Characters at the end of a line that are looked at.
WINDOW = 40

CLOSERS = r"[\"')\]}”’»*_]"
LINE_STOP = re.compile(rf"(?:[.!?]{{1,9}}{CLOSERS}{{0,4}}|[。！？:：][”’」』）)\"'*_]{{0,4}})$")
BEFORE_NOUN = words("lines", "before_noun")
_DANGLING = words("lines", "dangling")
_MAY_DANGLE = words("lines", "may_dangle")
_SIDES = words("labels", "sides")
_DETERMINERS = {"no", "without", "a", "an", "the", "any", "of", "with", "or", "and"}
# What stands behind a colon, a question mark, a dash or a gap is a value: "Ascites: no".
_VALUE = re.compile(r"(?:^(?i:no|not|none|new)|(?:[:?]\s*|\s[-–—]\s*|\s{2,})[^\W\d_]+)$")
# "Segment 4a" and "hepatitis A" end in no article, but "No cyst. A" does.
_NO_ARTICLE = re.compile(r"\d[^\W\d_]$|[a-z][,;]?\sA$")
_ON_THE_SIDE = re.compile(r"\bon the [a-z]+$", re.IGNORECASE)
_NO_NOUN = words("lines", "no_noun")
_CANNOT_BEGIN = words("lines", "cannot_begin")
NEVER_END = words("stops", "never_end")
NUMBER = re.compile(r"\d|[IVX]{1,5}\b")
_STARTERS = words("stops", "starters")

_LAST_WORD = re.compile(r"([^\W\d_]+(?:[./][^\W\d_]+)*)[\W_]*$")
_AFTER_STOP = re.compile(r"[.!?]\s{1,4}([^\W\d_])")
_AFTER_LABEL = re.compile(r"(?m)^[^:.\n]{1,40}:[ \t]{1,4}([^\W\d_])")
_LABELED = re.compile(r"[^:.\n]{1,60}:")
_SIGNED = re.compile(
    r"(?:dictated|signed|read|reported|requested|ordered|referred)\b.{0,9}by\b", re.I
)
_UPPER = re.compile(r"[A-ZÀ-ÖØ-Þ]")
_LOWER = re.compile(r"[a-zà-öø-ÿ]")


def last_word(text: str) -> str:
    """The last word of a text in lower case, with the stops and slashes within it."""
    match = _LAST_WORD.search(text)
    return match[1].casefold() if match else ""


@dataclass(frozen=True, slots=True)
class Pair:
    """A line and the next one, with what is asked of them more than once.

    Args:
        tail: the end of the line above.
        said: the whole next line.
    """

    last: Line
    line: Line
    tail: str
    said: str

    @property
    def first_word(self) -> int:
        """Characters of the first word of the next line."""
        return len(self.said[:WINDOW].split()[0])

    @property
    def has_stop(self) -> bool:
        """Whether the line above ends in a stop or colon, of an abbreviation or not."""
        return LINE_STOP.search(self.tail) is not None

    @property
    def is_open(self) -> bool:
        """Whether the line above cannot end a sentence, or the next one cannot begin one."""
        word = last_word(self.tail)
        if self.has_stop:
            return word in NEVER_END
        if self.said[:WINDOW].split()[0].casefold() in _CANNOT_BEGIN:
            return True
        if not word or _VALUE.search(self.tail) or _NO_ARTICLE.search(self.tail):
            return False
        return self.tail[-1] in ",/(&-–—" or word in _DANGLING or self._lacks_noun(word)

    def _lacks_noun(self, word: str) -> bool:
        """Whether the line above ends as "no definite" does, or with a word that hardly ends."""
        new = self.said[0].isupper() and not (self.tail.isupper() and self.said.isupper())
        before = last_word(self.tail[: -len(word)])
        if word in _SIDES:  # "no stone on the left" is whole
            return before in _DETERMINERS and not (new or self.is_between_sides)
        if word in BEFORE_NOUN:
            return before in _DETERMINERS
        if word in _NO_NOUN:
            return before in ("no", "without")
        return word in _MAY_DANGLE and not new

    @property
    def is_between_sides(self) -> bool:
        """Whether one line ends in a side and the next begins with one, or the end is a place."""
        sided = last_word(self.tail) in _SIDES
        first = self.said[:WINDOW].split()[0].casefold()
        return sided and (first in _SIDES or _ON_THE_SIDE.search(self.tail) is not None)

    @property
    def begins_late(self) -> bool:
        """Whether the last sentence of the line above begins in its midst."""
        return _AFTER_STOP.search(self.tail) is not None

    @property
    def is_labeled(self) -> bool:
        """Whether the next line begins with a label or is a heading."""
        return bool(read_headings(self.said).names)

    @property
    def is_item(self) -> bool:
        """Whether the next line is an item of a list."""
        return BULLET.match(self.said) is not None


class Habits:
    """What a report shows of how it was written.

    `capitals` means that all of it is in capitals, `capitalizes` that its sentences begin with one,
    `in_lower_case` that most do not. `spacing` counts the blank lines between two lines of one
    paragraph: 1 where the report is double-spaced. `narrowest` and `widest` bound the column at
    which its lines were wrapped.

    Args:
        lines: of the report, without page furniture.
    """

    def __init__(self, text: str, lines: Sequence[Line]) -> None:
        self._text, self._lines = text, lines
        self._apart = self._least_gap()
        beginnings = self._beginnings()
        lower = sum(letter.islower() for letter in beginnings)
        self.capitals = _are_in_capitals([text[line.start : line.end] for line in lines])
        self.in_lower_case = lower * 2 > len(beginnings)
        mostly = lower * 5 <= len(beginnings) > 0
        self.capitalizes = not self.capitals and mostly and self._are_enough(beginnings)
        self.spacing = self._apart if self._is_spaced() else 0
        self.narrowest, self.widest = self._columns()

    def pair(self, last: Line, line: Line) -> Pair:
        """Take two lines together."""
        tail = self._text[max(last.start, last.end - WINDOW) : last.end]
        return Pair(last, line, tail, self._text[line.start : line.end])

    def is_full(self, pair: Pair) -> bool:
        """Whether the first word of the next line had no room in the line above."""
        ragged = self.widest // _RAGGED
        reach = pair.last.width + pair.first_word
        return self.narrowest - ragged <= reach and pair.last.width <= self.widest + ragged

    @cached_property
    def stops(self) -> bool:
        """Whether most paragraphs end with a stop; titles and names do not count."""
        pairs = [pair for pair in self._pairs if pair.line.blanks > self._apart]
        last = [*(pair.last for pair in pairs), self._lines[-1]]
        said = [self._text[line.start : line.end] for line in last]
        ends = [LINE_STOP.search(one[-WINDOW:]) is not None for one in said]
        told = [end for one, end in zip(said, ends, strict=True) if end or _is_long(one)]
        return sum(told) * 3 > len(told) * 2

    @cached_property
    def runs(self) -> bool:
        """Whether it is running text, in which sentences begin in the midst of lines."""
        late = sum(pair.begins_late for pair in self._pairs if not pair.has_stop)
        return self.stops and late >= 2 and late * 3 >= len(self._pairs)

    @cached_property
    def widest_line(self) -> int:
        """The width of the widest line that may have been wrapped by hand; 0 if a line is wider."""
        widest = max(line.width for line in self._lines)
        return widest if widest <= _MAX_WRAPPED else 0

    @cached_property
    def item_marks(self) -> Counter[str]:
        """How many lines begin with each mark or number of an item: "-", "2"."""
        marks = (item_mark(self._text[line.start : line.end]) for line in self._lines)
        return Counter(filter(None, marks))

    @cached_property
    def _pairs(self) -> list[Pair]:
        return [self.pair(*two) for two in zip(self._lines, self._lines[1:], strict=False)]

    def _beginnings(self) -> list[str]:
        """The first letters of sentences, where it is known that one begins."""
        letters = [*_AFTER_STOP.findall(self._text), *self._first_letters()]
        return letters if len(letters) > 1 else letters + _AFTER_LABEL.findall(self._text)

    def _are_enough(self, beginnings: Sequence[str]) -> bool:
        """Whether these tell how sentences begin; else lines in lower case must look wrapped."""
        low = [pair for pair in self._pairs if not pair.has_stop and pair.said[0].islower()]
        return len(beginnings) > 1 or len(low) < 2 or _common_columns(low)[0] * 2 > len(low)

    def _first_letters(self) -> Iterator[str]:
        """The first letter of each line that begins a sentence for sure."""
        begins = True
        for line in self._lines:
            said = self._text[line.start : line.end]
            known = begins or line.blanks > self._apart
            if known and not _LABELED.match(said) and not said.isupper():
                bullet = BULLET.match(said)
                letter = said[bullet.end() if bullet else 0 :][:1]
                if letter.isalpha():
                    yield letter
            begins = LINE_STOP.search(said[-WINDOW:]) is not None

    def _least_gap(self) -> int:
        """The fewest blank lines between two lines, where nearly all have blank lines between."""
        gaps = [line.blanks for line in self._lines[1:]]
        blank = [*filter(None, gaps)]
        return min(blank) if blank and len(blank) >= 0.9 * len(gaps) else 0

    def _is_spaced(self) -> bool:
        """Whether so many blank lines stand between two lines of one paragraph."""
        near = [pair for pair in self._pairs if pair.line.blanks == self._apart]
        unfinished = sum(map(self._must_go_on, near))
        if self.capitals and self._common(near):
            return True
        return unfinished > max(1, len(near) // 8) or unfinished * 4 >= max(4, len(near))

    def _must_go_on(self, pair: Pair) -> bool:
        if pair.has_stop or pair.is_labeled:
            return False
        return pair.is_open or (self.capitalizes and pair.said[0].islower())

    def _columns(self) -> tuple[int, int]:
        """The column at which the lines were wrapped, as the least and the greatest it may be.

        (_UNKNOWN, -_UNKNOWN) if they were not wrapped, or hardly any two lines tell.
        """
        pairs = [pair for pair in self._pairs if pair.line.blanks <= self.spacing]
        return self._common(pairs) or (_UNKNOWN, -_UNKNOWN)

    def _common(self, pairs: Sequence[Pair]) -> tuple[int, int] | None:
        """The columns at which these lines were wrapped; None if they were not."""
        pairs = [pair for pair in pairs if self._may_show_columns(pair)]
        held, narrowest, widest = _common_columns(pairs)
        wider = sum(line.width > widest for line in self._lines)
        if held < max(2, 0.6 * len(pairs)) or widest < _NARROWEST or wider * 4 > len(self._lines):
            return None
        if not self.capitalizes and not self.stops:
            # A list of notes has lines of like lengths, too, but none that is unfinished.
            kept = [one for one in pairs if one.last.width <= widest]
            if sum(one.is_open or one.begins_late for one in kept) * 4 < max(4, len(pairs)):
                return None
        return narrowest, widest

    def _may_show_columns(self, pair: Pair) -> bool:
        if pair.has_stop or pair.is_item or pair.is_labeled:
            return False
        if self.capitals:
            return True
        unfinished = pair.is_open or last_word(pair.tail) in BEFORE_NOUN
        lower = pair.said[0].islower()
        return lower and (self.capitalizes or unfinished or not may_begin(pair.said))


def _common_columns(pairs: Sequence[Pair]) -> tuple[int, int, int]:
    """The columns at which most of these lines may have been wrapped, and how many those are.

    A line that goes on in the next one was wrapped at a column in which its own words have room,
    but not the next word, too.

    Returns:
        How many of the lines; the least and the greatest such column.
    """
    changes = Counter[int]()
    for pair in pairs:
        changes[pair.last.width] += 1
        changes[pair.last.width + pair.first_word + 1] -= 1
    best, at, held = (0, 0, -1), 0, 0
    for column in sorted(changes):
        if held > best[0]:
            best = held, at, column - 1
        held, at = held + changes[column], column
    return best


def may_begin(said: str) -> bool:
    """Whether a line begins as notes do: with an organ, or with "no", "the", "mild"."""
    return said[:WINDOW].split()[0].casefold() in _STARTERS or has_own_topic(said[:WINDOW])


def _is_long(said: str) -> bool:
    """Whether a line is no title, heading, name or signature."""
    few = len(said.split()) < _FEW_WORDS
    return not few and not read_headings(said).alone and not _SIGNED.match(said)


def _are_in_capitals(lines: Sequence[str]) -> bool:
    """Whether a report is in capitals, but perhaps for its title, headings and signature."""
    long = [line for line in lines if len(line) >= _LONG] or lines
    upper = sum(len(_UPPER.findall(line)) for line in long)
    return upper > 12 and upper > 9 * sum(len(_LOWER.findall(line)) for line in long)
