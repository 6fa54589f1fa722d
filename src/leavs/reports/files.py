"""Reports that are text files of their own: named one by one, in a folder, or in a list."""

import os
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from leavs.errors import InputError
from leavs.reports.opening import open_text, patiently, settled, shown
from leavs.reports.sources import CheckedSource, Entries, Entry, ReportSource, with_entries

_SAME_STEM = "the file names must differ, or use --input-dir, which takes the folders into the ids"


def from_files(paths: Sequence[Path]) -> ReportSource:
    """Reports from files; a report's id is the file's name without its last suffix.

    A file that cannot be read is an UnreadableReport among many, an error where it is the only one.

    Raises:
        InputError: no files, or the only one cannot be opened.
    """
    if len(paths) == 1:
        with open_text(paths[0]):
            pass
    return _from_paths([(path.stem, path) for path in paths], "no files are named", _SAME_STEM)


def from_folder(folder: Path) -> ReportSource:
    """Reports from every .txt file in a folder and its subfolders, sorted by their ids.

    A report's id is its path in the folder, with "/" and without the suffix: `2024/ct_17`.

    Raises:
        InputError: no such folder, one that cannot be listed, or one without .txt files.
    """
    found = sorted((_id_in(folder, path), path) for path in _text_files(folder))
    complaint = f"{shown(folder)} holds no .txt files, nor do its subfolders; check the path"
    return _from_paths(found, complaint, "give one of the files another name")


def from_list(path: Path) -> ReportSource:
    """Reports from the files that a list names, one path a line; ids as in `from_files`.

    A path is looked up from the list's own folder, then from the working directory. Blank lines
    and lines that start with # are passed over. A file that is not there is an UnreadableReport.

    Raises:
        InputError: the list cannot be read or names no file.
    """
    lines = (line.strip() for line in _read(path)[0].split("\n"))
    named = [_look_up(line, path.parent) for line in lines if line and not line.startswith("#")]
    complaint = f"{shown(path)} names no files; write one path a line"
    return _from_paths([(file.stem, file) for file in named], complaint, _SAME_STEM)


def _from_paths(named: Sequence[tuple[str, Path]], complaint: str, advice: str) -> ReportSource:
    source = CheckedSource(
        read=partial(_entries, named),
        where=lambda place: shown(named[place][1]),
        tally=partial(len, named),
        advice=advice,
    )
    return with_entries(source, complaint)


def _entries(named: Sequence[tuple[str, Path]]) -> Entries:
    for place, (report_id, path) in enumerate(named):
        try:
            text, encoding = _read(path)
        except InputError as error:
            yield Entry(place, report_id, problem=str(error))
        else:
            yield Entry(place, report_id, text, encoding)


def _read(path: Path) -> tuple[str, str]:
    with open_text(path) as (stream, encoding):
        text, fallback = settled(stream.read())
    return text, encoding or fallback


def _id_in(folder: Path, path: Path) -> str:
    return path.relative_to(folder).with_suffix("").as_posix()


def _text_files(folder: Path) -> Iterator[Path]:
    try:
        levels = patiently(lambda: list(os.walk(folder, onerror=_refuse)))
    except OSError as error:
        where, why = shown(error.filename), error.strerror
        raise InputError(
            f"{where} cannot be listed as a folder: {why}; check the path and its permissions"
        ) from None
    for parent, _, names in levels:
        for name in names:
            if (path := Path(parent, name)).suffix.lower() == ".txt":
                yield path


def _refuse(error: OSError) -> None:
    # os.walk would pass over the folder, and its reports would be missing without a word.
    raise error


def _look_up(name: str, home: Path) -> Path:
    """The path from the list's folder where something is there, else from the working directory."""
    beside = home / name
    return Path(name) if _is_there(Path(name)) and not _is_there(beside) else beside


def _is_there(path: Path) -> bool:
    """As Path.exists, but never an error: opening the file says better what is wrong."""
    try:
        patiently(path.stat)
    except (OSError, ValueError):
        return False
    return True
