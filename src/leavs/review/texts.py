"""One report at a time: its text, and what the run's journal says of its organs."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from leavs.domain import OrganResult, Report, hash_of
from leavs.journal.index import RecordPlace, place_of
from leavs.journal.journal import JournalLine, read_line_at, read_lines
from leavs.journal.serialization import result_from_json
from leavs.reports import ReportSource
from leavs.review.background import Background
from leavs.tables.report_ids import without_folders


class Texts:
    """The texts of a source of reports, by id; ids agree also without folders and extensions.

    Args:
        source: read once, from the beginning.
    """

    def __init__(self, source: ReportSource) -> None:
        self._texts: dict[str, str] = {}
        self._background = Background(self._read(source))

    def get(self, report_id: str) -> str | None:
        """The text of a report; None if the source does not have it."""
        bare = without_folders(report_id)
        self._background.wait(lambda: report_id in self._texts or bare in self._texts)
        return self._texts.get(report_id, self._texts.get(bare))

    def _read(self, source: ReportSource) -> Iterator[None]:
        for entry in source:
            if isinstance(entry, Report):
                self._texts[entry.id] = entry.text
                self._texts.setdefault(without_folders(entry.id), entry.text)
            yield


class Records:
    """The journal of a run, looked up by report.

    Args:
        folder: of the run.
        organs: how many a report has.
    """

    def __init__(self, folder: Path, organs: int) -> None:
        self._count = organs
        self._places: dict[str, dict[str, RecordPlace]] = {}
        self._probabilities: dict[tuple[str, str], list[float]] = {}
        self._texts: dict[tuple[str, str], RecordPlace] = {}
        self._background = Background(self._read(folder))

    def organs(self, report_id: str) -> Mapping[str, OrganResult]:
        """By organ, what the run knows of a report."""
        return {
            organ: result_from_json(_record(place))
            for organ, place in self._final_places(report_id).items()
        }

    def text_hash(self, report_id: str) -> str:
        """Of the text that was labeled; "" where none was read."""
        return next((place.text_hash for place in self._final_places(report_id).values()), "")

    def kept_text(self, report_id: str) -> str | None:
        """The text, where the run has kept it."""
        labeled = (report_id, self.text_hash(report_id))
        self._background.wait(lambda: labeled in self._texts)
        place = self._texts.get(labeled)
        return None if place is None else str(_record(place)["text"])

    def lowest_probabilities(self) -> Mapping[str, float]:
        """Of each report that has any, the lowest probability of a certainty."""
        self._background.wait()
        lowest: dict[str, float] = {}
        for (report_id, _), values in self._probabilities.items():
            lowest[report_id] = min([lowest.get(report_id, 1.0), *values])
        return lowest

    def _final_places(self, report_id: str) -> Mapping[str, RecordPlace]:
        """The records that count: one without failures does, others may still be bettered."""

        def is_settled() -> bool:
            places = self._places.get(report_id, {})
            return len(places) == self._count and all(p.rank == (False, 0) for p in places.values())

        self._background.wait(is_settled)
        return dict(self._places.get(report_id, {}))

    def _read(self, folder: Path) -> Iterator[None]:
        for line in read_lines(folder):
            record = line.record
            if record["kind"] == "organ":
                self._keep_better(line, record)
            elif record["kind"] == "report":
                text = (record["report_id"], hash_of(record["text"]))
                self._texts.setdefault(text, RecordPlace(line.path, line.offset))
            yield

    def _keep_better(self, line: JournalLine, record: Mapping[str, Any]) -> None:
        report_id, organ, place = record["report_id"], record["organ"], place_of(line)
        known = self._places.setdefault(report_id, {}).get(organ)
        if known is None or place.rank < known.rank:
            labels = record["labels"].values()
            given = (label.get("probability") for label in labels)
            self._probabilities[report_id, organ] = [one for one in given if one is not None]
            self._places[report_id][organ] = place


def _record(place: RecordPlace) -> Mapping[str, Any]:
    with place.path.open("rb") as file:
        return read_line_at(file, place.offset)
