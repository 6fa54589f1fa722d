"""What vLLM is told of a constraint."""

from typing import Any

import pytest

from leavs.engines.constraints import LOGPROBS, allowed_replies, logprobs_wanted
from leavs.engines.engine import Choices, Constraint, Pattern, Reasoned

REASONED = Reasoned(("A", "B"))


@pytest.mark.parametrize(
    ("constraint", "allowed", "logprobs"),
    [
        (Choices(("Yes", "No")), {"choice": ["Yes", "No"]}, LOGPROBS),
        (REASONED, {"regex": REASONED.regex}, LOGPROBS),
        (Pattern("none|x"), {"regex": "none|x"}, None),
        (Pattern("none|x", weighed=True), {"regex": "none|x"}, 0),
        (None, {}, None),
    ],
)
def test_what_a_constraint_asks_for(
    constraint: Constraint | None, allowed: dict[str, Any], logprobs: int | None
) -> None:
    assert allowed_replies(constraint) == allowed
    assert logprobs_wanted(constraint) == logprobs
