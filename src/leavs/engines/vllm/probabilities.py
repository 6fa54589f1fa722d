"""How probable a reply was, read from what vLLM gives with it.

Imports neither vllm nor torch; its outputs are taken as they are.
"""

from collections.abc import Callable, Sequence
from math import exp
from typing import Any

from leavs.engines.engine import ANSWER_LINE, Choices, Constraint, Pattern, Reasoned
from leavs.engines.replies import place_of_choice, probabilities_of_choices

Decode = Callable[[Sequence[int]], str]  # the text of token ids


def choice_probabilities(
    completion: Any, text: str, constraint: Constraint | None, decode: Decode
) -> dict[str, float]:
    """Return the probability of each choice; empty if there was no choice, or none is known.

    Args:
        completion: vLLM's CompletionOutput.
        text: of the whole reply.
    """
    if not isinstance(constraint, Choices | Reasoned) or not completion.logprobs:
        return {}
    place: int | None = 0
    if isinstance(constraint, Reasoned):
        whole = constraint.split(text) is not None
        place = choice_token(completion.token_ids, constraint, decode) if whole else None
    if place is None:
        return {}
    return probabilities_of_choices(
        constraint.options,
        ((decode([token]), one.logprob) for token, one in completion.logprobs[place].items()),
    )


def choice_token(ids: Sequence[int], constraint: Reasoned, decode: Decode) -> int | None:
    """Return the index of the token that begins the choice at the end of a reply, if there is one.

    Only the last line is decoded, for a reply is long.
    """
    pieces: list[str] = []
    for token in reversed(ids):
        pieces.insert(0, decode([token]))
        if ANSWER_LINE.strip() in "".join(pieces):
            break
    found = place_of_choice(pieces, constraint)
    return None if found is None else len(ids) - len(pieces) + found


def reply_probability(completion: Any, constraint: Constraint | None) -> float | None:
    """Return the probability of the whole reply, where a weighed Pattern asks for it."""
    if not isinstance(constraint, Pattern) or not constraint.weighed:
        return None
    return None if completion.cumulative_logprob is None else exp(completion.cumulative_logprob)
