"""The runs that vote on labels: opens them, checks that they fit together, reads them side by side.

Each run is read from the index of its journal, report by report, so that memory holds neither texts
nor ids. Knows nothing of how votes are counted.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from leavs.domain import CertaintyQuestions, OrganResult
from leavs.errors import RunFolderError, UsageError
from leavs.journal import manifest
from leavs.journal.index import Index
from leavs.journal.journal import FOLDER as JOURNAL
from leavs.journal.serialization import result_from_json
from leavs.journal.status import Status, status_of
from leavs.reports.opening import shown
from leavs.tables.export import results_in_order

SHARED = {"organs": "organs", "finding_types": "finding types"}  # keys of an identity, in words

Recorded = tuple[OrganResult, str]  # and the hash of the text that was labeled


@dataclass(frozen=True, slots=True)
class Voter:
    """A run whose labels are merged with others.

    Args:
        described: its manifest.
        index: the index of its journal.
        status: how far it is.
    """

    folder: Path
    described: Mapping[str, Any]
    index: Index
    status: Status

    @property
    def identity(self) -> Mapping[str, Any]:
        """All that the run's labels depend on."""
        identity: Mapping[str, Any] = self.described["identity"]
        return identity

    @property
    def asks_of_all(self) -> bool:
        """Whether the run asked for the certainty of types that are not mentioned, too."""
        return bool(self.identity.get("certainty") != CertaintyQuestions.MENTIONED)

    def has(self, report_id: str) -> bool:
        """Whether the run has any record of a report."""
        return self.index.done(report_id) is not None

    def of_report(self, report_id: str) -> dict[str, Recorded]:
        """Return the record that counts of each organ of a report."""
        results = (
            (result_from_json(self.index.record(place)), place.text_hash)
            for place in self.index.best_of(report_id)
        )
        return {one[0].organ: one for one in results}

    def reports(self) -> Iterator[tuple[str, dict[str, Recorded]]]:
        """Yield the ids of all reports with their records by organ, in the run's own order."""
        recorded = results_in_order(self.index, self.identity["organs"])
        for report_id, results in groupby(recorded, lambda one: one[0].report_id):
            yield report_id, {one[0].organ: one for one in results}

    def as_record(self, output_dir: Path) -> dict[str, Any]:
        """Describe the run for the manifest of the merged labels."""
        return {
            "folder": relative(self.folder, output_dir),
            "fingerprint": manifest.fingerprint(self.identity),
            "reports": self.index.reports,
            "failed_cells": self.status.failed_cells,
            "complete": self.status.complete,
            "identity": self.identity,
        }


@dataclass(frozen=True, slots=True)
class Ballot:
    """What the runs say of one report.

    Args:
        is_in_every_run: whether each run has any record of it.
        organs: for each recorded organ the result of each run; None where a run has none.
        partly_recorded: the organs that some run lacks which has others of the report.
        missing: the organs that no run has a record of.
    """

    is_in_every_run: bool
    organs: Sequence[Sequence[OrganResult | None]]
    partly_recorded: int
    missing: int


@contextmanager
def open_voters(folders: Sequence[Path]) -> Iterator[Sequence[Voter]]:
    """Open runs whose labels can be merged.

    Raises:
        UsageError: there are fewer than two, or one is named twice.
        RunFolderError: a folder holds no labeled run, or the runs have not the same organs and
            finding types.
    """
    _refuse_few_or_same(folders)
    described = [_described(folder) for folder in folders]
    _refuse_different(folders, [one["identity"] for one in described])
    with ExitStack() as stack:
        voters = []
        for folder, manifest_of_run in zip(folders, described, strict=True):
            index = stack.enter_context(Index(folder))
            index.refuse_other_runs(folder, manifest.fingerprint(manifest_of_run["identity"]))
            if not index.reports:
                raise RunFolderError(f"{folder} {_why_empty(index)}")
            status = status_of(index, folder, manifest_of_run)
            voters.append(Voter(folder, manifest_of_run, index, status))
        yield voters


