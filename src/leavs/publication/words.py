"""What the codes of labels mean in the words of a table; lists and counts in sentences."""

from collections.abc import Mapping, Sequence

from leavs.domain import Certainty, Urgency

CERTAINTIES: Mapping[int | None, str] = {
    Certainty.PRESENT: "present: the report says that the finding is there",
    Certainty.ABSENT: "absent: the report says that it is not there",
    Certainty.UNSURE: "unsure: the radiologist is not sure",
    Certainty.NOT_MENTIONED: "not mentioned",
    Certainty.AMBIGUOUS: "ambiguous: it needs a prior report, or names no organ",
    None: "no label: the cell failed",
}
URGENCIES: Mapping[int, str] = {
    Urgency.NOT_APPLICABLE: "does not apply: the label is neither 1 nor -1",
    Urgency.NONE: "no action: normal, expected or chronic",
    Urgency.LOW: "low: incidental, within days",
    Urgency.MEDIUM: "medium: significant, within hours",
    Urgency.HIGH: "high: critical, within minutes",
}


def listed(words: Sequence[str]) -> str:
    """Join words as a list in a sentence."""
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def number_of(count: int, one: str, many: str = "") -> str:
    """Return a count with its noun."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
