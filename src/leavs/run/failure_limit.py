"""How many cells may fail before a run stops: `--max-failures`.

Knows nothing of why they fail.
"""

import re
from dataclasses import dataclass

from leavs.errors import FailureLimitError, UsageError

MIN_CELLS = 100  # a percentage of fewer cells is not meaningful


@dataclass(frozen=True, slots=True)
class FailureLimit:
    """A number of cells, or a percentage of the recorded cells.

    Args:
        text: the limit as the user wrote it.
    """

    text: str
    most: float
    is_percentage: bool

    def check(self, failed: int, recorded: int) -> None:
        """Raise FailureLimitError if more of the recorded cells failed than are allowed."""
        most = self.most
        if self.is_percentage:
            if recorded < MIN_CELLS:
                return
            most *= recorded / 100
        if failed > most:
            raise FailureLimitError(
                f"{failed:,} of {recorded:,} cells failed, and --max-failures is {self.text}; "
                "failures.csv names them. The same command goes on; with --retry-failures it asks "
                "them again"
            )


def parse_failure_limit(text: str) -> FailureLimit:
    """Parse `N` or `P%`.

    Raises:
        UsageError: the text is neither.
    """
    number = text.removesuffix("%")
    is_percentage = number != text
    pattern = r"\d{1,15}(\.\d{1,15})?" if is_percentage else r"\d{1,15}"
    if not re.fullmatch(pattern, number, re.ASCII) or (is_percentage and float(number) > 100):
        raise UsageError(
            f"--max-failures {text!r} is neither a number of cells, as 50, "
            "nor a percentage up to 100, as 2%"
        )
    return FailureLimit(text, float(number), is_percentage)
