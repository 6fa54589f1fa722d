"""Records durably what a run has done: JSON Lines files, each appended to by one process alone.

Every record is one line, written to the file before its cell counts as done; a line that a killed
process left unfinished is ignored. A process never writes to another's file, so that no locks are
needed on any file system. Of several records of the same cell, the one with fewer failures counts,
then the one in the older file.
"""

import asyncio
import json
import os
import secrets
import socket
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from leavs.domain import OrganResult, Report, UnreadableReport
from leavs.errors import RunFolderError, StorageError
from leavs.journal.serialization import result_to_json
from leavs.system.network_files import open_with_retries, with_retries
from leavs.system.private_files import make_private_folder, open_private

FOLDER = "journal"
_CHECKSUM = b',"crc32":'
VERSION = 2


@dataclass(frozen=True, slots=True)
class OrganRecord:
    """The result of one organ in one report, as it is recorded in the journal.

    Args:
        position: the position of the report in the input.
        text_hash: the hash of the report's text, by which a later run sees whether it changed.
        source: where the report was read, and with which encoding if that is not UTF-8.
    """

    result: OrganResult
    position: int
    text_hash: str
    source: str = ""


def now() -> str:
    """Return the present time as text for a record."""
    return datetime.now(UTC).isoformat(timespec="seconds")


