"""What goes into the pool of actors and what comes out of it.

Knows nothing of Ray. Texts of reports go to the actors; what comes back has none but the evidence.
"""

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from leavs.domain import Organ, OrganResult, Report
from leavs.reports import ReportSource


@dataclass(frozen=True, slots=True)
class Order:
    """A report, and the organs that are to be labeled in it."""

    report: Report
    organs: tuple[Organ, ...]


@dataclass(frozen=True, slots=True)
class Labeled:
    """What became of an order.

    Args:
        report: without its text.
        text_hash: of that text.
    """

    report: Report
    text_hash: str
    results: tuple[OrganResult, ...]


@dataclass(frozen=True, slots=True)
class Untouched:
    """An order that came when the run was stopping; nothing was asked."""

    position: int


@dataclass(frozen=True, slots=True)
class Broken:
    """The run cannot go on: the input cannot be read, no engine starts, or the code has a bug."""

    error: Exception


Result = Labeled | Untouched | Broken


class Left:
    """Which organs of which reports are left to be labeled: four bytes a report.

    Args:
        organs: that a run labels.
    """

    def __init__(self, organs: Iterable[Organ]) -> None:
        self.organs = tuple(organs)
        self._masks = array("I")  # by position in the input; a bit for each organ

    def add(self, position: int, names: Iterable[str]) -> None:
        """Let these organs be labeled in the report at a position."""
        missing = position + 1 - len(self._masks)
        if missing > 0:
            self._masks.frombytes(bytes(missing * self._masks.itemsize))
        wanted = set(names)
        for bit, organ in enumerate(self.organs):
            self._masks[position] |= (organ.name in wanted) << bit

    def copy(self) -> "Left":
        """The same, to be sent away while this one goes on."""
        twin = Left(self.organs)
        twin._masks = self._masks[:]
        return twin

    def done(self, position: int) -> None:
        """Nothing is left of the report at a position."""
        self._masks[position] = 0

    def of(self, position: int) -> tuple[Organ, ...]:
        """The organs that are left of the report at a position."""
        if position >= len(self._masks):
            return ()
        mask = self._masks[position]
        return tuple(organ for bit, organ in enumerate(self.organs) if mask >> bit & 1)

    def __iter__(self) -> Iterator[int]:
        """The positions of the reports of which something is left."""
        return (position for position, mask in enumerate(self._masks) if mask)

    def __len__(self) -> int:
        return sum(mask > 0 for mask in self._masks)


@dataclass(frozen=True, slots=True)
class Orders:
    """The orders of a run, in the order of the input; each `iter` gives the same ones."""

    source: ReportSource
    left: Left

    def __iter__(self) -> Iterator[Order]:
        for entry in self.source:
            if isinstance(entry, Report) and (organs := self.left.of(entry.position)):
                yield Order(entry, organs)
