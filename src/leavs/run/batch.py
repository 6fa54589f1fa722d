"""Labels many reports: bounded in flight, resumable, every organ recorded as soon as it is done.

Whatever can be asked is asked, of all reports in flight at once, in the order of the reports.

A question that fails costs its cells; an engine that dies ends the run, and so do too many
failures and a request to stop; in each case the journal holds what was done and a later run goes on
from there.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from leavs.domain import (
    Failure,
    Organ,
    OrganResult,
    Report,
    Step,
    UnreadableReport,
    Usage,
)
from leavs.journal.index import Done
from leavs.journal.journal import Journal, OrganRecord
from leavs.journal.serialization import total_usage
from leavs.method.ask import Ask
from leavs.method.chain import failed, label_report
from leavs.method.steps.filtration import SentenceFilter
from leavs.run.engine_queue import EngineQueue, InTurn, queue_for
from leavs.run.failure_limit import FailureLimit
from leavs.system.stopping import Stop


@dataclass(slots=True)
class Tally:
    """What a process has done so far; it grows while the run goes on.

    Args:
        reports_total: in the input, as far as it was counted.
        reports_before: found done in the journal.
        organs_each: organs that are labeled in a report.
        certainties: cells by certainty code; failed cells by None.
        input_problems: entries of the input that belong to no report.
        encodings: reports that were not UTF-8, by what they were read as.
        stopping: no new report is taken; those in flight may still finish.
    """

    reports_total: int
    organs_each: int
    reports_done: int = 0
    reports_before: int = 0
    organs_done: int = 0
    certainties: Counter[int | None] = field(default_factory=Counter)
    failed_cells: int = 0
    input_problems: int = 0
    dropped_quotes: int = 0
    usage: dict[str, Usage] = field(default_factory=dict)
    encodings: Counter[str] = field(default_factory=Counter)
    stopping: bool = False

    @property
    def cells(self) -> int:
        """That are recorded, with labels or failures."""
        return sum(self.certainties.values())

    def add(self, result: OrganResult) -> None:
        """Count one organ's result."""
        self.organs_done += 1
        self.certainties.update(label.certainty for label in result.labels.values())
        self.failed_cells += result.failed_cells
        self.dropped_quotes += result.dropped_quotes
        self.usage = total_usage((self.usage, result.usage))


@dataclass(frozen=True, slots=True)
class Batch:
    """Labels reports and records the results.

    Args:
        done: what the journal knew at the start, by report id.
        reports_in_flight: reports that are worked on at the same time, so that memory is flat.
        has_text: whether the journal holds the text of a report, by its id and the hash of the
            text, for a `report` column; those that it lacks are added. None where there is no such
            column.
        failure_limit: more failures than it allows end the run.
    """

    ask: Ask
    organs: Sequence[Organ]
    filter_sentences: SentenceFilter
    journal: Journal
    done: Callable[[str], Done | None]
    tally: Tally
    reports_in_flight: int
    has_text: Callable[[str, str], bool] | None = None
    failure_limit: FailureLimit | None = None

    async def run(self, reports: Iterable[Report | UnreadableReport], stop: Stop) -> bool:
        """Label all reports that are not done, until they are done or a stop is requested.

        Returns:
            Whether all were taken and finished.

        Raises:
            EngineError: the engine cannot go on.
            FailureLimitError: too many cells failed.
        """
        try:
            async with stop.limit():
                return await self._take_all(reports, stop)
        except TimeoutError:
            return False  # asked to stop, and the time to drain is over; what is recorded stays
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None

    async def _take_all(self, reports: Iterable[Report | UnreadableReport], stop: Stop) -> bool:
        places = asyncio.Semaphore(self.reports_in_flight)
        queue = queue_for(self.ask.engine)

        async def wake_when_stopped() -> None:
            await stop.wait()
            self.tally.stopping = True
            places.release()

        async with asyncio.TaskGroup() as group:
            waker = group.create_task(wake_when_stopped())
            for entry in reports:
                await places.acquire()
                if stop.requested:
                    return False
                group.create_task(self._take(entry, places, queue))
            waker.cancel()
        return True

    async def _take(
        self, entry: Report | UnreadableReport, places: asyncio.Semaphore, queue: EngineQueue
    ) -> None:
        try:
            if isinstance(entry, Report):
                await self._label(entry, queue)
            else:
                self.record_unreadable(entry)
        finally:
            places.release()

    def organs_left(self, report: Report) -> Sequence[Organ]:
        """The organs that have to be asked about; what stands in the way of it is recorded."""
        text_hash = report.text_hash
        known = self.done(report.id)
        if known is not None and not known.text_hash:
            known = None  # it could not be read before; now it can
        elif known is not None and known.text_hash != text_hash:
            self._record_problem(report, "its text is not the one labeled before under this id")
            return ()
        if self.has_text is not None and not self.has_text(report.id, text_hash):
            self.journal.add_report_text(report.id, report.text)
        organs = [o for o in self.organs if known is None or o.name not in known.organs]
        if not organs:
            self.tally.reports_before += 1
        return organs

    async def _label(self, report: Report, queue: EngineQueue) -> None:
        organs = self.organs_left(report)
        if not organs:
            return
        text_hash = report.text_hash

        def record(result: OrganResult) -> None:
            self.record(OrganRecord(result, report.position, text_hash, report.source))

        if report.encoding:
            self.tally.encodings[report.encoding] += 1
        ask = replace(self.ask, engine=InTurn(self.ask.engine, queue, report.position))
        await label_report(ask, report, organs, self.filter_sentences, record)
        await self.journal.synced()
        self.tally.reports_done += 1

    def record(self, record: OrganRecord) -> None:
        """Put one organ's result into the journal, and count it."""
        self.journal.add_result(record)
        self.tally.add(record.result)
        if self.failure_limit is not None:
            self.failure_limit.check(self.tally.failed_cells, self.tally.cells)

    def record_unreadable(self, entry: UnreadableReport) -> None:
        """Record why an entry of the input has no labels."""
        if not entry.id:
            self.journal.add_input_problem(entry)
            self.tally.input_problems += 1
            return
        known = self.done(entry.id)
        failure = Failure(Step.INPUT, entry.reason)
        organs = [o for o in self.organs if known is None or o.name not in known.organs]
        for organ in organs:
            result = failed(entry.id, organ, self.ask.pack.ontology, failure)
            self.record(OrganRecord(result, entry.position, "", entry.source))
        if organs:
            self.tally.reports_done += 1
        else:
            self.tally.reports_before += 1

    def _record_problem(self, report: Report, reason: str) -> None:
        self.record_unreadable(
            UnreadableReport("", f"{report.id}: {reason}", report.position, report.source)
        )
