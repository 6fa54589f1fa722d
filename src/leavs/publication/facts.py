"""The facts of a run that a paper or a data card needs, read from its folder.

Counts come from the tables, the rest from run.json and the journal. Merged labels have the facts of
each of their runs, as far as their folders are still there.
"""

import csv
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from leavs.domain import Step
from leavs.errors import InputError, RunFolderError
from leavs.journal import manifest
from leavs.journal.index import Index
from leavs.journal.status import Status, status_of
from leavs.method.pack import find_pack, load_pack
from leavs.publication.processes import Process, read_processes
from leavs.publication.words import number_of
from leavs.tables import columns

REVIEWED = "labels-reviewed.csv"
SHIPPED_PACK = "leavs"
_CORRECTIONS = "review/corrections-*.jsonl"
_NUMBER = re.compile(r"\d[\d,.]*")


@dataclass(frozen=True, slots=True)
class Labeling:
    """One run in which a model labeled reports; merged labels have several.

    Args:
        identity: all that its labels depend on.
        server: what was found of the server that answered; None if none did.
        processes: empty where they are not known, as of a merged run whose folder is gone.
    """

    identity: Mapping[str, Any]
    server: Mapping[str, Any] | None
    processes: Sequence[Process]

    @property
    def pack_is_shipped(self) -> bool:
        """Whether the prompts are those of the installed leavs, byte by byte."""
        return shipped_pack_sha256() == self.identity.get("pack_sha256")


@dataclass(frozen=True, slots=True)
class Review:
    """What readers did in `leavs review`.

    Args:
        readers: how many have a file of corrections.
        corrected: codes that differ in labels-reviewed.csv; None without that file.
        stale: a reader has said more since that file was written.
    """

    readers: int
    corrected: int | None
    stale: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """What a run folder says of itself.

    Args:
        merged: of merged labels, what `leavs merge` counted; else None.
        warnings: what everyone who uses the labels must know.
        unfinished: why the run is not whole, in a clause; "" if it is.
        reports: reports with rows in the tables.
        certainties: cells by the code of their label; None for cells without one.
        urgencies: cells by urgency, of those whose label is present or unsure.
        steps: cells that failed, by the step at which they did.
        causes: the same by step and reason, numbers left out; a reason that may name a file is
            not quoted.
        input_problems: entries of the input that belong to no report.
        beside: columns of details.csv behind the usual ones.
        has_probabilities: whether any label has one.
        tokens: of prompts and generated, as run.json has them; empty if it has none.
    """

    labelings: Sequence[Labeling]
    merged: Mapping[str, Any] | None
    warnings: Sequence[str]
    unfinished: str
    organs: Sequence[str]
    finding_types: Sequence[str]
    reports: int
    certainties: Mapping[int | None, int]
    urgencies: Mapping[int | None, int]
    steps: Mapping[str, int]
    causes: Mapping[tuple[str, str], int]
    input_problems: int
    review: Review
    beside: Sequence[str]
    has_probabilities: bool
    tokens: Mapping[str, int]

    @property
    def cells(self) -> int:
        """All cells: a label for each report, organ and finding type."""
        return sum(self.certainties.values())

    @property
    def processes(self) -> Sequence[Process]:
        """Those of all labelings that may have labeled something."""
        return [one for each in self.labelings for one in each.processes if one.asked]

    @property
    def pack_is_shipped(self) -> bool:
        """Whether all labels were made with the prompts of the installed leavs."""
        return all(one.pack_is_shipped for one in self.labelings)

    @property
    def calibrated(self) -> bool:
        """Whether details.csv has calibrated probabilities."""
        return columns.CALIBRATED in self.beside


def read_facts(folder: Path) -> Facts:
    """Read the facts of a run, or of merged labels.

    Raises:
        RunFolderError: the folder holds no run.
        InputError: its tables are not made yet, or cannot be read.
    """
    described = manifest.read(folder)
    merged = described.get(manifest.MERGED_RUNS)
    if merged is None:
        labelings, unfinished = _own(folder, described)
    else:
        labelings, unfinished = _of_merged(folder, merged)
    identity = described["identity"]
    certainties, urgencies, reports = _codes(folder)
    steps, causes, problems = _failures(folder)
    return Facts(
        labelings,
        merged,
        described.get("warnings", ()),
        unfinished,
        identity["organs"],
        identity["finding_types"],
        reports,
        certainties,
        urgencies,
        steps,
        causes,
        problems,
        _review(folder),
        *_of_details(folder),
        _tokens(described),
    )


def _own(folder: Path, described: Mapping[str, Any]) -> tuple[Sequence[Labeling], str]:
    with Index(folder) as index:
        status = status_of(index, folder, described)
        processes = read_processes(index.sessions)
    labeling = Labeling(described["identity"], described.get("server"), processes)
    return [labeling], _why_unfinished(status)


