"""What is read from outputs such as vLLM's, without loading it: text, cost, probabilities."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import inf, log
from types import SimpleNamespace
from typing import Any

import pytest

from leavs.engines.engine import Choices, Constraint, Pattern, Reply
from leavs.engines.vllm.completion import as_reply

WORDS = ["It", " is", " Yes", " No", "Yes", "No", "Y", "Maybe", "none", "no", "n"]
AT = {text: number for number, text in enumerate(WORDS)}
YES_NO = Choices(("Yes", "No"))
LIKE = Choices(("none", "no"))  # no token tells these apart
ANSWERS = {
    AT[word]: choice
    for choice, words in (("Yes", ("Yes", " Yes", "Y")), ("No", ("No", " No")))
    for word in words
}
PROMPT = [101, 102, 103]


def decode(ids: Sequence[int]) -> str:
    return "".join(WORDS[one] for one in ids)


def output(
    *words: str,
    weights: Mapping[str, float] | None = None,
    cut: bool = False,
    cached: int | None = 0,
    whole: float | None = 0.5,
) -> Any:
    """As vLLM gives it; the alternatives are those of the first token."""
    first = {
        AT[word]: SimpleNamespace(logprob=log(weight) if weight else -inf)
        for word, weight in (weights or {}).items()
    }
    later = {AT["No"]: SimpleNamespace(logprob=0.0)}
    completion = SimpleNamespace(
        token_ids=[AT[word] for word in words],
        finish_reason="length" if cut else "stop",
        logprobs=None if weights is None else [first, *([later] * len(words[1:]))],
        cumulative_logprob=None if whole is None else log(whole),
    )
    return SimpleNamespace(outputs=[completion], num_cached_tokens=cached)


def flat(given: Any) -> Any:
    """The same output with all places' log-probabilities in one list: vLLM's FlatLogprobs."""
    [completion] = given.outputs
    if completion.logprobs is None:
        return given
    places = [[*place.items()] for place in completion.logprobs]
    ends = [*accumulate(map(len, places))]
    completion.logprobs = _Flat(
        [0, *ends[:-1]],
        ends,
        [token for place in places for token, _ in place],
        [one.logprob for place in places for _, one in place],
    )
    return given


@dataclass
class _Flat:
    start_indices: list[int]
    end_indices: list[int]
    token_ids: list[int]
    logprobs: list[float]

    def __len__(self) -> int:
        return len(self.start_indices)


def read(
    given: Any, constraint: Constraint | None, answers: Mapping[int, str] | None = None
) -> Reply:
    return as_reply(given, PROMPT, constraint, answers or {}, decode)


@pytest.mark.parametrize("cached", [0, 2, None])
def test_what_a_reply_cost_and_where_it_goes_on(cached: int | None) -> None:
    for constraint, answers in ((None, None), (YES_NO, ANSWERS)):
        reply = read(output("Yes", " is", cached=cached), constraint, answers)
        assert (reply.prompt_tokens, reply.generated_tokens) == (3, 2)
        assert reply.cached_tokens == (cached or 0)
        assert list(reply.token_ids) == [*PROMPT, AT["Yes"], AT[" is"]]


@pytest.mark.parametrize(
    ("word", "choice"), [("Yes", "Yes"), (" Yes", "Yes"), ("Y", "Yes"), ("No", "No"), (" No", "No")]
)
def test_one_token_is_the_whole_choice_though_it_is_the_last_allowed(
    word: str, choice: str
) -> None:
    reply = read(output(word, cut=True), YES_NO, ANSWERS)
    assert (reply.text, reply.cut, reply.grammar) == (choice, False, False)


@pytest.mark.parametrize(
    ("weights", "probabilities"),
    [
        ({"Yes": 0.6, "No": 0.2}, {"Yes": 0.75, "No": 0.25}),
        # all the tokens of a choice count, and no other
        ({"Yes": 0.2, " Yes": 0.3, "Y": 0.1, " No": 0.2}, {"Yes": 0.75, "No": 0.25}),
        ({"Yes": 0.3, "Maybe": 0.6, "no": 0.05, "No": 0.1}, {"Yes": 0.75, "No": 0.25}),
        ({"Yes": 0.5}, {"Yes": 1.0, "No": 0.0}),
        ({"Yes": 0.5, "No": 0.0}, {"Yes": 1.0, "No": 0.0}),
        ({"Yes": 0.0, "No": 0.0}, {}),
        ({"Maybe": 1.0}, {}),
        ({}, {}),
        (None, {}),
    ],
)
@pytest.mark.parametrize("laid_out", [flat, lambda given: given])
def test_the_probabilities_of_choices_are_those_of_their_tokens(
    weights: Mapping[str, float] | None,
    probabilities: dict[str, float],
    laid_out: Callable[[Any], Any],
) -> None:
    reply = read(laid_out(output("Yes", weights=weights)), YES_NO, ANSWERS)
    assert reply.probabilities == pytest.approx(probabilities)
    assert list(reply.probabilities) == list(probabilities), "the choices keep their order"


@pytest.mark.parametrize(
    ("words", "cut", "text", "still_cut"),
    [
        (["none"], False, "none", False),
        (["no"], False, "no", False),
        (["no"], True, "no", True),  # or the beginning of "none"
        (["n"], True, "n", True),
        (["none"], True, "none", False),
        (["It", " is"], True, "It is", True),
        ([], False, "", False),
    ],
)
def test_a_choice_of_more_than_one_token_is_read_as_it_was_written(
    words: list[str], cut: bool, text: str, still_cut: bool
) -> None:
    reply = read(output(*words, cut=cut), LIKE)
    assert (reply.text, reply.cut, reply.grammar) == (text, still_cut, True)


@pytest.mark.parametrize(
    ("constraint", "weights", "probabilities"),
    [
        (LIKE, {"none": 0.6, "n": 0.3, "Maybe": 0.1}, {"none": 1.0, "no": 0.0}),
        (YES_NO, {" Yes": 0.6, "No": 0.2, "Maybe": 0.2}, {"Yes": 0.75, "No": 0.25}),
        (LIKE, None, {}),
        (Pattern("none|x"), {"none": 0.6}, {}),
        (None, {"Yes": 0.6}, {}),
    ],
)
@pytest.mark.parametrize("laid_out", [flat, lambda given: given])
def test_without_answer_tokens_the_probabilities_are_those_of_beginnings(
    constraint: Constraint | None,
    weights: Mapping[str, float] | None,
    probabilities: dict[str, float],
    laid_out: Callable[[Any], Any],
) -> None:
    reply = read(laid_out(output("none", " No", weights=weights)), constraint)
    assert reply.probabilities == pytest.approx(probabilities)


@pytest.mark.parametrize(
    ("constraint", "whole", "probability"),
    [
        (Pattern("Yes|No", weighed=True), 0.5, 0.5),
        (Pattern("Yes|No", weighed=True, enforced=True), 0.5, 0.5),
        (Pattern("Yes|No", weighed=True), None, None),
        (Pattern("Yes|No"), 0.5, None),
        (YES_NO, 0.5, None),
        (None, 0.5, None),
    ],
)
def test_a_weighed_pattern_has_the_probability_of_the_whole_reply(
    constraint: Constraint | None, whole: float | None, probability: float | None
) -> None:
    found = read(output("Yes", whole=whole), constraint).probability
    assert found == (None if probability is None else pytest.approx(probability))


@pytest.mark.parametrize(
    ("constraint", "answers", "grammar"),
    [
        (None, {}, False),
        (Pattern("x"), {}, False),
        (Pattern("x", weighed=True), {}, False),
        (Pattern("x", enforced=True), {}, True),
        (LIKE, {}, True),
        (YES_NO, ANSWERS, False),
    ],
)
@pytest.mark.parametrize("cut", [True, False])
def test_a_reply_says_whether_it_was_held_to_a_grammar_and_cut(
    constraint: Constraint | None, answers: Mapping[int, str], grammar: bool, cut: bool
) -> None:
    reply = read(output("Yes", cut=cut), constraint, answers)
    assert reply.grammar is grammar
    assert reply.cut is (cut and not answers)
