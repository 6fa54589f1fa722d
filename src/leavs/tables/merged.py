"""Writes the tables of several runs merged to one: the vote of models or seeds on each cell.

They are the tables of a run, and details.csv says beside each cell how the runs voted. The journals
of the runs are read, never written. `run.json` names the runs; while the tables are put in place it
says so, and if that was interrupted, commands that read it refuse the folder.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from leavs.domain import OrganResult, digest_of
from leavs.errors import RunFolderError, StorageError, UsageError
from leavs.journal import manifest
from leavs.journal.journal import FOLDER as JOURNAL
from leavs.journal.status import Status
from leavs.system.private_files import make_private_folder, remove_leftovers
from leavs.system.scratch import FirstPlaces
from leavs.tables import columns
from leavs.tables.export import TABLES, Tables, input_problems
from leavs.tables.rows import PROBABILITY_DIGITS, Row
from leavs.tables.voters import Ballot, Voter, ballots, open_voters
from leavs.tables.votes import MergedCell, VotingRule, lacks_probabilities, merge_organ

ROWS_OF_ORGAN = len(columns.KINDS)  # of labels, and of urgencies
NO_VOTE = "-"  # in the column `votes`, of a run without a label


@dataclass(slots=True)
class Merged:
    """What a merge wrote.

    Args:
        reports_not_in_every_run: reports on which only some of the runs voted.
        organs_not_in_every_run: organs of reports that a run lacks which has others of the report.
        missing_rows: rows of organs that no run has a record of.
        ties: cells in which several codes had the most votes or the highest probability.
        urgency_ties: cells in which several urgencies had the most votes.
        failed_cells: cells that no run has a label for, or no urgency.
        outvoted_failures: failures of a run in cells that others labeled.
        damaged: damaged lines in the journals.
        unfinished: the runs that are not complete, and how far they are.
        stale: files in the folder that were made of earlier tables.
    """

    reports: int = 0
    reports_not_in_every_run: int = 0
    organs_not_in_every_run: int = 0
    rows: int = 0
    missing_rows: int = 0
    ties: int = 0
    urgency_ties: int = 0
    failed_cells: int = 0
    outvoted_failures: int = 0
    input_problems: int = 0
    notes: int = 0
    damaged: list[str] = field(default_factory=list)
    unfinished: Mapping[Path, Status] = field(default_factory=dict)
    stale: Sequence[str] = ()

    def count(self, cell: MergedCell) -> None:
        """Count a cell."""
        self.ties += bool(cell.tied)
        self.urgency_ties += bool(cell.tied_urgencies)
        self.failed_cells += cell.label.failure is not None
        self.outvoted_failures += cell.outvoted


def merge_runs(runs: Sequence[Path], output_dir: Path, by: VotingRule | str) -> Merged:
    """Write labels.csv, details.csv, sentences.csv, failures.csv and run.json of merged runs.

    Args:
        runs: the folders of two runs or more, with their journals. Their order decides where
            nothing else does.
        output_dir: where the files go; merged labels that are there are replaced.
        by: majority, or mean-probability: the code of the highest mean probability.

    Raises:
        UsageError: no such rule, fewer than two runs, one named twice, or labels without
            probabilities where the mean of these is asked for.
        RunFolderError: the runs do not fit together, or the output folder holds a run, is inside
            one of the runs, or has been reviewed.
        StorageError: the tables cannot be written.
    """
    if by not in [*VotingRule]:
        raise UsageError(f"labels are not merged by {by!r}; there are: {', '.join(VotingRule)}")
    if isinstance(runs, str | Path):
        raise UsageError(f"{runs} is one run; merge_runs takes a list of two runs or more")
    runs, output_dir, rule = [Path(run) for run in runs], Path(output_dir), VotingRule(by)
    with open_voters(runs) as voters:
        _claim(output_dir, runs)
        try:
            return _merge(voters, output_dir, rule)
        except OSError as error:
            raise StorageError(
                f"the tables in {output_dir} cannot be written: {error.strerror}; mend that, and "
                "give the same command again"
            ) from error


def _claim(folder: Path, runs: Sequence[Path]) -> None:
    """Make the output folder, or refuse one whose files are not those of a merge."""
    for run in runs:
        if run.resolve() in folder.resolve().parents:
            raise RunFolderError(f"{folder} is inside the run {run}; choose another --output-dir")
    try:
        make_private_folder(folder)
    except OSError as error:
        raise RunFolderError(
            f"{folder} cannot be used: {error.strerror}; choose another --output-dir"
        ) from error
    if not folder.is_dir():
        raise RunFolderError(f"{folder} is no folder; choose another --output-dir")
    if any(folder.glob("review/corrections-*.jsonl")):
        raise RunFolderError(
            f"{folder}/review holds what readers said of the labels that are there; choose another "
            "--output-dir"
        )
    if (folder / manifest.FILE).exists():
        if not manifest.holds_merged(folder):
            raise RunFolderError(f"{folder} holds a run; choose another --output-dir")
    elif there := [name for name in (JOURNAL, *TABLES) if (folder / name).exists()]:
        raise RunFolderError(
            f"{folder} holds {there[0]} and no {manifest.FILE}; choose another --output-dir"
        )


def _merge(voters: Sequence[Voter], folder: Path, rule: VotingRule) -> Merged:
    remove_leftovers(folder)
    merged = Merged(
        damaged=[line for voter in voters for line in voter.index.damaged],
        unfinished={one.folder: one.status for one in voters if not one.status.complete},
        stale=_stale(folder),
    )
    finding_types = voters[0].identity["finding_types"]
    with ExitStack() as stack:
        tables = Tables(stack, folder, finding_types, include_report=False, beside=columns.VOTES)
        _write_problems(voters, tables, merged)
        for ballot in ballots(voters):
            _write_ballot(ballot, voters, tables, merged, rule)
        described = _manifest(voters, folder, rule, merged)
        # While the tables are put in place, which the end of the block does.
        marked = {**described[manifest.MERGED_RUNS], manifest.INTERRUPTED: True}
        manifest.write(folder, {**described, manifest.MERGED_RUNS: marked})
    manifest.write(folder, described)
    return merged


def _stale(folder: Path) -> list[str]:
    """Name what other commands made of earlier tables: labels-wide.csv, details-spreadsheet.csv."""
    made = (path.name for name in TABLES for path in folder.glob(f"{Path(name).stem}-*"))
    return sorted(made)


def _write_problems(voters: Sequence[Voter], tables: Tables, merged: Merged) -> None:
    """Write entries that are no report, and notes, of all runs, each once."""
    with FirstPlaces() as seen:
        for voter in voters:
            for problem in input_problems(voter.index):
                if _is_new(seen, "problem", *problem):
                    tables.add_input_problem(*problem)
                    merged.input_problems += 1
        for voter in voters:
            for note in map(voter.index.record, voter.index.notes()):
                if _is_new(seen, "note", note["report_id"], note["reason"]):
                    tables.add_note(note)
                    merged.notes += 1


def _is_new(seen: FirstPlaces, *words: str) -> bool:
    key = digest_of(repr(words))
    if seen.has(key):
        return False
    seen.first(key, 0)
    return True


def _write_ballot(
    ballot: Ballot, voters: Sequence[Voter], tables: Tables, merged: Merged, rule: VotingRule
) -> None:
    merged.reports += 1
    merged.reports_not_in_every_run += not ballot.is_in_every_run
    merged.organs_not_in_every_run += ballot.partly_recorded
    merged.missing_rows += ROWS_OF_ORGAN * ballot.missing
    for results in ballot.organs:
        if rule is VotingRule.MEAN_PROBABILITY:
            _refuse_without_probabilities(voters, results)
        result, cells = merge_organ(results, voters[0].identity["finding_types"], rule)
        tables.add(result, None, [*map(_vote_row, cells)])
        merged.rows += ROWS_OF_ORGAN
        for cell in cells:
            merged.count(cell)


def _refuse_without_probabilities(
    voters: Sequence[Voter], results: Sequence[OrganResult | None]
) -> None:
    for voter, one in zip(voters, results, strict=True):
        if one is not None and lacks_probabilities(one, voter.asks_of_all):
            raise UsageError(
                f"{voter.folder} has labels without probabilities; merge --by "
                f"{VotingRule.MAJORITY}, or leave it out"
            )


def _vote_row(cell: MergedCell) -> Row:
    """The columns VOTES of one cell."""
    agreement = None if cell.agreement is None else round(cell.agreement, PROBABILITY_DIGITS)
    votes = " ".join(NO_VOTE if code is None else str(int(code)) for code in cell.votes)
    ties = [_codes(cell.tied)] if cell.tied else []
    if cell.tied_urgencies:
        ties.append(f"urgency {_codes(cell.tied_urgencies)}")
    return (agreement, votes, ", ".join(ties))


def _codes(codes: Sequence[int]) -> str:
    return "; ".join(str(int(code)) for code in codes)


def _manifest(
    voters: Sequence[Voter], folder: Path, rule: VotingRule, merged: Merged
) -> dict[str, Any]:
    runs = [voter.as_record(folder) for voter in voters]
    totals = ("reports", "failed_cells", "missing_rows", "input_problems", "notes")
    lacks = ("reports_not_in_every_run", "organs_not_in_every_run")
    votes = (*lacks, "ties", "urgency_ties", "outvoted_failures")
    return {
        "identity": {
            "model": "merged",
            "merged_by": rule.value,
            "runs": [run["fingerprint"] for run in runs],
            "organs": voters[0].identity["organs"],
            "finding_types": voters[0].identity["finding_types"],
        },
        "warnings": [*dict.fromkeys(_warnings(voters))],
        manifest.MERGED_RUNS: {
            "by": rule.value,
            "runs": runs,
            **{name: getattr(merged, name) for name in votes},
        },
        "totals": {name: getattr(merged, name) for name in totals},
        "sessions": [manifest.session()],
    }


def _warnings(voters: Sequence[Voter]) -> Iterator[str]:
    for voter in voters:
        yield from voter.described.get("warnings", ())
