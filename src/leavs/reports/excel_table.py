"""A table in a sheet of an Excel or OpenDocument workbook; python-calamine reads it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, time
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from leavs.errors import InputError
from leavs.reports.column_names import harmless_names
from leavs.reports.opening import open_bytes, shown
from leavs.reports.table import Row, Rows, is_blank, place_in
from leavs.system.extras import needing

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook


@dataclass(frozen=True, slots=True)
class ExcelTable:
    """A sheet of a workbook, which is held in memory while it is read."""

    path: Path
    names: tuple[str, ...]
    sheet: str
    named_by_schema: bool = False

    @classmethod
    def open(cls, path: Path, sheet: str | None) -> Self:
        """Choose the sheet, by default the first visible one with cells, and read its header.

        Raises:
            InputError: the workbook cannot be read, or has no such sheet, or none with cells.
            UsageError: python-calamine is not installed.
        """
        with _workbook(path) as book:
            for name in _sheets(path, book, sheet):
                for _, header in _filled_rows(book.get_sheet_by_name(name)):
                    return cls(path, tuple(cell.strip() for cell in header), name)
        what = "has no sheet with cells" if sheet is None else "has no cells in that sheet"
        raise InputError(f"{shown(path)} {what}; it needs a header and rows")

    def where(self, line: int) -> str:
        """Return words for the place of a row."""
        return place_in(self.path, "row", line)

    def flat(self) -> Sequence[int]:
        """Return the places of all columns."""
        return range(len(self.names))

    def count(self) -> int:
        """Count the rows."""
        return sum(1 for _ in self.rows(()))

    def rows(self, places: Sequence[int]) -> Rows:
        """Yield the cells at these places of each row below the header that is not empty."""
        with _workbook(self.path) as book:
            filled = _filled_rows(book.get_sheet_by_name(self.sheet))
            for line, cells in islice(filled, 1, None):
                yield Row(line, [cells[place] for place in places])


@contextmanager
def _workbook(path: Path) -> "Iterator[CalamineWorkbook]":
    with needing("tables", "python_calamine", what="reading Excel files"):
        from python_calamine import CalamineError, CalamineWorkbook
    with open_bytes(path) as data:
        try:
            with CalamineWorkbook.from_filelike(data) as book:
                yield book
        except CalamineError as error:
            # Not str(error), which could one day quote a cell.
            raise InputError(
                f"{shown(path)} cannot be read as an Excel file ({type(error).__name__}); is it "
                "damaged, or protected by a password? Save it anew, or as CSV"
            ) from None


def _sheets(path: Path, book: "CalamineWorkbook", sheet: str | None) -> list[str]:
    """The names of the sheets to look at.

    Raises:
        InputError: there is no sheet of this name.
    """
    if sheet is None:
        from python_calamine import SheetVisibleEnum

        return [one.name for one in book.sheets_metadata if one.visible == SheetVisibleEnum.Visible]
    if sheet not in book.sheet_names:
        names = harmless_names(book.sheet_names)
        raise InputError(
            f"{shown(path)} has no sheet '{shown(sheet)}' among its {len(book.sheet_names)}"
            f"{f', of which are: {names}' if names else ''}. Name it with --sheet."
        )
    return [sheet]


def _filled_rows(sheet: "CalamineSheet") -> Iterator[tuple[int, list[str]]]:
    for number, row in enumerate(sheet.iter_rows(), start=1):
        cells = [*map(_as_text, row)]
        if not is_blank(cells):
            yield number, cells


def _as_text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))  # every number of a sheet is a float
    return cell.isoformat() if isinstance(cell, date | time) else str(cell)
