"""Finds the lines of a report, whatever ends a line in it.

On its way through hospital systems a report may lose its line ends to an escape: HL7 writes
`\\.br\\` or `~`, JSON the two characters `\\n`, HTML `<br>` or `&#10;`, Excel `_x000D_`. All of
them end a line here. Some characters do so only in a report that has no other line ends: "~6 cm"
is a measure. Imports nothing from leavs.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

_RETURN = r"(?:\r|\\r(?![a-z])|\\r(?=\\n)|_x000[dD]_|&#(?:13|x0{0,3}[dD]);)"
_FEED = r"(?:\n|\\{1,2}n|_x000[aA]_|&#(?:10|x0{0,3}[aA]);)"
_HL7 = (
    r"(?:\\E)?\\\.(?:br|sp|ce|in|ti|fi|nf|sk)[+-]?\d{0,3}(?:\\E)?\\"
    r"|\\X(?:0[aAdD]){1,2}\\"
)
_RTF = r"\\(?:par|line)(?![a-zA-Z])(?: |(?=\s))?"
_TAGS = (
    r"(?:<|&lt;)(?i:br)\s{0,3}/?(?:>|&gt;)"
    r"|</?(?:p|div|li|ul|ol|tr|table|h[1-6])(?:\s[^<>]{0,80})?>"
)
# One line end, even where an escape stands beside a real one: `<br>` before a line feed.
_ESCAPED = rf"(?:{_HL7}|{_RTF}|{_TAGS})[ \t]{{0,3}}(?:\r{{0,2}}\n)?"
_REAL = r"\r{1,2}\n|[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]"
_PLAIN_END = re.compile(_REAL)
_ANY_END = re.compile(rf"{_ESCAPED}|{_RETURN}{{1,2}}{_FEED}|{_FEED}|{_RETURN}|{_REAL}")
_HAS_ESCAPES = re.compile(r"[\\<]|&lt;|&#|_x000")
# But not in " ~6 cm", "10^9" or "<|end|>"; before the number of an item it is one.
_ALONE = r"(?<![<\[])(?<!(?<!\*)\])"  # but behind "[**Date**]", too
_SEPARATOR = rf"{_ALONE}\{{0}}(?!\s?\d|[>\]]|\[(?!\*))|\{{0}}(?=\d{{{{1,2}}}}[.)](?:\s|[^\W\d_]))"
_SEPARATORS = {mark: re.compile(_SEPARATOR.format(mark)) for mark in "¶|^"} | {
    "~": re.compile(_SEPARATOR.format("~") + rf"|{_ALONE}(?<=[^\s\d(])~(?=\d)")
}
# Fewer are no line ends, nor if there are hardly more of them than other line ends, as in a table.
_FEWEST = {"~": 2, "¶": 2, "|": 3, "^": 3}
_MORE = 8
_SHORTEST = 4  # characters between two bars or carets
_TAB = 8  # columns


class Line(NamedTuple):
    """A line that is not blank.

    Args:
        start: the offset of its first character that is no space; `end` is behind the last one.
        indent: the column of its first character.
        width: the column behind its last character.
        blanks: blank lines above it.
        new_page: whether a form feed stands above it.
    """

    start: int
    end: int
    indent: int
    width: int
    blanks: int
    new_page: bool


def lines_of(text: str) -> list[Line]:
    """Find the lines of a text that are not blank, in order."""
    found: list[Line] = []
    blanks, new_page = 0, False
    for start, end, mark in _pieces(text):
        piece = text[start:end]
        words = piece.strip()
        if words:
            left = start + len(piece) - len(piece.lstrip())
            indent = len(text[start:left].expandtabs(_TAB))
            width = indent + len(words.expandtabs(_TAB))
            found.append(Line(left, left + len(words), indent, width, blanks, new_page))
            blanks, new_page = 0, False
        elif "\f" not in mark:
            blanks += 1
        new_page = new_page or "\f" in mark
    return found


def _pieces(text: str) -> Iterator[tuple[int, int, str]]:
    """Each line, blank or not, with what ends it."""
    at = 0
    for end in _line_end(text).finditer(text):
        yield at, end.start(), end[0]
        at = end.end()
    yield at, len(text), ""


def _are_lines(pieces: list[str]) -> bool:
    """Whether what stands between bars or carets begins as lines do: not "[x] | y |"."""
    begun = sum(piece.strip()[:1].isupper() or piece.strip()[:1].isdigit() for piece in pieces)
    return begun >= 0.8 * len(pieces) and min(map(len, pieces)) >= _SHORTEST


def _line_end(text: str) -> re.Pattern[str]:
    known = _ANY_END if _HAS_ESCAPES.search(text) else _PLAIN_END
    for mark, separator in _SEPARATORS.items():
        if text.count(mark) < _FEWEST[mark]:
            continue
        count = sum(1 for _ in separator.finditer(text))
        letters = sum(map(str.isalpha, text))
        others = sum(1 for _ in known.finditer(text.strip()))
        enough = letters > 4 * count >= 4 * _FEWEST[mark] and count > _MORE * others
        if enough and (mark in "~¶" or _are_lines(separator.split(text))):
            return re.compile(f"{known.pattern}|{separator.pattern}")
    return known
