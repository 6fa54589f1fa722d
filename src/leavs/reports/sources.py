"""What every source of reports is: a stream that can be read again, checked entry by entry.

The readers find entries; here each becomes a Report or an UnreadableReport with its reason.
Knows nothing of files or formats.
"""

import re
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Protocol

from leavs.domain import Report, UnreadableReport
from leavs.errors import InputError, UsageError
from leavs.reports.opening import is_decoded

_LONGEST_ID = 400  # a text in the id column must not become an id, which messages and tables show
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class ReportSource(Protocol):
    """A stream of reports; every `iter` starts it again, positions count its entries from 0.

    Both methods raise InputError where the source cannot be read any further at all.
    """

    def __iter__(self) -> Iterator[Report | UnreadableReport]:
        """Each entry once, in the order of the input."""
        ...

    def count(self) -> int:
        """The number of entries, the unreadable ones too, without keeping their texts."""
        ...


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as a reader found it, unchecked.

    Args:
        place: its line or number; the source's `where` makes words of it.
        encoding: that it was read as, where that is not UTF-8.
        problem: why it has no text, as a whole sentence; without an id, `id` is "".
    """

    place: int
    id: str = ""
    text: str = ""
    encoding: str = ""
    problem: str = ""


Entries = Generator[Entry, None, None]


@dataclass(frozen=True, slots=True)
class CheckedSource:
    """A ReportSource made of a reader.

    Args:
        read: gives the entries from the first on, each time it is called.
        where: the words for a place ("reports.csv line 12").
        tally: the number of entries.
        advice: what to do about an id that comes twice.
    """

    read: Callable[[], Entries]
    where: Callable[[int], str]
    tally: Callable[[], int]
    advice: str = "give each report an id of its own"

    def __iter__(self) -> Iterator[Report | UnreadableReport]:
        # Hashes, not ids: what is kept for each report is small and does not depend on the input.
        seen: dict[int, int] = {}
        for position, entry in enumerate(self.read()):
            yield self._checked(entry, position, seen)

    def count(self) -> int:
        """The number of entries, counted anew."""
        return self.tally()

    def _checked(
        self, entry: Entry, position: int, seen: dict[int, int]
    ) -> Report | UnreadableReport:
        where = self.where(entry.place)
        source = f"{where} (read as {entry.encoding})" if entry.encoding else where
        unreadable = partial(UnreadableReport, position=position, source=source)
        report_id = entry.id.strip()
        if entry.problem and not report_id:
            return unreadable("", entry.problem)
        if problem := _id_problem(report_id):
            return unreadable("", f"{where} {problem}")
        first = seen.setdefault(hash(report_id), entry.place)
        if first != entry.place:
            reason = f"{where} has the same id as {self.where(first)}; {self.advice}"
            return unreadable("", reason)
        if entry.problem:
            return unreadable(report_id, entry.problem)
        if problem := _text_problem(entry.text):
            return unreadable(report_id, f"{where} {problem}")
        return Report(report_id, entry.text, position, source, entry.encoding)


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
    """The source itself, once its first entry could be read.

    Raises:
        InputError: with `complaint` where there is no entry, with its own words where the file
            cannot be read: before a model is loaded, not after.
    """
    with closing(source.read()) as entries:
        if next(entries, None) is None:
            raise InputError(complaint)
    return source


@dataclass(frozen=True, slots=True)
class _Selection:
    source: ReportSource
    start: int
    end: int | None
    limit: int | None

    def __iter__(self) -> Iterator[Report | UnreadableReport]:
        from_the_end = self.start < 0 or (self.end is not None and self.end < 0)
        chosen = self._chosen(self.source.count() if from_the_end else sys.maxsize)
        # Reads what stands before `start` too: a second use of an id is found wherever it stands.
        return islice(iter(self.source), chosen.start, chosen.stop)

    def count(self) -> int:
        """The number of entries of the part."""
        return len(self._chosen(self.source.count()))

    def _chosen(self, total: int) -> range:
        return range(total)[self.start : self.end][: self.limit]


def select(
    source: ReportSource,
    start_index: int = 0,
    end_index: int | None = None,
    limit: int | None = None,
) -> ReportSource:
    """A part of a source; positions and the check for double ids stay those of the whole.

    Args:
        start_index: the first entry, from 0; negative counts from the end, as in Python.
        end_index: the entry after the last.
        limit: at most so many entries of these.

    Raises:
        UsageError: a negative limit.
    """
    if limit is not None and limit < 0:
        raise UsageError(f"--limit must be 0 or more, not {limit}")
    return _Selection(source, start_index, end_index, limit)
