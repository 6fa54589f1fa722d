"""Copies of tables that a spreadsheet can open: no cell of theirs is run as a formula.

A single quote goes before what would be one, as OWASP says of CSV injection; also where a line, a
";" or a tab inside a cell would begin a cell of its own in a program that splits there. Numbers
stay. The tables themselves are left as they are, for they are read back. Knows nothing of labels.
"""

import csv
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from leavs.system.private_files import written_whole

SUFFIX = "-spreadsheet.csv"
BYTE_ORDER_MARK = "\ufeff"  # without it Excel takes UTF-8 for Windows-1252
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_FORMULA = re.compile(r"(^|[;\t\r\n])([^\S\r\n\t]|[\ufeff\x00-\x08\x0e-\x1f])*[=+\-@＝＋－＠]")
_BLANK = re.compile(r"^[\t\r\n]")


def safe_cell(text: str) -> str:
    """A cell's text with no beginning of a formula in it; a number as it is."""
    if _NUMBER.fullmatch(text):
        return text
    marked = _FORMULA.sub(lambda found: f"{found[1]}'{found[0][len(found[1]) :]}", text)
    return f"'{marked}" if _BLANK.match(marked) else marked


def write_safe_copy(table: Path) -> Path:
    """Write labels-spreadsheet.csv beside labels.csv, and so on, and return it.

    Raises:
        OSError: it cannot be written.
    """
    target = table.with_name(f"{table.stem}{SUFFIX}")
    with written_whole(target) as file:
        file.write(BYTE_ORDER_MARK)
        csv.writer(file).writerows([*map(safe_cell, row)] for row in _rows(table))
    return target


def _rows(table: Path) -> Iterator[list[str]]:
    csv.field_size_limit(sys.maxsize)  # a report can be long
    with table.open(encoding="utf-8", newline="") as file:
        yield from csv.reader(file)
