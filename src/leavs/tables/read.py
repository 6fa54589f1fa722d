"""Reads tables of labels: of a run, or from a file in any of three shapes.

long, the format of LEAVS (arXiv 2503.13330): two rows, labels and urgency, for each report and
organ. wide: one row for each report. tidy: one row for each report, organ and finding type, as
details.csv. Whatever the shape of the file, the result has the long format.
"""

import re
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import pandas as pd

from leavs.domain import Certainty, Urgency
from leavs.errors import InputError
from leavs.journal import manifest
from leavs.journal.journal import FOLDER as JOURNAL
from leavs.reports.opening import open_text
from leavs.reports.parquet_table import ParquetTable
from leavs.reports.table import Table
from leavs.reports.table_files import open_table
from leavs.reports.table_rows import are_whole
from leavs.reports.text_table import TextTable
from leavs.tables.columns import (
    ANNOTATOR,
    KEYS,
    KIND,
    LABELS,
    ORGAN,
    REPORT_ID,
    TEXTS,
    TIDY,
    URGENCY,
    URGENCY_SUFFIX,
)

ALLOWED = {
    LABELS: frozenset(int(code) for code in Certainty),
    URGENCY: frozenset(int(code) for code in Urgency),
}
WELL_KNOWN = {"normal", "absent", "diffuse", "focal", "abnormality"}  # finding types, not organs
_UNNAMED = "Unnamed: "
_INDEX = re.compile(r"__index_level_\d+__")  # what pandas calls an index without a name
LARGEST = 127  # a code is stored in 8 bits; a larger number would overflow


def read_labels(path: Path) -> pd.DataFrame:
    """Read a table of labels in the long format, ours or one that the LEAVS authors published.

    Args:
        path: a run folder, or a CSV, TSV, Excel or Parquet file in the long, wide or tidy shape.

    Returns:
        Two rows for each report and organ; ids as text, codes as nullable integers (a failed cell
        is NA).

    Raises:
        InputError: the file does not exist, or is not a table of labels.
    """
    table = read_rows(path)
    columns = {}
    for column in finding_types_of(table):
        try:
            columns[column] = _as_codes(table[column])
        except (ValueError, TypeError) as error:
            raise InputError(
                f"{path}: column {column!r} holds what is no code; `leavs check` lists it"
            ) from error
    return table.assign(**columns)


def _as_codes(column: "pd.Series[str]") -> pd.api.extensions.ExtensionArray:
    """Convert texts to numbers; the texts repeat, and each different one is parsed once."""
    places, texts = pd.factorize(column)
    numbers = pd.to_numeric(pd.Series(texts, dtype=object).replace("", None))
    if (numbers.abs() > LARGEST).any():
        raise ValueError
    return numbers.astype("Int64").array.take(places)


def read_rows(path: Path) -> pd.DataFrame:
    """Read as `read_labels`, but leave the codes as the text of the file.

    Raises:
        InputError: the file does not exist, or is not a table of labels.
    """
    file = file_of(path)
    return as_rows(read_table(file), file)


def file_of(path: Path) -> Path:
    """Return the file of the table, given a run folder or the file itself.

    Raises:
        RunFolderError: a merge was interrupted in the folder.
        InputError: the folder holds a run whose tables are not made.
    """
    if not path.is_dir():
        return path
    manifest.refuse_interrupted(path)
    file = path / "labels.csv"
    if not file.exists() and (path / JOURNAL).is_dir():
        raise InputError(f"{path} has no tables yet; make them with: leavs export {path}")
    return file


def as_rows(table: pd.DataFrame, file: Path) -> pd.DataFrame:
    """Convert a table of any shape to the long format.

    Args:
        file: the file that it was read from, for messages.

    Raises:
        InputError: it is no table of labels.
    """
    if set(TIDY) <= set(table.columns):
        return _from_tidy(table, file)
    if KIND not in table.columns and any(c.endswith(URGENCY_SUFFIX) for c in table.columns):
        return _from_wide(table, file)
    if missing := [column for column in KEYS if column not in table.columns]:
        raise InputError(f"{file} has no column {missing[0]!r}; is it a table of labels?")
    if not finding_types_of(table):
        raise InputError(f"{file} has no column for any finding type; is it a table of labels?")
    return table


