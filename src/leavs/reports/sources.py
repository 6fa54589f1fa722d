"""A source of reports is a stream that can be read again; its entries are checked here.

The readers find entries; each becomes a Report, or an UnreadableReport with the reason.
Knows nothing of files or formats.
"""

import re
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Protocol

from leavs.domain import Report, Shard, UnreadableReport, digest_of
from leavs.errors import InputError, UsageError
from leavs.reports.opening import is_decoded
from leavs.system.scratch import FirstPlaces

_LONGEST_ID = 400  # a text in the id column must not become an id: messages and tables show ids
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class ReportSource(Protocol):
    """A stream of reports; every `iter` starts it again; positions count its entries from 0.

    Iterating and counting raise InputError if the source cannot be read any further.
    """

    def __iter__(self) -> Iterator[Report | UnreadableReport]:
        """Give each entry once, in the order of the input."""
        ...

    def count(self) -> int:
        """Count the entries, the unreadable ones too, without keeping their texts."""
        ...

    def sharded(self, shard: Shard) -> "ReportSource":
        """The entries of one shard; their positions stay those in the whole."""
        ...


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as a reader found it, unchecked.

    Args:
        place: its line or number, which the source's `where` turns into words.
        id: "" if it has none.
        encoding: as which it was read, if not as UTF-8.
        problem: why it has no text, as a whole sentence.
        load: reads the entry, if its text is in a file of its own and is needed.
        position: its number in the whole input, if the reader leaves entries out.
        absent: the input has no such entry; the id only says which shard names it.
    """

    place: int
    id: str = ""
    text: str = ""
    encoding: str = ""
    problem: str = ""
    load: "Callable[[], Entry] | None" = None
    position: int | None = None
    absent: bool = False


Entries = Generator[Entry, None, None]


@dataclass(frozen=True, slots=True)
class CheckedSource:
    """A ReportSource made of a reader, or a part of one.

    Args:
        read: gives the entries from the first on, each time it is called.
        where: words for a place ("reports.csv line 12").
        tally: counts the entries.
        advice: what to do about an id that comes twice.
        start: the first entry of the part, from 0; `end` is the one after the last; negative
            numbers count from the end.
        limit: the largest number of entries in the part.
        shard: take only the entries of this shard.
        remark: what is to be said of the input once it was read to its end; "" for nothing.
    """

    read: Callable[[], Entries]
    where: Callable[[int], str]
    tally: Callable[[], int]
    advice: str = "give each report an id of its own"
    start: int = 0
    end: int | None = None
    limit: int | None = None
    shard: Shard | None = None
    remark: Callable[[], str] = str

    def __iter__(self) -> Iterator[Report | UnreadableReport]:
        part = self._part()
        with FirstPlaces() as seen, closing(self._entries(part)) as entries:
            for number, entry in entries:
                position = number if entry.position is None else entry.position
                # Entries before the part count, too: a repeated id is found wherever it is.
                refused = self._refused(entry, position, seen)
                if number in part:
                    yield refused or self._checked(entry, position)

    def count(self) -> int:
        """Count the entries anew."""
        part = self._part()
        if self.shard is None:
            return len(part if part.stop < sys.maxsize else self._part(self.tally()))
        with closing(self._entries(part)) as entries:
            return sum(number in part for number, _ in entries)

    def sharded(self, shard: Shard) -> "CheckedSource":
        """Take the entries of one shard; those without an id are in the shard of the empty id."""
        return replace(self, shard=shard)

    def _part(self, total: int | None = None) -> range:
        """The positions of the part; counts the entries only if the positions depend on it."""
        if total is None:
            from_the_end = self.start < 0 or (self.end is not None and self.end < 0)
            total = self.tally() if from_the_end else sys.maxsize
        return range(total)[self.start : self.end][: self.limit]

    def _entries(self, part: range) -> Generator[tuple[int, Entry], None, None]:
        """The entries of the shard, from the first of the source to the last of the part."""
        with closing(self.read()) as entries:
            for number, entry in enumerate(entries):
                if number >= part.stop:
                    return
                if self.shard is None or self.shard.includes(entry.id.strip()):
                    yield number, entry

    def _refused(self, entry: Entry, position: int, seen: FirstPlaces) -> UnreadableReport | None:
        """The entry as unreadable, if something is wrong with its id."""
        report_id = entry.id.strip()
        if entry.absent or (entry.problem and not report_id):
            return self._unreadable(entry, position, "", entry.problem)
        if problem := _id_problem(report_id):
            return self._unreadable(entry, position, "", f"{self.where(entry.place)} {problem}")
        first = seen.first(digest_of(report_id), entry.place)
        if first == entry.place:
            return None
        reason = f"{self.where(entry.place)} has the same id as {self.where(first)}; {self.advice}"
        return self._unreadable(entry, position, "", reason)

    def _checked(self, entry: Entry, position: int) -> Report | UnreadableReport:
        if entry.load is not None:
            entry = entry.load()
        report_id = entry.id.strip()
        problem = _text_problem(entry.text)
        if entry.problem or problem:
            reason = entry.problem or f"{self.where(entry.place)} {problem}"
            return self._unreadable(entry, position, report_id, reason)
        return Report(report_id, entry.text, position, self._source(entry), entry.encoding)

    def _unreadable(
        self, entry: Entry, position: int, report_id: str, reason: str
    ) -> UnreadableReport:
        return UnreadableReport(report_id, reason, position, self._source(entry))

    def _source(self, entry: Entry) -> str:
        where = self.where(entry.place)
        return f"{where} (read as {entry.encoding})" if entry.encoding else where


def _id_problem(report_id: str) -> str:
    if not report_id:
        return "has no id"
    if len(report_id) > _LONGEST_ID:
        return f"has an id of more than {_LONGEST_ID} characters; is it the text?"
    if _CONTROL.search(report_id):
        return "has an id with control characters, line breaks or undecodable bytes"
    return ""


def _text_problem(text: str) -> str:
    if "\0" in text:
        return "holds NUL bytes; if it is text, save it as UTF-8"
    if not is_decoded(text):
        return "holds bytes that are neither UTF-8 nor cp1252; save it as UTF-8"
    return "" if text.strip() else "holds no text"


def with_entries(source: CheckedSource, complaint: str) -> CheckedSource:
    """Return the source, once its first entry could be read: before a model is loaded, not after.

    Raises:
        InputError: with `complaint` if there is no entry; with the reader's message if the file
            cannot be read.
    """
    with closing(source.read()) as entries:
        if next(entries, None) is None:
            raise InputError(complaint)
    return source


def select(
    source: CheckedSource,
    start_index: int = 0,
    end_index: int | None = None,
    limit: int | None = None,
) -> CheckedSource:
    """Select a part of a source; positions and the check for repeated ids stay those of the whole.

    Args:
        start_index: the first entry, from 0; negative counts from the end, as in Python.
        end_index: the entry after the last.
        limit: at most so many entries of these.

    Raises:
        UsageError: a negative limit.
    """
    if limit is not None and limit < 0:
        raise UsageError(f"--limit must be 0 or more, not {limit}")
    return replace(source, start=start_index, end=end_index, limit=limit)
