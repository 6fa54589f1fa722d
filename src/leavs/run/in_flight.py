"""Finds the reports in flight when a process died, and gives up those that make it die.

A process that labels a `Part` writes to a trace file how far it has taken the reports. A report
that was taken, and is not finished according to the journal, was in flight.
"""

import os
import secrets
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import takewhile
from pathlib import Path

from leavs.domain import Failure, OrganResult, Report, Shard, Step, UnreadableReport
from leavs.journal.index import Done, Index
from leavs.journal.journal import Journal, OrganRecord
from leavs.method.chain import failed
from leavs.method.ontology import Organ
from leavs.reports import ReportSource
from leavs.run.recorder import Tally
from leavs.run.session import Plan, Session
from leavs.system.private_files import make_private_folder, open_private

DEATHS = 3  # a report that was in flight at this many deaths is labeled alone
DIED = "its engine died each time it was labeled, at last alone"

Positions = frozenset[int]


@dataclass(frozen=True, slots=True)
class Part:
    """Some entries of a source; a file holds how far they were taken, even if this process dies.

    Args:
        trace: the file; it holds the position of the last entry that was taken.
        only: the positions of the entries; None for all.
        without: the positions of entries that are left out.
    """

    source: ReportSource
    trace: Path
    only: Positions | None = None
    without: Positions = frozenset()

    def __iter__(self) -> Iterator[Report | UnreadableReport]:
        descriptor = open_private(self.trace, os.O_WRONLY | os.O_CREAT)
        try:
            for entry in self.source:
                if self.includes(entry.position):
                    yield entry
                    # The caller asks for the next entry: this one is being labeled now.
                    os.pwrite(descriptor, b"%20d" % entry.position, 0)
        finally:
            os.close(descriptor)

    @property
    def whole(self) -> bool:
        """Whether no entry of the source is left out."""
        return self.only is None and not self.without

    def includes(self, position: int) -> bool:
        """Whether the entry at a position belongs to this part."""
        return position not in self.without and (self.only is None or position in self.only)

    def count(self) -> int:
        """Count the entries of the source, including those outside this part."""
        return self.source.count()

    def sharded(self, shard: Shard) -> "Part":
        """Return this part's entries of one shard."""
        return replace(self, source=self.source.sharded(shard))


@contextmanager
def trace_folder(folder: Path) -> Iterator[Path]:
    """Yield a new folder for trace files in a run's folder; it is removed afterwards."""
    traces = folder.absolute() / f"in_flight-{secrets.token_hex(4)}"
    make_private_folder(traces)
    try:
        yield traces
    finally:
        shutil.rmtree(traces, ignore_errors=True)


def last_taken(trace: Path) -> int:
    """Return the position of the entry that was taken last from a Part; -1 if none was."""
    try:
        return int(trace.read_bytes())
    except (FileNotFoundError, ValueError):
        return -1


