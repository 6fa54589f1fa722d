"""The result of a check in one line, and what to do about it.

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
        check: what was checked ("torch").
        says: what was found, in one line.
        advice: what to do; "" if nothing is to be done.
    """

    check: str
    verdict: Verdict
    says: str
    advice: str = ""


def fine(check: str, says: str) -> Finding:
    """The finding of a check that passed."""
    return Finding(check, Verdict.OK, says)


def warning(check: str, says: str, advice: str = "") -> Finding:
    """The finding of a check whose result may be intended, or cannot be told on this machine."""
    return Finding(check, Verdict.WARNING, says, advice)


def problem(check: str, says: str, advice: str = "") -> Finding:
    """The finding of a check with a result that would make a run fail."""
    return Finding(check, Verdict.PROBLEM, says, advice)
