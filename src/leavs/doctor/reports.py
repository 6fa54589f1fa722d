"""Surveys the reports of a run: how many can be read, how long they are, and a sample.

The texts of the sample and of the longest reports are kept, and no others.
"""

import heapq
from collections import Counter
from dataclasses import dataclass, field

from leavs.doctor.findings import Finding, fine, warning
from leavs.doctor.tokens import TokenCounter
from leavs.domain import Report, UnreadableReport
from leavs.reports import ReportSource

LONGEST = 50  # reports, the longest by characters, whose prompts are counted


@dataclass(slots=True)
class Survey:
    """What was found in the input.

    Args:
        entries: the number of entries, with the unreadable ones.
        characters: the number of characters of all readable reports.
        unreadable: the number of entries with an id of their own but no readable text.
        strays: the number of entries without an id, or with one that came before.
        example: the reason why the first unreadable or stray entry cannot be labeled.
        encodings: the number of reports that are not UTF-8, by the encoding used.
        longest: the longest reports by characters, the longest first.
        sample: reports spread evenly over the input.
    """

    entries: int = 0
    readable: int = 0
    characters: int = 0
    unreadable: int = 0
    strays: int = 0
    example: str = ""
    encodings: Counter[str] = field(default_factory=Counter)
    longest: list[Report] = field(default_factory=list)
    sample: list[Report] = field(default_factory=list)


def survey(source: ReportSource, sample: int, longest: int = LONGEST) -> Survey:
    """Read all reports once.

    Args:
        sample: the number of reports to keep as a sample, spread evenly.
        longest: the number of the longest reports to keep.

    Raises:
        InputError: the source cannot be read.
    """
    seen = Survey(source.count())
    places = [place * seen.entries // sample for place in range(min(sample, seen.entries))]
    heap: list[tuple[int, int, Report]] = []
    due = 0
    for number, entry in enumerate(source):
        if isinstance(entry, UnreadableReport):
            _count_unreadable(seen, entry)
            continue
        _count_readable(seen, entry)
        if due < len(places) and number >= places[due]:
            seen.sample.append(entry)
            due += 1
        heapq.heappush(heap, (len(entry.text), -number, entry))
        if len(heap) > longest:
            heapq.heappop(heap)
    seen.longest = [entry for _, _, entry in sorted(heap, reverse=True)]
    return seen


def _count_readable(seen: Survey, report: Report) -> None:
    seen.readable += 1
    seen.characters += len(report.text)
    if report.encoding:
        seen.encodings[report.encoding] += 1


def _count_unreadable(seen: Survey, entry: UnreadableReport) -> None:
    seen.unreadable += bool(entry.id)
    seen.strays += not entry.id
    seen.example = seen.example or entry.reason


def examine_reports(seen: Survey, counter: TokenCounter) -> list[Finding]:
    """Check the reports themselves."""
    found = [_lengths(seen, counter)] if seen.readable else []
    if seen.unreadable or seen.strays:
        said = (
            f"{seen.unreadable:,} reports cannot be read or are empty, {seen.strays:,} entries "
            f"have no id of their own; the first: {seen.example}"
        )
        found.append(warning("input", said, "the run goes on without them and names them"))
    for encoding, reports in sorted(seen.encodings.items()):
        said = f"{reports:,} reports are not UTF-8 and are read as {encoding}"
        advice = "see that their letters are right, or save them as UTF-8"
        found.append(warning("encoding", said, advice))
    if not seen.readable:
        found.append(warning("reports", f"none of {seen.entries:,} entries can be read"))
    return found


def _lengths(seen: Survey, counter: TokenCounter) -> Finding:
    tokens = [counter.count(report.text) for report in seen.sample]
    characters = sum(len(report.text) for report in seen.sample)
    mean = seen.characters / seen.readable * sum(tokens) / max(1, characters)
    longest = max(counter.count(report.text) for report in seen.longest)
    said = f"{seen.readable:,}, on average {mean:,.0f} tokens, the longest {longest:,}{counter.how}"
    return fine("reports", said)
