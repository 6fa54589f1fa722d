"""What a run has done, durably: JSON Lines files to which one process each only ever appends.

Every record is one line, in the file's hands before its cell counts as done; a line that a killed
process left unfinished is no record. A process never writes another's file, so that no locks are
needed on any file system. Records of the same cell are resolved the same way each time: fewer
failures first, then the older file.
"""

import asyncio
import hashlib
import json
import os
import secrets
import socket
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from leavs.domain import (
    Certainty,
    Evidence,
    Failure,
    FoundBy,
    Label,
    OrganResult,
    Sentence,
    Step,
    StepUsage,
    Thought,
    UnreadableReport,
    Urgency,
)
from leavs.errors import RunFolderError, StorageError
from leavs.patience import open_patiently, patiently
from leavs.private_files import make_private_folder, open_private

FOLDER = "journal"
_CHECKSUM = b',"crc32":'
VERSION = 2


@dataclass(frozen=True, slots=True)
class OrganRecord:
    """The result of one organ in one report, as it stands in the journal.

    Args:
        position: of the report in the input.
        text_hash: of the report's text, so that a later run sees whether it has changed.
        source: where the report was read, and as what encoding if that is not UTF-8.
    """

    result: OrganResult
    position: int
    text_hash: str
    source: str = ""


def hash_of(text: str) -> str:
    """A short fingerprint of a report's text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def now() -> str:
    """The time as records hold it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


class Journal:
    """Appends records to a file of its own.

    Args:
        folder: the run's output folder.
        session: what is known of this process (command, host, versions): the first record.
    """

    def __init__(self, folder: Path, session: Mapping[str, Any]) -> None:
        started = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
        name = f"{started}-{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}.jsonl"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
        self._path = folder / FOLDER / name
        self._whole = 0  # bytes of whole records
        with self._failures_named():
            make_private_folder(folder / FOLDER)
            self._descriptor = patiently(partial(open_private, self._path, flags))
        self._written = self._on_disk = 0  # records
        self._syncing = asyncio.Lock()
        self._write({"kind": "session", "version": VERSION, **session})

    def add_result(self, record: OrganRecord) -> None:
        """Record one organ; when this returns, a kill of the process loses nothing of it.

        Raises:
            StorageError: it is not recorded, and neither is any part of it; as all that writes.
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

    def add_plan(self, reports: int) -> None:
        """Record that the engine is ready, and how many reports this process is to see to."""
        self._write({"kind": "plan", "reports": reports, "at": now()})

    def add_report_text(self, report_id: str, text: str) -> None:
        """Keep a report's text, for a `report` column."""
        self._write({"kind": "report", "report_id": report_id, "text": text})

    async def synced(self) -> None:
        """Wait until all that was recorded so far is on the disk.

        The file system is asked in a thread, and once for all who wait meanwhile.
        """
        wanted = self._written
        async with self._syncing:
            if self._on_disk < wanted:
                asked = self._written
                with self._failures_named():
                    # Tried once: the system tells of a failure once, and then it has let go of
                    # what it could not write.
                    await asyncio.to_thread(os.fsync, self._descriptor)
                self._on_disk = asked

    def close(self, **closing: Any) -> None:
        """Write the closing record of this process and let go of the file."""
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
                    line = line[patiently(partial(os.write, self._descriptor, line)) :]
            except OSError:
                # A full disk takes half a line: the next record must not stand behind that.
                os.ftruncate(self._descriptor, self._whole)
                raise
        self._whole += len(whole)
        self._written += 1

    @contextmanager
    def _failures_named(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StorageError(
                f"{self._path} cannot be written: {error.strerror}; what was recorded is safe: "
                "mend that, and give the same command again"
            ) from error


def line_of(record: Mapping[str, Any]) -> bytes:
    """A record as a line of a journal, with a checksum of what stands before that."""
    body = json.dumps(record, ensure_ascii=True, separators=(",", ":")).encode()[:-1]
    return b"%s%s%d}\n" % (body, _CHECKSUM, zlib.crc32(body))


@dataclass(frozen=True, slots=True)
class Line:
    """One record and where it stands: the file, and the offset of its first byte."""

    path: Path
    offset: int
    record: Mapping[str, Any]


def read_lines(
    folder: Path,
    damaged: list[str] | None = None,
    wanted: Callable[[Mapping[str, Any]], bool] | None = None,
) -> Iterator[Line]:
    """All records of a run, file by file from the oldest.

    An unfinished last line is what a killed process leaves, and no record. Any other line that is
    no record is passed over, and named in `damaged`; its cells will be asked again.

    Args:
        wanted: whether a file is read on behind its first record, which tells of the process.
    """
    for path in sorted((folder / FOLDER).glob("*.jsonl")):
        with readable(path) as file:
            offset = 0
            for number, line in enumerate(file, start=1):
                record = _parse(line)
                if record is not None:
                    yield Line(path, offset, record)
                elif line.endswith(b"\n") and damaged is not None:
                    damaged.append(f"{path} line {number}")
                if number == 1 and wanted and record and not wanted(record):
                    break
                offset += len(line)


@contextmanager
def readable(path: Path) -> Iterator[BinaryIO]:
    """A journal file, open to be read.

    Raises:
        StorageError: it cannot be opened, or, inside the `with` block, cannot be read on.
    """
    try:
        with open_patiently(path) as file:
            yield file
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"{path} cannot be read: {error.strerror}; mend that, and give the same command again"
    )


