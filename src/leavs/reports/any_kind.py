"""Reports from one path, whose name tells the format."""

from pathlib import Path
from typing import Any

from leavs.errors import UsageError
from leavs.reports.amos import from_amos_json
from leavs.reports.csv_rows import from_csv
from leavs.reports.files import from_files, from_folder
from leavs.reports.json_lines import from_jsonl
from leavs.reports.opening import shown
from leavs.reports.sources import CheckedSource


def from_path(
    path: Path, id_column: str | None = None, text_column: str | None = None
) -> CheckedSource:
    """Read reports from a folder, or a file named .txt, .csv, .tsv, .jsonl or .json (AMOS-MM).

    Args:
        path: the name of a file may also end in .gz.
        id_column: as for a CSV or JSON Lines; likewise `text_column`.

    Raises:
        UsageError: the name tells no format.
        InputError: the path cannot be read.
    """
    if path.is_dir():
        return from_folder(path)
    kind = Path(path.name.removesuffix(".gz")).suffix.lower()
    if kind in (".csv", ".tsv"):
        return from_csv(path, **_named(id_column=id_column, text_column=text_column))
    if kind == ".jsonl":
        return from_jsonl(path, **_named(id_key=id_column, text_key=text_column))
    if kind == ".json":
        return from_amos_json(path)
    if kind == ".txt":
        return from_files([path])
    raise UsageError(f"{shown(path)}: name a folder, or a .txt, .csv, .tsv, .jsonl or .json file")


def _named(**columns: str | None) -> dict[str, Any]:
    return {name: column for name, column in columns.items() if column is not None}
