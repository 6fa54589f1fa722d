"""The index of a run's journal: what is done, and where each record stands.

It is a database on disk with digests of ids as keys, so that memory does not grow with the number
of reports. Of two records for the same cell the one with fewer failures counts, then the older one.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from leavs.domain import Shard, digest_of, hash_of
from leavs.errors import RunFolderError
from leavs.journal.journal import JournalLine, read_line_at, read_lines, readable
from leavs.journal.serialization import failed_cells, lowest_probability
from leavs.system.scratch import open_scratch

# The record that counts of each cell, and beside it the first position of its report.
_BEST = """
    SELECT * FROM (
        SELECT *,
            min(position) OVER (PARTITION BY report) AS place,
            row_number() OVER (
                PARTITION BY report, organ ORDER BY text = '', failures, file, start
            ) AS rank
        FROM cells {where}
    ) WHERE rank = 1
"""
_SCHEMA = f"""
    CREATE TABLE cells (
        report BLOB, organ INTEGER, text TEXT, failures INTEGER, probability REAL,
        position INTEGER, file INTEGER, start INTEGER
    );
    CREATE TABLE texts (report BLOB, text TEXT, file INTEGER, start INTEGER);
    CREATE TABLE problems (
        key BLOB PRIMARY KEY, position INTEGER, file INTEGER, start INTEGER
    ) WITHOUT ROWID;
    CREATE TABLE notes (
        report BLOB PRIMARY KEY, position INTEGER, file INTEGER, start INTEGER
    ) WITHOUT ROWID;
    CREATE VIEW best AS {_BEST.format(where="")};
    BEGIN;
