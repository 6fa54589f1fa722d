"""A table in a text file with delimiters, read row by row: CSV, TSV, Excel's "Unicode text"."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Self

from leavs.errors import InputError
from leavs.reports.csv_dialect import Dialect, find_dialect
from leavs.reports.opening import LONGEST, lines_of, open_text, settled, shown
from leavs.reports.table import Row, Rows, is_blank, place_in


@dataclass(frozen=True, slots=True)
class TextTable:
    """A table with delimiters; a row with more or fewer fields than the header has no cells."""

    path: Path
    names: tuple[str, ...]
    dialect: Dialect
    named_by_schema: bool = False

    @classmethod
    def open(cls, path: Path, wanted: Sequence[str], delimiter: str | None) -> Self:
        """Find the dialect and read the header.

        Raises:
            InputError: the file cannot be read, is empty, or starts with broken quoting.
        """
        table = cls(path, (), find_dialect(path, wanted, delimiter))
        for _, header, encoding in table._raw_rows():
            names = tuple(settled(name, encoding)[0].strip() for name in header)
            if any("\0" in name for name in names):
                raise InputError(f"{shown(path)} holds NUL bytes; if it is text, save it as UTF-8")
            return cls(path, names, table.dialect)
        raise InputError(f"{shown(path)} is empty; it needs a header and rows")

    def where(self, line: int) -> str:
        """Return words for the place of a row."""
        return place_in(self.path, "line", line)

    def flat(self) -> Sequence[int]:
        """Return the places of all columns."""
        return range(len(self.names))

    def count(self) -> int:
        """Count the rows."""
        return sum(1 for _ in self.rows(()))

    def rows(self, places: Sequence[int]) -> Rows:
        """Yield the cells at these places of each row below the header that is not empty."""
        for line, row, encoding in islice(self._raw_rows(), 1, None):
            if len(row) != len(self.names):
                # It is not known either which field is which.
                problem = f"has {len(row)} fields, the header has {len(self.names)}"
                yield Row(line, [], problem=problem)
                continue
            cells, read_as = [], ""
            for place in places:
                cell, how = settled(row[place], encoding)
                cells.append(cell)
                read_as = how or read_as
            yield Row(line, cells, read_as)

    def _raw_rows(self) -> Iterator[tuple[int, list[str], str]]:
        """Yield line, cells and encoding of each row that is not empty, the header first."""
        # A limit for the whole process. The default of csv, 131,072, is less than a long report.
        csv.field_size_limit(max(csv.field_size_limit(), LONGEST))
        with open_text(self.path) as (stream, encoding):
            lines = islice(lines_of(stream, self.where), self.dialect.skip, None)
            # strict: a lenient reader drops quotes, and if one is not closed it takes the rest of
            # the file for one field.
            reader = csv.reader(lines, delimiter=self.dialect.delimiter, strict=True)
            start = self.dialect.skip + 1
            try:
                for row in map(_bounded, reader):
                    if not is_blank(row):
                        yield start, row, encoding
                    start = self.dialect.skip + reader.line_num + 1
            except csv.Error:
                # Not str(error): the message is csv's, and could one day quote the row.
                raise InputError(
                    f"{self.where(start)} starts a row with broken quoting: a quote in it is not "
                    f"closed or not doubled, or a field has more than {LONGEST:,} characters; "
                    "mend it, what follows cannot be read"
                ) from None


def _bounded(row: list[str]) -> list[str]:
    """Return the row as it is.

    Raises:
        csv.Error: a field is longer than LONGEST; csv's own limit may be raised by other code.
    """
    if max(map(len, row), default=0) > LONGEST:
        raise csv.Error
    return row
