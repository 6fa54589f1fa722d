"""Writes the tables of a run from its journal, each file atomically.

labels.csv has the long format of LEAVS (arXiv 2503.13330): two rows, labels and urgency, for each
report and organ. A cell that failed is empty there and named in failures.csv. The journal is read
twice: once for the places of the records, once for the records in the order of the output, so that
memory holds neither texts nor ids.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from itertools import groupby
from operator import add
from pathlib import Path
from typing import Any

from leavs.domain import OrganResult, Shard, Step, Usage
from leavs.errors import RunFolderError, StorageError
from leavs.journal import manifest
from leavs.journal.index import Index, RecordPlace
from leavs.journal.serialization import result_from_json, total_usage
from leavs.journal.status import ShardStatus, status_of
from leavs.system.private_files import remove_leftovers, written_whole
from leavs.tables import columns, rows
from leavs.tables.calibration import Calibration
from leavs.tables.calibration_file import read_calibration_for

TABLES = ("labels.csv", "details.csv", "sentences.csv", "failures.csv")


@dataclass(slots=True)
class Exported:
    """What an export wrote.

    Args:
        notes: reports with a note in failures.csv, which are labeled all the same.
        shards: how far each shard was, if the run has shards.
    """

    reports: int = 0
    rows: int = 0
    failed_cells: int = 0
    input_problems: int = 0
    notes: int = 0
    duplicates: int = 0
    reports_without_text: int = 0
    damaged: Sequence[str] = ()
    shards: Sequence[ShardStatus] = ()


def export(folder: Path, include_report: bool = False, calibration: Path | None = None) -> Exported:
    """Write labels.csv, details.csv, sentences.csv and failures.csv of a run from its journal.

    Also adds to run.json the processes that worked on the run, and totals.

    Args:
        include_report: add the report's text to labels.csv, if the run has kept it.
        calibration: a file of `leavs calibrate`, for a column `calibrated_probability` in
            details.csv: the probability that readers affirm the finding.

    Raises:
        RunFolderError: the folder holds no run, or merged labels, which have no journal.
        InputError: the calibration cannot be read.
        UsageError: the calibration was made for another kind of run.
        StorageError: the tables cannot be written; earlier ones stay.
    """
    described = manifest.read(folder)
    if manifest.is_merged(described):
        raise RunFolderError(
            f"{folder} holds merged labels, which have no journal, no texts and no calibration; "
            "`leavs merge` writes their tables"
        )
    curves = None if calibration is None else read_calibration_for(folder, calibration)
    try:
        return _export(folder, described, include_report, curves)
    except OSError as error:
        raise StorageError(
            f"the tables in {folder} cannot be written: {error.strerror}; the journal is whole: "
            f"mend that, and make them with: leavs export {folder}"
        ) from error


def _export(
    folder: Path, described: Mapping[str, Any], include_report: bool, curves: Calibration | None
) -> Exported:
    remove_leftovers(folder)
    with Index(folder) as index:
        index.refuse_other_runs(folder, manifest.fingerprint(described["identity"]))
        exported = Exported(damaged=index.damaged)
        if "num_shards" in described:
            exported.shards = status_of(index, folder, described).shards
        if include_report:
            exported.reports_without_text = index.reports_without_text
        usage = _write(folder, described["identity"], index, exported, include_report, curves)
        exported.reports = index.reports
        exported.duplicates = index.records - exported.rows // 2
        manifest.write(folder, {**described, **_totals(index, exported, usage)})
    return exported


def counted(folder: Path, shard: Shard) -> Exported:
    """Count what is recorded of a shard, which has no tables of its own."""
    with Index(folder, shard) as index:
        exported = Exported(index.reports, damaged=index.damaged)
        for _, organs, failures in index.progress():
            exported.rows += 2 * organs
            exported.failed_cells += failures
        exported.input_problems = sum(1 for _ in index.input_problems())
        exported.notes = sum(1 for _ in index.notes())
        exported.duplicates = index.records - exported.rows // 2
        return exported


def _write(
    folder: Path,
    identity: Mapping[str, Any],
    index: Index,
    exported: Exported,
    include_report: bool,
    curves: Calibration | None,
) -> Mapping[str, Usage]:
    """Write the tables, count their contents in `exported`, and return the usage by prompt."""
    usage: dict[str, Usage] = {}
    with ExitStack() as stack:
        beside = () if curves is None else (columns.CALIBRATED,)
        tables = Tables(stack, folder, identity["finding_types"], include_report, beside)
        for source, reason in input_problems(index):
            tables.add_input_problem(source, reason)
            exported.input_problems += 1
        for note in map(index.record, index.notes()):
            tables.add_note(note)
            exported.notes += 1
        for result, text_hash in results_in_order(index, identity["organs"]):
            text = _text(index, result.report_id, text_hash) if include_report else None
            tables.add(result, text, _calibrated(result, identity["finding_types"], curves))
            usage = total_usage((usage, result.usage))
            exported.rows += 2
            exported.failed_cells += result.failed_cells
    return usage


def _calibrated(
    result: OrganResult, finding_types: Sequence[str], curves: Calibration | None
) -> list[rows.Row]:
    """What the column CALIBRATED holds for each finding type; nothing if there is no column."""
    if curves is None:
        return []
    found = [curves.probability(result.organ, name, result.labels[name]) for name in finding_types]
    return [(None if one is None else round(one, rows.PROBABILITY_DIGITS),) for one in found]


def _totals(index: Index, exported: Exported, usage: Mapping[str, Usage]) -> dict[str, Any]:
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


def _text(index: Index, report_id: str, text_hash: str) -> str:
    """Return the text that was labeled; "" if it could not be read or is not kept."""
    place = index.text_of(report_id, text_hash)
    return "" if place is None else str(index.record(place)["text"])


def input_problems(index: Index) -> Iterator[tuple[str, str]]:
    """Yield the sources and reasons by position; those of one position are sorted."""
    for _, places in groupby(index.input_problems(), _position):
        records = map(index.record, places)
        yield from sorted((record["source"], record["reason"]) for record in records)


def results_in_order(index: Index, organs: Sequence[str]) -> Iterator[tuple[OrganResult, str]]:
    """Yield all results by position of the report, its id, and the organ's place in the pack.

    Several reports can have the same position if they came from several inputs.
    """
    rank = {organ: number for number, organ in enumerate(organs)}
    for _, places in groupby(index.best(), _position):
        results = [(result_from_json(index.record(one)), one.text_hash) for one in places]
        results.sort(key=lambda pair: (pair[0].report_id, rank[pair[0].organ]))
        yield from results


def _position(place: RecordPlace) -> int:
    return place.position


class Tables:
    """Writes the four files of an export.

    Args:
        stack: closes the files, which puts them in place.
        beside: columns of details.csv behind the usual ones.
    """

    def __init__(
        self,
        stack: ExitStack,
        folder: Path,
        finding_types: Sequence[str],
        include_report: bool,
        beside: Sequence[str] = (),
    ) -> None:
        def table(name: str, columns: Sequence[str]) -> Any:
            writer = csv.writer(stack.enter_context(written_whole(folder / name)))
            writer.writerow(columns)
            return writer

        self._finding_types = finding_types
        labels, details, sentences, failures = TABLES
        self._labels = table(labels, columns.label_columns(finding_types, include_report))
        self._details = table(details, (*columns.DETAILS, *beside))
        self._sentences = table(sentences, columns.SENTENCES)
        self._failures = table(failures, columns.FAILURES)

    def add(self, result: OrganResult, report: str | None, beside: Sequence[rows.Row] = ()) -> None:
        """Write one organ of one report.

        Args:
            report: the text for the report column, or None if there is no such column.
            beside: for each finding type what stands behind its row of details.csv.
        """
        self._labels.writerows(rows.label_rows(result, self._finding_types, report))
        details = rows.detail_rows(result, self._finding_types)
        self._details.writerows(map(add, details, beside) if beside else details)
        self._sentences.writerows(rows.sentence_rows(result))
        self._failures.writerows(rows.failure_rows(result))

    def add_note(self, note: Mapping[str, Any]) -> None:
        """Write what a reader should know of a report."""
        row = (note["report_id"], None, None, columns.NOTE, note["reason"], note["source"])
        self._failures.writerow(row)

    def add_input_problem(self, source: str, reason: str) -> None:
        """Write an entry of the input that belongs to no report."""
        self._failures.writerow((None, None, None, Step.INPUT.value, reason, source))
