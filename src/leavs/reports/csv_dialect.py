"""Finds how a table in a text file is written: its delimiter, and where its header begins."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from leavs.errors import InputError, UsageError
from leavs.reports.opening import open_text, settled
from leavs.reports.table import is_blank, suffix_of

DELIMITERS = ",;\t|"
_HEAD = 128 * 1024  # characters that are looked at
_STEP = 4096
_ROWS = 50
_SPACE = " \r\n"
_TOLD = re.compile(r'"?sep=([^"\r\n])"?[ ,;\t|]*(?:\r\n|\r|\n)', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a table is written.

    Args:
        skip: the number of lines before the one that the header begins on.
    """

    delimiter: str
    skip: int = 0


def parse_delimiter(text: str) -> str:
    """Return the delimiter that an option names.

    Raises:
        UsageError: it is neither a single character nor `tab`.
    """
    delimiter = "\t" if text in ("tab", r"\t") else text
    if len(delimiter) != 1 or delimiter in '"\r\n\0':
        raise UsageError("--delimiter must be a single character, as ; or |, or tab")
    return delimiter


def find_dialect(path: Path, wanted: Sequence[str], delimiter: str | None = None) -> Dialect:
    """Find out how a table is written, from its beginning.

    A first line `sep=;`, which Excel obeys and does not show, is obeyed.

    Args:
        wanted: names of columns; the delimiter with which the header has most of them is taken.
        delimiter: the delimiter, if it is known.
    """
    head, encoding = _head_of(path)
    whole, told = len(head) < _HEAD, _TOLD.match(head)
    if told:
        head = head[told.end() :]
        delimiter = delimiter or told[1]
    if delimiter is None:
        delimiter = next((one for one in DELIMITERS if not head.strip(one + _SPACE)), None)
    if delimiter is None:
        seen = {one: _looked_at(head, one, whole, encoding) for one in DELIMITERS}
        order = "\t,;|" if suffix_of(path) == ".tsv" else DELIMITERS
        delimiter = _likeliest(seen, wanted, order)
    return Dialect(delimiter, bool(told) + _lines_before_header(head, delimiter))


@dataclass(frozen=True, slots=True)
class _Looks:
    """What a table is with one delimiter: the names in its header, and how wide its rows are."""

    names: frozenset[str]
    widths: Sequence[int]

    @property
    def evenness(self) -> float:
        """The share of rows that are as wide as the header; 0 if the header has one column."""
        if not self.widths or self.widths[0] < 2:
            return 0
        return self.widths.count(self.widths[0]) / len(self.widths)


def _head_of(path: Path) -> tuple[str, str]:
    """The beginning of a file and its encoding, as far as it can be read."""
    parts, read_as = [""], ""
    with suppress(InputError), open_text(path) as (stream, encoding):
        read_as = encoding
        while parts[-1] or len(parts) == 1:
            parts.append(stream.read(_STEP))
            if len(parts) > _HEAD // _STEP:
                break
    return "".join(parts), read_as


def _looked_at(head: str, delimiter: str, whole: bool, encoding: str) -> _Looks:
    """The first rows, less the one that the head cuts and all after broken quoting."""
    names: frozenset[str] = frozenset()
    widths: list[int] = []
    with suppress(csv.Error):
        reader = csv.reader(io.StringIO(head, newline=""), delimiter=delimiter, strict=True)
        for row in islice((row for row in reader if not is_blank(row)), _ROWS):
            if not widths:
                names = frozenset(settled(name, encoding)[0].strip() for name in row)
            widths.append(len(row))
    return _Looks(names, widths if whole or len(widths) in (1, _ROWS) else widths[:-1])


def _likeliest(seen: Mapping[str, _Looks], wanted: Sequence[str], order: str) -> str:
    """The delimiter that gives most of the wanted names, then the most even rows, then by order."""
    having = {one: len(seen[one].names.intersection(wanted)) for one in order}
    most = max(having.values())
    return max((one for one in order if having[one] == most), key=lambda one: seen[one].evenness)


def _lines_before_header(head: str, delimiter: str) -> int:
    reader = csv.reader(io.StringIO(head, newline=""), delimiter=delimiter)
    before = 0
    with suppress(csv.Error):
        for row in reader:
            if not is_blank(row):
                break
            before = reader.line_num
    return before
