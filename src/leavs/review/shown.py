"""Collects what a page shows: the labels of a run or a table, and their reports."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from leavs.domain import Certainty, OrganResult, digest_of, hash_of
from leavs.errors import UsageError
from leavs.journal import manifest
from leavs.journal.journal import FOLDER as JOURNAL
from leavs.journal.journal import OrganRecord
from leavs.reports import ReportSource
from leavs.review.budget import Budget
from leavs.review.corrections import NOTHING, Cell, CellCodes
from leavs.review.definitions import definitions_for
from leavs.review.grid import Flags, differing, read_for_review
from leavs.review.texts import RecordedReports, Texts
from leavs.tables.check import EMPTY, check_labels
from leavs.tables.merging import MISSING
from leavs.text import heading_lines

NO_TEXT = "The text of this report is not here; name the reports with --reports."
OTHER_TEXT = "The text has changed since it was labeled; the evidence is not marked in it."
SEVERAL_TEXTS = (
    "Not all organs were labeled in this text; the evidence of others is not marked in it."
)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which reports a queue holds.

    Args:
        kind: all, positive (of an organ and a type), unsure (a probability below `below`), failed,
            contradicting, differing (from another set of labels), random, budget (with cells to
            read for a precision).
        below: the probability for unsure.
        count: the size of a random sample, drawn with `seed`.
    """

    kind: str = "all"
    organ: str = ""
    finding_type: str = ""
    below: float = 0.8
    count: int = 50
    seed: int = 0


