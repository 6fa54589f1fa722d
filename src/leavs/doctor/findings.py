"""What a check found, in a line, and what to do about it.

Knows nothing of what is checked; imports nothing from leavs.
"""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a check came out; one problem is enough for a run to fail."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check.

    Args:
        check: what was looked at ("torch").
        says: what is there, in a line.
        advice: what to do; "" where nothing is.
    """

    check: str
    verdict: Verdict
    says: str
    advice: str = ""


def fine(check: str, says: str) -> Finding:
    """A check that found what it should."""
    return Finding(check, Verdict.OK, says)


def warning(check: str, says: str, advice: str = "") -> Finding:
    """A check whose result may be intended, or cannot be told on this machine."""
    return Finding(check, Verdict.WARNING, says, advice)


def problem(check: str, says: str, advice: str = "") -> Finding:
    """A check that found what would make a run fail."""
    return Finding(check, Verdict.PROBLEM, says, advice)
