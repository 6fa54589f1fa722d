"""Opens a file as the table that it holds, told by its content first and its name second."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from leavs.errors import UsageError
from leavs.reports.csv_dialect import parse_delimiter
from leavs.reports.excel_table import ExcelTable
from leavs.reports.opening import open_bytes, shown
from leavs.reports.parquet_table import ParquetTable
from leavs.reports.table import Table, suffix_of
from leavs.reports.text_table import TextTable

TEXT_SUFFIXES = (".csv", ".tsv")
EXCEL_SUFFIXES = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
PARQUET_SUFFIX = ".parquet"
SUFFIXES = (*TEXT_SUFFIXES, *EXCEL_SUFFIXES, PARQUET_SUFFIX)
_ZIP, _OLE, _PARQUET = b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"PAR1"


class TableKind(StrEnum):
    """How a table is stored."""

    TEXT = "text"
    EXCEL = "Excel"
    PARQUET = "Parquet"


def kind_of(path: Path) -> TableKind:
    """Return how a table is stored.

    Raises:
        InputError: the file cannot be read.
    """
    with open_bytes(path) as data:
        magic = data.read(4)
    suffix = suffix_of(path)
    # Many systems write text or HTML under the name .xls: without Excel's mark it is text.
    if magic in (_ZIP, _OLE) or (magic != _PARQUET and suffix in set(EXCEL_SUFFIXES) - {".xls"}):
        return TableKind.EXCEL
    return TableKind.PARQUET if magic == _PARQUET or suffix == PARQUET_SUFFIX else TableKind.TEXT


def open_table(
    path: Path,
    wanted: Sequence[str] = (),
    sheet: str | None = None,
    delimiter: str | None = None,
) -> Table:
    """Open a CSV, TSV, Excel or Parquet file.

    Args:
        wanted: the names of columns that it ought to have, by which a delimiter is told.
        sheet: of an Excel file; by default the first one with cells.
        delimiter: of a text file, a character or `tab`; by default the likeliest one.

    Raises:
        InputError: the file cannot be read, or has no such sheet.
        UsageError: an option is not for this kind of file, or its package is not installed.
    """
    kind = kind_of(path)
    if sheet is not None and kind is not TableKind.EXCEL:
        raise UsageError(f"--sheet is for Excel files, and {shown(path)} is none; leave it out")
    if delimiter is not None and kind is not TableKind.TEXT:
        raise UsageError(f"--delimiter is for text files; leave it out: {shown(path)} is {kind}")
    if kind is TableKind.EXCEL:
        return ExcelTable.open(path, sheet)
    if kind is TableKind.PARQUET:
        return ParquetTable.open(path)
    return TextTable.open(path, wanted, None if delimiter is None else parse_delimiter(delimiter))
