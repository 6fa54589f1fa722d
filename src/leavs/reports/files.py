"""Reports from text files, one report each: named one by one, in a folder, or in a list."""

import os
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from leavs.errors import InputError
from leavs.reports.opening import lines_of, open_text, settled, shown
from leavs.reports.sources import CheckedSource, Entries, Entry, with_entries
from leavs.system.network_files import with_retries
from leavs.system.scratch import open_scratch

_SAME_STEM = "the file names must differ, or use --input-dir, which takes the folders into the ids"


def from_files(paths: Sequence[Path]) -> CheckedSource:
    """Read reports from files; a report's id is the file's name without its last suffix.

    One of several files that cannot be read is an UnreadableReport; the only one is an error.

    Raises:
        InputError: no files, or the only one cannot be opened.
    """
    if len(paths) == 1:
        with open_text(paths[0]):
            pass
    names = _Names((path.stem, path) for path in paths)
    return _from_names(names, "no files are named", _SAME_STEM)


def from_folder(folder: Path) -> CheckedSource:
    """Read reports from every .txt file in a folder and its subfolders, sorted by their ids.

    A report's id is its path in the folder, with "/" and without the suffix: `2024/ct_17`.

    Raises:
        InputError: no such folder, one that cannot be listed, or one without .txt files.
    """
    complaint = f"{shown(folder)} holds no .txt files, nor do its subfolders; check the path"
    try:
        names = _Names.in_folder(folder)
    except ValueError:
        raise InputError(f"{shown(folder)} is not a path; check it") from None
    except OSError as error:
        raise InputError(
            f"{shown(error.filename)} cannot be listed as a folder: {error.strerror}; "
            "check the path and its permissions"
        ) from None
    return _from_names(names, complaint, "give one of the files another name")


def from_list(path: Path) -> CheckedSource:
    """Read reports from the files that a list names, one path a line; ids as in `from_files`.

    A path is looked up from the list's own folder, then from the working directory. Blank lines
    and lines that start with # are skipped. A file that does not exist is an UnreadableReport.

    Raises:
        InputError: the list cannot be read or names no file.
    """
    with open_text(path, newline="\n") as (stream, encoding):
        lines = lines_of(stream, lambda number: f"{shown(path)} line {number}")
        names = (settled(line, encoding)[0].strip() for line in lines)
        files = (_look_up(name, path.parent) for name in names if name and name[0] != "#")
        named = _Names((file.stem, file) for file in files)
    return _from_names(named, f"{shown(path)} names no files; write one path a line", _SAME_STEM)


class _Names:
    """Ids and paths in order, kept on disk: there may be a million."""

    def __init__(self, named: Iterable[tuple[str, Path]] = ()) -> None:
        self._database = open_scratch(
            "CREATE TABLE names (place INTEGER PRIMARY KEY, id BLOB, path BLOB);"
            "CREATE TABLE found (path BLOB PRIMARY KEY, id BLOB) WITHOUT ROWID; BEGIN"
        )
        rows = ((_packed(report_id), _packed(str(path))) for report_id, path in named)
        self._database.executemany("INSERT INTO names (id, path) VALUES (?, ?)", rows)

    @classmethod
    def in_folder(cls, folder: Path) -> "_Names":
        """Find the text files in a folder and below it, sorted by id."""
        names = cls()
        folders = [os.fspath(folder)]
        while folders:
            below: dict[str, None] = {}
            with_retries(partial(names._find, folder, folders.pop(), below))
            folders += below
        names._database.execute(
            "INSERT INTO names (id, path) SELECT id, path FROM found ORDER BY id, path"
        )
        return names

    def _find(self, top: Path, folder: str, below: dict[str, None]) -> None:
        """Add the text files of one folder; safe to repeat after a failure half way."""
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.is_dir():
                        if not entry.is_symlink():
                            below[entry.path] = None
                    elif (path := Path(entry.path)).suffix.lower() == ".txt":
                        row = (_packed(entry.path), _packed(_id_in(top, path)))
                        self._database.execute("INSERT OR IGNORE INTO found VALUES (?, ?)", row)
        except OSError as error:
            error.filename = error.filename or folder  # errors after the first entry name no file
            raise

    def __iter__(self) -> Iterator[tuple[int, str, Path]]:
        rows = self._database.execute("SELECT place, id, path FROM names ORDER BY place")
        for place, report_id, path in rows:
            yield place, _unpacked(report_id), Path(_unpacked(path))

    def __getstate__(self) -> bytes:
        return self._database.serialize()  # for another machine's process that reads the reports

    def __setstate__(self, state: bytes) -> None:
        self._database = open_scratch("")
        self._database.deserialize(state)

    def __len__(self) -> int:
        [(count,)] = self._database.execute("SELECT count(*) FROM names")
        return int(count)

    def path(self, place: int) -> Path:
        ask = "SELECT path FROM names WHERE place = ?"
        [(path,)] = self._database.execute(ask, (place,))
        return Path(_unpacked(path))


def _from_names(names: _Names, complaint: str, advice: str) -> CheckedSource:
    source = CheckedSource(
        read=partial(_entries, names),
        where=lambda place: shown(names.path(place)),
        tally=partial(len, names),
        advice=advice,
    )
    return with_entries(source, complaint)


def _entries(names: _Names) -> Entries:
    for place, report_id, path in names:
        yield Entry(place, report_id, load=partial(_load, place, report_id, path))


def _load(place: int, report_id: str, path: Path) -> Entry:
    try:
        with open_text(path) as (stream, encoding):
            text, encoding = settled(stream.read(), encoding)
    except InputError as error:
        return Entry(place, report_id, problem=str(error))
    return Entry(place, report_id, text, encoding)


def _id_in(folder: Path, path: Path) -> str:
    # Not with_suffix(""), which some versions of Python refuse for "..txt".
    return path.relative_to(folder).as_posix()[: -len(path.suffix)]


def _packed(name: str) -> bytes:
    """Encode any string; os.fsencode refuses those that no file can have as a name."""
    return name.encode("utf-8", "surrogatepass")


def _unpacked(name: bytes) -> str:
    return name.decode("utf-8", "surrogatepass")


def _look_up(name: str, home: Path) -> Path:
    """The path from the list's folder if it exists, else from the working directory."""
    beside = home / name
    return Path(name) if _is_there(Path(name)) and not _is_there(beside) else beside


def _is_there(path: Path) -> bool:
    """As Path.exists, but never an error: opening the file gives a better message."""
    try:
        with_retries(path.stat)
    except (OSError, ValueError):
        return False
    return True
