"""The engine over HTTP, against a server on this machine that plays by a plan."""

import asyncio
import logging
from typing import Any

import pytest

from asked_server import FREE, KEY, MESSAGES, VLLM, ask_server, named, options, start
from leavs.domain import Prompt, Reasoning
from leavs.engines.engine import Choices, Constraint, Message, Pattern, Reply
from leavs.engines.server.engine import Served, open_server
from leavs.engines.server.options import ServerOptions, api_key
from leavs.errors import AnswerError, EngineError, EngineStartError
from leavs.method.ask import Ask, Question
from leavs.method.options import Manner
from leavs.method.pack import Pack
from leavs.method.reply_form import one_of
from loopback_server import MODELS, Answer, Server, answer_of, completion, error_body, running


@pytest.mark.parametrize(
    ("served", "constraint", "structured"),
    [
        (VLLM, Choices(("Yes", "No")), {"choice": ["Yes", "No"]}),
        (VLLM, Pattern("none|x"), None),
        (VLLM, Pattern("none|x", enforced=True), {"regex": "none|x"}),
        (VLLM, None, None),
        (FREE, Choices(("Yes", "No")), None),
        (FREE, Pattern("none|x", enforced=True), None),
    ],
)
def test_a_grammar_is_for_a_server_that_obeys_it_and_for_a_list_where_it_is_enforced(
    served: Served, constraint: Constraint | None, structured: dict[str, Any] | None
) -> None:
    server = Server()
    reply = ask_server(server, constraint, served=served)
    [body] = server.bodies
    assert body.get("structured_outputs") == structured
    assert reply.grammar is (structured is not None)
    wants_choices = isinstance(constraint, Choices)
    assert bool(body.get("logprobs")) is wants_choices
    assert (body.get("top_logprobs") or 0) == (10 if wants_choices else 0)


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


@pytest.mark.parametrize(
    ("served", "constraint", "most", "logprobs"),
    [
        (VLLM, Choices(("Yes", "No")), 7, 10),
        (FREE, Choices(("Yes", "No")), 7, 10),
        (VLLM, Pattern("none|x"), 7, None),
        (VLLM, Pattern("none|x", weighed=True), 7, 0),
        (VLLM, Pattern("none|x", enforced=True), 7, None),
        (FREE, Pattern("none|x", weighed=True), 7, 0),
        (VLLM, None, 7, None),
    ],
)
def test_no_more_is_asked_for_than_is_needed(
    served: Served, constraint: Constraint | None, most: int, logprobs: int | None
) -> None:
    server = Server()
    ask_server(server, constraint, served=served)
    [body] = server.bodies
    assert (body["max_tokens"], body.get("top_logprobs")) == (most, logprobs or None)
    assert bool(body.get("logprobs")) is (logprobs is not None)


def test_a_server_that_does_not_constrain_is_read_strictly(pack: Pack) -> None:
    prose = answer_of(completion("The CANARY liver seems normal to me."))
    readable = answer_of(completion("The answer is (B)."))
    values = {"organ": "liver", "covers": "x", "sentence": "x"}
    question = Question(Prompt.FILTRATION_THOROUGH, values, "about")

    def choice(*plan: Answer) -> str:
        server = Server(*plan)

        async def run() -> str:
            async with open_server(options(server), FREE) as engine:
                ask = Ask(engine, pack, Manner(Reasoning.NEVER, 100))
                return (await ask.answer(question, one_of("AB"))).choice

        with running(server):
            return asyncio.run(run())

    assert choice(prose, readable) == "B"
    with pytest.raises(AnswerError) as error:
        choice(prose, prose)
    assert "CANARY" not in str(error.value)


def test_a_server_that_fails_once_is_asked_again() -> None:
    server = Server(answer_of(error_body("busy"), 503), answer_of(completion("A")))

    async def run() -> Reply:
        async with open_server(options(server, tries=2), VLLM) as engine:
            return await engine.reply(MESSAGES, max_tokens=7)

    with running(server):
        assert asyncio.run(run()).text == "A"
    assert len(server.bodies) == 2


def test_a_server_that_goes_away_stops_the_run() -> None:
    server = Server()

    async def run() -> None:
        with running(server):
            context = open_server(options(server), VLLM)
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
    [
        (MODELS, None, "some/model"),
        (TWO, "two", "two"),
        (MODELS, "some/model", "some/model"),
        ((404, "text/plain", "not found"), "a/deployment", "a/deployment"),
        ((500, "text/plain", "no network"), "a/folder", "a/folder"),
        (answer_of(error_body("no scope for lists"), 403), "some/model", "some/model"),
        ((200, "text/html", "<html>a web page</html>"), "some/model", "some/model"),
        (answer_of([{"id": "one"}]), "some/model", "some/model"),
        (answer_of({"data": [{"name": "two"}]}), "some/model", "some/model"),
        ([("house/*", "proxy")], "house/model", "house/model"),
        ([("odd[name]", "me")], "odd[name]", "odd[name]"),
        ([], "not/listed", "not/listed"),
    ],
)
def test_the_model_that_is_asked(models: Any, model: str | None, name: str) -> None:
    assert start(Server(models=models), model=model) == name


@pytest.mark.parametrize(
    ("models", "model", "words"),
    [
        (TWO, None, ["serves one, two", "--model"]),
        (TWO, "three", ["no model 'three'", "it has: one, two"]),
        ([], None, ["serves no model"]),
        (answer_of(error_body(f"bad key {KEY}"), 401), None, ["refuses the key", "LEAVS_API_KEY"]),
        (answer_of(error_body("no"), 401), "some/model", ["refuses the key", "OPENAI_API_KEY"]),
        (answer_of(error_body("no"), 403), None, ["refuses the key", "OPENAI_API_KEY"]),
        (answer_of({"data": [{"name": "two"}]}), None, ["serves no model"]),
        ((404, "text/plain", "not found"), None, ["no list of its models (404)", "--model"]),
        ((500, "text/plain", "broken"), None, ["no list of its models (500)", "--model"]),
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
        asyncio.run(named(options(server)))
    assert server.base_url in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("base_url", ["http://host:port/v1", "http://[host/v1", "host/v1"])
def test_what_is_no_address_is_named_in_one_line(base_url: str) -> None:
    with pytest.raises(EngineStartError) as error:
        asyncio.run(named(ServerOptions(base_url)))
    assert base_url in str(error.value)
    assert "\n" not in str(error.value)


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
