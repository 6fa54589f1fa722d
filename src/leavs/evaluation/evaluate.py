"""Evaluates labels, from files of labels and annotations to all figures.

Knows nothing of pages and plots.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from leavs.errors import InputError, LeavsError, UsageError
from leavs.evaluation.cells import read_cells
from leavs.evaluation.codes import Coded, annotations_as_codes, labels_as_codes
from leavs.evaluation.disagreements import (
    codes_and_votes,
    disagreements,
    evidence_of,
    urgencies_met,
)
from leavs.evaluation.items import HUMANS, LABELER, Task, Variant, View, items_without_urgency, view
from leavs.evaluation.merged_runs import merged_runs
from leavs.evaluation.protocol import PROTOCOLS, Protocol
from leavs.journal import manifest
from leavs.journal.journal import FOLDER as JOURNAL
from leavs.system.extras import needing
from leavs.tables.merging import JOINED
from leavs.tables.report_ids import shared_places

RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The result of an evaluation.

    Args:
        labelers: the names of the labelers: the evaluated labels first, then the baselines.
        reports: the number of reports with both labels and annotations.
        cells: for each variant and task, the number of cells that count and the number of all.
        notes: what was left out of the comparison, one line each.
        scores: every figure and count: `protocol`, `variant`, `task`, `comparison` and the columns
            of `scores.COLUMNS`.
        agreement: the agreement between annotators, in the variant `types`.
        disagreements: the labels that annotators contradict, in the variant `types`.
        codes: counts of labels by certainty code and number of votes.
        urgencies: counts of pairs of an annotator's urgency and the labeler's.
        evidence: sentences of evidence by report and organ, if the labels have them.
        probabilities: how far the probabilities of a run can be believed, with the columns of
            `probabilities.COLUMNS`; None where there are none.
    """

    protocol: Protocol
    labelers: tuple[str, ...]
    reports: int
    annotators: tuple[str, ...]
    resamples: int
    cells: Mapping[tuple[Variant, Task], tuple[int, int]]
    notes: Sequence[str]
    scores: pd.DataFrame
    agreement: pd.DataFrame
    disagreements: pd.DataFrame
    codes: pd.DataFrame
    urgencies: pd.DataFrame
    evidence: Mapping[tuple[str, str], list[str]]
    probabilities: pd.DataFrame | None = None


