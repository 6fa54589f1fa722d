"""What vLLM is told of a constraint."""

from typing import Any

import pytest

from leavs.engines.constraints import LOGPROBS, grammar_of, logprobs_wanted
from leavs.engines.engine import Choices, Constraint, Pattern


@pytest.mark.parametrize(
    ("constraint", "grammar", "logprobs"),
    [
        (Choices(("Yes", "No")), {"choice": ["Yes", "No"]}, LOGPROBS),
        (Pattern("none|x"), {}, None),
        (Pattern("none|x", weighed=True), {}, 0),
        (Pattern("none|x", enforced=True), {"regex": "none|x"}, None),
        (Pattern("none|x", enforced=True, weighed=True), {"regex": "none|x"}, 0),
        (None, {}, None),
    ],
)
def test_what_a_constraint_asks_for(
    constraint: Constraint | None, grammar: dict[str, Any], logprobs: int | None
) -> None:
    assert grammar_of(constraint) == grammar
    assert logprobs_wanted(constraint) == logprobs