def _parse(line: bytes) -> Mapping[str, Any] | None:
    """The record of a whole line; None where anything in it is not as it was written."""
    body, mark, checksum = line.rpartition(_CHECKSUM)
    if not mark or checksum != b"%d}\n" % zlib.crc32(body):
        return None
    record: Mapping[str, Any] = json.loads(body + b"}")
    return record


def read_line_at(file: BinaryIO, offset: int) -> Mapping[str, Any]:
    """The record that begins at an offset of an open journal file."""
    try:
        file.seek(offset)
        record = _parse(file.readline())
    except OSError as error:
        raise _unreadable(Path(file.name), error) from error
    if record is None:
        raise RunFolderError(f"{file.name}: changed while it was read; run the command again")
    return record


def has_results(folder: Path) -> bool:
    """Whether an organ is recorded in a run's folder."""
    return any(line.record["kind"] == "organ" for line in read_lines(folder))


def failed_cells(record: Mapping[str, Any]) -> int:
    """The number of cells of an organ's record that have a failure."""
    return sum("failure" in label for label in record["labels"].values())


def result_to_json(result: OrganResult) -> dict[str, Any]:
    """An organ's result as JSON values; `result_from_json` gives it back."""
    return {
        "report_id": result.report_id,
        "organ": result.organ,
        "labels": {name: _label_to_json(label) for name, label in result.labels.items()},
        "evidence": [_evidence_to_json(one) for one in result.evidence],
        "mentioned": list(result.mentioned),
        "dropped_quotes": result.dropped_quotes,
        "list_cut": result.list_cut,
        "usage": {
            step: [getattr(use, name) for name in use.__slots__]
            for step, use in result.usage.items()
        },
        "reasoning": [[one.about, one.text, one.answer] for one in result.reasoning],
        "seconds": round(result.seconds, 3),
    }


def _label_to_json(label: Label) -> dict[str, Any]:
    """What differs from a label without probability, urgency and failure: most are such."""
    values: dict[str, Any] = {
        "certainty": None if label.certainty is None else int(label.certainty)
    }
    if label.probability is not None:
        values["probability"] = label.probability
    if label.urgency is not Urgency.NOT_APPLICABLE:
        values["urgency"] = None if label.urgency is None else int(label.urgency)
    if label.urgency_probability is not None:
        values["urgency_probability"] = label.urgency_probability
    if label.failure is not None:
        values["failure"] = {"step": label.failure.step.value, "reason": label.failure.reason}
    if label.choices:
        values["choices"] = dict(label.choices)
    return values


def _evidence_to_json(one: Evidence) -> dict[str, Any]:
    return {
        "start": one.sentence.start,
        "end": one.sentence.end,
        "text": one.sentence.text,
        "heading": one.sentence.heading,
        "is_heading": one.sentence.is_heading,
        "found_by": one.found_by.value,
        "probability": one.probability,
    }


def result_from_json(record: Mapping[str, Any]) -> OrganResult:
    """The organ's result that a record holds."""
    return OrganResult(
        record["report_id"],
        record["organ"],
        {name: _label_from_json(label) for name, label in record["labels"].items()},
        tuple(_evidence_from_json(one) for one in record["evidence"]),
        tuple(record["mentioned"]),
        record["dropped_quotes"],
        record["list_cut"],
        {step: StepUsage(*values) for step, values in record["usage"].items()},
        tuple(Thought(*values) for values in record["reasoning"]),
        record["seconds"],
    )


_PLAIN = {int(certainty): Label(certainty) for certainty in Certainty}


def _label_from_json(values: Mapping[str, Any]) -> Label:
    if len(values) == 1 and values["certainty"] is not None:
        return _PLAIN[values["certainty"]]  # most are, and a million reports have a hundred million
    urgency, failure = values.get("urgency", int(Urgency.NOT_APPLICABLE)), values.get("failure")
    return Label(
        None if values["certainty"] is None else Certainty(values["certainty"]),
        values.get("probability"),
        None if urgency is None else Urgency(urgency),
        values.get("urgency_probability"),
        None if failure is None else Failure(Step(failure["step"]), failure["reason"]),
        values.get("choices", {}),
    )


def _evidence_from_json(values: Mapping[str, Any]) -> Evidence:
    sentence = Sentence(
        values["start"], values["end"], values["text"], values["heading"], values["is_heading"]
    )
    return Evidence(sentence, FoundBy(values["found_by"]), values["probability"])


def total_usage(results: Iterable[Mapping[str, StepUsage]]) -> dict[str, StepUsage]:
    """The usage of many results, by step."""
    total: dict[str, StepUsage] = {}
    for usage in results:
        for step, use in usage.items():
            total[step] = total.get(step, StepUsage()) + use
    return total
