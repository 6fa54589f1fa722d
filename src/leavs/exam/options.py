"""What is asked in an exam."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from leavs.domain import Preset
from leavs.errors import UsageError
from leavs.method.options import MethodOptions

SHIPPED_REPORTS = 26


@dataclass(frozen=True, slots=True)
class ExamOptions:
    """What is asked in an exam.

    Args:
        presets: ask all of it in each of these ways, to see what one costs beside the other; by
            default in the ways of --preset, --filtration, --certainty and --reasoning.
        items: so many of the items that are asked in these ways, balanced over steps and traps, the
            same ones each time; by default all of them.
        reports: so many of the 26 reports that come with leavs are labeled, and compared with their
            annotations; 0 for none.
    """

    presets: tuple[Preset, ...] = ()
    items: int | None = None
    reports: int = SHIPPED_REPORTS

    def check(self) -> None:
        """Raise UsageError for a number out of range, or a preset that is named twice."""
        if self.items is not None and self.items < 1:
            raise UsageError(f"--items {self.items} is too small; the least is 1")
        if not 0 <= self.reports <= SHIPPED_REPORTS:
            raise UsageError(f"--reports {self.reports} is not from 0 to {SHIPPED_REPORTS}")

    def methods(self, method: MethodOptions) -> Sequence[MethodOptions]:
        """Return the ways to ask, in which the whole exam is taken one after the other.

        Raises:
            UsageError: two of them are the same.
        """
        methods = [replace(method, preset=preset) for preset in self.presets] or [method]
        if len({one.ways for one in methods}) < len(methods):
            raise UsageError(
                "two of the --presets ask in the same ways; name each once, and leave out what "
                "they differ in (--filtration, --certainty, --reasoning)"
            )
        return methods