class Journal:
    """Appends records to a file of this process.

    Args:
        folder: the run's output folder.
        session: the description of this process (command, host, versions), as the first record.
    """

    def __init__(self, folder: Path, session: Mapping[str, Any]) -> None:
        started = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
        name = f"{started}-{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}.jsonl"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
        self._path = folder / FOLDER / name
        self._whole = 0  # bytes of whole records
        self._failed = False  # then the run ends, and what it still records is tried once
        with self._failures_named():
            make_private_folder(folder / FOLDER)
            self._descriptor = with_retries(partial(open_private, self._path, flags))
        self._written = self._on_disk = 0  # records
        self._syncing = asyncio.Lock()
        self._write({"kind": "session", "version": VERSION, **session})

    def add_result(self, record: OrganRecord) -> None:
        """Record one organ; once this returns, the record survives a kill of the process.

        Raises:
            StorageError: the record could not be written, and no part of it is in the file; the
                other methods that write raise it likewise.
        """
        self._write(
            {
                "kind": "organ",
                "position": record.position,
                "text_hash": record.text_hash,
                "source": record.source,
                **result_to_json(record.result),
            }
        )

    def add_input_problem(self, report: UnreadableReport) -> None:
        """Record an entry of the input that belongs to no report."""
        self._write(
            {
                "kind": "input",
                "position": report.position,
                "source": report.source,
                "reason": report.reason,
            }
        )

    def add_note(self, report: Report, reason: str) -> None:
        """Record what a reader should know of a report that is labeled all the same."""
        self._write(
            {
                "kind": "note",
                "report_id": report.id,
                "position": report.position,
                "source": report.source,
                "reason": reason,
            }
        )

    def add_plan(
        self, reports: int, loaded: Mapping[str, Any] | None = None, *, asks: bool = True
    ) -> None:
        """Record that the engine is ready, and how many reports this process is to label.

        Args:
            loaded: what the engine tells of the model that it has loaded, if it tells anything.
            asks: whether an engine was opened; none is if every report was done before.
        """
        told: dict[str, Any] = {"loaded": loaded} if loaded else {}
        if not asks:
            told["asks"] = False
        self._write({"kind": "plan", "reports": reports, "at": now(), **told})

    def add_report_text(self, report_id: str, text: str) -> None:
        """Record a report's text, for a `report` column."""
        self._write({"kind": "report", "report_id": report_id, "text": text})

    async def synced(self) -> None:
        """Wait until all records so far are on the disk.

        fsync runs in a thread, once for all tasks that wait at the time.
        """
        wanted = self._written
        async with self._syncing:
            if self._on_disk < wanted:
                asked = self._written
                with self._failures_named():
                    # Not retried: the system reports a failure once, and after that it has
                    # dropped the data that it could not write.
                    await asyncio.to_thread(os.fsync, self._descriptor)
                self._on_disk = asked

    def close(self, **closing: Any) -> None:
        """Write the last record of this process and close the file."""
        try:
            self._write({"kind": "end", **closing})
            with self._failures_named():
                os.fsync(self._descriptor)
        finally:
            os.close(self._descriptor)

    def _write(self, record: Mapping[str, Any]) -> None:
        line = whole = line_of(record)
        with self._failures_named():
            try:
                while line:
                    write = partial(os.write, self._descriptor, line)
                    line = line[write() if self._failed else with_retries(write) :]
            except OSError:
                # A full disk may accept part of a line: remove it, or it would spoil the next.
                os.ftruncate(self._descriptor, self._whole)
                raise
        self._whole += len(whole)
        self._written += 1

    @contextmanager
    def _failures_named(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._failed = True
            raise StorageError(
                f"{self._path} cannot be written: {error.strerror}; what was recorded is safe: "
                "mend that, and give the same command again"
            ) from error


def line_of(record: Mapping[str, Any]) -> bytes:
    """Return a record as a line of a journal, with a checksum at the end."""
    body = json.dumps(record, ensure_ascii=True, separators=(",", ":")).encode()[:-1]
    return b"%s%s%d}\n" % (body, _CHECKSUM, zlib.crc32(body))


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One record and its place: the file, and the offset of its first byte."""

    path: Path
    offset: int
    record: Mapping[str, Any]


def read_lines(
    folder: Path,
    damaged: list[str] | None = None,
    wanted: Callable[[Mapping[str, Any]], bool] | None = None,
) -> Iterator[JournalLine]:
    """Yield all records of a run, file by file from the oldest.

    An unfinished last line, as a killed process leaves it, is ignored. Any other line that is no
    record is skipped and named in `damaged`; its cells will be asked again.

    Args:
        wanted: says whether to read the rest of a file, given its first record, which describes
            the process.
    """
    for path in sorted((folder / FOLDER).glob("*.jsonl")):
        with readable(path) as file:
            offset = 0
            for number, line in enumerate(file, start=1):
                record = _parse(line)
                if record is not None:
                    yield JournalLine(path, offset, record)
                elif line.endswith(b"\n") and damaged is not None:
                    damaged.append(f"{path} line {number}")
                if number == 1 and wanted and record and not wanted(record):
                    break
                offset += len(line)


@contextmanager
def readable(path: Path) -> Iterator[BinaryIO]:
    """Open a journal file for reading.

    Raises:
        StorageError: the file cannot be opened or, inside the `with` block, cannot be read.
    """
    try:
        with open_with_retries(path) as file:
            yield file
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"{path} cannot be read: {error.strerror}; mend that, and give the same command again"
    )


def _parse(line: bytes) -> Mapping[str, Any] | None:
    """Return the record of a whole line; None if the line is damaged."""
    body, mark, checksum = line.rpartition(_CHECKSUM)
    if not mark or checksum != b"%d}\n" % zlib.crc32(body):
        return None
    record: Mapping[str, Any] = json.loads(body + b"}")
    return record


def read_line_at(file: BinaryIO, offset: int) -> Mapping[str, Any]:
    """Read the record that begins at an offset of an open journal file."""
    try:
        file.seek(offset)
        record = _parse(file.readline())
    except OSError as error:
        raise _unreadable(Path(file.name), error) from error
    if record is None:
        raise RunFolderError(f"{file.name}: changed while it was read; run the command again")
    return record


def has_results(folder: Path) -> bool:
    """Return whether any organ is recorded in a run's folder."""
    return any(line.record["kind"] == "organ" for line in read_lines(folder))
