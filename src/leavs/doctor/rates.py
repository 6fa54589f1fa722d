"""Computes how long a run takes from measurements: of a sample, or of earlier parts of the run."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from leavs.doctor.findings import Finding, fine, problem, warning
from leavs.domain import Report, Shard, Usage
from leavs.engines.engine import Engine
from leavs.journal.journal import read_lines
from leavs.method.options import MethodOptions
from leavs.run.labeling import label_reports_async
from leavs.run.options import OutputOptions
from leavs.tables.export import TABLES

WAYS = (
    "give --measure (labels the sample on the chosen engine), or --tokens-per-second (computed "
    "and generated tokens over seconds, as the tables at the end of a run say them)"
)


@dataclass(frozen=True, slots=True)
class Measured:
    """The measured cost of a sample on the chosen engine.

    Args:
        seconds: wall time, without loading the model.
        journal_bytes: the size of the sample's journal.
        tables_bytes: the size of the sample's tables.
    """

    reports: int
    seconds: float
    usage: Usage
    failed_cells: int
    journal_bytes: int
    tables_bytes: int

    def hours(self, reports: int) -> float:
        """Return the hours for this many reports at the measured rate."""
        return self.seconds / self.reports * reports / 3600

    def gigabytes(self, reports: int) -> float:
        """Return the gigabytes that this many reports would take on the disk."""
        return (self.journal_bytes + self.tables_bytes) / self.reports * reports / 1e9


@dataclass(frozen=True, slots=True)
class Earlier:
    """The measurements of those processes of a run that have ended in order.

    Args:
        organs: the number of organs that they labeled.
        seconds: the time that took, summed over the processes.
        recorded: the number of organ records in the journal, of all processes.
    """

    processes: int
    organs: int
    seconds: float
    tokens: int
    recorded: int


@dataclass(frozen=True, slots=True)
class _Sample:
    reports: Sequence[Report]

    def __iter__(self) -> Iterator[Report]:
        return iter(self.reports)

    def count(self) -> int:
        return len(self.reports)

    def sharded(self, shard: Shard) -> "_Sample":
        return _Sample(
            [report for report in self.reports if shard.includes_digest(report.id_digest)]
        )


async def measure(
    sample: Sequence[Report], engine: Engine, method: MethodOptions, folder: Path
) -> Measured | Finding:
    """Label a sample on an open engine.

    Args:
        folder: a new folder for the run.

    Raises:
        EngineError: the engine cannot go on.
    """
    outcome = await label_reports_async(_Sample(sample), engine, method, OutputOptions(folder))
    if not outcome.complete or not outcome.seconds:
        return problem("measured", "nothing: the sample was stopped before its end")
    sizes = [path.stat().st_size for path in (folder / "journal").iterdir()]
    tables = [(folder / table).stat().st_size for table in TABLES]
    return Measured(
        len(sample),
        outcome.seconds,
        sum(outcome.tally.usage.values(), Usage()),
        outcome.tally.failed_cells,
        sum(sizes),
        sum(tables),
    )


def earlier(folder: Path) -> Earlier | None:
    """Read the measurements of the run in a folder; None if none of its processes has ended."""
    files: dict[Path, list[int]] = {}
    processes = organs = tokens = recorded = 0
    seconds = 0.0
    for line in read_lines(folder):
        record = line.record
        if record["kind"] == "organ":
            recorded += 1
            count = files.setdefault(line.path, [0, 0])
            count[0] += 1
            count[1] += _tokens(record["usage"])
        elif record["kind"] == "end" and record.get("seconds") and line.path in files:
            processes += 1
            seconds += record["seconds"]
            organs += files[line.path][0]
            tokens += files[line.path][1]
    return Earlier(processes, organs, seconds, tokens, recorded) if processes else None


def _tokens(usage: Mapping[str, Sequence[int]]) -> int:
    uses = [Usage(*values) for values in usage.values()]
    return sum(use.computed_tokens + use.generated_tokens for use in uses)


def measured_findings(found: Measured, reports: int) -> list[Finding]:
    """Report what a sample took, and what all reports would take at the same rate."""
    use, count = found.usage, found.reports
    tokens = use.computed_tokens + use.generated_tokens
    says = (
        f"{found.seconds / count:,.2f} s a report on {count:,} reports: {use.calls / count:,.0f} "
        f"calls, {use.prompt_tokens / count:,.0f} prompt tokens "
        f"({use.cached_tokens / count:,.0f} cached), {use.generated_tokens / count:,.0f} "
        f"generated; "
        f"{tokens / found.seconds:,.0f} tokens/s computed and generated"
    )
    first = fine("measured", says)
    if found.failed_cells:
        advice = "look why with leavs label on a few reports; failures.csv says it"
        first = warning("measured", f"{says}; {found.failed_cells:,} cells failed", advice)
    return [
        first,
        fine(
            "hours",
            f"{found.hours(reports):,.2f} for {reports:,} reports at the rate of the sample, in "
            "one such process, without loading the model",
        ),
        fine("disk", f"{found.gigabytes(reports):,.2f} GB for {reports:,} reports like the sample"),
    ]


def earlier_findings(found: Earlier, reports: int, organs: int) -> list[Finding]:
    """Report how long the rest of a run takes at the rate so far."""
    left = max(0, reports * organs - found.recorded)
    hours = left / (found.organs / found.seconds) / 3600
    said = (
        f"about {hours:,.2f} for the {left / organs:,.0f} reports that are left, in one process as "
        f"fast as the {found.processes:,} before it ({found.tokens / found.seconds:,.0f} tokens/s)"
    )
    return [fine("hours", said)]