def _why_unfinished(status: Status) -> str:
    if status.complete:
        return ""
    left = "an unknown number of them" if status.left is None else f"{status.left:,}"
    about = "" if status.left_is_known or status.left is None else "about "
    return f"{number_of(status.done, 'report')} labeled, {about}{left} left"


def _of_merged(folder: Path, merged: Mapping[str, Any]) -> tuple[Sequence[Labeling], str]:
    labelings = []
    for run in merged["runs"]:
        there = _described_as(folder / run["folder"], run["fingerprint"])
        processes = read_processes(there.get("sessions", ()))
        labelings.append(Labeling(run.get("identity", {}), there.get("server"), processes))
    unfinished = sum(not run.get("complete", True) for run in merged["runs"])
    return labelings, f"{unfinished} of the merged runs were not complete" if unfinished else ""


def _described_as(folder: Path, fingerprint: str) -> Mapping[str, Any]:
    """The manifest of a run that was merged; empty if it is gone, or another run is there now."""
    try:
        described = manifest.read(folder)
    except RunFolderError:
        return {}
    return described if manifest.fingerprint(described["identity"]) == fingerprint else {}


def _codes(folder: Path) -> tuple[Counter[int | None], Counter[int | None], int]:
    """Count labels and urgencies by code, and reports."""
    import numpy as np  # these load pandas, which takes longer than all else

    from leavs.tables.read import file_of, finding_types_of, read_labels

    if not file_of(folder).exists():
        raise InputError(f"{folder} has no labels.csv; make it with: leavs export {folder}")
    labels = read_labels(folder)
    found = []
    for kind in columns.KINDS:
        codes = labels.loc[labels[columns.KIND] == kind, finding_types_of(labels)]
        counts: Counter[int | None] = Counter()
        for name in codes:
            known = codes[name].dropna().to_numpy(dtype="int64")
            found_codes, times = np.unique(known, return_counts=True)
            counts.update(dict(zip(found_codes.tolist(), times.tolist(), strict=True)))
            counts[None] += len(codes) - len(known)
        found.append(counts)
    return found[0], found[1], int(labels[columns.REPORT_ID].nunique())


def _rows(file: Path, *needed: str) -> Iterator[Mapping[str, str]]:
    """The rows of a table that leavs wrote, which has at least these columns."""
    csv.field_size_limit(sys.maxsize)  # a sentence can be as long as its report
    try:
        with file.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream, restval="")
            if missing := set(needed) - set(reader.fieldnames or ()):
                raise ValueError(f"no column {min(missing)}")
            yield from reader
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(
            f"{file} cannot be read ({type(error).__name__}); make it again with leavs export"
        ) from error


def _failures(folder: Path) -> tuple[Counter[str], Counter[tuple[str, str]], int]:
    steps: Counter[str] = Counter()
    causes: Counter[tuple[str, str]] = Counter()
    problems = 0
    for row in _rows(folder / "failures.csv", *columns.FAILURES):
        step = row["step"]
        if step == columns.NOTE:
            continue
        if not row["report_id"]:
            problems += 1
            continue
        steps[step] += 1
        causes[step, _cause(step, row["reason"])] += 1
    return steps, causes, problems


def _cause(step: str, reason: str) -> str:
    """A reason that is alike for like failures, and names neither a file nor a machine."""
    if step == Step.INPUT or re.search(r"[/\\@]", reason):
        return "see failures.csv of the run"
    return _NUMBER.sub("N", reason)


def _of_details(folder: Path) -> tuple[Sequence[str], bool]:
    """The columns behind the usual ones, and whether any label has a probability."""
    names: list[str] = []
    for row in _rows(folder / "details.csv", "probability"):
        names = [*filter(None, row)]  # no name stands for cells behind the last column
        if row["probability"]:
            return _behind(names), True
    return _behind(names), False


def _behind(names: Sequence[str]) -> Sequence[str]:
    return [name for name in names if name not in columns.DETAILS]


def _review(folder: Path) -> Review:
    files = [one for one in folder.glob(_CORRECTIONS) if one.stat().st_size]  # said something
    reviewed = folder / REVIEWED
    if not reviewed.exists():
        return Review(len(files), None, stale=False)
    corrected = sum(
        len([one for one in row[columns.CORRECTED].split("; ") if one])
        for row in _rows(reviewed, columns.CORRECTED)
    )
    written = reviewed.stat().st_mtime
    stale = any(file.stat().st_mtime > written for file in files)
    return Review(len(files), corrected, stale)


def _tokens(described: Mapping[str, Any]) -> Mapping[str, int]:
    usage = described.get("totals", {}).get("usage", {})
    names = ("questions", "calls", "prompt_tokens", "generated_tokens")
    return {name: sum(int(one.get(name, 0)) for one in usage.values()) for name in names if usage}


@cache
def shipped_pack_sha256() -> str:
    """The hash of the prompts that come with this leavs."""
    return load_pack(find_pack(SHIPPED_PACK)).sha256
