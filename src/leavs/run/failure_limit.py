"""How many cells may fail before a run stops: `--max-failures`, or 200 without a single label."""

import re
from collections import Counter
from dataclasses import dataclass

from leavs.errors import FailureLimitError, UsageError

WITHOUT_LABEL = 200  # cells after which a run stops that has not one label
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
            most = most * recorded / 100  # in this order all are not more than 100 %
        if failed > most:
            raise FailureLimitError(
                f"{failed:,} of {recorded:,} cells failed, and --max-failures is {self.text}; "
                "failures.csv names them. The same command goes on; with --retry-failures it asks "
                "them again"
            )


def refuse_no_label(causes: Counter[str]) -> None:
    """Raise FailureLimitError if so many cells failed that there will hardly be a label.

    Args:
        causes: why all cells so far have failed, with the number of cells.
    """
    failed = causes.total()
    if failed < WITHOUT_LABEL:
        return
    [(cause, cells)] = causes.most_common(1)
    raise FailureLimitError(
        f"{failed:,} cells and not one label, {cells:,} of them because: {cause}; `leavs doctor` "
        "tries model and server. The same command goes on; with --retry-failures it asks the "
        "failed ones again, and --max-failures says how many may fail"
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
