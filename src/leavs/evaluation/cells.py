"""Brings together what a run's model held probable and what readers say, cell by cell.

A truth is the annotators' majority, a tie being positive, as in the scores; a cell that an
annotator left blank is no vote. Knows nothing of curves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from leavs.domain import OrganResult
from leavs.errors import InputError, RunFolderError
from leavs.evaluation.codes import Coded, annotations_by_type
from leavs.journal import manifest
from leavs.journal.index import Index
from leavs.journal.serialization import result_from_json
from leavs.tables.calibration import finding_probability
from leavs.tables.columns import REPORT_ID
from leavs.tables.merging import MISSING, CodeArray, is_positive, merge_certainties
from leavs.tables.read import read_rows
from leavs.tables.report_ids import shared_places

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Cells:
    """N cells that have both a probability and a truth, of R reports.

    Args:
        reports: R, also those none of whose cells are here.
        finding_types: the names of the types as the annotations have them.
        report: N places of reports, below R.
        finding_type: N places of types.
        probability: N probabilities of the model that the finding is there, 0 to 1.
        is_finding: N, whether the label is a finding (1 or -1).
        truth: N, whether readers affirm the finding.
    """

    reports: int
    finding_types: tuple[str, ...]
    report: Integers
    finding_type: Integers
    probability: Floats
    is_finding: Bools
    truth: Bools

    def of(self, chosen: Bools) -> "Cells":
        """Select some of the cells; the reports stay."""
        return Cells(
            self.reports,
            self.finding_types,
            self.report[chosen],
            self.finding_type[chosen],
            self.probability[chosen],
            self.is_finding[chosen],
            self.truth[chosen],
        )


@dataclass(frozen=True, slots=True)
class ReadCells:
    """The cells of a run that readers annotated.

    Args:
        identity: what the run's labels depend on.
        organs: those that run and annotations share.
        parts: the finding types of the run that each type of the annotations stands for.
        notes: what was left out, one line each.
    """

    cells: Cells
    identity: Mapping[str, Any]
    annotators: int
    organs: tuple[str, ...]
    parts: Mapping[str, tuple[str, ...]]
    notes: tuple[str, ...]

    @property
    def why_none(self) -> str:
        """Why there are no cells."""
        what = "no annotated cell has a label, a probability and a vote"
        return f"{what} ({'; '.join(self.notes)})" if self.notes else what


@dataclass(slots=True)
class _Told:
    """What a run tells of R reports, O organs, T types: probabilities (NaN: none) and codes."""

    organs: Sequence[str]
    finding_types: Sequence[str]
    probabilities: Floats
    certainties: CodeArray
    places: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self.places = {name: place for place, name in enumerate(self.organs)}

    def add(self, report: int, result: OrganResult) -> None:
        """Take what a record tells of one organ of a report."""
        organ = self.places.get(result.organ)
        if organ is None:
            return
        for place, name in enumerate(self.finding_types):
            label = result.labels[name]
            probability = finding_probability(label)
            if label.certainty is not None:
                self.certainties[report, organ, place] = label.certainty
            if probability is not None:
                self.probabilities[report, organ, place] = probability

    def merged(self, groups: Sequence[Sequence[str]]) -> tuple[Floats, CodeArray]:
        """Merge types: the largest probability of the parts, and the certainty by priority."""
        columns = [[self.finding_types.index(name) for name in group] for group in groups]
        largest = [np.fmax.reduce(self.probabilities[..., one], axis=-1) for one in columns]
        codes = [merge_certainties(self.certainties[..., one]) for one in columns]
        return np.stack(largest, axis=-1), np.stack(codes, axis=-1)


def read_cells(run: Path, annotations: Path, scored: Coded | None = None) -> ReadCells:
    """Read the probabilities of a run, and what annotations say of the same cells.

    Args:
        scored: codes from the same annotations, of the reports and organs that count; None for all.

    Raises:
        RunFolderError: the folder holds no run, or merged labels.
        InputError: a file cannot be read, or has no report, organ or type in common with the other.
    """
    manifest.refuse_merged_probabilities(run)
    identity = manifest.read(run)["identity"]
    for key in ("organs", "finding_types"):
        if not isinstance(identity.get(key), list):
            raise RunFolderError(f"{run / manifest.FILE} does not name the {key} of the run")
    annotated, parts = annotations_by_type(annotations, identity["finding_types"])
    if scored is not None:
        places = {one: place for place, one in enumerate(annotated.ids)}
        annotated = annotated.of([places[one] for one in scored.ids], scored.organs)
    organs = [organ for organ in annotated.organs if organ in identity["organs"]]
    if not organs:
        raise InputError(f"{annotations} and {run} have no organ in common")
    matched = _matched(run, annotated, annotations)
    notes = [] if scored is not None else _lacking(annotated, matched, identity["organs"])
    annotated = annotated.of([*matched.values()], organs)
    told = _told(run, [*matched], organs, identity)
    cells, left_out = _cells(told, annotated, parts)
    notes += left_out
    annotated_types = {part for own in parts.values() for part in own}
    if lacking := [name for name in identity["finding_types"] if name not in annotated_types]:
        notes.append(f"not annotated: {', '.join(lacking)}")
    return ReadCells(cells, identity, len(annotated.annotators), tuple(organs), parts, tuple(notes))


def _lacking(annotated: Coded, matched: Mapping[str, int], organs: Sequence[str]) -> list[str]:
    """Say which annotated reports and organs the run does not have, and the other way round."""
    notes = []
    if lacking := len(annotated.ids) - len(matched):
        notes.append(f"{lacking:,} annotated reports are not in the run")
    differing = sorted({*annotated.organs} ^ {*organs})
    if differing:
        notes.append(f"not in both run and annotations: {', '.join(differing)}")
    return notes


def _matched(run: Path, annotated: Coded, annotations: Path) -> dict[str, int]:
    """Return the run's ids of the reports that are annotated, each with its place there."""
    places = shared_places([*dict.fromkeys(read_rows(run)[REPORT_ID])], annotated.ids)
    if not places:
        raise InputError(
            f"{run} and {annotations} have no report in common; check that they are of the same"
        )
    return places


