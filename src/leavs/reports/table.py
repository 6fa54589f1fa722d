"""What every table gives, whatever file it is in: names of columns, and rows as text."""

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from leavs.reports.opening import shown


class Row(NamedTuple):
    """The cells of a row that were asked for.

    Args:
        line: the line of the file that it starts on, or its number in the sheet.
        encoding: as which it was read, if not as UTF-8.
        problem: why it has no cells, to follow the words for its place.
    """

    line: int
    cells: list[str]
    encoding: str = ""
    problem: str = ""


Rows = Generator[Row, None, None]


class Table(Protocol):
    """A file of rows under one header; each call of `rows` reads it from the start."""

    @property
    def path(self) -> Path:
        """The file."""
        ...

    @property
    def names(self) -> Sequence[str]:
        """The names of the columns."""
        ...

    @property
    def named_by_schema(self) -> bool:
        """Whether the names cannot be the first row of a file without a header."""
        ...

    def rows(self, places: Sequence[int]) -> Rows:
        """Yield the cells at these places of each row below the header that is not empty."""
        ...

    def flat(self) -> Sequence[int]:
        """Return the places of the columns whose cells can be read."""
        ...

    def count(self) -> int:
        """Count the rows."""
        ...

    def where(self, line: int) -> str:
        """Return words for the place of a row."""
        ...


def is_blank(cells: Sequence[str]) -> bool:
    """Whether all cells are empty, as in the rows that Excel writes below a table."""
    return not any(map(str.strip, cells))


def place_in(path: Path, unit: str, number: int) -> str:
    """Return words for a line or row of a file."""
    return f"{shown(path)} {unit} {number}"


def suffix_of(path: Path) -> str:
    """Return the suffix of a name in lower case, of one that ends in .gz the one before it."""
    name = path.name[:-3] if path.suffix.lower() == ".gz" else path.name
    return Path(name).suffix.lower()
