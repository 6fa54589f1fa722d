"""The seam to language models: a conversation goes in, a reply comes out.

Knows nothing of reports, prompts or labels. The engines stand in modules of their own, so that
this one, and with it the rest of leavs, imports neither vllm nor torch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import exp
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Choices:
    """The reply must be one of these; no one of them may begin another."""

    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pattern:
    """The reply must match this regular expression as a whole (no look-around)."""

    regex: str


Constraint = Choices | Pattern


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model answered, and what it cost.

    Args:
        cut: the reply was stopped at its length limit.
        probabilities: of each choice, summing to 1, where Choices were asked for and the engine
            gives log-probabilities; else empty.
        prompt_tokens: length of the prompt; `cached_tokens` of them were not computed again.
    """

    text: str
    cut: bool = False
    probabilities: Mapping[str, float] = field(default_factory=dict)
    prompt_tokens: int = 0
    cached_tokens: int = 0
    generated_tokens: int = 0


class Engine(Protocol):
    """A model that replies to conversations, many at once."""

    async def reply(
        self, messages: Sequence[Message], *, max_tokens: int, constraint: Constraint | None = None
    ) -> Reply:
        """The model's next turn.

        Args:
            max_tokens: the longest reply, in tokens.
            constraint: what the reply may be. An engine that cannot enforce it ignores it; the
                caller reads the reply strictly either way.

        Raises:
            ContextError: the prompt is longer than the model's context.
            QuestionError: this one question failed.
            EngineError: the engine cannot go on at all.
        """
        ...

    async def close(self) -> None:
        """Let go of the model; the engine takes no more questions."""
        ...


def probabilities_of_choices(
    options: Sequence[str], log_probabilities: Mapping[str, float]
) -> dict[str, float]:
    """The probability of each choice from the log-probabilities of the reply's first tokens.

    A choice can begin with several tokens ("Yes", "Ye", "Y"); each token counts for the one
    choice that it begins, and tokens that begin none or several count for nothing. The result is
    normalised over the choices; it is empty where no token counts.

    Args:
        log_probabilities: natural logarithms, by token text.
    """
    mass = dict.fromkeys(options, 0.0)
    for token, log_probability in log_probabilities.items():
        begun = [option for option in options if token.strip() and option.startswith(token.strip())]
        if len(begun) == 1:
            mass[begun[0]] += exp(log_probability)
    total = sum(mass.values())
    return {option: value / total for option, value in mass.items()} if total > 0 else {}
