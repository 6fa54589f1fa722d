"""Reports from one path, whose name tells the format."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from leavs.errors import UsageError
from leavs.reports.amos import from_amos_json
from leavs.reports.files import from_files, from_folder
from leavs.reports.json_lines import from_jsonl
from leavs.reports.opening import shown
from leavs.reports.sources import CheckedSource
from leavs.reports.table import suffix_of
from leavs.reports.table_files import SUFFIXES
from leavs.reports.table_rows import from_table


def from_path(
    path: Path, id_column: str | None = None, text_column: str | Sequence[str] | None = None
) -> CheckedSource:
    """Read reports from a folder, a .txt, .jsonl or .json (AMOS-MM) file, or a table.

    Tables are named .csv, .tsv, .xlsx, .xlsm, .xlsb, .xls, .ods or .parquet.

    Args:
        path: the name of a file may also end in .gz.
        id_column: as for a table or JSON Lines; likewise `text_column`.

    Raises:
        UsageError: the name tells no format.
        InputError: the path cannot be read.
    """
    if path.is_dir():
        return from_folder(path)
    kind = suffix_of(path)
    if kind in SUFFIXES:
        return from_table(path, **_named(id_column=id_column, text_column=text_column))
    if kind == ".jsonl":
        return from_jsonl(path, **_named(id_key=id_column, text_key=text_column))
    if kind == ".json":
        return from_amos_json(path)
    if kind == ".txt":
        return from_files([path])
    kinds = ", ".join((".txt", ".jsonl", ".json", *SUFFIXES))
    raise UsageError(f"{shown(path)}: name a folder, or a file with one of the suffixes {kinds}")


def _named(**columns: object) -> dict[str, Any]:
    return {name: column for name, column in columns.items() if column}
