"""A run folder of generated reports whose true probabilities are known, and its annotations."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from leavs.domain import Certainty, Label, OrganResult, hash_of
from leavs.evaluation.cells import Cells
from leavs.journal import manifest
from leavs.journal.journal import Journal, OrganRecord
from leavs.tables.export import export
from simulated_cells import ORGANS, TYPES, simulated

ORGAN_NAMES = tuple(f"organ {number}" for number in range(ORGANS))
NOT_ASKED = ("absent", "postsurgical", "atrophy")
FINDING_TYPES = ("normal", *NOT_ASKED, *TYPES)  # normal: asked, and not annotated
IDENTITY = {
    "engine": "scripted",
    "model": "one",
    "pack_sha256": "abc",
    "organs": [*ORGAN_NAMES],
    "finding_types": [*FINDING_TYPES],
    "certainty": "mentioned",
}


def choices_of(probability: float) -> dict[str, float]:
    """Answers in which a finding has this probability; a type not picked has four answers."""
    if not probability:
        return {"denied": 0.9, "not_mentioned": 0.1}
    affirmed, rest = 0.75 * probability, 1 - probability
    return {"affirmed": affirmed, "possible": probability - affirmed, "denied": rest}


def label_of(probability: float) -> Label:
    certainty = Certainty.PRESENT if probability >= 0.5 else Certainty.ABSENT
    return Label(certainty, 0.5, choices=choices_of(probability))


def probable_run(folder: Path, reports: int = 60, seed: int = 0, **identity: Any) -> Cells:
    """Write a run; its cells are those of `simulated`, in the order report, organ, type."""
    cells = simulated(reports, seed).cells
    probabilities = cells.probability.reshape(reports, ORGANS, len(TYPES))
    manifest.claim_folder(folder, {**IDENTITY, **identity}, [], has_results=False)
    journal = Journal(folder, {})
    plain = dict.fromkeys(NOT_ASKED, Label(Certainty.NOT_MENTIONED))
    for report, of_report in enumerate(probabilities.tolist()):
        for organ, of_organ in zip(ORGAN_NAMES, of_report, strict=True):
            asked = {name: label_of(p) for name, p in zip(TYPES, of_organ, strict=True)}
            labels = {"normal": label_of(0.9), **plain, **asked}
            result = OrganResult(f"r{report}", organ, labels)
            journal.add_result(OrganRecord(result, report, hash_of("")))
    journal.close()
    export(folder)
    return cells


def write_annotations(
    path: Path, cells: Cells, *, readers: Sequence[str] = ("anna",), wide: bool = False
) -> Path:
    """Write what is true of a run's cells, in the long shape or the wide one of LEAVS."""
    truth = cells.truth.reshape(cells.reports, ORGANS, len(TYPES)).astype(int)
    rows: list[dict[str, Any]] = []
    for reader in readers:
        for (report, organ), codes in _by_organ(truth):
            key = {"subjectid_studyid": report, "type_annotation": "labels", "labeler": reader}
            told = {**dict.fromkeys(NOT_ASKED, 0), **codes}
            if not wide:
                rows.append({**key, "organ": organ, **told})
                continue
            merged = {
                f"{organ}_postsurgical_absent": 0,
                f"{organ}_enlarged_atrophy": told["enlarged"],
                **{f"{organ}_{name}": told[name] for name in ("diffuse", "focal")},
            }
            if organ == ORGAN_NAMES[0]:
                rows.append(key)
            rows[-1].update(merged)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def _by_organ(truth: "np.ndarray[Any, np.dtype[np.int_]]") -> list[tuple[Any, dict[str, int]]]:
    return [
        ((f"r{report}", name), dict(zip(TYPES, truth[report, organ].tolist(), strict=True)))
        for report in range(len(truth))
        for organ, name in enumerate(ORGAN_NAMES)
    ]