def _told(
    run: Path, ids: Sequence[str], organs: Sequence[str], identity: Mapping[str, Any]
) -> _Told:
    """Read the records that count of these reports, as the tables have them."""
    types = identity["finding_types"]
    shape = (len(ids), len(organs), len(types))
    told = _Told(organs, types, np.full(shape, np.nan), np.full(shape, MISSING, np.int8))
    with Index(run) as index:
        index.refuse_other_runs(run, manifest.fingerprint(identity))
        for place, report_id in enumerate(ids):
            for record in map(index.record, index.best_of(report_id)):
                told.add(place, result_from_json(record))
    return told


def _cells(
    told: _Told, annotated: Coded, parts: Mapping[str, tuple[str, ...]]
) -> tuple[Cells, list[str]]:
    """Take the cells that have a label, a probability and a vote, and count the others."""
    probabilities, codes = told.merged([*parts.values()])
    names = [*parts]
    given = annotated.certainties != MISSING
    voters, votes = given.sum(axis=1), is_positive(annotated.certainties).sum(axis=1)
    voted, labeled, known = voters > 0, codes != MISSING, ~np.isnan(probabilities)
    report, organ, name = np.nonzero(voted & labeled & known)
    at = (report, organ, name)
    cells = Cells(
        len(annotated.ids),
        tuple(names),
        report,
        name,
        probabilities[at],
        is_positive(codes)[at],
        (2 * votes >= voters)[at],
    )
    failed, unasked = (int(one.sum()) for one in (voted & ~labeled, voted & labeled & ~known))
    blank = int((~voted & labeled & known).sum())
    notes = []
    if blank:
        notes.append(f"{blank:,} cells are blank in the annotations")
    if failed:
        notes.append(f"{failed:,} annotated cells have no label")
    if unasked:
        notes.append(
            f"{unasked:,} annotated cells have no probability: not asked, or the engine gives none"
        )
    return cells, notes
