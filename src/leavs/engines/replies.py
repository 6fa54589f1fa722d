"""Arithmetic on prompts and replies that the engines share."""

import re
from collections.abc import Iterable, Mapping, Sequence
from math import exp

from leavs.engines.engine import Message
from leavs.errors import ContextError

AROUND_A_CHOICE = " \t\r\n()[]{}*_`\"'“”‘’.:,"  # what Markdown, JSON and habit put around it
LEAST_REPLY = 16  # tokens for which a context must have room; enough for every short answer


def room_for_reply(prompt_tokens: int, limit: int, max_tokens: int) -> int:
    """Return the longest reply, in tokens, that the rest of the context has room for.

    Raises:
        ContextError: there is too little room even for a short answer.
    """
    room = limit - prompt_tokens
    if room < min(max_tokens, LEAST_REPLY):
        raise ContextError(prompt_tokens, limit)
    return min(room, max_tokens)


def probabilities_of_choices(
    options: Sequence[str], log_probabilities: Iterable[tuple[str, float]]
) -> dict[str, float]:
    """Compute the probability of each choice from the log-probabilities of a reply's first tokens.

    A choice can begin with several tokens ("Yes", "Ye", "Y"); each token counts for the one
    choice that it begins, and tokens that begin none or several count for nothing. The result is
    normalised over the choices; it is empty where no token counts.

    Args:
        log_probabilities: a token's text and the natural logarithm of its probability; several
            tokens can have the same text.
    """
    mass = dict.fromkeys(options, 0.0)
    for token, log_probability in log_probabilities:
        bare = token.strip(AROUND_A_CHOICE)
        begun = [option for option in options if bare and option.startswith(bare)]
        if len(begun) == 1:
            mass[begun[0]] += exp(log_probability)
    return shares_of(mass)


def start_of_choice(text: str, options: Sequence[str]) -> tuple[int, str] | None:
    """Find the choice with which a text begins, behind nothing but decoration.

    Returns:
        Where the choice begins, in characters, and which one it is; None if the text begins with
        none of them.
    """
    start = len(text) - len(text.lstrip(AROUND_A_CHOICE))
    for option in options:
        if re.match(rf"{re.escape(option)}(?!\w)", text[start : start + len(option) + 1]):
            return start, option
    return None


def merge_instructions(messages: Sequence[Message]) -> Sequence[Message]:
    """Put the instructions at the head of the first turn, for models without a system role."""
    if messages[0].role != "system":
        return messages
    first, second, *rest = messages
    return [Message(second.role, f"{first.content}\n\n{second.content}"), *rest]


def shares_of(mass: Mapping[str, float]) -> dict[str, float]:
    """Normalise what each choice has, so that the sum is 1; empty if there is nothing."""
    total = sum(mass.values())
    return {option: value / total for option, value in mass.items()} if total > 0 else {}


def completed_choice(begun: str, cut: bool, options: Sequence[str]) -> tuple[str, bool]:
    """Complete a cut reply that begins exactly one choice; return it, and whether it is still cut.

    A reply that begins none of the choices, or several, is returned as it is.
    """
    meant = [option for option in options if begun and option.startswith(begun)]
    return (meant[0], False) if cut and len(meant) == 1 else (begun, cut)
