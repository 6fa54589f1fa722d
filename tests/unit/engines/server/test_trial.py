"""Trial questions against servers on this machine that differ in one thing each."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from asked_server import KEY
from leavs.engines.options import Generation, Sampling
from leavs.engines.server.dialect import Dialect, Hold, Thoughts
from leavs.engines.server.trial_texts import LONG_INSTRUCTIONS
from leavs.errors import EngineStartError
from loopback_server import Answer, Deed, Server
from tried_server import Body, TriedServer, choice, found, met, named, texts_of


def test_a_plain_server_is_asked_few_questions_and_none_of_a_report() -> None:
    server = TriedServer()
    dialect = found(server)
    assert dialect == Dialect(characters_a_token=pytest.approx(4, abs=0.1))
    assert len(server.bodies) <= 12
    assert {body["temperature"] for body in server.bodies} == {0.0}


def guided(body: Body) -> str | None:
    return body["guided_choice"][1] if "guided_choice" in body else None


def by_regex(body: Body) -> str | None:
    return str(body["regex"]).split("|")[0] if "regex" in body else None


def by_grammar(body: Body) -> str | None:
    if "grammar" not in body:
        return None
    return "".join(re.findall(r'"(.)"', body["grammar"].partition("|")[0]))


def by_schema(body: Body) -> str | None:
    match body.get("response_format"):
        case {"type": "json_schema", "json_schema": {"schema": schema}}:
            return json.dumps({"answer": schema["properties"]["answer"]["enum"][0]})
    return None


def by_object(body: Body) -> str | None:
    match body.get("response_format"):
        case {"type": "json_object", "schema": schema}:
            return json.dumps({"answer": schema["properties"]["answer"]["enum"][0]})
    return None


HOLDS = [
    (choice, Hold.STRUCTURED_OUTPUTS),
    (guided, Hold.GUIDED),
    (by_regex, Hold.REGEX),
    (by_grammar, Hold.GRAMMAR),
    (by_schema, Hold.JSON_SCHEMA),
    (by_object, Hold.JSON_OBJECT),
    (lambda _: None, Hold.NONE),
    (lambda body: "{}" if "response_format" in body else None, Hold.NONE),
    (lambda body: "tapi" if "structured_outputs" in body else None, Hold.NONE),
]


@pytest.mark.parametrize(("holds", "hold"), HOLDS)
@pytest.mark.parametrize("refuses_unknown", [None, 422])
def test_a_constraint_counts_only_if_it_is_obeyed(
    holds: Callable[[Body], str | None], hold: Hold, refuses_unknown: int | None
) -> None:
    fields = ("structured_outputs", "guided_choice", "regex", "grammar", "response_format")

    def refuses(body: Body) -> tuple[int, str] | None:
        unknown = any(name in body for name in fields) and holds(body) is None
        return (refuses_unknown, "unknown field") if refuses_unknown and unknown else None

    assert found(TriedServer(holds, refuses)).hold is hold


def without_system(body: Body) -> bool:
    return body["messages"][0]["role"] != "system"


FORMS = [
    (without_system, {"system_role": False}),
    (lambda body: "max_completion_tokens" in body, {"length_field": "max_completion_tokens"}),
    (lambda body: "temperature" not in body, {"temperature": False}),
    (
        lambda body: "temperature" not in body and "max_tokens" not in body,
        {"temperature": False, "length_field": "max_completion_tokens"},
    ),
    (
        lambda body: without_system(body) and "max_tokens" not in body,
        {"system_role": False, "length_field": "max_completion_tokens"},
    ),
]


@pytest.mark.parametrize(("takes", "changes"), FORMS)
@pytest.mark.parametrize("status", [400, 500])
def test_what_a_server_refuses_is_left_out(
    takes: Callable[[Body], bool], changes: dict[str, Any], status: int
) -> None:
    server = TriedServer(refuses=lambda body: None if takes(body) else (status, "no"))
    dialect = found(server)
    assert dialect == replace(dialect, **changes)
    unchanged = set(Dialect.__slots__) & {"system_role", "length_field", "temperature"}
    for name in unchanged - set(changes):
        assert getattr(dialect, name) == getattr(Dialect(), name)


def test_a_temperature_that_was_asked_for_is_not_left_out() -> None:
    server = TriedServer(refuses=lambda body: (400, "no") if "temperature" in body else None)
    warm = Generation(Sampling(temperature=0.7))
    with pytest.raises(EngineStartError, match="takes no temperature; leave --temperature out"):
        met(server, generation=warm)


def test_a_system_turn_that_is_taken_and_left_out_goes_to_the_first_turn() -> None:
    server = TriedServer()
    server.reads = lambda body: [
        one["content"] for one in body["messages"] if one["role"] != "system"
    ]
    dialect = found(server)
    assert (dialect.system_role, dialect.characters_a_token) == (False, pytest.approx(4, abs=0.1))


@pytest.mark.parametrize("counts", [True, False])
def test_whether_a_server_counts_what_it_read(counts: bool) -> None:
    server = TriedServer()
    server.counts = counts
    said = found(server).characters_a_token
    assert said == (pytest.approx(4, abs=0.1) if counts else None)
    server.reads = lambda _: [LONG_INSTRUCTIONS]  # always the same
    assert found(server).characters_a_token is None


def test_a_context_that_cannot_be_kept_is_refused() -> None:
    server = TriedServer()
    server.counts = False
    with pytest.raises(EngineStartError, match="so that --max-model-len cannot be kept"):
        met(server, context=4096)


def test_variables_of_the_template_and_further_fields_are_sent_with_each() -> None:
    server = TriedServer(thinks=lambda body: not named("enable_thinking", False)(body))
    more = {"template_arguments": {"style": "plain"}, "arguments": {"repeat_penalty": 1.0}}
    found(server, **more)
    assert {body["chat_template_kwargs"]["style"] for body in server.bodies} == {"plain"}
    assert {body["repeat_penalty"] for body in server.bodies} == {1.0}
    asked = {"arguments": {"max_tokens": 9, "model": "other"}}
    server = TriedServer()
    found(server, **asked)
    assert {(body["max_tokens"], body["model"]) for body in server.bodies} == {(9, "other")}


@pytest.mark.parametrize(
    ("given", "refuses", "alternatives"),
    [
        (2, lambda _: None, 10),
        (1, lambda _: None, None),
        (None, lambda _: None, None),
        (2, lambda body: (400, "at most 5") if body.get("top_logprobs", 0) > 5 else None, 5),
        (2, lambda body: (400, "no") if body.get("logprobs") else None, None),
    ],
)
def test_probabilities_are_asked_for_where_they_are_given(
    given: int | None, refuses: Callable[[Body], tuple[int, str] | None], alternatives: int | None
) -> None:
    server = TriedServer(refuses=refuses)
    server.logprobs = given
    assert found(server).alternatives == alternatives


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, r"refuses a trial question in every form \(400: .*no thanks"),
        (500, r"refuses a trial question in every form \(500: "),
        (401, r"refuses the key \(401\); put it into LEAVS_API_KEY"),
        (403, r"refuses the key \(403\); put it into LEAVS_API_KEY"),
        (404, r"has no model 'some/model', or no chat completions \(404"),
    ],
)
def test_a_server_with_which_no_run_can_work_is_named_in_one_line(status: int, words: str) -> None:
    server = TriedServer(refuses=lambda _: (status, f"no thanks {KEY}\nat all"))
    with pytest.raises(EngineStartError, match=words) as error:
        met(server, api_key=KEY)
    assert server.base_url in str(error.value)
    assert KEY not in str(error.value)
    assert "\n" not in str(error.value)


def test_a_server_that_wants_a_key_says_so() -> None:
    server = TriedServer(refuses=lambda _: (401, "who are you"))
    with pytest.raises(EngineStartError, match=r"wants a key \(401\); put it into LEAVS_API_KEY"):
        met(server)


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_is_busy_for_a_while_is_waited_for(status: int) -> None:
    busy = [(status, "wait"), (status, "wait")]
    server = TriedServer(refuses=lambda _: busy.pop() if busy else None)
    assert found(server, tries=3).system_role


def test_what_is_no_completion_ends_in_one_line() -> None:
    server = Server((200, "text/html", "<p>welcome</p>"))
    server.answers_trials = False
    with pytest.raises(EngineStartError, match="its answer is no completion"):
        met(server)


def test_the_dialect_is_said_in_one_line_and_recorded() -> None:
    dialect = Dialect(
        system_role=False,
        length_field="max_completion_tokens",
        temperature=False,
        hold=Hold.JSON_SCHEMA,
        alternatives=5,
        thoughts=Thoughts.IN_FIELD,
        switch={"reasoning_effort": "medium"},
    )
    for part in ("response_format", "no system role", "max_completion_tokens", "reasoning_effort"):
        assert part in str(dialect)
    assert "\n" not in str(dialect)
    assert json.loads(json.dumps(dialect.as_record()))["constraint"] == "response_format"


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("field", ["logprobs", "structured_outputs"])
def test_a_field_that_is_forbidden_is_left_out_and_no_fault_of_the_key(
    status: int, field: str
) -> None:
    server = TriedServer(refuses=lambda body: (status, "not allowed") if field in body else None)
    server.logprobs = 10
    dialect = found(server)
    assert dialect.alternatives == (None if field == "logprobs" else 10)
    assert dialect.hold is Hold.NONE


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_server_that_stays_busy_after_its_first_answer_is_not_taken_for_one_that_refuses(
    status: int,
) -> None:
    server = TriedServer(refuses=lambda body: (status, "busy") if "logprobs" in body else None)
    with pytest.raises(EngineStartError, match=rf"with {status} \(.*busy\); try again") as error:
        met(server)
    assert "\n" not in str(error.value)


def test_a_server_that_counts_only_what_it_did_not_know_counts_nothing_of_use() -> None:
    class Cached(TriedServer):
        def complete(self, body: bytes) -> Answer | Deed:
            known = json.loads(body)["messages"] in [one["messages"] for one in self.bodies]
            self.reads = lambda asked: ["few"] if known else texts_of(asked)
            return super().complete(body)

    assert found(Cached()).characters_a_token is None
