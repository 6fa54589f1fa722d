"""Reads results of earlier exams, for comparison, and refuses what could not be laid out."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from leavs.errors import InputError
from leavs.exam.result import FILE, FORMAT, Record
from leavs.exam.sheets import side_by_side

DAMAGED = (AttributeError, LookupError, TypeError, ValueError, ArithmeticError, RecursionError)


def read_earlier(paths: Sequence[Path]) -> list[Record]:
    """Read results of earlier exams, from files or from the folders that hold them, each once.

    Raises:
        InputError: one cannot be read, or is not the result of an exam, or of another leavs.
    """
    files = (path / FILE if path.is_dir() else path for path in paths)
    return [_read(path) for path in {path.resolve(): path for path in files}.values()]


def _read(path: Path) -> Record:
    record = _json(path)
    if not isinstance(record, dict) or not {"sittings", "format"} <= record.keys():
        raise InputError(f"{path} is not the result of an exam; name an {FILE}")
    found = record["format"]
    if not isinstance(found, int) or found != FORMAT:
        raise InputError(
            f"{path} has a format that this leavs does not read (it reads {FORMAT}); "
            "take that exam again"
        )
    try:
        rows = side_by_side([record]).rows
    except DAMAGED as error:
        raise _damaged(path, type(error).__name__) from error
    if not rows:
        raise _damaged(path, "no preset is finished")
    return record


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(
            f"{path} cannot be read as JSON ({type(error).__name__}); name the {FILE} of an "
            "earlier exam, or its folder"
        ) from error


def _damaged(path: Path, why: str) -> InputError:
    return InputError(
        f"{path} is damaged, or of another leavs ({why}); take that exam again, or leave it out"
    )
