"""Stores what readers changed, accepted and undid: one append-only file for each reader.

A change is on the disk before it counts. A line that a killed process left unfinished is ignored.
Knows nothing of pages or servers.
"""

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from leavs.domain import Certainty, Urgency
from leavs.errors import InputError, UsageError
from leavs.system.private_files import make_private_folder, open_private

FOLDER = "review"
ADJUDICATOR = "adjudication"  # this reader decides where the others differ
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_PREFIX, _SUFFIX = "corrections-", ".jsonl"

Cell = tuple[str, str, str]  # report, organ, finding type


@dataclass(frozen=True, slots=True)
class CellCodes:
    """Certainty and urgency of a cell; None if nothing is said of it, or its label failed."""

    certainty: int | None = None
    urgency: int | None = None

    @property
    def is_valid(self) -> bool:
        """Whether a reader may give these codes: an urgency needs a finding."""
        if self.certainty is None:
            return self.urgency is None
        if self.certainty not in [*Certainty] or self.urgency not in [None, *Urgency]:
            return False
        has_urgency = Certainty(self.certainty).has_urgency
        return has_urgency or self.urgency == Urgency.NOT_APPLICABLE


NOTHING = CellCodes()
NOT_MENTIONED = CellCodes(int(Certainty.NOT_MENTIONED), int(Urgency.NOT_APPLICABLE))
CodesOfCell = Callable[[Cell], CellCodes]  # looks up a cell in the table of labels


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that a reader did: a cell changed, or a report accepted (organ and type are "").

    Args:
        before: the codes of the cell, or whether the report was accepted; `after` likewise.
        undoes: whether this undoes the latest change.
        blind: whether the reader saw no labels.
    """

    report_id: str
    organ: str
    finding_type: str
    before: CellCodes | bool
    after: CellCodes | bool
    undoes: bool = False
    blind: bool = False
    reader: str = ""
    time: str = ""

    @property
    def cell(self) -> Cell:
        """The cell that was changed."""
        return (self.report_id, self.organ, self.finding_type)


@dataclass(slots=True)
class Readings:
    """What one reader has said so far.

    Args:
        codes: the codes of the cells that the reader changed.
        accepted: by report, whether the reader has accepted all of it.
        history: the changes that can be undone, the latest last.
    """

    reader: str
    blind: bool = False
    codes: dict[Cell, CellCodes] = field(default_factory=dict)
    accepted: dict[str, bool] = field(default_factory=dict)
    history: list[Change] = field(default_factory=list)

    def apply(self, change: Change) -> None:
        """Apply a change that the reader recorded."""
        self.blind = change.blind
        if isinstance(change.after, bool):
            self.accepted[change.report_id] = change.after
        else:
            self.codes[change.cell] = change.after
        if not change.undoes:
            self.history.append(change)
        elif self.history:
            self._forget(self.history.pop())

    def _forget(self, undone: Change) -> None:
        """Remove a cell from the changed ones once all of its changes are undone."""
        if not any(one.cell == undone.cell for one in self.history):
            self.codes.pop(undone.cell, None)

    def has_read(self, cell: Cell) -> bool:
        """Whether the reader has changed a cell or accepted its report."""
        return cell in self.codes or self.accepted.get(cell[0], False)

    def says(self, cell: Cell, labels: CodesOfCell) -> CellCodes:
        """Return the codes that the reader changed a cell to, or else those the reader saw.

        A blind reader sees none; in an accepted report, all cells that such a reader left unchanged
        count as not mentioned.
        """
        if cell in self.codes:
            return self.codes[cell]
        if not self.blind:
            return labels(cell)
        return NOT_MENTIONED if self.accepted.get(cell[0]) else NOTHING


class CorrectionFile:
    """The file of one reader: read at first, then only appended to.

    Args:
        folder: the folder of the run, or the one with the table of labels.
        reader: the reader's name, which is part of the file's name.
        blind: whether the reader sees no labels.

    Raises:
        UsageError: the name cannot be part of a file's name, or the reader was blind before and
            is not now, or the other way round.
        InputError: the file cannot be read.
    """

    def __init__(self, folder: Path, reader: str, blind: bool = False) -> None:
        self.path = path_of(folder, reader)
        self.readings = read_readings(self.path) if self.path.exists() else Readings(reader)
        if self.readings.history and self.readings.blind != blind:
            way = "blind" if self.readings.blind else "with the labels in view"
            raise UsageError(f"{reader} has read {way} so far; name another --reader")
        self.readings.blind = blind
        make_private_folder(self.path.parent)
        self._descriptor = open_private(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        self._end_torn_line()

    def add(self, change: Change) -> None:
        """Record a change; once this returns, it is on the disk."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        readings = self.readings
        change = replace(change, reader=readings.reader, blind=readings.blind, time=now)
        line = json.dumps(asdict(change)).encode() + b"\n"
        while line:
            line = line[os.write(self._descriptor, line) :]
        os.fsync(self._descriptor)
        readings.apply(change)

    def undo(self) -> Change | None:
        """Undo the latest change and return it; None if there is none."""
        if not self.readings.history:
            return None
        last = self.readings.history[-1]
        self.add(replace(last, before=last.after, after=last.before, undoes=True))
        return last

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def _end_torn_line(self) -> None:
        """End a line that a killed process left unfinished, so that the next one stands alone."""
        size = os.lseek(self._descriptor, 0, os.SEEK_END)
        if size and os.pread(self._descriptor, 1, size - 1) != b"\n":
            os.write(self._descriptor, b"\n")


