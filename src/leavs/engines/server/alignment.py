"""Finds the tokens that make up an answer among those of which a server gives log-probabilities.

A server can give those of the thought as well, or of a line break before the answer. A probability
is that of the answer's own token, or it is not given. Knows nothing of connections.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from leavs.engines.control_tokens import control_tokens_in
from leavs.engines.replies import probabilities_of_choices, start_of_choice
from leavs.engines.thoughts import split_thought

_JSON_ANSWER = re.compile(r'\s*\{\s*"answer"\s*:\s*"')


@dataclass(frozen=True, slots=True)
class Token:
    """A token of a reply and its alternatives, with their log-probabilities.

    Args:
        written: the bytes that it stands for, which can be a part of a character.
    """

    text: str
    log_probability: float
    written: bytes = b""
    alternatives: Sequence[tuple[str, float]] = ()


def answer_of(tokens: Sequence[Token], answer: str) -> list[tuple[int, Token]]:
    """Return the tokens of an answer, and where in it each begins, in bytes.

    The first can begin before the answer, at a negative place. Empty if what the tokens write,
    less a thought before it and control tokens behind it, is not the answer.
    """
    kept = list(tokens)
    while kept and (not kept[-1].text.strip() or kept[-1].text in control_tokens_in(kept[-1].text)):
        kept.pop()
    written = b"".join(token.written for token in kept)
    meant = answer.strip()
    said = split_thought(written.decode("utf-8", "replace"))
    if not meant or said.answer.strip() != meant:
        return []
    end = len(written.rstrip())
    place = -(end - len(meant.encode("utf-8", "replace")))
    found = []
    for token in kept:
        if place + len(token.written) > 0:
            found.append((place, token))
        place += len(token.written)
    return found


def weigh_choices(tokens: Sequence[Token], answer: str, options: Sequence[str]) -> dict[str, float]:
    """Return the probability of each choice at the token with which the answer names one.

    Empty if the answer begins with none of them, or its token is not known.
    """
    meant = answer.strip()
    named = named_choice(meant, options)
    if named is None:
        return {}
    at = len(meant[: named[0]].encode("utf-8", "replace"))
    for place, token in answer_of(tokens, answer):
        if place <= at < place + len(token.written):
            known = list(token.alternatives)
            if token.text not in (text for text, _ in known):
                known.append((token.text, token.log_probability))
            found = probabilities_of_choices(options, known)
            return found if len(token.alternatives) > 1 and found.get(named[1]) else {}
    return {}


def named_choice(answer: str, options: Sequence[str]) -> tuple[int, str] | None:
    """Find the choice that an answer begins with, by itself or as the `answer` of a JSON object.

    Returns:
        Where it begins, in characters, and which one it is; None if there is none.
    """
    begun = [option for option in options if answer and option.startswith(answer)]
    if len(begun) == 1:
        return 0, begun[0]  # one of which only the first token came
    opening = _JSON_ANSWER.match(answer)
    before = opening.end() if opening else 0
    found = start_of_choice(answer[before:], options)
    return None if found is None else (before + found[0], found[1])