def finding_types_of(table: pd.DataFrame) -> list[str]:
    """Return the finding types of a table in the long format."""
    return [column for column in table.columns if column not in (*KEYS, ANNOTATOR)]


def read_table(file: Path) -> pd.DataFrame:
    """Read a CSV, TSV, Excel or Parquet file as text.

    An empty cell is "", and columns of texts and empty rows are left out. If all ids are whole
    numbers with ".0", as Excel and pandas make of numbers, it is left out; but not in the tables of
    a run, whose ids are its own.

    Raises:
        InputError: the file does not exist or cannot be read, or two columns have one name.
        UsageError: the package that reads such a file is not installed.
    """
    table = open_table(file, (*KEYS, *TIDY))
    _refuse_repeated_names(table)
    try:
        frame = _as_frame(table)
    except (OSError, ValueError) as error:
        raise InputError(f"{file} cannot be read as a table ({type(error).__name__})") from error
    if not isinstance(frame.index, pd.RangeIndex):
        raise InputError(f"{file} has lines with more cells than its header has columns")
    unnamed = [name for name in frame.columns if name.startswith(_UNNAMED)]
    frame = frame.drop(columns=[*TEXTS, *unnamed], errors="ignore")
    frame = _without_blank_rows(frame)
    return frame if (file.parent / manifest.FILE).exists() else _with_whole_ids(frame)


def _refuse_repeated_names(table: Table) -> None:
    for place, name in enumerate(table.names):
        if name and name in table.names[:place]:
            first = table.names.index(name)
            raise InputError(
                f"{table.path} has two columns of one name, the {first + 1}. and the {place + 1}.; "
                "leave one out, or give it another name"
            )


def _as_frame(table: Table) -> pd.DataFrame:
    if isinstance(table, ParquetTable):
        places = {
            name: place
            for place, name in enumerate(table.names)
            if name not in TEXTS and not _INDEX.fullmatch(name)
        }
        frame = pd.DataFrame({name: table.column(at) for name, at in places.items()}, dtype=str)
        keys = [name for name in KEYS if name in places]  # an index stands last in the file
        return frame[[*keys, *frame.columns.drop(keys)]]
    parsed = _parsed(table) if isinstance(table, TextTable) else None
    return _row_by_row(table) if parsed is None else parsed


def _names_of(table: Table) -> list[str]:
    """The names of the columns, and one for each that has none."""
    return [name or f"{_UNNAMED}{place}" for place, name in enumerate(table.names)]


def _parsed(table: TextTable) -> pd.DataFrame | None:
    """Parse in C, which is fast; None if a row is uneven or not decoded yet."""
    with open_text(table.path) as (stream, _):
        for _ in range(table.dialect.skip):
            stream.readline()
        delimiter = table.dialect.delimiter
        with suppress(UnicodeEncodeError, pd.errors.ParserError):
            # All columns, though texts are dropped: with `usecols` pandas would accept lines with
            # more cells than the header has.
            frame = pd.read_csv(
                stream,
                sep=delimiter,
                dtype=str,
                keep_default_na=False,
                header=0,
                names=_names_of(table),
            )
            # A row that is too short has empty cells at its end; pandas does not tell them apart.
            may_be_short = (frame.iloc[:, -1:] == "").to_numpy().any()
            return None if may_be_short and _has_uneven_rows(table) else frame
    return None


def _has_uneven_rows(table: TextTable) -> bool:
    with closing(table.rows(())) as rows:
        return any(row.problem for row in rows)


def _row_by_row(table: Table) -> pd.DataFrame:
    cells = []
    with closing(table.rows(range(len(table.names)))) as rows:
        for row in rows:
            if row.problem:
                raise InputError(f"{table.where(row.line)} {row.problem}")
            cells.append(row.cells)
    return pd.DataFrame(cells, columns=_names_of(table), dtype=str)


