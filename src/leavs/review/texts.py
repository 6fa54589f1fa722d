"""Looks up the text of a report, and the journal's records of its organs.

Both are read in the background, so that the first report can be shown before all are read.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from threading import Lock

from leavs.domain import Report
from leavs.journal.index import Index, RecordPlace
from leavs.journal.journal import OrganRecord, read_lines
from leavs.journal.serialization import result_from_json
from leavs.reports import ReportSource
from leavs.review.background import Background
from leavs.tables.report_ids import without_folders

RECORDS_A_STEP = 16


class Texts:
    """The texts of a source of reports, by id; ids also match without folders and extensions.

    Args:
        source: the reports, which are read once.
    """

    def __init__(self, source: ReportSource) -> None:
        self._texts: dict[str, str] = {}
        self._background = Background(self._read(source))

    def get(self, report_id: str) -> str | None:
        """Return the text of a report; None if the source does not have it."""
        bare = without_folders(report_id)
        self._background.wait(lambda: report_id in self._texts or bare in self._texts)
        return self._texts.get(report_id, self._texts.get(bare))

    def _read(self, source: ReportSource) -> Iterator[None]:
        for entry in source:
            if isinstance(entry, Report):
                self._texts[entry.id] = entry.text
                self._texts.setdefault(without_folders(entry.id), entry.text)
            yield


class RecordedReports:
    """The records of a run for each report.

    Args:
        folder: the run's folder.
        organs: the number of organs of each report.
    """

    def __init__(self, folder: Path, organs: int) -> None:
        self._organs = organs
        self._index = Index()
        self._closed = False
        self._one_at_a_time = Lock()  # one thread fills the index, others query it
        self._background = Background(self._read(folder))

    def organs(self, report_id: str) -> Mapping[str, OrganRecord]:
        """Return the record that counts of each organ, the same as in the tables."""
        self._background.wait(lambda: self._is_settled(report_id))
        found = {}
        with self._one_at_a_time:
            for place in self._index.best_of(report_id):
                record = self._index.record(place)
                found[record["organ"]] = OrganRecord(
                    result_from_json(record),
                    record["position"],
                    record["text_hash"],
                    record.get("source", ""),
                )
        return found

    def kept_text(self, report_id: str, text_hash: str) -> str | None:
        """Return a text of a report; None if the run has not kept it."""
        self._background.wait(lambda: self._place_of_text(report_id, text_hash) is not None)
        place = self._place_of_text(report_id, text_hash)
        if place is None:
            return None
        with self._one_at_a_time:
            return str(self._index.record(place)["text"])

    def lowest_probabilities(self) -> Mapping[bytes, float]:
        """Return each report's lowest probability of a certainty, by the id's digest."""
        self._background.wait()
        with self._one_at_a_time:
            return self._index.lowest_probabilities()

    def close(self) -> None:
        """Close the journal, even if it has not been read to its end."""
        with self._one_at_a_time:
            self._closed = True
            self._index.close()

    def _is_settled(self, report_id: str) -> bool:
        """Whether every organ has a record without failures, so that no later record can count."""
        with self._one_at_a_time:
            places = list(self._index.best_of(report_id))
        whole = (place.text_hash and not place.failures for place in places)
        return len(places) == self._organs and all(whole)

    def _place_of_text(self, report_id: str, text_hash: str) -> RecordPlace | None:
        with self._one_at_a_time:
            return self._index.text_of(report_id, text_hash)

    def _read(self, folder: Path) -> Iterator[None]:
        lines = read_lines(folder)
        while some := list(islice(lines, RECORDS_A_STEP)):
            with self._one_at_a_time:
                if self._closed:
                    return
                self._index.add(some)
            yield
