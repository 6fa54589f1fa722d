"""What a server can do to a question, and what becomes of it."""

import asyncio
from typing import Any
from urllib.parse import urlsplit

import pytest

from asked_faulty_server import MESSAGES, QUICK, ask_server, broken, with_engine
from asked_server import VLLM
from faulty_server import WELL, FaultyServer, failing, hung_up, reset, reset_in_mid_answer
from leavs.engines.engine import Reply
from leavs.engines.server.engine import OpenAIEngine, open_server
from leavs.engines.server.options import ServerOptions
from leavs.errors import EngineError, ServerError
from loopback_server import Answer, Deed, answer_of, completion, running


def with_message(message: object) -> Answer:
    return answer_of(completion("A", message=message))


NO_COMPLETION = "the server's answer is no completion"
NOT_IN_TIME = r"the server gave no answer in time \(--request-timeout\)"


# Once, and then well: what is asked again. Always: what the failure of its cell is called, while
# the server answers another question; and what ends the run, if it does not.
FAULTS: list[Any] = [
    pytest.param(failing(429), r"no answer \(429\)", id="429"),
    pytest.param(failing(500), r"no answer \(500\)", id="500"),
    pytest.param(failing(503), r"no answer \(503\)", id="503"),
    pytest.param(failing(408), r"no answer \(408\)", id="408"),
    pytest.param(failing(599), r"no answer \(599\)", id="599"),
    pytest.param(reset_in_mid_answer, r"no answer \(ReadError\)", id="reset in mid-answer"),
    pytest.param(reset, r"no answer \(ReadError\)", id="reset"),
    pytest.param(hung_up, r"no answer \(RemoteProtocolError\)", id="hung up"),
    pytest.param("stall", NOT_IN_TIME, id="stall"),
    pytest.param((200, "application/json", "{CANARYWORD"), NO_COMPLETION, id="invalid JSON"),
    pytest.param((200, "application/json", ""), NO_COMPLETION, id="nothing"),
    pytest.param((200, "application/json", "[" * 99_999), NO_COMPLETION, id="a deep nest"),
    pytest.param((200, "text/html", "<p>CANARYWORD</p>"), NO_COMPLETION, id="a web page"),
    pytest.param(answer_of(["CANARYWORD"]), NO_COMPLETION, id="a list"),
    pytest.param(answer_of(None), NO_COMPLETION, id="null"),
    pytest.param(answer_of({"CANARYWORD": 1}), NO_COMPLETION, id="something else"),
    pytest.param(broken(choices=[]), NO_COMPLETION, id="empty choices"),
    pytest.param(broken(choices=None), NO_COMPLETION, id="null choices"),
    pytest.param(broken(choices=[None]), NO_COMPLETION, id="a null choice"),
    pytest.param(broken(choices="CANARYWORD"), NO_COMPLETION, id="choices of text"),
    pytest.param(with_message(None), NO_COMPLETION, id="a null message"),
    pytest.param(with_message("CANARYWORD"), NO_COMPLETION, id="a message of text"),
    pytest.param(with_message({"content": ["CANARYWORD"]}), NO_COMPLETION, id="a list of content"),
]


def done(server: FaultyServer, fault: Answer | Deed | str) -> Answer | Deed:
    return getattr(server, fault) if isinstance(fault, str) else fault  # type: ignore[no-any-return]


@pytest.mark.parametrize(("fault", "reason"), FAULTS)
def test_what_happens_once_is_asked_again(fault: Answer | Deed | str, reason: str) -> None:
    server = FaultyServer()
    server.plan = [done(server, fault), WELL]
    reply = ask_server(server, timeout_seconds=0.5 if fault == "stall" else 5.0)
    assert reply == Reply("A", prompt_tokens=40, generated_tokens=2)
    assert (len(server.bodies), server.pings) == (2, 0)


@pytest.mark.parametrize(("fault", "reason"), FAULTS)
def test_what_always_happens_to_a_question_is_its_failure(
    fault: Answer | Deed | str, reason: str
) -> None:
    server = FaultyServer()
    server.plan = [done(server, fault)]
    error = ask_server(server, timeout_seconds=0.3 if fault == "stall" else 5.0)
    assert type(error) is ServerError
    check_words(error, reason)
    assert (len(server.bodies), server.pings) == (3, 1)  # two tries, a sign of life, and the last


@pytest.mark.parametrize(("fault", "reason"), FAULTS)
def test_what_happens_to_all_questions_ends_the_run(
    fault: Answer | Deed | str, reason: str
) -> None:
    server = FaultyServer()
    server.plan = [done(server, fault)]
    server.ping = server.plan[0]
    error = ask_server(server, timeout_seconds=0.3 if fault == "stall" else 5.0)
    assert type(error) is EngineError
    check_words(error, f"stopped answering: .*{reason}; the run can be resumed$")
    assert (len(server.bodies), server.pings) == (2, 2)