def _without_blank_rows(frame: pd.DataFrame) -> pd.DataFrame:
    if not (frame.iloc[:, :1] == "").to_numpy().any():
        return frame
    return frame[(frame != "").any(axis=1)].reset_index(drop=True)


def _with_whole_ids(frame: pd.DataFrame) -> pd.DataFrame:
    whole = [one for one in (REPORT_ID, TIDY[0]) if one in frame and are_whole(frame[one])]
    return frame.assign(**{one: frame[one].str.strip().str.removesuffix(".0") for one in whole})


def _from_tidy(table: pd.DataFrame, file: Path) -> pd.DataFrame:
    """Pivot rows of single finding types to columns; a type that a report lacks stays empty."""
    report, organ, finding_type, certainty, urgency = TIDY
    if table.duplicated([report, organ, finding_type]).any():
        raise InputError(f"{file} has two rows for the same report, organ and finding type")
    order = list(dict.fromkeys(table[finding_type]))
    keys = table[[report, organ]].drop_duplicates()
    parts = []
    for kind, column in ((LABELS, certainty), (URGENCY, urgency)):
        part = table.pivot(index=[report, organ], columns=finding_type, values=column)
        part = part.reindex(index=pd.MultiIndex.from_frame(keys), columns=order).fillna("")
        parts.append(part.reset_index().assign(**{KIND: kind}))
    return _two_rows_each(parts, (report, organ), order)


def _from_wide(table: pd.DataFrame, file: Path) -> pd.DataFrame:
    """Convert the columns `{organ}_{type}` and `{organ}_{type}_urgency` to rows."""
    if REPORT_ID not in table.columns:
        raise InputError(f"{file} has no column {REPORT_ID!r}; is it a table of labels?")
    if table[REPORT_ID].duplicated().any():
        raise InputError(f"{file} has two rows for the same report")
    cells = [c for c in table.columns if c + URGENCY_SUFFIX in table.columns]
    organs, types = _organs_and_types(cells, file)
    parts = []
    for organ in organs:
        for kind, suffix in ((LABELS, ""), (URGENCY, URGENCY_SUFFIX)):
            columns = {f"{organ}_{name}{suffix}": name for name in types}
            part = table[[REPORT_ID, *columns]].rename(columns=columns)
            parts.append(part.assign(**{ORGAN: organ, KIND: kind}))
    return _two_rows_each(parts, (REPORT_ID, ORGAN), types)


def _organs_and_types(cells: list[str], file: Path) -> tuple[list[str], list[str]]:
    """Split column names into organs and types; either may hold a `_` itself, but not both."""
    readings = []
    for split in (str.partition, str.rpartition):
        pairs = [(left, right) for left, _, right in (split(cell, "_") for cell in cells)]
        organs = list(dict.fromkeys(left for left, _ in pairs))
        types = list(dict.fromkeys(right for _, right in pairs))
        if pairs and {(o, t) for o in organs for t in types} == set(pairs):
            readings.append((organs, types))
    readings = [one for one in readings if WELL_KNOWN & set(one[1])] or readings
    if len({str(one) for one in readings}) != 1:
        raise InputError(f"{file} has columns that are not one for each organ and finding type")
    return readings[0]


def _two_rows_each(
    parts: list[pd.DataFrame], keys: tuple[str, str], finding_types: list[str]
) -> pd.DataFrame:
    """Concatenate parts and sort the rows by report, organ and kind, each as it came first."""
    names = dict(zip(keys, KEYS[:2], strict=True))
    table = pd.concat(parts, ignore_index=True).rename(columns=names)
    places = [pd.factorize(table[column])[0] for column in KEYS]
    order = np.lexsort(places[::-1])
    ordered: pd.DataFrame = table[[*KEYS, *finding_types]].iloc[order].reset_index(drop=True)
    ordered.columns.name = None
    return ordered
