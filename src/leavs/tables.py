"""The tables of a run: made from its journal at any time, and written whole.

labels.csv is the long format of LEAVS (arXiv 2503.13330): two rows, labels and urgency, for each
report and organ. A cell that failed is empty there and named in failures.csv. The journal is read
twice: once for where each cell's record stands, once for the records in the order of the output,
so that memory holds keys and never texts.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from leavs import manifest, rows
from leavs.domain import OrganResult, Step, StepUsage
from leavs.journal import (
    Line,
    failed_cells,
    hash_of,
    read_line_at,
    read_lines,
    result_from_json,
    total_usage,
)
from leavs.private_files import written_whole

TABLES = ("labels.csv", "details.csv", "sentences.csv", "failures.csv")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record stands; that of an organ also how good it is, and of which text.

    Args:
        text_hash: of the report's text; "" where it could not be read.
    """

    path: Path
    offset: int
    failures: int = 0
    position: int = 0
    text_hash: str = ""

    @property
    def rank(self) -> tuple[bool, int]:
        """Less is better: first that the report could be read at all, then fewer failures."""
        return not self.text_hash, self.failures


@dataclass(slots=True)
class Index:
    """The places of a run's records, without their contents."""

    organs: dict[tuple[str, str], Place] = field(default_factory=dict)
    texts: dict[tuple[str, str], Place] = field(default_factory=dict)
    input_problems: dict[tuple[int, str, str], None] = field(default_factory=dict)
    sessions: list[Mapping[str, Any]] = field(default_factory=list)
    duplicates: int = 0
    damaged: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Exported:
    """What an export wrote."""

    reports: int = 0
    rows: int = 0
    failed_cells: int = 0
    input_problems: int = 0
    duplicates: int = 0
    reports_without_text: int = 0
    damaged: Sequence[str] = ()


def read_index(folder: Path) -> Index:
    """Where the records of a run stand; of two for the same cell the better, then the older."""
    index = Index()
    for line in read_lines(folder, index.damaged):
        record = line.record
        match record["kind"]:
            case "organ":
                _keep_better(index, (record["report_id"], record["organ"]), place_of(line))
            case "report":
                text = (record["report_id"], hash_of(record["text"]))
                index.texts.setdefault(text, Place(line.path, line.offset))
            case "input":
                problem = (record["position"], record["source"], record["reason"])
                index.input_problems[problem] = None
            case "session" | "end":
                index.sessions.append({**record, "journal": line.path.name})
    return index


def place_of(line: Line) -> Place:
    """Where the record of an organ stands, and how good it is."""
    record = line.record
    failures, position = failed_cells(record), record["position"]
    return Place(line.path, line.offset, failures, position, record["text_hash"])


def _keep_better(index: Index, key: tuple[str, str], place: Place) -> None:
    known = index.organs.get(key)
    if known is None or place.rank < known.rank:
        index.organs[key] = place
    index.duplicates += known is not None


def export(folder: Path, include_report: bool = False) -> Exported:
    """Write labels.csv, details.csv, sentences.csv and failures.csv of a run from its journal.

    Also completes run.json with what is known of the processes that worked on the run.

    Args:
        include_report: add the report's text to labels.csv, where the run has kept it.

    Raises:
        RunFolderError: the folder holds no run.
    """
    described = manifest.read(folder)
    index = read_index(folder)
    exported = Exported(duplicates=index.duplicates, damaged=index.damaged)
    if include_report:
        exported.reports_without_text = _reports_without_text(index)
    usage: dict[str, StepUsage] = {}
    with ExitStack() as stack:
        tables = _Tables(stack, folder, described["identity"]["finding_types"], include_report)
        for _, source, reason in sorted(index.input_problems):
            tables.add_input_problem(source, reason)
            exported.input_problems += 1
        files = _Files(stack)
        for result in _in_order(files, index, described["identity"]["organs"]):
            tables.add(result, _text(files, index, result) if include_report else None)
            usage = total_usage((usage, result.usage))
            exported.rows += 2
            exported.failed_cells += result.failed_cells
    exported.reports = len({report_id for report_id, _ in index.organs})
    manifest.write(folder, described | _totals(index, exported, usage))
    return exported


def _totals(index: Index, exported: Exported, usage: Mapping[str, StepUsage]) -> dict[str, Any]:
    return {
        "totals": {
            "reports": exported.reports,
            "failed_cells": exported.failed_cells,
            "input_problems": exported.input_problems,
            "records_superseded": exported.duplicates,
            "usage": {
                step: {**asdict(use), "computed_tokens": use.computed_tokens}
                for step, use in sorted(usage.items())
            },
        },
        "sessions": index.sessions,
    }


def _reports_without_text(index: Index) -> int:
    read = {(key[0], place.text_hash) for key, place in index.organs.items() if place.text_hash}
    return len(read - set(index.texts))


def _text(files: "_Files", index: Index, result: OrganResult) -> str:
    """The report's text as it was labeled; nothing where it was not read or not kept."""
    labeled = index.organs[result.report_id, result.organ].text_hash
    place = index.texts.get((result.report_id, labeled))
    return "" if place is None else str(files.record(place)["text"])


def _in_order(files: "_Files", index: Index, organs: Sequence[str]) -> Iterator[OrganResult]:
    """All results by position of the report, its id, and the organ's place in the pack."""
    rank = {organ: number for number, organ in enumerate(organs)}
    keys = sorted(index.organs, key=lambda key: (index.organs[key].position, key[0], rank[key[1]]))
    for key in keys:
        yield result_from_json(files.record(index.organs[key]))


class _Files:
    """Journal files, opened once."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._open: dict[Path, BinaryIO] = {}

    def record(self, place: Place) -> Mapping[str, Any]:
        if place.path not in self._open:
            self._open[place.path] = self._stack.enter_context(place.path.open("rb"))
        return read_line_at(self._open[place.path], place.offset)


class _Tables:
    """The four files of an export, being written."""

    def __init__(
        self, stack: ExitStack, folder: Path, finding_types: Sequence[str], include_report: bool
    ) -> None:
        def table(name: str, columns: Sequence[str]) -> Any:
            writer = csv.writer(stack.enter_context(written_whole(folder / name)))
            writer.writerow(columns)
            return writer

        self._finding_types = finding_types
        labels, details, sentences, failures = TABLES
        self._labels = table(labels, rows.label_columns(finding_types, include_report))
        self._details = table(details, rows.DETAILS)
        self._sentences = table(sentences, rows.SENTENCES)
        self._failures = table(failures, rows.FAILURES)

    def add(self, result: OrganResult, report: str | None) -> None:
        self._labels.writerows(rows.label_rows(result, self._finding_types, report))
        self._details.writerows(rows.detail_rows(result, self._finding_types))
        self._sentences.writerows(rows.sentence_rows(result))
        self._failures.writerows(rows.failure_rows(result))

    def add_input_problem(self, source: str, reason: str) -> None:
        self._failures.writerow((None, None, None, Step.INPUT.value, reason, source))