def check_words(error: Exception, words: str) -> None:
    assert pytest.RaisesExc(type(error), match=words).matches(error), error
    assert "CANARYWORD" not in str(error)
    assert "\n" not in str(error)


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_what_no_second_try_mends_ends_the_run_at_once(status: int) -> None:
    server = FaultyServer(failing(status), ping=failing(status))
    error = ask_server(server)
    assert type(error) is EngineError
    check_words(error, f"stopped answering: the server answers {status};")
    assert (len(server.bodies), server.pings) == (1, 1)


@pytest.mark.parametrize("status", [403, 424, 451])
def test_a_single_question_that_is_refused_so_is_its_failure(status: int) -> None:
    """By a filter, or where the model failed at it: the server answers others."""
    server = FaultyServer(failing(status))
    error = ask_server(server)
    assert isinstance(error, ServerError)
    check_words(error, f"the server answers {status}")
    assert (len(server.bodies), server.pings) == (2, 1)


def test_what_always_trickles_is_given_up() -> None:
    server = FaultyServer()
    server.plan = [server.trickle]
    error = ask_server(server, timeout_seconds=0.2, waits_seconds=0.1)
    assert type(error) is ServerError
    check_words(error, NOT_IN_TIME)
    assert (len(server.bodies), server.pings) == (3, 1)


@pytest.mark.parametrize("in_words", [False, True])
def test_a_server_says_how_long_to_wait(in_words: bool) -> None:
    server = FaultyServer()
    server.plan = [server.busy_for(1.5, in_words)]
    assert ask_server(server) == Reply("A", prompt_tokens=40, generated_tokens=2)
    assert (len(server.bodies), server.pings) == (2, 0)  # an early try would be a third


@pytest.mark.parametrize("seconds", ["3600", "1e99", "Fri, 31 Dec 2199 23:59:59 GMT"])
def test_an_hour_is_not_waited(seconds: str) -> None:
    server = FaultyServer(failing(429, Retry_After=seconds))
    error = ask_server(server)
    assert type(error) is ServerError
    check_words(error, r"no answer \(429\)")
    assert (len(server.bodies), server.pings) == (3, 1)


@pytest.mark.parametrize("seconds", ["soon", "-5", "nan", ""])
def test_nonsense_in_its_place_is_passed_over(seconds: str) -> None:
    server = FaultyServer(failing(503, Retry_After=seconds), WELL)
    assert isinstance(ask_server(server), Reply)
    assert (len(server.bodies), server.pings) == (2, 0)


def test_the_number_of_tries_is_bounded() -> None:
    server = FaultyServer(failing(500))
    assert type(ask_server(server, tries=5)) is ServerError
    assert (len(server.bodies), server.pings) == (6, 1)
    server = FaultyServer((200, "text/plain", "no"))
    assert type(ask_server(server, tries=5)) is ServerError
    assert (len(server.bodies), server.pings) == (6, 1)


def test_a_question_that_a_living_server_refuses_is_a_sign_of_life() -> None:
    server = FaultyServer(failing(500), ping=failing(400))
    assert type(ask_server(server)) is ServerError


def test_what_fails_during_an_outage_is_asked_once_more_behind_it() -> None:
    server = FaultyServer(failing(503), failing(503), WELL)
    assert isinstance(ask_server(server), Reply)
    assert (len(server.bodies), server.pings) == (3, 1)


def test_many_that_fail_at_once_look_for_one_sign_of_life() -> None:
    server = FaultyServer(*[failing(503)] * 16, WELL)

    async def ask(engine: OpenAIEngine) -> list[Reply]:
        questions = (engine.reply(MESSAGES, max_tokens=7) for _ in range(8))
        return await asyncio.gather(*questions)

    assert {reply.text for reply in with_engine(server, ask)} == {"A"}
    assert 1 <= server.pings <= 8
    assert len(server.bodies) <= 24


def test_many_in_a_row_end_the_run_though_the_server_answers_something() -> None:
    server = FaultyServer()
    became: list[str] = []

    async def ask(engine: OpenAIEngine) -> None:
        for number in range(20):
            server.plan = [WELL if number == 4 else failing(500)]
            try:
                became.append((await engine.reply(MESSAGES, max_tokens=7)).text)
            except ServerError:
                became.append("failure")

    with pytest.raises(EngineError) as error:
        with_engine(server, ask, faults_in_a_row=5)
    check_words(error.value, r"stopped answering: 5 questions in a row: the server gave no answer")
    assert became == ["failure"] * 4 + ["A"] + ["failure"] * 4


def test_a_server_that_is_away_for_a_while_is_waited_for() -> None:
    server = FaultyServer()

    async def run() -> Reply:
        with running(server):
            context = open_server(
                ServerOptions(server.base_url, **QUICK | {"pause_seconds": 0.5}), VLLM
            )
            engine = await context.__aenter__()
        try:
            asked = asyncio.create_task(engine.reply(MESSAGES, max_tokens=7))
            await asyncio.sleep(0.2)  # meanwhile the first try is refused
            assert not asked.done()
            with running(server, port_of(server)):
                return await asked
        finally:
            await context.__aexit__(None, None, None)

    assert asyncio.run(run()).text == "A"
    assert len(server.bodies) == 1


def port_of(server: FaultyServer) -> int:
    return urlsplit(server.base_url).port or 0