class Shown:
    """Labels with their reports; call `close` in the end.

    Args:
        labels: a run folder, or a table of labels.
        reports: the source of the texts; not needed for a run that has kept them.
        compared: other labels, for the queue of differing reports.
        blind: show no label, evidence or probability.
        pack: whose definitions are shown; by default those of the labels' own.

    Raises:
        InputError: the labels cannot be read.
        PackError: there is no such pack, or it is wrong.
    """

    def __init__(
        self,
        labels: Path,
        reports: ReportSource | None = None,
        compared: Path | None = None,
        blind: bool = False,
        pack: str | None = None,
    ) -> None:
        self.path = labels
        self._labels = read_for_review(labels)
        self.folder, self.grid = self._labels.folder, self._labels.grid
        self.places = self._labels.places
        self.blind = blind
        self.budget: Budget | None = None
        self._definitions = definitions_for(self.folder, pack)
        self._texts = None if reports is None else Texts(reports)
        self._records = None
        if (labels / JOURNAL).is_dir():
            self._records = RecordedReports(labels, len(self.grid.organs))
        self._other = None if compared is None else read_for_review(compared).grid

    def mark(self, budget: Budget) -> None:
        """Mark the cells to read, and offer their queue; a blind reader sees none of it."""
        self.budget = None if self.blind else budget

    def codes(self, cell: Cell) -> CellCodes:
        """Return the codes of a cell; no codes for a blind reader."""
        return NOTHING if self.blind else self._labels.codes(cell)

    def session(self) -> dict[str, Any]:
        """Return what the page needs once, when it is loaded."""
        return {
            "blind": self.blind,
            "organs": list(self.grid.organs),
            "finding_types": list(self.grid.finding_types),
            "definitions": self._definitions,
            "budget": self.budget is not None,
        }

    def report(self, place: int) -> dict[str, Any]:
        """Return one report for the page: text, and by organ evidence, cells and reasoning.

        Raises:
            IndexError: there is no such report.
        """
        report_id = self.grid.ids[place]
        records = {} if self._records is None else self._records.organs(report_id)
        text = self._text(report_id, records)
        shown = "" if text is None else hash_of(text)
        return {
            "place": place,
            "id": report_id,
            "text": text,
            "headings": [] if text is None else heading_lines(text),
            "note": _note(shown, _texts_labeled(records.values())),
            "organs": {
                organ: self._organ(report_id, organ, records.get(organ), shown)
                for organ in self.grid.organs
            },
        }

    def _text(self, report_id: str, records: Mapping[str, OrganRecord]) -> str | None:
        """Return the text from the source of reports, or else a labeled text that the run kept."""
        text = None if self._texts is None else self._texts.get(report_id)
        if text is None and self._records is not None:
            for labeled in _texts_labeled(records.get(organ) for organ in self.grid.organs):
                text = text or self._records.kept_text(report_id, labeled)
        return text

    def _organ(
        self, report_id: str, organ: str, record: OrganRecord | None, shown: str
    ) -> dict[str, Any]:
        """Return what the page shows of an organ.

        Args:
            shown: the hash of the text that is shown; evidence has offsets only in the same text.
        """
        result = None if record is None or self.blind else record.result
        cells = {
            name: self._cell((report_id, organ, name), result) for name in self.grid.finding_types
        }
        for name in self._to_read(report_id, organ):
            cells[name]["to_read"] = True
        is_from_here = record is not None and record.text_hash == shown
        evidence = [
            {
                "start": one.sentence.start if is_from_here else -1,
                "end": one.sentence.end if is_from_here else -1,
                "text": one.sentence.in_context,
                "probability": one.probability,
            }
            for one in (result.evidence if result else ())
        ]
        thoughts = result.reasoning if result else ()
        reasoning = [[one.about, one.text, one.answer] for one in thoughts]
        return {"cells": cells, "evidence": evidence, "reasoning": reasoning}

    def _cell(self, cell: Cell, result: OrganResult | None) -> dict[str, Any]:
        label = None if result is None else result.labels.get(cell[2])
        shown: dict[str, Any] = asdict(self.codes(cell))
        if label is not None:
            shown["probability"] = label.probability
            shown["urgency_probability"] = label.urgency_probability
            if label.failure is not None:
                shown["failure"] = f"{label.failure.step.value}: {label.failure.reason}"
        return shown

    def _to_read(self, report_id: str, organ: str) -> list[str]:
        cells = () if self.budget is None else self.budget.to_read.get(report_id, ())
        return [name for at, name in cells if at == organ]

    # Queues

    def queue(self, wanted: Filter) -> Sequence[int]:
        """Return the places of the reports that a filter selects, in order.

        Raises:
            UsageError: an unknown filter, organ or finding type, or nothing to compare with.
        """
        if wanted.kind == "all":
            return range(len(self.grid.ids))
        if wanted.kind == "random":
            return self._sample(wanted)
        if self.blind:
            raise UsageError("a blind reader has the queues all and random")
        queues = {
            "positive": self._positive,
            "unsure": self._unsure,
            "failed": self._failed,
            "contradicting": self._contradicting,
            "differing": self._differing,
            "budget": self._budget,
        }
        if wanted.kind not in queues:
            raise UsageError(
                f"no queue {wanted.kind!r}; there are: all, random, {', '.join(queues)}"
            )
        return queues[wanted.kind](wanted)

    def _sample(self, wanted: Filter) -> list[int]:
        random = np.random.default_rng(wanted.seed)
        size = min(max(0, wanted.count), len(self.grid.ids))
        drawn = random.choice(len(self.grid.ids), size, replace=False)
        return sorted(drawn.tolist())

    def _positive(self, wanted: Filter) -> list[int]:
        organs, types = self.grid.organs, self.grid.finding_types
        for name, names in ((wanted.organ, organs), (wanted.finding_type, types)):
            if name and name not in names:
                raise UsageError(f"no {name!r} among: {', '.join(names)}")
        o = [place for place, organ in enumerate(organs) if wanted.organ in ("", organ)]
        t = [place for place, name in enumerate(types) if wanted.finding_type in ("", name)]
        part = self.grid.certainties[:, o][:, :, t]
        found = np.isin(part, (Certainty.PRESENT, Certainty.UNSURE))
        return _places(found)

    def _unsure(self, wanted: Filter) -> list[int]:
        if self._records is None:
            manifest.refuse_merged_probabilities(self.folder)
            raise UsageError("probabilities stand in the folder of a run, not in a table")
        lowest = self._records.lowest_probabilities()
        return [
            place
            for place, one in enumerate(self.grid.ids)
            if lowest.get(digest_of(one), 1.0) < wanted.below
        ]

    def close(self) -> None:
        """Close the journal of the run."""
        if self._records is not None:
            self._records.close()

    def _failed(self, _: Filter) -> list[int]:
        failed = (self.grid.certainties == MISSING) | (self.grid.urgencies == MISSING)
        return _places(failed)

    def _contradicting(self, _: Filter) -> list[int]:
        problems = check_labels(self.path)
        found = set(problems.loc[problems["rule"] != EMPTY.name, "report_id"])
        return [place for place, one in enumerate(self.grid.ids) if one in found]

    def _differing(self, _: Filter) -> list[int]:
        if self._other is None:
            raise UsageError("nothing to compare with; name other labels with --compare")
        return _places(differing(self.grid, self._other))

    def _budget(self, _: Filter) -> list[int]:
        if self.budget is None:
            raise UsageError("what to read stands in a calibration; name it with --calibration")
        return [self.places[one] for one in self.budget.to_read if one in self.places]


def _texts_labeled(records: Iterable[OrganRecord | None]) -> list[str]:
    """Return the hashes of the texts that were labeled, each once; unreadable ones have none."""
    hashes = (one.text_hash for one in records if one is not None)
    return [one for one in dict.fromkeys(hashes) if one]


def _note(shown: str, labeled: Sequence[str]) -> str:
    """Return a note for the reader if the shown text ("" for none) is not just the labeled one."""
    if not shown:
        return NO_TEXT
    if shown in labeled:
        return SEVERAL_TEXTS if len(labeled) > 1 else ""
    return OTHER_TEXT if labeled else ""


def _places(flags: Flags) -> list[int]:
    """Return the places of the reports with any flag."""
    of_reports = flags.reshape(len(flags), -1).any(axis=1)
    return [int(place) for place in np.flatnonzero(of_reports)]
