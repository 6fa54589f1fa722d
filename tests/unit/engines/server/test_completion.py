"""What is read from an answer over HTTP: text, cost, probabilities."""

import pytest

from asked_server import YES_NO, ask_server
from leavs.engines.engine import Constraint, Pattern, Reply
from loopback_server import Server, answer_of, completion, top_logprobs


def test_the_reply_with_its_cost() -> None:
    body = completion("(D)")
    assert ask_server(Server(answer_of(body))) == Reply("(D)", prompt_tokens=40, generated_tokens=2)
    body["usage"]["prompt_tokens_details"] = {"cached_tokens": 32}
    assert ask_server(Server(answer_of(body))).cached_tokens == 32
    body["usage"]["prompt_tokens_details"] = {"cached_tokens": None}
    assert ask_server(Server(answer_of(body))).cached_tokens == 0
    body["usage"] = None
    assert ask_server(Server(answer_of(body))) == Reply("(D)")


@pytest.mark.parametrize(("reason", "cut"), [("length", True), ("stop", False)])
def test_a_reply_at_its_length_limit_is_cut(reason: str, cut: bool) -> None:
    assert ask_server(Server(answer_of(completion("x", finish_reason=reason)))).cut is cut


def test_a_reply_without_text_is_empty() -> None:
    assert ask_server(Server(answer_of(completion(None)))).text == ""


TOKENS = top_logprobs(Yes=0.375, Ye=0.125, No=0.25, Maybe=0.25)


@pytest.mark.parametrize(
    ("constraint", "logprobs", "probabilities"),
    [
        (YES_NO, TOKENS, {"Yes": 2 / 3, "No": 1 / 3}),
        (YES_NO, top_logprobs(Maybe=1.0), {}),
        (YES_NO, None, {}),
        (YES_NO, {"content": None}, {}),
        (YES_NO, {"content": []}, {}),
        (Pattern("Yes|No"), TOKENS, {}),
        (None, TOKENS, {}),
    ],
)
def test_the_probabilities_of_choices(
    constraint: Constraint | None, logprobs: object, probabilities: dict[str, float]
) -> None:
    server = Server(answer_of(completion("Yes", logprobs=logprobs)))
    reply = ask_server(server, constraint)
    assert reply.probabilities == pytest.approx(probabilities)


def test_a_choice_of_which_one_token_came_is_whole() -> None:
    tokens = top_logprobs(Ye=0.125, Yes=0.375, No=0.25, Maybe=0.25)
    body = completion("Ye", finish_reason="length", logprobs=tokens)
    reply = ask_server(Server(answer_of(body)), YES_NO)
    assert (reply.text, reply.cut) == ("Yes", False)
    assert reply.probabilities == pytest.approx({"Yes": 2 / 3, "No": 1 / 3})


@pytest.mark.parametrize(
    ("constraint", "tokens", "probability"),
    [
        (Pattern("x", weighed=True), [0.5, 0.5, 0.25], 0.0625),
        (Pattern("x", weighed=True), [1.0], 1.0),
        (Pattern("x", weighed=True), [], None),
        (Pattern("x", weighed=True), None, None),
        (Pattern("x"), [0.5], None),
        (YES_NO, [0.5], None),
        (None, [0.5], None),
    ],
)
def test_the_probability_of_a_reply_is_that_of_all_its_tokens(
    constraint: Constraint | None, tokens: list[float] | None, probability: float | None
) -> None:
    logprobs = None
    if tokens is not None:
        logprobs = {"content": [top_logprobs(x=value)["content"][0] for value in tokens]}
    text = "x" * len(tokens or "x")
    reply = ask_server(Server(answer_of(completion(text, logprobs=logprobs))), constraint)
    assert reply.probability == (None if probability is None else pytest.approx(probability))
