"""The engine over HTTP, against a server on this machine that plays by a plan."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

import pytest

from leavs.domain import Prompt, Reasoning
from leavs.engines.engine import Choices, Constraint, Message, Pattern, Reply
from leavs.engines.server.engine import open_server, served_model
from leavs.engines.server.options import ServerOptions, api_key
from leavs.errors import AnswerError, ContextError, EngineError, EngineStartError, QuestionError
from leavs.method.ask import Ask, Question
from leavs.method.options import Manner
from leavs.method.pack import Pack
from leavs.method.reply_form import one_of
from loopback_server import (
    MODELS,
    Answer,
    Server,
    answer_of,
    completion,
    error_body,
    running,
    top_logprobs,
)

MESSAGES = [Message("system", "You read reports."), Message("user", "CANARY: is it normal?")]
KEY = "sk-secret-of-this-test"


def options(server: Server, **more: Any) -> ServerOptions:
    return ServerOptions(server.base_url, **{"tries": 1, "timeout_seconds": 5.0, **more})


def ask_server(
    server: Server, constraint: Constraint | None = None, messages: Sequence[Message] = MESSAGES
) -> Reply:
    async def run() -> Reply:
        async with open_server(options(server)) as engine:
            return await engine.reply(messages, max_tokens=7, constraint=constraint)

    with running(server):
        return asyncio.run(run())


def start(server: Server, **more: Any) -> str:
    with running(server):
        return asyncio.run(served_model(options(server, **more)))


# What is sent


@pytest.mark.parametrize(
    ("owner", "constraint", "structured"),
    [
        ("vllm", Choices(("Yes", "No")), {"choice": ["Yes", "No"]}),
        ("vllm", Pattern("none|x"), {"regex": "none|x"}),
        ("vllm", None, None),
        ("somebody", Choices(("Yes", "No")), None),
        ("somebody", Pattern("none|x"), None),
    ],
)
def test_only_vllm_is_told_what_may_be_answered(
    owner: str, constraint: Constraint | None, structured: dict[str, Any] | None
) -> None:
    server = Server(models=[("some/model", owner)])
    ask_server(server, constraint)
    [body] = server.bodies
    assert body.get("structured_outputs") == structured
    wants_choices = isinstance(constraint, Choices)
    assert bool(body.get("logprobs")) is wants_choices
    assert (body.get("top_logprobs") or 0) == (10 if wants_choices else 0)


@pytest.mark.parametrize(("model", "constrains"), [("one", True), ("two", False)])
def test_of_several_models_the_one_asked_must_be_of_vllm(model: str, constrains: bool) -> None:
    server = Server(models=[("one", "vllm"), ("two", "somebody")])

    async def run() -> bool:
        async with open_server(options(server, model=model)) as engine:
            return engine.constrains

    with running(server):
        assert asyncio.run(run()) is constrains


def test_the_conversation_and_the_way_of_sampling_are_sent() -> None:
    server = Server()
    ask_server(server)
    [body] = server.bodies
    assert body["model"] == "some/model"
    assert body["messages"] == [{"role": m.role, "content": m.content} for m in MESSAGES]
    assert (body["max_tokens"], body["temperature"]) == (7, 0.0)
    assert not {"seed", "logprobs", "top_logprobs"} & set(body)
    assert not body.get("stream")


def test_control_tokens_do_not_reach_the_server() -> None:
    server = Server()
    roles: list[Any] = ["system", "user", "assistant"]
    ask_server(server, messages=[Message(role, "x<|im_end|>") for role in roles])
    assert [one["content"] for one in server.bodies[0]["messages"]] == ["x< |im_end|>"] * 3


# What comes back


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


YES_NO = Choices(("Yes", "No"))
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


@pytest.mark.parametrize(
    ("owner", "constraint", "most", "logprobs"),
    [
        ("vllm", Choices(("Yes", "No")), 1, 10),
        ("vllm", Choices(("none", "no")), 7, 10),
        ("somebody", Choices(("Yes", "No")), 7, 10),
        ("vllm", Pattern("none|x"), 7, None),
        ("vllm", Pattern("none|x", weighed=True), 7, 0),
        ("somebody", Pattern("none|x", weighed=True), 7, 0),
        ("vllm", None, 7, None),
    ],
)
def test_no_more_is_asked_for_than_is_needed(
    owner: str, constraint: Constraint | None, most: int, logprobs: int | None
) -> None:
    server = Server(models=[("some/model", owner)])
    ask_server(server, constraint)
    [body] = server.bodies
    assert (body["max_tokens"], body.get("top_logprobs")) == (most, logprobs)
    assert bool(body.get("logprobs")) is (logprobs is not None)


def test_a_choice_of_which_one_token_came_is_whole() -> None:
    body = completion("Y", finish_reason="length", logprobs=TOKENS)
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
    reply = ask_server(Server(answer_of(completion("x", logprobs=logprobs))), constraint)
    assert reply.probability == (None if probability is None else pytest.approx(probability))


def test_a_server_that_does_not_constrain_is_read_strictly(pack: Pack) -> None:
    prose = answer_of(completion("The CANARY liver seems normal to me."))
    readable = answer_of(completion("The answer is (B)."))
    values = {"organ": "liver", "covers": "x", "sentence": "x"}
    question = Question(Prompt.FILTRATION_THOROUGH, values, "about")

    def choice(*plan: Answer) -> str:
        server = Server(*plan, models=[("some/model", "somebody")])

        async def run() -> str:
            async with open_server(options(server)) as engine:
                assert not engine.constrains
                ask = Ask(engine, pack, Manner(Reasoning.NEVER, 100))
                return (await ask.answer(question, one_of("AB"))).choice

        with running(server):
            return asyncio.run(run())

    assert choice(prose, readable) == "B"
    with pytest.raises(AnswerError) as error:
        choice(prose, prose)
    assert "CANARY" not in str(error.value)


# What goes wrong with one question, and with the server


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
    # who owns the server, what it says, how it counts, the reason of the failure
    ("vllm", VLLM_LONG, COUNTED, "the prompt of 18,204 tokens is longer than the context of 4,096"),
    ("vllm", VLLM_LONG, None, "the prompt is longer than the context of 4,096 tokens"),
    ("vllm", VLLM_LONG, answer_of(["CANARY"]), "the prompt is longer than the context of 4,096"),
    ("somebody", OTHER_LONG.replace("{} in", "5000 tokens in"), None, "the prompt of 5,000 tokens"),
    ("somebody", "CANARY is over the context window", COUNTED, "the prompt is longer than the mod"),
]


@pytest.mark.parametrize(("owner", "message", "counted", "reason"), TOO_LONG)
def test_a_prompt_that_is_too_long_is_refused_with_its_count(
    owner: str, message: str, counted: Answer | None, reason: str
) -> None:
    refusal = answer_of(error_body(message), 400)
    server = Server(refusal, models=[("some/model", owner)], counted=counted)
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
        async with open_server(options(server)) as engine:
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


def test_a_server_that_fails_once_is_asked_again() -> None:
    server = Server(answer_of(error_body("busy"), 503), answer_of(completion("A")))

    async def run() -> Reply:
        async with open_server(options(server, tries=2)) as engine:
            return await engine.reply(MESSAGES, max_tokens=7)

    with running(server):
        assert asyncio.run(run()).text == "A"
    assert len(server.bodies) == 2


def test_a_server_without_log_probabilities_is_asked_without_them() -> None:
    refusal = answer_of(error_body("logprobs are not supported"), 400)
    server = Server(refusal, answer_of(completion("Yes")))

    async def run() -> list[Reply]:
        async with open_server(options(server)) as engine:
            return [await engine.reply(MESSAGES, max_tokens=7, constraint=YES_NO) for _ in "ab"]

    with running(server):
        replies = asyncio.run(run())
    assert [(reply.text, dict(reply.probabilities)) for reply in replies] == [("Yes", {})] * 2
    assert [bool(body.get("logprobs")) for body in server.bodies] == [True, False, False]


def test_a_server_that_goes_away_stops_the_run() -> None:
    server = Server()

    async def run() -> None:
        with running(server):
            context = open_server(options(server))
            engine = await context.__aenter__()
            await engine.reply(MESSAGES, max_tokens=7)
        try:
            await engine.reply(MESSAGES, max_tokens=7)
        finally:
            await context.__aexit__(None, None, None)

    with pytest.raises(EngineError, match=r"stopped answering: .* can be resumed") as error:
        asyncio.run(run())
    assert type(error.value) is EngineError
    assert server.base_url in str(error.value)


TWO = [("one", "vllm"), ("two", "vllm")]


@pytest.mark.parametrize(
    ("models", "model", "name"),
    [(MODELS, None, "some/model"), (TWO, "two", "two"), (MODELS, "some/model", "some/model")],
)
def test_the_model_that_is_asked(
    models: Sequence[tuple[str, str]], model: str | None, name: str
) -> None:
    assert start(Server(models=models), model=model) == name


@pytest.mark.parametrize(
    ("models", "model", "words"),
    [
        (TWO, None, ["serves one, two", "--model"]),
        (TWO, "three", ["no model 'three'", "it has: one, two"]),
        ([], None, ["serves no model"]),
        (answer_of(error_body(f"bad key {KEY}"), 401), None, ["no answer", "--base-url"]),
        ((404, "text/plain", "not found"), None, ["no answer", "--base-url"]),
        ((200, "text/html", "<html>a web page</html>"), None, ["does not answer", "--base-url"]),
        ((200, "application/json", "{"), None, ["does not answer", "--base-url"]),
    ],
)
def test_a_server_that_cannot_be_used_is_named_in_one_line(
    models: Any, model: str | None, words: list[str]
) -> None:
    server = Server(models=models)
    with pytest.raises(EngineStartError) as error:
        start(server, model=model, api_key=KEY)
    message = str(error.value)
    assert all(word in message for word in [server.base_url, *words])
    assert KEY not in message
    assert "\n" not in message


def test_no_server_at_all_is_named_in_one_line() -> None:
    with running(Server()) as server:
        pass
    with pytest.raises(EngineStartError) as error:
        asyncio.run(served_model(options(server)))
    assert server.base_url in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("base_url", ["http://host:port/v1", "http://[host/v1", "host/v1"])
def test_what_is_no_address_is_named_in_one_line(base_url: str) -> None:
    with pytest.raises(EngineStartError) as error:
        asyncio.run(served_model(ServerOptions(base_url)))
    assert base_url in str(error.value)
    assert "\n" not in str(error.value)


# The key


@pytest.mark.parametrize(
    ("environment", "key"),
    [
        ({"LEAVS_API_KEY": KEY, "OPENAI_API_KEY": "other"}, KEY),
        ({"LEAVS_API_KEY": KEY}, KEY),
        ({"OPENAI_API_KEY": KEY}, KEY),
        ({"LEAVS_API_KEY": "", "OPENAI_API_KEY": KEY}, KEY),
        ({}, "none"),
    ],
)
def test_the_key_comes_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], key: str
) -> None:
    for name in ("LEAVS_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    server = Server()
    start(server, api_key=api_key())
    assert server.keys == [f"Bearer {key}"]


# What stays on this machine


def test_texts_go_to_the_server_itself_and_by_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy is for the way out; to this machine itself it would be a way round."""
    with running(Server(answer_of(completion("by the proxy")))) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.base_url.removesuffix("/v1"))
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        assert ask_server(Server(answer_of(completion("straight")))).text == "straight"
    assert (proxy.bodies, proxy.keys) == ([], [])


class MovedServer(Server):
    """Sends all who ask a question to another server."""

    def __init__(self, elsewhere: str) -> None:
        super().__init__((307, "text/plain", ""))
        self.headers = {"Location": f"{elsewhere}/chat/completions"}


def test_a_server_cannot_send_texts_elsewhere() -> None:
    with running(Server()) as elsewhere, pytest.raises(EngineError, match="stopped answering"):
        ask_server(MovedServer(elsewhere.base_url))
    assert elsewhere.bodies == []


def test_no_level_of_logging_brings_a_prompt_into_a_log(caplog: pytest.LogCaptureFixture) -> None:
    """Some versions of the client log whole requests at debug level, whoever asked for that."""
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("openai").setLevel(logging.DEBUG)
        client = logging.getLogger("openai._base_client")
        client.setLevel(logging.DEBUG)
        ask_server(Server())
        client.debug("Request options: %s", MESSAGES)
    assert caplog.records, "other clients may log, for they log no text"
    assert not [one for one in caplog.records if one.name.startswith("openai")]
    assert "CANARY" not in caplog.text
