"""Tables too large for memory, in a file without a name that disappears when it is closed.

SQLite keeps a small table in memory and puts a large one into the system's folder for temporary
files ($SQLITE_TMPDIR, else $TMPDIR), for this process alone. No text of a report goes there.
Knows nothing of what the tables mean.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from leavs.errors import StorageError

_DISK = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)
CACHE_KIB = 8 * 1024  # of each table, in memory


class _Scratch(sqlite3.Connection):
    """A database that raises a StorageError of one line if the disk has no room."""

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        with _lack_of_room_in_a_line():
            return super().execute(*arguments)

    def executemany(self, *arguments: Any) -> sqlite3.Cursor:
        with _lack_of_room_in_a_line():
            return super().executemany(*arguments)

    def __del__(self) -> None:
        self.close()  # it lives as long as who holds it; Python 3.13 warns of one that is left open


@contextmanager
def _lack_of_room_in_a_line() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in _DISK:
            raise
        raise StorageError(
            f"a scratch table cannot be kept in the folder for temporary files ({error}); "
            "make room there, or name another folder in SQLITE_TMPDIR"
        ) from error


def open_scratch(schema: str) -> sqlite3.Connection:
    """Open an empty database for this process alone, whose contents are needed only now.

    Its `execute` and `executemany` raise StorageError if there is no room for it.
    """
    database = sqlite3.connect("", isolation_level=None, check_same_thread=False, factory=_Scratch)
    database.executescript(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
        f"PRAGMA temp_store = FILE; PRAGMA cache_size = -{CACHE_KIB};" + schema
    )
    return database


class FirstPlaces:
    """Remembers where each key was seen first, for the time of a `with` block."""

    def __init__(self) -> None:
        self._database = open_scratch(
            "CREATE TABLE seen (key BLOB PRIMARY KEY, place INTEGER) WITHOUT ROWID; BEGIN"
        )

    def first(self, key: bytes, place: int) -> int:
        """Return the place where the key was seen first; this one, if it is new."""
        ask = self._database.execute
        if ask("INSERT OR IGNORE INTO seen VALUES (?, ?)", (key, place)).rowcount:
            return place
        [(known,)] = ask("SELECT place FROM seen WHERE key = ?", (key,))
        return int(known)

    def has(self, key: bytes) -> bool:
        """Whether the key was seen."""
        ask = "SELECT 1 FROM seen WHERE key = ?"
        return self._database.execute(ask, (key,)).fetchone() is not None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._database.close()
