"""Reads what a server answers: the text, the thought before it, and what it cost.

Knows nothing of connections. A server can answer anything: usage and log-probabilities that are
malformed count as not given.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, isfinite
from typing import Any

from leavs.engines.engine import Choices, Constraint, Pattern, Reply
from leavs.engines.server.alignment import Token, answer_of, weigh_choices
from leavs.engines.thoughts import split_thought

ROUNDING = 1e-3  # a log-probability may be above zero by so much
MOST_TOKENS = 10**9  # a greater count is none
# What servers call an answer that the model ended by itself. All else is an answer that was cut:
# "length", "abort", "content_filter", "error", ...
WHOLE = frozenset({"stop", "eos", "eos_token", "stop_sequence", "end_turn", "complete"})
THOUGHT_FIELDS = ("reasoning_content", "reasoning")


@dataclass(frozen=True, slots=True)
class Completion:
    """What a server answered.

    Args:
        text: the answer, without a thought.
        cut: the answer was stopped, at its length limit or otherwise, or before it began.
        end_unsaid: the server does not say how the answer ended.
        tokens: of all that was generated, if the server gives their log-probabilities.
        thought: of the model itself, before the answer.
        thought_in_text: the server left the thought in the text.
        prompt_tokens: None if the server does not count them.
        thought_tokens: as the server counts them.
    """

    text: str
    cut: bool
    end_unsaid: bool = False
    tokens: Sequence[Token] = ()
    thought: str = ""
    thought_in_text: bool = False
    prompt_tokens: int | None = None
    cached_tokens: int = 0
    generated_tokens: int = 0
    thought_tokens: int = 0


def read_completion(body: bytes) -> Completion | None:
    """Read the first choice of a chat completion; None if the body is something else."""
    match _json(body):
        case {"choices": [{"message": {**message}, **choice}, *_], **answer}:
            parts = _text_and_thought(message.get("content"), _beside(message))
            if parts is None:
                return None
            split = split_thought(sendable(parts[0]))
            usage, end = answer.get("usage"), choice.get("finish_reason")
            return Completion(
                split.answer,
                split.unfinished or (end is not None and str(end).lower() not in WHOLE),
                end is None,
                _tokens(choice.get("logprobs")),
                sendable(parts[1]) or split.thought,
                bool(split.thought) or split.unfinished,
                _count(usage, "prompt_tokens") or None,
                _count(usage, "prompt_tokens_details", "cached_tokens"),
                _count(usage, "completion_tokens"),
                _count(usage, "completion_tokens_details", "reasoning_tokens"),
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


def _beside(message: Mapping[Any, object]) -> str:
    """The thought that a message has in a field of its own."""
    fields = (message.get(name) for name in THOUGHT_FIELDS)
    return next((field for field in fields if isinstance(field, str) and field), "")


def _text_and_thought(content: object, beside: str) -> tuple[str, str] | None:
    """The text of a message and the thought beside it; None if the message is none."""
    match content:
        case None:
            return "", beside
        case str(text):
            return text, beside
        case [*parts] if all(isinstance(part, dict) for part in parts):
            return _texts(parts, "text"), beside or _texts(parts, "thinking")
    return None


def _texts(parts: Sequence[object], name: str) -> str:
    """Join what parts of a message have in a field: a text, or parts with texts."""
    found = [part.get(name) for part in parts if isinstance(part, dict)]
    return "".join(
        _texts(one, "text") if isinstance(one, list) else one if isinstance(one, str) else ""
        for one in found
    )


def _count(value: object, *path: str) -> int:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, int) and 0 < value <= MOST_TOKENS else 0


def _tokens(logprobs: object) -> tuple[Token, ...]:
    """All tokens; none if one of them is malformed."""
    match logprobs:
        case {"content": [*entries]}:
            try:
                return tuple(_token(entry) for entry in entries)
            except (ValueError, OverflowError):
                return ()
    return ()


def _token(entry: object) -> Token:
    text, log_probability = _pair(entry)
    match entry:
        case {"bytes": [*values]} if all(isinstance(one, int) and 0 <= one < 256 for one in values):
            written = bytes(values)
        case _:
            written = text.encode("utf-8", "replace")
    match entry:
        case {"top_logprobs": [*others]}:
            return Token(text, log_probability, written, tuple(_pair(other) for other in others))
    return Token(text, log_probability, written)


def _pair(entry: object) -> tuple[str, float]:
    match entry:
        case {"token": str(text), "logprob": float() | int() as value}:
            if isfinite(value) and value <= ROUNDING:
                return text, float(value)
    raise ValueError("no token with its log-probability")


def as_reply(
    completion: Completion,
    constraint: Constraint | None,
    *,
    held: bool,
    as_json: bool = False,
) -> Reply:
    """Make the reply to a question that was asked with a constraint.

    Args:
        held: whether the server holds the reply to it.
        as_json: the reply is held to the constraint's schema.
    """
    more: dict[str, Any] = {}
    match constraint:
        case Choices(options):
            more["probabilities"] = weigh_choices(completion.tokens, completion.text, options)
        case Pattern(weighed=True):
            if answer := answer_of(completion.tokens, completion.text):
                summed = sum(token.log_probability for _, token in answer)
                more["probability"] = min(1.0, exp(summed))
    return Reply(
        completion.text,
        cut=completion.cut,
        grammar=held,
        prompt_tokens=completion.prompt_tokens or 0,
        cached_tokens=completion.cached_tokens,
        generated_tokens=completion.generated_tokens,
        thought=completion.thought,
        as_json=held and as_json,
        **more,
    )
