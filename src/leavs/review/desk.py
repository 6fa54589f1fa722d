"""Does what readers ask for: queues, changes, undo, adjudication. Knows nothing of HTTP."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from threading import Lock
from typing import Any

from leavs.domain import Certainty, Urgency
from leavs.errors import UsageError
from leavs.review.corrections import (
    ADJUDICATOR,
    NOT_MENTIONED,
    NOTHING,
    Cell,
    CellCodes,
    Change,
    CorrectionFile,
    Readings,
    differing,
    read_all,
)
from leavs.review.shown import Filter, Shown


class ReviewDesk:
    """One reader at work.

    Args:
        shown: the labels and reports.
        reader: the name under which changes are kept.
        adjudicates: whether the reader decides the cells on which others differ, and only these.
        queue: the kind of the queue with which the page opens.

    Raises:
        UsageError: the name cannot be part of a file's name, there is nothing to decide, or there
            is no such queue.
    """

    def __init__(
        self, shown: Shown, reader: str, *, adjudicates: bool = False, queue: str = "all"
    ) -> None:
        if (reader == ADJUDICATOR) != adjudicates:
            raise UsageError(f"the reader {ADJUDICATOR} is the one of --adjudicate")
        shown.queue(Filter(queue))  # a lack is told before a page is served
        self._shown, self._queue = shown, queue
        self._open_cells = self._differing() if adjudicates else None
        if self._open_cells is not None and not self._open_cells:
            raise UsageError("there is nothing to decide: no two readers differ")
        self._file = CorrectionFile(shown.folder, reader, blind=shown.blind)
        self._one_at_a_time = Lock()  # several threads answer requests

    def _differing(self) -> dict[Cell, dict[str, CellCodes]]:
        readings = [one for one in read_all(self._shown.folder) if one.reader != ADJUDICATOR]
        found = differing(readings, self._shown.codes)
        return {cell: said for cell, said in found.items() if cell[0] in self._shown.places}

    @property
    def folder(self) -> Path:
        """The folder with this reader's file."""
        return self._file.path.parent

    @property
    def readings(self) -> Readings:
        """What the reader has said so far."""
        return self._file.readings

    def session(self) -> dict[str, Any]:
        """Return what the page needs once, when it is loaded."""
        adjudicates = self._open_cells is not None
        own = {"reader": self.readings.reader, "adjudicates": adjudicates, "queue": self._queue}
        return {**self._shown.session(), **own}

    def queue(self, wanted: Filter) -> dict[str, Any]:
        """Return the places of the reports in a queue, and of those that the reader accepted."""
        grid = self._shown.grid
        places: Sequence[int] = self._shown.queue(wanted)
        if self._open_cells is not None:
            to_decide = {cell[0] for cell in self._open_cells}
            places = [place for place in places if grid.ids[place] in to_decide]
        accepted = self.readings.accepted
        done = [place for place in places if accepted.get(grid.ids[place])]
        return {"places": list(places), "accepted": done}

    def report(self, place: int) -> dict[str, Any]:
        """Return one report with what the reader says of it.

        Raises:
            IndexError: there is no such report.
        """
        report = self._shown.report(place)
        report["accepted"] = self.readings.accepted.get(report["id"], False)
        for organ, shown in report["organs"].items():
            for finding_type, cell in shown["cells"].items():
                self._add_readings((report["id"], organ, finding_type), cell)
        return report

    def _add_readings(self, key: Cell, cell: dict[str, Any]) -> None:
        if key in self.readings.codes:
            cell["corrected"] = asdict(self.readings.codes[key])
        if self._open_cells is not None:
            said = self._open_cells.get(key)
            cell["closed"] = said is None
            cell["said"] = {who: asdict(one) for who, one in (said or {}).items()}

    def change(self, place: int, organ: str, finding_type: str, after: CellCodes) -> None:
        """Change the codes of a cell; once this returns, the change is on the disk.

        Raises:
            UsageError: there is no such cell, this reader may not change it, or certainty and
                urgency do not go together.
        """
        grid = self._shown.grid
        if organ not in grid.organs or finding_type not in grid.finding_types:
            raise UsageError("there is no such cell")
        cell = (self._id(place), organ, finding_type)
        if self._open_cells is not None and cell not in self._open_cells:
            raise UsageError("readers do not differ on this cell")
        if not after.is_valid:
            raise UsageError("certainty and urgency do not go together")
        with self._one_at_a_time:
            before = self.readings.codes.get(cell, self._shown.codes(cell))
            if before != after:
                self._file.add(Change(*cell, before, after))

    def accept(self, place: int, accepted: bool) -> None:
        """Accept a whole report, or take that back."""
        report_id = self._id(place)
        with self._one_at_a_time:
            before = self.readings.accepted.get(report_id, False)
            if before != accepted:
                self._file.add(Change(report_id, "", "", before, accepted))

    def undo(self) -> int | None:
        """Undo the latest change; return the place of its report, or None if there is none."""
        with self._one_at_a_time:
            undone = self._file.undo()
        return None if undone is None else self._shown.places.get(undone.report_id)

    def _id(self, place: int) -> str:
        if place < 0:
            raise IndexError(place)
        return self._shown.grid.ids[place]

    def close(self) -> None:
        """Close the reader's file."""
        self._file.close()


def codes_of(values: Mapping[str, Any]) -> CellCodes:
    """Read the codes that a page sends; an urgency without a finding becomes "does not apply".

    Raises:
        UsageError: they are no codes.
    """
    certainty, urgency = values.get("certainty"), values.get("urgency")
    if not all(one is None or type(one) is int for one in (certainty, urgency)):
        raise UsageError("codes are whole numbers")
    if certainty is None:
        return NOTHING
    if certainty not in [*Certainty]:
        raise UsageError(f"no certainty {certainty}")
    if not Certainty(certainty).has_urgency:
        return CellCodes(certainty, NOT_MENTIONED.urgency)
    return CellCodes(certainty, int(Urgency.NOT_APPLICABLE) if urgency is None else urgency)
