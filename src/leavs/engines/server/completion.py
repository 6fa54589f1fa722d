"""Reads what a server answers: the text, what it cost, and how probable its tokens were.

Knows nothing of connections. A server can answer anything: usage and log-probabilities that are
malformed count as not given.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, isfinite
from typing import Any

from leavs.engines.engine import Choices, Constraint, Pattern, Reply
from leavs.engines.replies import completed_choice, probabilities_of_choices

ROUNDING = 1e-3  # a log-probability may be above zero by so much


@dataclass(frozen=True, slots=True)
class Token:
    """A token of a reply and its alternatives, with their log-probabilities."""

    text: str
    log_probability: float
    alternatives: Sequence[tuple[str, float]] = ()


@dataclass(frozen=True, slots=True)
class Completion:
    """What a server answered.

    Args:
        tokens: of the text, if the server gives their log-probabilities.
    """

    text: str
    cut: bool
    tokens: Sequence[Token] = ()
    prompt_tokens: int = 0
    cached_tokens: int = 0
    generated_tokens: int = 0


def read_completion(body: bytes) -> Completion | None:
    """Read the first choice of a chat completion; None if the body is something else."""
    match _json(body):
        case {"choices": [{"message": {**message}, **choice}, *_], **answer}:
            text = message.get("content")
            if text is None or isinstance(text, str):
                usage = answer.get("usage")
                return Completion(
                    sendable(text or ""),
                    choice.get("finish_reason") == "length",
                    _tokens(choice.get("logprobs")),
                    _count(usage, "prompt_tokens"),
                    _count(usage, "prompt_tokens_details", "cached_tokens"),
                    _count(usage, "completion_tokens"),
                )
    return None


def sendable(text: str) -> str:
    """Replace lone surrogates, which JSON can express and UTF-8 cannot, by "?"."""
    return text.encode("utf-8", "replace").decode()


def _json(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _count(value: object, *path: str) -> int:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, int) and value > 0 else 0


def _tokens(logprobs: object) -> tuple[Token, ...]:
    """All tokens; none if one of them is malformed."""
    match logprobs:
        case {"content": [*entries]}:
            try:
                return tuple(_token(entry) for entry in entries)
            except ValueError:
                return ()
    return ()


def _token(entry: object) -> Token:
    match entry:
        case {"top_logprobs": [*others]}:
            return Token(*_pair(entry), tuple(_pair(other) for other in others))
    return Token(*_pair(entry))


def _pair(entry: object) -> tuple[str, float]:
    match entry:
        case {"token": str(text), "logprob": float() | int() as value}:
            if isfinite(value) and value <= ROUNDING:
                return text, float(value)
    raise ValueError("no token with its log-probability")


def as_reply(completion: Completion, constraint: Constraint | None, grammar: bool) -> Reply:
    """Make the reply to a question that was asked with a constraint.

    Args:
        grammar: whether the server was told to hold the reply to it.
    """
    text, cut, tokens = completion.text, completion.cut, completion.tokens
    more: dict[str, Any] = {}
    match constraint:
        case Choices(options):
            text, cut = completed_choice(text, cut, options)
            if tokens:
                more["probabilities"] = probabilities_of_choices(options, tokens[0].alternatives)
        case Pattern(weighed=True) if tokens:
            more["probability"] = min(1.0, exp(sum(one.log_probability for one in tokens)))
    return Reply(
        text,
        cut=cut,
        grammar=grammar,
        prompt_tokens=completion.prompt_tokens,
        cached_tokens=completion.cached_tokens,
        generated_tokens=completion.generated_tokens,
        **more,
    )
