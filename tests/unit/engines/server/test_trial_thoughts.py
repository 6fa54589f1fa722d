"""Trial questions to models that think by themselves, behind servers on this machine."""

import json
from collections.abc import Callable

import pytest

from leavs.engines.options import Thinking
from leavs.engines.server.dialect import Hold, Thoughts
from leavs.errors import EngineStartError
from loopback_server import Answer, Deed, answer_of, completion
from tried_server import Body, TriedServer, choice, found, met, named


@pytest.mark.parametrize("in_text", [True, False])
@pytest.mark.parametrize(
    ("off", "switch"),
    [
        (named("enable_thinking", False), "chat_template_kwargs"),
        (named("thinking", False), "chat_template_kwargs"),
        (named("reasoning_effort", "none"), "reasoning_effort"),
        (named("thinking", {"type": "disabled"}), "thinking"),
        (named("reasoning", {"enabled": False}), "reasoning"),
        (named("think", False), "think"),
        (named("enable_thinking", "never"), None),
    ],
)
def test_a_thought_is_switched_off_or_said_to_be_in_the_way(
    off: Callable[[Body], bool], switch: str | None, in_text: bool
) -> None:
    server = TriedServer(thinks=lambda body: not off(body))
    server.in_text = in_text
    if switch is None:
        with pytest.raises(EngineStartError, match="give --thinking on") as error:
            met(server)
        assert "\n" not in str(error.value)
        return
    dialect = found(server)
    assert [*dialect.switch] == [switch]
    assert dialect.thoughts is Thoughts.NONE


@pytest.mark.parametrize("in_text", [True, False])
def test_a_thought_is_let_be_or_switched_on(in_text: bool) -> None:
    where = Thoughts.IN_TEXT if in_text else Thoughts.IN_FIELD
    server = TriedServer(thinks=lambda _: True)
    server.in_text = in_text
    dialect = found(server, Thinking.ON)
    assert (dialect.thoughts, dialect.switch) == (where, {})
    server = TriedServer(thinks=named("enable_thinking", True))
    server.in_text = in_text
    dialect = found(server, Thinking.ON)
    assert (dialect.thoughts, [*dialect.switch]) == (where, ["chat_template_kwargs"])


def test_a_model_without_thoughts_cannot_be_told_to_think() -> None:
    with pytest.raises(EngineStartError, match="leave --thinking on out"):
        met(TriedServer(), Thinking.ON)


def test_a_thought_that_is_nowhere_shown_is_seen_by_what_it_used_up() -> None:
    class Hidden(TriedServer):
        def complete(self, body: bytes) -> Answer | Deed:
            asked = json.loads(body)
            if asked["max_tokens"] > 1000:
                return super().complete(body)
            return answer_of(completion(None, finish_reason="length"))

    assert found(Hidden(), Thinking.ON).thoughts is Thoughts.UNSEEN
    with pytest.raises(EngineStartError, match="not shown"):
        met(Hidden())


def test_a_constraint_that_keeps_the_model_from_thinking_is_not_used() -> None:
    held = TriedServer(choice, thinks=lambda body: "structured_outputs" not in body)
    assert found(held, Thinking.ON).hold is Hold.NONE
    both = TriedServer(choice, thinks=lambda _: True)
    assert found(both, Thinking.ON).hold is Hold.STRUCTURED_OUTPUTS


@pytest.mark.parametrize("off", [named("reasoning_effort", "none"), named("think", False)])
def test_a_thought_that_uses_up_the_answers_room_unseen_is_switched_off(
    off: Callable[[Body], bool],
) -> None:
    """As where the thought is billed as length and never shown."""

    class Hidden(TriedServer):
        def complete(self, body: bytes) -> Answer | Deed:
            asked = json.loads(body)
            if off(asked) or asked["max_tokens"] > 200:
                return super().complete(body)
            return answer_of(completion("", finish_reason="length"))

    dialect = found(Hidden())
    assert dialect.thoughts is Thoughts.NONE
    assert len(dialect.switch) == 1
    assert off(dict(dialect.switch))