@dataclass(order=True, slots=True)
class Work:
    """The work that remains of a shard, after the deaths of processes that labeled it.

    Reports that were in flight at `DEATHS` deaths are set apart and labeled alone, so that a report
    is given up only if its process dies while it labels that report alone.

    Args:
        number: the number of the shard.
        deaths: the number of deaths, by the positions of the reports that were in flight.
        alone: the positions of reports that are to be labeled one at a time, before the others.
        asked_alone: the position of the report being labeled alone; None while the others are.
        apart: the positions of all reports that were set apart, also those done or given up.
        fatal_reports: reports that killed a replica while labeled alone, each with the reason for
            which it is given up.
        records: the number of records in the journal at the last death.
        tallies: the tally of each attempt, the last one of which may be in progress.
    """

    number: int
    deaths: Counter[int] = field(default_factory=Counter, compare=False)
    alone: set[int] = field(default_factory=set, compare=False)
    asked_alone: int | None = field(default=None, compare=False)
    apart: set[int] = field(default_factory=set, compare=False)
    fatal_reports: list[tuple[Report, str]] = field(default_factory=list, compare=False)
    records: int = field(default=0, compare=False)
    tallies: list[Tally] = field(default_factory=list, compare=False)
    _done: int = field(default=0, compare=False)  # reports that earlier attempts finished

    def begin(self, alone: int | None) -> None:
        """Begin an attempt: at the report at a position, or at all that are not set apart.

        What was done before the run, and the input's problems, are counted by the last one.
        """
        if self.tallies and self.asked_alone is None:
            self._done += self.tallies[-1].reports_done
        for tally in self.tallies:
            tally.reports_before = tally.input_problems = 0
        self.asked_alone = alone
        self.tallies.append(Tally(0, 0))

    def count(self, tally: Tally) -> None:
        """Count what the attempt in progress has done so far."""
        before = max(0, tally.reports_before - self._done)
        self.tallies[-1] = replace(tally, reports_before=before)

    def part(self, source: ReportSource, traces: Path) -> Part:
        """What the try that is under way is to label of the shard's source."""
        trace = traces / str(self.number)
        if self.asked_alone is not None:
            return Part(source, trace, only=frozenset({self.asked_alone}))
        return Part(source, trace, without=frozenset(self.apart))

    def count_death(self, in_flight: Sequence[Report], words: str) -> None:
        """Set apart reports that were in flight too often; give up the one labeled alone.

        A report labeled alone that was not in flight stays to be labeled: the process may have
        died before it took the report.

        Args:
            words: the message of the engine's error; "" if there is none.
        """
        positions = {report.position for report in in_flight}
        if self.asked_alone is None:
            self.deaths.update(positions)
            self.alone = {position for position in positions if self.deaths[position] >= DEATHS}
            self.apart |= self.alone
        else:
            self.alone -= positions
            reason = f"{DIED}: {words}" if words else DIED
            self.fatal_reports += [(report, reason) for report in in_flight]


@dataclass(frozen=True, slots=True)
class InFlight:
    """The reports that were being labeled when a process died.

    Args:
        records: the number of organ records in the journal, over all reports of the session.
    """

    reports: Sequence[Report]
    records: int


def in_flight(session: Session, plan: Plan, part: Part) -> InFlight:
    """Find the reports that were taken from a part and are not finished, in the order of the input.

    Args:
        session: the session whose process died.
    """
    last = last_taken(part.trace)
    with Index(session.output.output_dir, session.shard) as index:
        done = session.done(index)
        entries = takewhile(lambda entry: entry.position <= last, part.source)
        taken = (one for one in entries if isinstance(one, Report) and part.includes(one.position))
        left = [report for report in taken if organs_left(plan, done(report.id))]
        return InFlight(left, index.records)


def organs_left(plan: Plan, known: Done | None) -> list[Organ]:
    """Return the organs of a readable report that are not recorded."""
    if known is None or not known.text_hash:
        return list(plan.organs)
    return [organ for organ in plan.organs if organ.name not in known.organs]


def give_up(
    session: Session, plan: Plan, fatal_reports: Sequence[tuple[Report, str]]
) -> list[OrganResult]:
    """Record what is left of reports as failures of the engine, in a journal of this process.

    The journal says that the session's reports are complete: nothing else may be left of them.

    Args:
        fatal_reports: the reports, each with the reason.
    """
    folder = session.output.output_dir
    with Index(folder, session.shard) as index:
        done = session.done(index)
        left = [(*one, organs_left(plan, done(one[0].id))) for one in fatal_reports]
    results = []
    journal = Journal(folder, session.record(plan))
    for report, reason, organs in left:
        failure = Failure(Step.ENGINE, reason)
        for organ in organs:
            results.append(failed(report.id, organ, plan.pack.ontology, failure))
            journal.add_result(
                OrganRecord(results[-1], report.position, report.text_hash, report.source)
            )
    journal.close(complete=True, seconds=0)
    return results