"""
# Not a query of the view: SQLite would rank all reports before it selects one.
_BEST_OF_REPORT = _BEST.format(where="WHERE report = ?")
_LOOKUPS = (
    "CREATE INDEX by_report ON cells (report)",
    "CREATE INDEX by_text ON texts (report)",
)


@dataclass(frozen=True, slots=True)
class RecordPlace:
    """Where a record stands in the journal.

    Args:
        offset: the offset of the record's first byte in the file.
        failures: the number of failed cells, in an organ's record.
        position: the position of the report or the problem in the input.
        text_hash: the hash of the text that was labeled; "" if it could not be read.
    """

    path: Path
    offset: int
    failures: int = 0
    position: int = 0
    text_hash: str = ""


@dataclass(slots=True)
class Done:
    """What the journal knows of one report.

    Args:
        text_hash: the hash of the text that was labeled; "" if it could not be read.
    """

    text_hash: str
    organs: set[str] = field(default_factory=set)

    def includes(self, organs: Iterable[str]) -> bool:
        """Whether all these organs are done, so that none need be asked of the readable report."""
        return bool(self.text_hash) and self.organs.issuperset(organs)


class Index:
    """Finds the records of a run by report, organ and text; use it in a `with` block.

    It holds the records that the journal had when the index was created, and those added later.

    Args:
        folder: the run's output folder; None for an index that is empty until records are added.
        shard: hold only the records of this shard's reports, and do not read files of other shards.
    """

    def __init__(self, folder: Path | None = None, shard: Shard | None = None) -> None:
        self.damaged: list[str] = []
        self.sessions: list[Mapping[str, Any]] = []
        self.paths: list[Path] = []
        self._organs: list[str] = []
        self._database = open_scratch(_SCHEMA)
        self._stack = ExitStack()
        self._open: dict[Path, BinaryIO] = {}
        self._shard = shard
        if folder is not None:
            self.add(read_lines(folder, self.damaged, _concerns(shard)))
        for lookup in _LOOKUPS:  # created after the records are inserted, which takes less time
            self._database.execute(lookup)

    def add(self, lines: Iterable[JournalLine]) -> None:
        """Add records, in the order of the journal."""
        self._database.executemany(
            "INSERT INTO cells VALUES (?, ?, ?, ?, ?, ?, ?, ?)", self._rows_of_cells(lines)
        )

    def _rows_of_cells(self, lines: Iterable[JournalLine]) -> Iterator[tuple[object, ...]]:
        """Yield the rows of `cells`, and insert other records into their own tables meanwhile."""
        for line in lines:
            if not self.paths or line.path != self.paths[-1]:
                self.paths.append(line.path)
            file, record = len(self.paths) - 1, line.record
            match record["kind"]:
                case "organ":
                    report = digest_of(record["report_id"])
                    if self._shard is None or self._shard.includes_digest(report):
                        yield report, *self._values_of_cell(record), file, line.offset
                case "report":
                    row = (digest_of(record["report_id"]), hash_of(record["text"]))
                    self._insert("texts", *row, file, line.offset)
                case "input":
                    position, told = record["position"], (record["source"], record["reason"])
                    key = blake2b(repr((position, *told)).encode(), digest_size=16).digest()
                    self._insert("problems", key, position, file, line.offset)
                case "note":
                    row = (digest_of(record["report_id"]), record["position"])
                    self._insert("notes", *row, file, line.offset)
                case "session" | "plan" | "end":
                    self.sessions.append({**record, "journal": line.path.name})

    def _values_of_cell(self, record: Mapping[str, Any]) -> tuple[object, ...]:
        if record["organ"] not in self._organs:
            self._organs.append(record["organ"])
        return (
            self._organs.index(record["organ"]),
            record["text_hash"],
            failed_cells(record),
            lowest_probability(record),
            record["position"],
        )

    def _insert(self, table: str, *row: object) -> None:
        marks = ", ".join("?" * len(row))
        self._database.execute(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", row)  # noqa: S608

    def done(self, report_id: str, retry_failures: bool = False) -> Done | None:
        """Return what need not be asked again of a report; None if nothing is recorded.

        Args:
            retry_failures: do not count organs with a failed cell as done.
        """
        known: Done | None = None
        for organ, text_hash, failures in self._database.execute(
            "SELECT organ, text, failures FROM cells WHERE report = ? ORDER BY rowid",
            (digest_of(report_id),),
        ):
            if retry_failures and failures:
                continue
            if known is None or (text_hash and not known.text_hash):
                # A record from when the report could not be read does not apply to its text.
                known = Done(text_hash)
            if text_hash == known.text_hash:
                known.organs.add(self._organs[organ])
        return known

    def text_of(self, report_id: str, text_hash: str) -> RecordPlace | None:
        """Return the place of a report's text, or None if the text is not kept."""
        ask = "SELECT file, start FROM texts WHERE report = ? AND text = ? ORDER BY rowid LIMIT 1"
        for file, start in self._database.execute(ask, (digest_of(report_id), text_hash)):
            return RecordPlace(self.paths[file], start)
        return None

    def best(self) -> Iterator[RecordPlace]:
        """Yield the record that counts of each cell, by the first position of its report."""
        return self._places("best ORDER BY place, report")

    def best_of(self, report_id: str) -> Iterator[RecordPlace]:
        """Yield the record that counts of each organ of a report."""
        return self._places(f"({_BEST_OF_REPORT})", digest_of(report_id))

    def _places(self, which: str, *values: object) -> Iterator[RecordPlace]:
        ask = f"SELECT file, start, failures, place, text FROM {which}"  # noqa: S608
        for file, start, failures, position, text_hash in self._database.execute(ask, values):
            yield RecordPlace(self.paths[file], start, failures, position, text_hash)

    def lowest_probabilities(self) -> dict[bytes, float]:
        """Return each report's lowest probability of a certainty, if any, by the id's digest."""
        return dict(
            self._database.execute(
                "SELECT report, min(probability) FROM best WHERE probability IS NOT NULL "
                "GROUP BY report"
            )
        )

    def input_problems(self) -> Iterator[RecordPlace]:
        """Yield the entries of the input that belong to no report, each once, by position."""
        return self._entries("problems")

    def notes(self) -> Iterator[RecordPlace]:
        """Yield the notes on reports, one for each report that has any, by position."""
        return self._entries("notes")

    def _entries(self, table: str) -> Iterator[RecordPlace]:
        ask = f"SELECT file, start, position FROM {table} ORDER BY position"  # noqa: S608
        for file, start, position in self._database.execute(ask):
            yield RecordPlace(self.paths[file], start, position=position)

    def record(self, place: RecordPlace) -> Mapping[str, Any]:
        """Read the record at a place."""
        if place.path not in self._open:
            self._open[place.path] = self._stack.enter_context(readable(place.path))
        return read_line_at(self._open[place.path], place.offset)

    @property
    def reports(self) -> int:
        """The number of reports with any record."""
        return self._count("SELECT count(DISTINCT report) FROM cells")

    @property
    def records(self) -> int:
        """The number of organ records, including those that do not count."""
        return self._count("SELECT count(*) FROM cells")

    @property
    def reports_without_text(self) -> int:
        """The number of readable reports whose text is not kept."""
        return self._count(
            "SELECT count(*) FROM ("
            "SELECT report, text FROM best WHERE text != '' EXCEPT SELECT report, text FROM texts)"
        )

    def progress(self) -> Iterator[tuple[bytes, int, int]]:
        """Yield for each report its id's digest, its recorded organs and its failed cells."""
        yield from self._database.execute(
            "SELECT report, count(*), sum(failures) FROM best GROUP BY report"
        )

    def reports_by_file(self) -> dict[str, int]:
        """Count the reports that each journal file has records of."""
        rows = self._database.execute(
            "SELECT file, count(DISTINCT report) FROM cells GROUP BY file"
        )
        return {self.paths[file].name: reports for file, reports in rows}

    def refuse_other_runs(self, folder: Path, identity: str) -> None:
        """Raise if a process recorded labels of a run with another identity.

        Args:
            identity: the fingerprint of the identity of the folder's run.

        Raises:
            RunFolderError: it names the journal file, which has to be moved away.
        """
        recorded = self.reports_by_file()
        for session in self.sessions:
            other = session.get("identity", identity) != identity
            if other and session["kind"] == "session" and recorded.get(session["journal"]):
                raise RunFolderError(
                    f"{folder / 'journal' / session['journal']} holds labels of another run, which "
                    "began in the same folder at the same time; move the file elsewhere"
                )

    def _count(self, query: str) -> int:
        [(count,)] = self._database.execute(query)
        return int(count)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the files of the journal, and delete the index."""
        self._stack.close()
        self._database.close()


def _concerns(shard: Shard | None) -> Callable[[Mapping[str, Any]], bool]:
    """Return whether a process may have recorded reports of a shard, given its first record."""

    def concerns(session: Mapping[str, Any]) -> bool:
        worked_on = session.get("shard")
        if shard is None or worked_on is None or worked_on[1] != shard.count:
            return True
        return bool(worked_on[0] == shard.number)

    return concerns
