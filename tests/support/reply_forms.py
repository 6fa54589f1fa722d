"""The forms of replies that the questions of the chain have, for tables of replies.

CUT in front of a reply: it was stopped at its length limit. JSON in front: the engine held it to
the schema.
"""

from typing import Any

from leavs.method.answers import Quote
from leavs.method.reply_form import (
    ReplyForm,
    list_of_numbers,
    list_of_quotes,
    one_of,
    several_of,
)

CERTAINTY = {
    "A": "denied",
    "B": "not mentioned",
    "C": "possible",
    "D": "affirmed",
    "E": "depends on a prior report",
    "F": "broad area only",
}
URGENCY = {"A": "no action", "B": "low", "C": "medium", "D": "high"}
TYPES = ("normal", "absent", "adjacent", "post_surgical", "small bowel")

FORMS: dict[str, ReplyForm[Any]] = {
    "certainty": one_of("ABCDEF", CERTAINTY),
    "urgency": one_of("ABCD", URGENCY),
    "unnamed": one_of("ABCD"),
    "yes/no": one_of(("Yes", "No")),
    "types": several_of(TYPES),
    "numbers": list_of_numbers(12),
    "quotes": list_of_quotes(100),
}
CUT, JSON = "<CUT>", "<JSON>"


def yes(*texts: str) -> tuple[Quote, ...]:
    return tuple(Quote(text, True) for text in texts)
