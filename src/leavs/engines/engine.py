"""The seam to language models: a conversation goes in, a reply comes out.

Knows nothing of reports, prompts or labels. The engines stand in modules of their own, so that
this one, and with it the rest of leavs, imports neither vllm nor torch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Choices:
    """The reply must be one of these; none of them may be the beginning of another."""

    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pattern:
    """The reply should match this regular expression as a whole (no look-around).

    Args:
        enforced: hold the reply to it, by a grammar. A grammar slows every request in the engine's
            batch, not this one alone; without it the reply is free.
        weighed: the probability of the reply is wanted; it costs the engine a little.
        schema: the JSON schema of the same answer, as text, for servers that can hold a reply to
            a schema and to no regular expression; "" if it has none.
    """

    regex: str
    enforced: bool = False
    weighed: bool = False
    schema: str = ""


Constraint = Choices | Pattern


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model answered, and what it cost.

    Args:
        cut: the reply was stopped at its length limit.
        probabilities: of each choice, summing to 1, where Choices were asked for and the engine
            gives log-probabilities; else empty.
        probability: of the whole reply, where a weighed Pattern asks for it and the engine gives
            it, or of the choice that it names, where the text can be another than the choice.
        grammar: the engine held this reply to a grammar.
        prompt_tokens: length of the prompt; `cached_tokens` of them were not computed again.
        token_ids: of the whole conversation up to the end of this reply, from engines that can
            continue from there.
        thought: what the model thought by itself before the reply; it is no part of the text.
        as_json: the text is a JSON object whose `answer` is the answer, because the engine held the
            reply to the constraint's schema.
    """

    text: str
    cut: bool = False
    probabilities: Mapping[str, float] = field(default_factory=dict)
    probability: float | None = None
    grammar: bool = False
    prompt_tokens: int = 0
    cached_tokens: int = 0
    generated_tokens: int = 0
    token_ids: Sequence[int] = ()
    thought: str = ""
    as_json: bool = False


class Engine(Protocol):
    """A model that replies to conversations, many at once."""

    @property
    def batch_size(self) -> int:
        """The number of conversations that it works on at once; any others wait."""
        ...

    async def reply(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        constraint: Constraint | None = None,
        follows: Reply | None = None,
        thought_tokens: int = 0,
    ) -> Reply:
        """Generate the model's next turn.

        Args:
            max_tokens: the longest reply, in tokens.
            constraint: what the reply may be. An engine that cannot enforce it ignores it; the
                caller reads the reply strictly either way. None leaves it free.
            follows: this engine's earlier reply, if the conversation continues from it, so that
                what was read and written up to there is not encoded again.
            thought_tokens: the longest thought, in tokens, that a model which thinks by itself may
                have before its reply; 0 for none. The constraint is for the reply alone.

        Raises:
            ContextError: the prompt leaves no room for a reply in the model's context.
            QuestionError: this one question failed.
            EngineError: the engine cannot go on at all.
        """
        ...

    async def close(self) -> None:
        """Free the model; the engine takes no more questions."""
        ...


@runtime_checkable
class SelfDescribing(Protocol):
    """An engine that tells what it has loaded, and on what; an engine need not."""

    @property
    def loaded(self) -> Mapping[str, Any]:
        """JSON values: `commit`, `dtype`, `quantization`, `gpus` and so on."""
        ...


def what_is_loaded(engine: Engine) -> Mapping[str, Any]:
    """Return what an engine tells of the model that it has loaded; empty if it tells nothing."""
    told = engine.loaded if isinstance(engine, SelfDescribing) else {}
    return told if isinstance(told, Mapping) else {}  # an engine of a user's may mean another thing