def _why_empty(index: Index) -> str:
    if index.damaged:
        return f"holds no readable labels; its journal has {len(index.damaged):,} damaged lines"
    return "holds no labels yet; label its reports first"


def _refuse_few_or_same(folders: Sequence[Path]) -> None:
    if len(folders) < 2:
        raise UsageError("name two runs at least; their labels are merged")
    first: dict[Path, Path] = {}
    for folder in folders:
        if (other := first.setdefault(folder.resolve(), folder)) is not folder:
            raise UsageError(f"{other} and {folder} are one folder; name each run once")


def _described(folder: Path) -> Mapping[str, Any]:
    described = manifest.read(folder)
    if manifest.is_merged(described):
        raise RunFolderError(f"{folder} holds merged labels; name the runs that they were made of")
    if not (folder / JOURNAL).is_dir():
        raise RunFolderError(f"{folder} has no journal, of which labels are merged")
    return described


def _refuse_different(folders: Sequence[Path], identities: Sequence[Mapping[str, Any]]) -> None:
    for folder, identity in zip(folders[1:], identities[1:], strict=True):
        for key, words in SHARED.items():
            here, there = identities[0][key], identity[key]
            only_here = [one for one in here if one not in there]
            only_there = [one for one in there if one not in here]
            if only_here or only_there:
                lacks = [
                    f"{place} lacks {', '.join(names)}"
                    for place, names in ((folder, only_here), (folders[0], only_there))
                    if names
                ]
                raise RunFolderError(
                    f"the runs have other {words}: {'; '.join(lacks)}; merge runs of the same ones"
                )


def ballots(voters: Sequence[Voter]) -> Iterator[Ballot]:
    """Yield what the runs say of each report: in the first run's order, then what it lacks.

    Raises:
        RunFolderError: two runs labeled different texts under the same id.
    """
    left = [voter.index.reports for voter in voters]
    for place, voter in enumerate(voters):
        before, after = voters[:place], voters[place + 1 :]
        for report_id, own in voter.reports() if left[place] else ():
            if not any(earlier.has(report_id) for earlier in before):
                later = [other.of_report(report_id) for other in after]
                by_organ = [*({} for _ in before), own, *later]
                left = [number - bool(one) for number, one in zip(left, by_organ, strict=True)]
                yield _ballot(report_id, voters, by_organ)


def _ballot(
    report_id: str, voters: Sequence[Voter], by_organ: Sequence[Mapping[str, Recorded]]
) -> Ballot:
    _refuse_other_texts(report_id, voters, by_organ)
    all_organs = voters[0].identity["organs"]
    organs = [
        [one[organ][0] if organ in one else None for one in by_organ]
        for organ in all_organs
        if any(organ in one for one in by_organ)
    ]
    there = [place for place, one in enumerate(by_organ) if one]
    partly = sum(any(results[place] is None for place in there) for results in organs)
    return Ballot(len(there) == len(voters), organs, partly, len(all_organs) - len(organs))


def _refuse_other_texts(
    report_id: str, voters: Sequence[Voter], by_organ: Sequence[Mapping[str, Recorded]]
) -> None:
    """Refuse a report that was labeled in different texts; one that could not be read is none.

    The organs may be others in each run: what is merged is labels of one text.
    """
    hashes = [{text for _, text in one.values() if text} for one in by_organ]
    labeled = [place for place, texts in enumerate(hashes) if texts]
    for place in labeled[1:]:
        if hashes[place] != hashes[labeled[0]]:
            one, other = voters[labeled[0]].folder, voters[place].folder
            raise RunFolderError(
                f"{one} and {other} labeled different texts of the report {shown(report_id)}; "
                "merge runs of the same reports"
            )


def relative(folder: Path, start: Path) -> str:
    """Return the path of a folder from another one; the whole path if there is none."""
    try:
        return os.path.relpath(folder.resolve(), start.resolve())
    except ValueError:  # on another drive
        return str(folder.resolve())
