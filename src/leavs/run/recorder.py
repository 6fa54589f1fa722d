"""Records results in the journal and the tally, and says which organs are left to be asked about.

Knows nothing of engines, and nothing of the method but its results.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from leavs.domain import Failure, OrganResult, Report, Sentence, Step, UnreadableReport, Usage
from leavs.journal.index import Done
from leavs.journal.journal import Journal, OrganRecord
from leavs.journal.serialization import total_usage
from leavs.method.chain import failed
from leavs.method.ontology import Ontology, Organ
from leavs.run.failure_limit import FailureLimit, refuse_no_label
from leavs.text import overlong_sentence

COUNTED = (
    *("reports_done", "reports_before", "organs_done", "certainties", "failed_cells"),
    *("input_problems", "dropped_quotes", "encodings", "causes"),
)


@dataclass(slots=True)
class Tally:
    """Counts what a process has done so far in a run.

    Args:
        reports_total: reports in the input, as far as they were counted.
        reports_before: reports that were done already when the run started.
        organs_each: organs that are labeled in each report.
        certainties: cells by certainty code; cells without a certainty by None.
        input_problems: entries of the input that belong to no report.
        encodings: reports that were not UTF-8, by the encoding they were decoded with.
        causes: cells that failed although their report could be read, by the reason without its
            numbers; empty once a cell has a label.
        stopping: whether a stop was requested: no new report is taken, those in flight may finish.
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
    causes: Counter[str] = field(default_factory=Counter)
    stopping: bool = False

    @property
    def cells(self) -> int:
        """The number of cells that are recorded, with labels or failures."""
        return sum(self.certainties.values())

    @property
    def labeled_cells(self) -> int:
        """The number of cells that are recorded with a label."""
        return self.cells - self.certainties[None]

    def add(self, result: OrganResult) -> None:
        """Count one organ's result."""
        self.organs_done += 1
        self.certainties.update(label.certainty for label in result.labels.values())
        self.failed_cells += result.failed_cells
        if self.labeled_cells:
            self.causes.clear()  # only of interest while there is no label
        else:
            self.causes.update(causes_of(result))
        self.dropped_quotes += result.dropped_quotes
        self.usage = total_usage((self.usage, result.usage))

    def count(self, parts: Sequence["Tally"]) -> None:
        """Count what all parts have counted, and nothing else."""
        for name in COUNTED:
            first, *others = (getattr(part, name) for part in parts)
            setattr(self, name, sum(others, start=first))
        self.usage = total_usage(part.usage for part in parts)


def causes_of(result: OrganResult) -> Iterator[str]:
    """Yield why each cell failed that was asked about."""
    for label in result.labels.values():
        if label.failure is not None and label.failure.step is not Step.INPUT:
            yield without_numbers(label.failure.reason)


def without_numbers(reason: str) -> str:
    """Return why something failed without its numbers, so that like reasons are alike."""
    return re.sub(r" \([\d,]+ \w+[^)]*\)", "", reason)


def check_failures(limit: FailureLimit | None, tally: Tally) -> None:
    """Raise FailureLimitError if more cells failed than are allowed, or all without a limit."""
    if limit is not None:
        limit.check(tally.failed_cells, tally.cells)
    elif not tally.labeled_cells:
        refuse_no_label(tally.causes)


@dataclass(frozen=True, slots=True)
class Recorder:
    """Records the results of the reports of a run, and counts them.

    Args:
        organs: the organs that are labeled in every report.
        done: returns what the journal knew of a report at the start, given its id.
        has_text: whether the journal holds the text of a report, given its id and the hash of the
            text, for a `report` column; missing texts are added. None if there is no such column.
        failure_limit: more failures than it allows end the run.
    """

    ontology: Ontology
    organs: Sequence[Organ]
    journal: Journal
    done: Callable[[str], Done | None]
    tally: Tally
    has_text: Callable[[str, str], bool] | None = None
    failure_limit: FailureLimit | None = None

    def organs_left(self, report: Report) -> Sequence[Organ]:
        """Return the organs still to be asked about; record a problem if the text has changed."""
        known = self.done(report.id)
        if known is not None and not known.text_hash:
            known = None  # it could not be read before; now it can
        elif known is not None and known.text_hash != report.text_hash:
            self._record_problem(report, "its text is not the one labeled before under this id")
            return ()
        if self.has_text is not None and not self.has_text(report.id, report.text_hash):
            self.journal.add_report_text(report.id, report.text)
        organs = self._not_in(known)
        if not organs:
            self.tally.reports_before += 1
        elif report.encoding:
            self.tally.encodings[report.encoding] += 1
        return organs

    def record(self, report: Report, result: OrganResult) -> None:
        """Put one organ's result into the journal, and count it.

        Raises:
            FailureLimitError: more cells failed than are allowed.
            StorageError: the journal cannot be written.
        """
        self.record_result(OrganRecord(result, report.position, report.text_hash, report.source))

    def look(self, report: Report, sentences: Sequence[Sentence]) -> None:
        """Note a report that has a sentence so long that its layout was hardly understood."""
        if overlong := overlong_sentence(report.text, sentences):
            size = f"{overlong.end - overlong.start:,} of {len(report.text):,} characters"
            self.journal.add_note(report, f"one sentence has {size}; look with leavs sentences")

    async def finish(self) -> None:
        """Count a report whose organs are all recorded, once the records are on the disk."""
        await self.journal.synced()
        self.tally.reports_done += 1

    def record_unreadable(self, entry: UnreadableReport) -> None:
        """Record why an entry of the input has no labels."""
        if not entry.id:
            self.journal.add_input_problem(entry)
            self.tally.input_problems += 1
            return
        failure = Failure(Step.INPUT, entry.reason)
        organs = self._not_in(self.done(entry.id))
        for organ in organs:
            result = failed(entry.id, organ, self.ontology, failure)
            self.record_result(OrganRecord(result, entry.position, "", entry.source))
        if organs:
            self.tally.reports_done += 1
        else:
            self.tally.reports_before += 1

    def _not_in(self, known: Done | None) -> list[Organ]:
        return [one for one in self.organs if known is None or one.name not in known.organs]

    def record_result(self, record: OrganRecord) -> None:
        """Put a record of one organ into the journal, and count it; raises as `record`."""
        self.journal.add_result(record)
        self.tally.add(record.result)
        check_failures(self.failure_limit, self.tally)

    def _record_problem(self, report: Report, reason: str) -> None:
        self.record_unreadable(
            UnreadableReport("", f"{report.id}: {reason}", report.position, report.source)
        )
