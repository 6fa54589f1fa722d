"""Which reports were being labeled when a process died, and what becomes of those that kill it.

A process that labels a `Part` leaves a trace on the disk, as it takes one report after the other.
What was taken, and is not finished by what stands in the journal, was in flight.
"""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile
from pathlib import Path

from leavs.domain import Failure, Organ, OrganResult, Report, Shard, Step, UnreadableReport
from leavs.journal.index import Done, Index
from leavs.journal.journal import Journal, OrganRecord
from leavs.method.chain import failed
from leavs.reports import ReportSource
from leavs.run.recorder import Tally
from leavs.run.session import Plan, Session
from leavs.system.private_files import open_private

DEATHS = 3  # in flight at so many, a report is labeled alone
DIED = "its engine died each time it was labeled, at last alone"

Positions = frozenset[int]


@dataclass(frozen=True, slots=True)
class Part:
    """Some entries of a source; a file tells how far they were taken, whatever becomes of us.

    Args:
        trace: the file; it holds the position of the last entry that was taken.
        only: the positions of the entries, where not all are meant.
        without: positions of entries that are left out.
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
                    # The next one is asked for: this one is labeled from now on.
                    os.pwrite(descriptor, b"%20d" % entry.position, 0)
        finally:
            os.close(descriptor)

    @property
    def whole(self) -> bool:
        """Whether no entry of the source is left out."""
        return self.only is None and not self.without

    def includes(self, position: int) -> bool:
        """Whether the entry at a position is one of these."""
        return position not in self.without and (self.only is None or position in self.only)

    def count(self) -> int:
        """The entries of the source, also those that are not meant."""
        return self.source.count()

    def sharded(self, shard: Shard) -> "Part":
        """Those of one shard."""
        return replace(self, source=self.source.sharded(shard))


def last_taken(trace: Path) -> int:
    """The position of the entry that was taken last from a Part; -1 if none was."""
    try:
        return int(trace.read_bytes())
    except (FileNotFoundError, ValueError):
        return -1


@dataclass(order=True, slots=True)
class Work:
    """What is to be done of a shard, after the deaths of processes that labeled it.

    Reports that were in flight at three deaths are set apart and labeled alone, so that only one
    that kills its process alone is given up.

    Args:
        deaths: of replicas, by the positions of the reports that were in flight.
        alone: positions of reports that are to be labeled one at a time, before the others.
        asked_alone: the one that is; None while the others are.
        apart: of those that were, or are given up.
        killers: what killed a replica alone, and why it is given up.
        records: in the journal at the last death.
        tally: of the try that is under way; `done` counts the reports of those before it.
    """

    number: int
    deaths: Counter[int] = field(default_factory=Counter, compare=False)
    alone: set[int] = field(default_factory=set, compare=False)
    asked_alone: int | None = field(default=None, compare=False)
    apart: set[int] = field(default_factory=set, compare=False)
    killers: list[tuple[Report, str]] = field(default_factory=list, compare=False)
    records: int = field(default=0, compare=False)
    tally: Tally | None = field(default=None, compare=False)
    done: int = field(default=0, compare=False)

    def part(self, source: ReportSource, traces: Path) -> Part:
        """What the try that is under way is to label of the shard's source."""
        trace = traces / str(self.number)
        if self.asked_alone is not None:
            return Part(source, trace, only=frozenset({self.asked_alone}))
        return Part(source, trace, without=frozenset(self.apart))

    def count_death(self, in_flight: Sequence[Report], words: str) -> None:
        """Set apart what was in flight too often; give up what was alone and was in flight.

        What was alone and was not in flight stays to be labeled: the process may have died before
        it took the report.

        Args:
            words: what the engine had to say, if anything.
        """
        positions = {report.position for report in in_flight}
        if self.asked_alone is None:
            self.deaths.update(positions)
            self.alone = {position for position in positions if self.deaths[position] >= DEATHS}
            self.apart |= self.alone
        else:
            self.alone -= positions
            reason = f"{DIED}: {words}" if words else DIED
            self.killers += [(report, reason) for report in in_flight]


@dataclass(frozen=True, slots=True)
class InFlight:
    """What was being labeled when a process died.

    Args:
        records: of organs, in the journal, of all reports of the session.
    """

    reports: Sequence[Report]
    records: int


def in_flight(session: Session, plan: Plan, part: Part) -> InFlight:
    """The reports that were taken from a part and are not finished, in the order of the input.

    Args:
        session: whose process died.
    """
    last = last_taken(part.trace)
    with Index(session.output.output_dir, session.shard) as index:
        done = session.done(index)
        entries = takewhile(lambda entry: entry.position <= last, part.source)
        taken = (one for one in entries if isinstance(one, Report) and part.includes(one.position))
        left = [report for report in taken if organs_left(plan, done(report.id))]
        return InFlight(left, index.records)


def organs_left(plan: Plan, known: Done | None) -> list[Organ]:
    """The organs of a readable report that are not recorded."""
    if known is None or not known.text_hash:
        return list(plan.organs)
    return [organ for organ in plan.organs if organ.name not in known.organs]


def give_up(
    session: Session, plan: Plan, killers: Sequence[tuple[Report, str]]
) -> list[OrganResult]:
    """Record what is left of reports as failures of the engine, in a journal of this process.

    The journal says that the session's reports are complete: nothing else may be left of them.

    Args:
        killers: the reports, each with the reason.
    """
    folder = session.output.output_dir
    with Index(folder, session.shard) as index:
        done = session.done(index)
        left = [(*killer, organs_left(plan, done(killer[0].id))) for killer in killers]
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
