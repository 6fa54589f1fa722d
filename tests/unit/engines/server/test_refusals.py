"""Which refusals mean that the prompt is too long, what lengths they name, what follows."""

import asyncio

import pytest

from asked_server import KEY, MESSAGES, VLLM, ask_server, options
from leavs.engines.engine import Reply
from leavs.engines.server.engine import open_server
from leavs.engines.server.refusals import TooLong, read_refusal
from leavs.errors import ContextError, EngineError, QuestionError
from loopback_server import Answer, Server, answer_of, completion, error_body, running

REFUSALS = [
    (
        "This model's maximum context length is 4096 tokens. However, your prompt contains 5000 "
        "input tokens, which exceeds this limit even without any output tokens.",
        TooLong(5000, 4096),
    ),
    (
        "This model's maximum context length is 4096 tokens. However, your prompt contains at "
        "least 4097 input tokens, which exceeds this limit even without any output tokens.",
        TooLong(None, 4096),
    ),
    (
        "This model's maximum context length is 4096 tokens. However, you requested 4200 tokens "
        "(4000 in the messages, 200 in the completion).",
        TooLong(4000, 4096),
    ),
    (
        "'max_tokens' is too large: 100. This model's maximum context length is 4096 tokens and "
        "your request has 4050 input tokens (100 > 4096 - 4050).",
        TooLong(4050, 4096),
    ),
    (
        "The decoder prompt (length 5000) is longer than the maximum model length of 4096.",
        TooLong(5000, 4096),
    ),
    (
        "request (5000 tokens) exceeds the available context size (4096 tokens), try increasing it",
        TooLong(5000, 4096),
    ),
    (
        "Input length (5000) exceeds model's maximum context length (4096).",
        TooLong(5000, 4096),
    ),
    (
        "Requested token count exceeds the model's maximum context length of 4096 tokens. You "
        "requested a total of 5000 tokens: 3400 tokens from the input messages and 1600 tokens "
        "for the completion.",
        TooLong(3400, 4096),
    ),
    (
        "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 3400 "
        "`inputs` tokens and 1600 `max_new_tokens`",
        TooLong(3400, 4096),
    ),
    ("maximum context length is " + "9" * 5000, TooLong(None, 999_999_999)),
    ("max_tokens=1616 cannot be greater than max_model_len=1024.", TooLong(None, 1024)),
    ("it is beyond the context window", TooLong(None, None)),
    ("the grammar is not valid", None),
    ("", None),
]


@pytest.mark.parametrize(("message", "lengths"), REFUSALS)
def test_the_lengths_that_a_refusal_names(message: str, lengths: TooLong | None) -> None:
    assert read_refusal(message) == lengths


LONG = "This model's maximum context length is 4096 tokens. However, you requested CANARY"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (answer_of(error_body(LONG), 400), ContextError),
        (answer_of(error_body("CANARY exceeds the context length (9)"), 400), ContextError),
        (answer_of(error_body("beyond the maximum context of 9"), 400), ContextError),
        (answer_of(error_body("CANARY is not allowed"), 400), QuestionError),
        ((400, "text/plain", "CANARY"), QuestionError),
        (answer_of(error_body("CANARY"), 413), QuestionError),
        (answer_of(error_body("CANARY"), 422), QuestionError),
        (answer_of(error_body(f"no such key: {KEY}, CANARY"), 401), EngineError),
        (answer_of(error_body("CANARY"), 500), EngineError),
        ((502, "text/html", "<html>CANARY</html>"), EngineError),
        ((200, "text/html", "<html>CANARY</html>"), EngineError),
        ((200, "application/json", "{CANARY"), EngineError),
        (answer_of({"CANARY": "not a completion"}), EngineError),
        (answer_of({**completion("x"), "choices": []}), EngineError),
    ],
)
def test_an_answer_that_is_none(answer: Answer, error: type[Exception]) -> None:
    with pytest.raises(error) as raised:
        ask_server(Server(answer))
    assert type(raised.value) is error
    for secret in ("CANARY", KEY, "\n"):
        assert secret not in str(raised.value)


VLLM_LONG = (
    "This model's maximum context length is 4096 tokens. However, your prompt contains at least "
    "4097 input tokens, which exceeds this limit even without any output tokens. CANARY"
)
OTHER_LONG = (
    "This model's maximum context length is 4096 tokens. However, you requested {} tokens "
    "({} in the messages, 7 in the completion). CANARY 12 input tokens"
)
COUNTED = answer_of({"count": 18_204, "max_model_len": 4096, "tokens": []})
TOO_LONG = [
    # what the server says, how it counts, the reason of the failure
    (VLLM_LONG, COUNTED, "the prompt of 18,204 tokens is longer than the context of 4,096"),
    (VLLM_LONG, None, "the prompt is longer than the context of 4,096 tokens"),
    (VLLM_LONG, answer_of(["CANARY"]), "the prompt is longer than the context of 4,096"),
    (OTHER_LONG.replace("{} in", "5000 tokens in"), None, "the prompt of 5,000 tokens"),
    ("CANARY is over the context window", None, "the prompt is longer than the model's context"),
    ("CANARY is over the context window", COUNTED, "the prompt of 18,204 tokens"),
]


@pytest.mark.parametrize(("message", "counted", "reason"), TOO_LONG)
def test_a_prompt_that_is_too_long_is_refused_with_its_count(
    message: str, counted: Answer | None, reason: str
) -> None:
    refusal = answer_of(error_body(message), 400)
    server = Server(refusal, counted=counted)
    with pytest.raises(ContextError) as error:
        ask_server(server)
    assert str(error.value).startswith(reason)
    assert "CANARY" not in str(error.value)
    assert len(server.bodies) == 1


def test_a_reply_for_which_there_is_too_little_room_is_shortened_as_in_process() -> None:
    refusal = answer_of(error_body("max_tokens=40 cannot be greater than max_model_len=60"), 400)
    counted = answer_of({"count": 40, "max_model_len": 60})
    server = Server(refusal, answer_of(completion("x")), counted=counted)

    async def run() -> Reply:
        async with open_server(options(server), VLLM) as engine:
            return await engine.reply(MESSAGES, max_tokens=40)

    with running(server):
        assert asyncio.run(run()).text == "x"
    assert [body["max_tokens"] for body in server.bodies] == [40, 20]


def test_a_server_that_refuses_what_would_fit_is_not_asked_for_ever() -> None:
    refusal = answer_of(error_body(VLLM_LONG), 400)
    server = Server(refusal, counted=answer_of({"count": 40, "max_model_len": 60}))
    with pytest.raises(ContextError):
        ask_server(server)
    assert len(server.bodies) == 1
