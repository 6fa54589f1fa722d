"""Reports from the rows of a table: CSV, TSV, Excel or Parquet, read row by row."""

import re
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from leavs.errors import UsageError
from leavs.reports.column_names import ID_OPTION, TEXT_OPTION, place_of
from leavs.reports.opening import shown
from leavs.reports.sources import CheckedSource, Entries, Entry, with_entries
from leavs.reports.table import Table
from leavs.reports.table_files import open_table

ID_COLUMN = "image1"
_WHOLE = re.compile(r"[0-9]+\.0")


def from_table(
    path: Path,
    id_column: str = ID_COLUMN,
    text_column: str | Sequence[str] = "anonymized_report",
    sheet: str | None = None,
    delimiter: str | None = None,
) -> CheckedSource:
    """Read reports from a CSV, TSV, Excel or Parquet file with a header; unpacked if named .gz.

    A row without an id, or with more or fewer fields than the header, is an UnreadableReport. Empty
    rows are skipped. Broken quoting is an error, because nothing after it can be trusted. Where
    all ids are whole numbers with ".0", as Excel and pandas make of numbers, it is left out.

    Args:
        text_column: of several columns, the texts are joined, each under its column's name.
        sheet: of an Excel file; by default the first one with cells.
        delimiter: of a text file, a character or `tab`; by default the likeliest one.

    Raises:
        InputError: the file cannot be read, is empty, lacks a column or has broken quoting.
        UsageError: an option is not for this kind of file, a column is named twice, or the package
            that reads such a file is not installed.
    """
    texts = as_names(text_column)
    table = open_table(path, (id_column, *texts), sheet, delimiter)
    id_place = place_of(table, id_column, ID_OPTION)
    places = [place_of(table, name, TEXT_OPTION) for name in texts]
    rows = _ReportRows(table, id_place, texts, places, has_whole_ids(table, id_place))
    source = CheckedSource(rows.entries, table.where, table.count)
    return with_entries(source, f"{shown(path)} has a header and no rows; check the file")


from_csv = from_table


@dataclass(frozen=True, slots=True)
class _ReportRows:
    table: Table
    id_place: int
    names: Sequence[str]
    places: Sequence[int]
    whole_ids: bool

    def entries(self) -> Entries:
        with closing(self.table.rows((self.id_place, *self.places))) as rows:
            for line, cells, encoding, problem in rows:
                if problem:
                    yield Entry(line, problem=f"{self.table.where(line)} {problem}")
                    continue
                report_id, *texts = cells
                text = joined(dict(zip(self.names, texts, strict=True)))
                if self.whole_ids:
                    report_id = without_fraction(report_id.strip())
                yield Entry(line, report_id, text, encoding)


def as_names(names: str | Sequence[str]) -> tuple[str, ...]:
    """Return the names of text columns, given one or several.

    Raises:
        UsageError: none, or one that is named twice.
    """
    several = (names,) if isinstance(names, str) else tuple(names)
    if not several:
        raise UsageError(f"{TEXT_OPTION} names no column")
    if twice := [name for name in several if several.count(name) > 1]:
        raise UsageError(f"{TEXT_OPTION} names '{shown(twice[0])}' twice; name each column once")
    return several


def joined(texts: dict[str, str]) -> str:
    """Join texts, each under its name, without the empty ones; a single one stays as it is."""
    if len(texts) == 1:
        return next(iter(texts.values()))
    return "\n\n".join(f"{name}:\n{text}" for name, text in texts.items() if text.strip())


def has_whole_ids(table: Table, place: int) -> bool:
    """Whether `are_whole` holds of a column; reads it to its end only where it holds."""
    with closing(table.rows((place,))) as rows:
        return are_whole("".join(row.cells) for row in rows)


def are_whole(ids: Iterable[str]) -> bool:
    """Whether all ids that are not empty are digits with ".0", and there are any."""
    found = False
    for report_id in filter(None, map(str.strip, ids)):
        if not _WHOLE.fullmatch(report_id):
            return False
        found = True
    return found


def without_fraction(report_id: str) -> str:
    """Return an id of digits without a ".0" behind them; any other as it is."""
    return report_id[:-2] if _WHOLE.fullmatch(report_id) else report_id
