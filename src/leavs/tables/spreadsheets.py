"""Writes copies of tables that are safe in a spreadsheet: no cell is run as a formula.

A single quote goes before each beginning of a formula, as OWASP advises against CSV injection; also
after a line break, ";" or tab inside a cell, where some programs begin a new cell. Numbers stay.
The tables themselves are not changed, because they are read back. Knows nothing of labels.
"""

import csv
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from leavs.system.private_files import written_whole

SUFFIX = "-spreadsheet.csv"
BYTE_ORDER_MARK = "\ufeff"  # without it Excel reads UTF-8 as Windows-1252
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_FORMULA = re.compile(r"(^|[;\t\r\n])([^\S\r\n\t]|[\ufeff\x00-\x08\x0e-\x1f])*[=+\-@＝＋－＠]")
_BLANK = re.compile(r"^[\t\r\n]")


def safe_cell(text: str) -> str:
    """Return a cell's text with a quote before each beginning of a formula; a number unchanged."""
    if _NUMBER.fullmatch(text):
        return text
    marked = _FORMULA.sub(lambda found: f"{found[1]}'{found[0][len(found[1]) :]}", text)
    return f"'{marked}" if _BLANK.match(marked) else marked


def write_safe_copy(table: Path) -> Path:
    """Write a safe copy beside a table, as labels-spreadsheet.csv of labels.csv; return its path.

    Raises:
        OSError: the copy cannot be written.
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
