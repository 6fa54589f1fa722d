"""How probable a reply was, from outputs such as vLLM's, without loading it."""

from collections.abc import Mapping, Sequence
from math import log
from types import SimpleNamespace
from typing import Any

import pytest

from leavs.engines.engine import Choices, Constraint, Pattern, Reasoned
from leavs.engines.vllm.probabilities import choice_probabilities, reply_probability

VOCABULARY = ["It", " is", ".", "\n", "Answer", ":", " Yes", " No", "Yes", "No", "Maybe"]
AT = {text: number for number, text in enumerate(VOCABULARY)}
YES_NO = ("Yes", "No")
THOUGHT = ["It", " is", ".", "\n", "Answer", ":"]


def decode(ids: Sequence[int]) -> str:
    return "".join(VOCABULARY[one] for one in ids)


def completion(tokens: Sequence[str], weights: Mapping[str, float] | None, at: int = 0) -> Any:
    """As vLLM gives it; the alternatives stand at one of the tokens."""
    logprobs: list[dict[int, Any]] | None = None
    if weights is not None:
        logprobs = [{} for _ in tokens]
        logprobs[at] = {
            AT[text]: SimpleNamespace(logprob=log(weight)) for text, weight in weights.items()
        }
    return SimpleNamespace(
        token_ids=[AT[token] for token in tokens], logprobs=logprobs, cumulative_logprob=log(0.5)
    )


@pytest.mark.parametrize(
    ("tokens", "weights", "at", "constraint", "probabilities"),
    [
        (["Yes"], {"Yes": 0.6, "No": 0.2, "Maybe": 0.2}, 0, Choices(YES_NO), [0.75, 0.25]),
        (["Yes"], None, 0, Choices(YES_NO), []),
        (["Yes"], {"Yes": 0.6}, 0, Pattern("Yes|No"), []),
        (["Yes"], {"Yes": 0.6}, 0, None, []),
        ([*THOUGHT, " Yes"], {" Yes": 0.6, " No": 0.2}, 6, Reasoned(YES_NO), [0.75, 0.25]),
        (THOUGHT, {"It": 0.9}, 0, Reasoned(YES_NO), []),
    ],
)
def test_the_probabilities_stand_where_the_choice_begins(
    tokens: list[str],
    weights: Mapping[str, float] | None,
    at: int,
    constraint: Constraint | None,
    probabilities: list[float],
) -> None:
    text = "".join(tokens)
    found = choice_probabilities(completion(tokens, weights, at), text, constraint, decode)
    assert list(found.values()) == pytest.approx(probabilities)


@pytest.mark.parametrize(
    ("constraint", "probability"),
    [
        (Pattern("Yes|No", weighed=True), 0.5),
        (Pattern("Yes|No"), None),
        (Choices(YES_NO), None),
        (None, None),
    ],
)
def test_a_weighed_pattern_has_the_probability_of_the_whole_reply(
    constraint: Constraint | None, probability: float | None
) -> None:
    found = reply_probability(completion(["Yes"], None), constraint)
    assert found == (None if probability is None else pytest.approx(probability))
