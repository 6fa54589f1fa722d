"""Readers who ask no model: one with whom a report costs least, and two with whom it costs most.

The least is a report in which no sentence informs about any organ; the most is one in which every
sentence informs about every organ and every finding is present.
"""

import re
from collections.abc import Callable, Sequence

from leavs.domain import Filtration
from leavs.engines.engine import ANSWER_LINE, Choices, Constraint, Message, Pattern, Reasoned
from leavs.text import split_sentences

Reader = Callable[[Sequence[Message], Constraint | None], str]
_LETTERS = re.compile(r"\[([A-Z]+)\]")


def least(messages: Sequence[Message], constraint: Constraint | None) -> str:
    """Nothing informs, and nothing is present."""
    match constraint:
        case Choices(options):
            return "No" if "No" in options else options[0]
        case Reasoned(options):
            return f".\n{ANSWER_LINE}{'No' if 'No' in options else options[0]}"
        case Pattern():
            return "none"
        case None:
            return ""


def most(messages: Sequence[Message], constraint: Constraint | None) -> str:
    """Everything informs, but the list of quotes is empty; everything is present."""
    match constraint:
        case Choices(options):
            return "Yes" if "Yes" in options else "D"
        case Reasoned(options):
            return f".\n{ANSWER_LINE}{'Yes' if 'Yes' in options else 'D'}"
        case Pattern(regex):
            letters = _LETTERS.search(regex)
            if asks_for_quotes(constraint) or letters is None:
                return "none"
            return ", ".join(f"({letter})" for letter in letters[1])
        case None:
            return ""


def most_quoted(messages: Sequence[Message], constraint: Constraint | None) -> str:
    """Everything informs and is quoted; everything is present."""
    if not asks_for_quotes(constraint):
        return most(messages, constraint)
    question = next(one.content for one in messages if "<report>" in one.content)
    report = question.split("<report>")[1].split("</report>")[0]
    sentences = (sentence.in_context for sentence in split_sentences(report))
    return "\n".join(f'"{sentence}": informative' for sentence in sentences)


def most_with(filtration: Filtration) -> Reader:
    """With whom a report costs most, by the way of filtration."""
    return most_quoted if filtration is Filtration.FAST else most


def asks_for_quotes(constraint: Constraint | None) -> bool:
    """Whether the answer is a list of quotes."""
    return isinstance(constraint, Pattern) and "informative" in constraint.regex
