"""Finds the runs that merged labels were made of, so that each is scored beside their vote.

Nobody named these runs, so they are scored on the reports of the vote or not at all, and what is
wrong with one of them is a note.
"""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from leavs.errors import LeavsError
from leavs.evaluation.codes import Coded, labels_as_codes
from leavs.evaluation.items import HUMANS, LABELER
from leavs.journal import manifest
from leavs.journal.journal import FOLDER as JOURNAL
from leavs.tables.read import file_of
from leavs.tables.report_ids import shared_places


def merged_runs(
    labels: Path, baselines: Mapping[str, Path], annotated: Coded
) -> tuple[dict[str, Coded], list[str]]:
    """Read the runs that a folder of merged labels names.

    Args:
        labels: any labels; there are no runs unless `leavs merge` made the folder.
        baselines: other labelers by name; a run that is one of them is not named once more.
        annotated: the reports and organs that are scored.

    Returns:
        The codes of the runs on just these reports and organs, by the name of the run's folder,
        with folders above it where a name is taken; and a note for each run that is left out.

    Raises:
        RunFolderError: the manifest cannot be read, or a merge was interrupted.
    """
    if not manifest.holds_merged(labels):
        return {}, []
    others = {file_of(path).resolve() for path in baselines.values()}
    recorded = {
        (labels / run["folder"]).resolve(): run
        for run in manifest.read(labels)[manifest.MERGED_RUNS]["runs"]
    }
    folders = [one for one in recorded if (one / "labels.csv").resolve() not in others]
    runs, notes = {}, []
    for name, folder in zip(_names(folders, {LABELER, HUMANS, *baselines}), folders, strict=True):
        coded = _codes(folder, recorded[folder], annotated)
        if isinstance(coded, str):
            notes.append(f"the run {name}, {coded}")
        else:
            runs[name] = coded
    return runs, notes


def _codes(folder: Path, recorded: Mapping[str, Any], annotated: Coded) -> Coded | str:
    """The codes of a run on the scored reports, or why it is not scored.

    Args:
        recorded: what the merge said of the run.
    """
    if not any((folder / name).exists() for name in ("labels.csv", JOURNAL)):
        return f"whose labels are not there any more ({folder})"
    try:
        if manifest.fingerprint(manifest.read(folder)["identity"]) != recorded["fingerprint"]:
            return f"in whose folder another run stands now ({folder})"
        coded = labels_as_codes(folder)
    except LeavsError as error:
        return f"which cannot be read: {error}"
    if len(coded.ids) != (voted := recorded.get("reports", len(coded.ids))):
        return f"whose tables have {len(coded.ids)} reports, and {voted} took part in the vote"
    places = shared_places(annotated.ids, coded.ids)
    if lacking := len(annotated.ids) - len(places):
        return f"which lacks {lacking} of the {len(annotated.ids)} reports that are scored"
    if organs := [organ for organ in annotated.organs if organ not in coded.organs]:
        return f"which lacks {', '.join(organs)}"
    return coded.of([places[one] for one in annotated.ids], annotated.organs)


def _names(folders: Sequence[Path], taken: Collection[str]) -> list[str]:
    """The last parts of the paths; as many as it takes where one is like another, or taken."""
    parts = [1] * len(folders)
    while True:
        names = ["/".join(folder.parts[-n:]) for folder, n in zip(folders, parts, strict=True)]
        unclear = [
            place
            for place, name in enumerate(names)
            if (names.count(name) > 1 or name in taken) and parts[place] < len(folders[place].parts)
        ]
        if not unclear:
            return [
                f"run {place}: {name}" if name in taken else name
                for place, name in enumerate(names, start=1)
            ]
        for place in unclear:
            parts[place] += 1
