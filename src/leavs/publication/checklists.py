"""Reporting guidelines, filled in with what a run can say of itself.

The items stand in checklists.toml, the answers in `answers`. What a run cannot answer says so.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from leavs.publication.answers import TO_FILL_IN, answer
from leavs.publication.facts import Facts

ITEMS = Path(__file__).with_name("checklists.toml")
ANSWERED = "answered"


@dataclass(frozen=True, slots=True)
class Row:
    """A part of an item.

    Args:
        item: its number in the guideline.
        asks: what it asks for.
        status: ANSWERED or TO_FILL_IN.
        answer: what the run says; where it cannot say all, that, and what is wanted.
    """

    item: str
    asks: str
    status: str
    answer: str


@dataclass(frozen=True, slots=True)
class Checklist:
    """A guideline, with the items that a labeling run can speak to.

    Args:
        remark: whose numbers the items have.
        not_covered: which items are left out, and why.
    """

    name: str
    citation: str
    remark: str
    not_covered: str
    rows: Sequence[Row]


def fill_checklists(facts: Facts) -> Sequence[Checklist]:
    """Return the guidelines with the answers of a run."""
    with ITEMS.open("rb") as file:
        told = tomllib.load(file)["checklist"]
    return [
        Checklist(
            one["name"],
            one["citation"],
            one["remark"],
            one["not_covered"],
            [_row(facts, **row) for row in one["row"]],
        )
        for one in told
    ]


def _row(facts: Facts, item: str, asks: str, answer: str = "", hint: str = "") -> Row:
    said, is_whole = _said(answer, facts)
    if is_whole:
        return Row(item, asks, ANSWERED, said)
    wanted = f"{TO_FILL_IN}: {hint or asks}"
    return Row(item, asks, TO_FILL_IN, f"{said}; {wanted}" if said else wanted)


def _said(name: str, facts: Facts) -> tuple[str, bool]:
    return answer(name, facts) if name else ("", False)
