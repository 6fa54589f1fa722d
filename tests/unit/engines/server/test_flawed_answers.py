"""Answers whose text can be read, with something wrong beside it."""

import json

import pytest

from asked_faulty_server import ask_server, broken, with_engine
from faulty_server import FaultyServer
from leavs.engines.engine import Choices, Message, Pattern, Reply
from leavs.engines.server.engine import OpenAIEngine
from loopback_server import answer_of, completion, top_logprobs

YES_NO = Choices(("Yes", "No"))
NAN = [{"token": "Yes", "logprob": float("nan"), "top_logprobs": []}]
TOPS = {"top_logprobs": [{"token": "Yes", "logprob": -0.1}, {"token": "No", "logprob": -2.0}]}


@pytest.mark.parametrize(
    "logprobs",
    [
        None,
        "CANARYWORD",
        [],
        {},
        {"content": None},
        {"content": "CANARYWORD"},
        {"content": [None]},
        {"content": [{}]},
        {"content": [{"token": None, "logprob": -0.1, **TOPS}]},
        {"content": [{"token": "Yes", "logprob": None, **TOPS}]},
        {"content": [{"token": "Yes", "logprob": "-0.1", **TOPS}]},
        {"content": [{"token": "Yes", "logprob": 7.0, **TOPS}]},
        {"content": [{"token": "Yes", "logprob": float("-inf"), **TOPS}]},
        {"content": NAN},
        {"content": [{"token": "Yes", "logprob": -0.1}]},
        {"content": [{"token": "Yes", "logprob": -0.1, "top_logprobs": None}]},
        {"content": [{"token": "Yes", "logprob": -0.1, "top_logprobs": NAN}]},
        {"content": [{"token": "Yes", "logprob": -0.1, "top_logprobs": [{"token": "Yes"}]}]},
        {"content": [{"token": "Yes", "logprob": -0.1, "top_logprobs": ["Yes"]}]},
    ],
)
def test_what_is_wrong_with_log_probabilities_costs_only_them(logprobs: object) -> None:
    server = FaultyServer(answer_of(completion("Yes", logprobs=logprobs)))
    reply = ask_server(server, YES_NO)
    assert isinstance(reply, Reply)
    assert (reply.text, dict(reply.probabilities)) == ("Yes", {})
    assert len(server.bodies) == 1


@pytest.mark.parametrize("value", [float("nan"), 5.0, "x", None])
def test_a_probability_of_a_list_is_one_or_none(value: object) -> None:
    tokens = [{"token": "x", "logprob": value}]
    server = FaultyServer(answer_of(completion("x", logprobs={"content": tokens})))
    reply = ask_server(server, Pattern("x", weighed=True))
    assert isinstance(reply, Reply)
    assert reply.probability is None


def test_a_probability_is_never_more_than_one() -> None:
    tokens = [{"token": "x", "logprob": 0.0005}]
    server = FaultyServer(answer_of(completion("x", logprobs={"content": tokens})))
    reply = ask_server(server, Pattern("x", weighed=True))
    assert isinstance(reply, Reply)
    assert reply.probability == 1.0


@pytest.mark.parametrize(
    "usage",
    [
        None,
        "CANARYWORD",
        [],
        {"prompt_tokens": None, "completion_tokens": "x"},
        {"prompt_tokens": -4, "completion_tokens": 1.5, "prompt_tokens_details": "x"},
        {"prompt_tokens_details": {"cached_tokens": "x"}},
    ],
)
def test_what_is_wrong_with_the_usage_counts_as_nothing(usage: object) -> None:
    assert ask_server(FaultyServer(broken(usage=usage))) == Reply("A")


def test_a_text_that_no_file_can_hold_can_be_sent_and_is_read() -> None:
    lone = json.loads('"\\ud83d"')
    server = FaultyServer(answer_of(completion(f"A{lone}", logprobs=top_logprobs(A=1.0))))

    async def ask(engine: OpenAIEngine) -> Reply:
        reply = await engine.reply([Message("user", f"Liver{lone}.")], max_tokens=7)
        assert reply.text == "A?"
        turns = [Message("user", "x"), Message("assistant", f"{lone}"), Message("user", "y")]
        return await engine.reply(turns, max_tokens=7)

    assert with_engine(server, ask).text == "A?"
    assert server.bodies[0]["messages"][0]["content"] == "Liver?."