def evaluate_labels(
    labels: Path | str,
    annotations: Path | str,
    *,
    baselines: Mapping[str, Path | str] | None = None,
    protocol: str = "strict",
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Evaluation:
    """Score labels against annotations, and against other labelers on the same reports.

    Args:
        labels: a run folder, or a table of labels in any shape that leavs reads. Of a folder of
            merged labels each run that has all of the scored reports is scored beside them, named
            after its folder.
        annotations: the wide file of the LEAVS authors, or a long one like labels.csv, with a
            column `labeler` where there is more than one annotator.
        baselines: names and labels of other labelers.
        protocol: strict or leavs.
        resamples: the number of resamples of the bootstrap; 0 means no intervals.
        seed: the seed of the resampling.

    Raises:
        InputError: a file cannot be read, or has no report or organ in common with the others.
        RunFolderError: run.json beside the labels cannot be read, or tells of an interrupted merge.
        UsageError: the protocol is unknown, a name is taken, a number is negative, or a package of
            the extra `evaluate` is not installed.
    """
    with needing("evaluate", "sklearn", "scipy", "krippendorff"):
        import leavs.evaluation.figures  # noqa: F401 - a lack is told before any file is read
    rules = _protocol(protocol, baselines or {})
    for name, number in (("resamples", resamples), ("seed", seed)):
        if number < 0:
            raise UsageError(f"--{name} {number}: it must be 0 or more")
    given = {name: Path(path) for name, path in (baselines or {}).items()}
    annotated, coded, notes = _aligned(
        annotations_as_codes(Path(annotations)),
        {name: labels_as_codes(path) for name, path in {LABELER: Path(labels), **given}.items()},
        {LABELER: Path(labels), **given, "annotations": Path(annotations)},
    )
    runs, left_out = merged_runs(Path(labels), given, annotated)
    coded = {LABELER: coded[LABELER], **runs, **coded}
    left_out = [*left_out, *notes]
    done = _evaluated(annotated, coded, rules, left_out, Path(labels), (resamples, seed))
    table, more = _probabilities(Path(labels), Path(annotations), annotated, (resamples, seed))
    return replace(done, probabilities=table, notes=(*done.notes, *more))


def _evaluated(
    annotated: Coded,
    coded: Mapping[str, Coded],
    rules: Protocol,
    notes: Sequence[str],
    labels: Path,
    bootstrap: tuple[int, int],
) -> Evaluation:
    """Evaluate codes of the same reports and organs.

    Args:
        bootstrap: the number of resamples, and their seed.
    """
    from leavs.evaluation.figures import agreement, scores_of_all

    scores, cells = scores_of_all(annotated, coded, rules, *bootstrap)
    seen = view(annotated, coded, Variant.TYPES, rules)
    differing = disagreements(seen, coded[LABELER].ids, LABELER)
    return Evaluation(
        rules,
        tuple(coded),
        len(annotated.ids),
        annotated.annotators,
        bootstrap[0],
        cells,
        (*notes, *_notes_on_urgency(seen, rules)),
        scores,
        agreement(seen),
        differing,
        codes_and_votes(seen, LABELER),
        urgencies_met(seen, LABELER),
        evidence_of(labels, differing),
    )


def _probabilities(
    labels: Path, annotations: Path, scored: Coded, bootstrap: tuple[int, int]
) -> tuple[pd.DataFrame | None, list[str]]:
    """Measure a run's probabilities of the scored reports and organs, and say what is left out.

    What is wrong with them leaves the scores as they are: types that are not scored count, too.
    """
    from leavs.evaluation.probabilities import measured

    what = "reliability of probabilities"
    if not (labels / JOURNAL).is_dir() and not manifest.holds_merged(labels):
        return None, [f"{what}: they stand in the folder of a run, and the labels are a table"]
    try:
        read = read_cells(labels, annotations, scored)
    except LeavsError as error:
        return None, [f"{what}: {error}"]
    if not len(read.cells.truth):
        return None, [f"{what}: {read.why_none}"]
    return measured(read.cells, *bootstrap), [f"{what}: {note}" for note in read.notes]


def _notes_on_urgency(seen: View, rules: Protocol) -> list[str]:
    lacking = 0 if rules.missing_urgency_is_none else items_without_urgency(seen)
    if not lacking:
        return []
    return [
        f"{lacking} findings that all annotators affirm lack an urgency of at least one of "
        "them; they are left out of the scores of urgency"
    ]


def _protocol(name: str, baselines: Mapping[str, Path | str]) -> Protocol:
    if name not in PROTOCOLS:
        raise UsageError(f"no protocol {name!r}; there are: {', '.join(PROTOCOLS)}")
    if taken := [one for one in (LABELER, HUMANS) if one in baselines]:
        raise UsageError(f"a baseline cannot be named {taken[0]!r}; choose another name")
    return PROTOCOLS[name]


def _aligned(
    annotated: Coded, labelers: Mapping[str, Coded], paths: Mapping[str, Path]
) -> tuple[Coded, dict[str, Coded], list[str]]:
    """Restrict all codes to the reports and organs that they share, in the same order."""
    notes: list[str] = []
    shared = set(annotated.ids)  # as the annotations write them
    places: dict[str, dict[str, int]] = {}
    for name, coded in labelers.items():
        found = shared_places(annotated.ids, coded.ids)
        if not found:
            raise InputError(
                f"{paths[name]} and {paths['annotations']} have no report in common; "
                f"their ids look like {coded.ids[0]!r} and {annotated.ids[0]!r}"
            )
        places[name] = found
        lacking = len(annotated.ids) - len(places[name])
        if lacking:
            notes.append(f"{lacking} annotated reports are not among the labels of {name}")
        shared &= set(places[name])
    if not shared:
        raise InputError("no report is labeled by all labelers and annotated; compare fewer")
    organs = _shared_organs(annotated, labelers, paths, notes)
    ids = [one for one in annotated.ids if one in shared]
    order = {one: place for place, one in enumerate(annotated.ids)}
    return (
        annotated.of([order[one] for one in ids], organs),
        {
            name: coded.of([places[name][one] for one in ids], organs)
            for name, coded in labelers.items()
        },
        notes,
    )


def _shared_organs(
    annotated: Coded, labelers: Mapping[str, Coded], paths: Mapping[str, Path], notes: list[str]
) -> list[str]:
    organs = [o for o in annotated.organs if all(o in one.organs for one in labelers.values())]
    if not organs:
        raise InputError(
            f"{paths['annotations']} and the labels have no organ in common; the annotations have: "
            f"{', '.join(annotated.organs)}"
        )
    every = dict.fromkeys(o for one in (annotated, *labelers.values()) for o in one.organs)
    if left_out := [organ for organ in every if organ not in organs]:
        notes.append(f"not in all files and not scored: {', '.join(left_out)}")
    for name, parts in JOINED.items():
        if len(there := [part for part in parts if part in organs]) == 1:
            notes.append(f"of the {name} there is only the {there[0]}; it is not joined")
    return organs