def path_of(folder: Path, reader: str) -> Path:
    """Return the path of a reader's file.

    Raises:
        UsageError: the reader's name cannot be part of a file's name.
    """
    if not _NAME.fullmatch(reader):
        raise UsageError(
            f"--reader {reader!r}: use letters, digits, '.', '-' and '_', at most 64 of them"
        )
    return folder / FOLDER / f"{_PREFIX}{reader}{_SUFFIX}"


def read_readings(path: Path) -> Readings:
    """Read what one reader has said.

    Raises:
        InputError: the file cannot be read, or has a line that is no change.
    """
    readings = Readings(path.name.removeprefix(_PREFIX).removesuffix(_SUFFIX))
    for change in _changes(path):
        readings.apply(change)
    return readings


def read_all(folder: Path) -> list[Readings]:
    """Read what all readers have said, sorted by name; the adjudicator is among them."""
    paths = sorted((folder / FOLDER).glob(f"{_PREFIX}*{_SUFFIX}"))
    return [read_readings(path) for path in paths]


def _changes(path: Path) -> Iterator[Change]:
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise InputError(f"{path} cannot be read ({type(error).__name__})") from error
    for number, line in enumerate(lines[:-1], start=1):  # the last one is empty or unfinished
        try:
            yield _change(json.loads(line))
        except (ValueError, TypeError, KeyError) as error:
            if not line.endswith(b"}"):  # left unfinished, and ended by a later process
                continue
            raise InputError(f"{path} line {number} is no change; restore the file") from error


def _change(values: Mapping[str, Any]) -> Change:
    before, after = (
        value if isinstance(value, bool) else CellCodes(**value)
        for value in (values["before"], values["after"])
    )
    return Change(**{**values, "before": before, "after": after})


def differing(
    readings: Sequence[Readings], labels: CodesOfCell
) -> dict[Cell, dict[str, CellCodes]]:
    """Find the cells on which readers differ, and what each of them says.

    For each cell that any of them changed, the readers who changed it or accepted its report are
    compared.
    """
    readers = [one for one in readings if one.reader != ADJUDICATOR]
    found = {}
    for cell in dict.fromkeys(cell for one in readers for cell in one.codes):
        said = {one.reader: one.says(cell, labels) for one in readers if one.has_read(cell)}
        if len(set(said.values())) > 1:
            found[cell] = said
    return found


def decided(readings: Sequence[Readings], labels: CodesOfCell) -> dict[Cell, CellCodes]:
    """Return the codes of the changed cells on which the readers who saw the labels agree.

    Raises:
        UsageError: they differ on a cell that no adjudicator has decided.
    """
    seeing = [one for one in readings if not one.blind and one.reader != ADJUDICATOR]
    judge = next((one for one in readings if one.reader == ADJUDICATOR), Readings(ADJUDICATOR))
    open_still = differing(seeing, labels).keys() - judge.codes.keys()
    if open_still:
        raise UsageError(
            f"readers differ on {len(open_still)} cells; decide with leavs review --adjudicate"
        )
    changed = {cell: codes for one in seeing for cell, codes in one.codes.items()}
    return changed | judge.codes
