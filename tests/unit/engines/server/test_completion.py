"""What is read from an answer over HTTP: text, cost, probabilities."""

from dataclasses import replace
from typing import Any

import pytest

from asked_server import VLLM, YES_NO, ask_server
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


@pytest.mark.parametrize("text", ["Y", "Yes"])
def test_a_choice_that_was_cut_stays_cut(text: str) -> None:
    """Where the server holds a choice it ends by itself; what goes on is prose."""
    body = completion(text, finish_reason="length", logprobs=top_logprobs(Yes=0.75, No=0.25))
    reply = ask_server(Server(answer_of(body)), YES_NO)
    assert (reply.text, reply.cut) == (text, True)


@pytest.mark.parametrize(
    ("reason", "is_cut"),
    [
        *[(one, False) for one in ("stop", "STOP", "eos_token", "end_turn", "COMPLETE")],
        *[(one, True) for one in ("length", "abort", "content_filter", "error", "model_length")],
        *[(one, True) for one in ("insufficient_system_resource", "tool_calls", "", 7, None)],
    ],
)
def test_an_answer_is_whole_only_if_the_model_ended_it(reason: Any, is_cut: bool) -> None:
    body = completion("Yes", finish_reason=reason)
    assert ask_server(Server(answer_of(body)), YES_NO).cut is is_cut


def test_a_server_that_never_says_how_answers_end_is_taken_as_it_is() -> None:
    silent = replace(VLLM, dialect=replace(VLLM.dialect, says_end=False))
    body = completion("Yes", finish_reason=None)
    assert not ask_server(Server(answer_of(body)), YES_NO, served=silent).cut
    body = completion("Yes", finish_reason="length")
    assert ask_server(Server(answer_of(body)), YES_NO, served=silent).cut


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
