"""The forms of an answer: how the engine constrains the reply, and how the reply is read.

Knows nothing of prompts, and nothing of an engine but its replies and constraints.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from leavs.engines.engine import Choices, Constraint, Pattern, Reply
from leavs.engines.replies import start_of_choice
from leavs.errors import AnswerError
from leavs.method.answers import (
    LETTERS,
    QUOTES_PATTERN,
    Quote,
    letters_pattern,
    numbers_pattern,
    read_choice,
    read_letters,
    read_numbers,
    read_quotes,
)
from leavs.method.json_answers import (
    QUOTES_SCHEMA,
    letters_schema,
    numbers_schema,
    read_json_choice,
    read_json_letters,
    read_json_numbers,
    read_json_quotes,
)

T_co = TypeVar("T_co", covariant=True)

# Length limits. A reply that is held to a schema takes more tokens than the plain form, and a free
# one may have a word in front: each limit is enough for both, whichever way the engine asks.
CHOICE_TOKENS = 32  # more than `{"answer": "A"}`, "**Final answer:** (A) depends on a prior report"
TOKENS_A_LETTER = 12  # "(A) postsurgical, " is up to eight, `"A", ` on a line of its own six
TOKENS_AROUND_A_NUMBER = 4  # "[12], " has four more than its digits, each of which may be a token
TOKENS_AROUND_A_LIST = 32  # `{"answer": []}`, or "Here are the numbers of the sentences:"


@dataclass(frozen=True, slots=True)
class ReplyForm(Generic[T_co]):
    """The form of an answer.

    Args:
        constraint: the replies that are allowed; an engine may be unable to enforce it.
        read: returns the answer that a reply holds, or raises AnswerError.
        max_tokens: the length limit of the reply, without reasoning.
    """

    constraint: Choices | Pattern
    read: Callable[[Reply], T_co]
    max_tokens: int

    @property
    def weighed(self) -> Constraint:
        """The constraint, with the probability of the answer requested as well."""
        if isinstance(self.constraint, Pattern):
            return replace(self.constraint, weighed=True)
        return self.constraint

    @property
    def enforced(self) -> Constraint:
        """The constraint, enforced also where that takes a grammar."""
        if isinstance(self.constraint, Pattern):
            return replace(self.constraint, enforced=True)
        return self.constraint


@dataclass(frozen=True, slots=True)
class Chosen:
    """The choice that the reply names, and each choice's probability if the engine gives it."""

    choice: str
    probabilities: Mapping[str, float]


def one_of(options: Sequence[str], wordings: Mapping[str, str] | None = None) -> ReplyForm[Chosen]:
    """Return the form of an answer that is one of the options: letters, or words.

    Args:
        wordings: what the prompt says that each letter stands for.
    """
    known = wordings or {}

    def read(reply: Reply) -> Chosen:
        _refuse_cut(reply, "choice")
        if reply.as_json:
            choice = read_json_choice(reply.text, options)
        else:
            choice = read_choice(reply.text, options, known)
        weighed = reply.as_json or reply.text == choice or _begins_with(reply.text, choice, options)
        return Chosen(choice, reply.probabilities if weighed else {})

    return ReplyForm(Choices(tuple(options)), read, CHOICE_TOKENS)


def _begins_with(text: str, choice: str, options: Sequence[str]) -> bool:
    """Whether the probabilities, which are those of the choice that a text begins with, are its.

    In a reply of several lines the first may begin with the same word in another sense.
    """
    begun = start_of_choice(text, options) if "\n" not in text.strip() else None
    return begun is not None and begun[1] == choice


def several_of(names: Sequence[str]) -> ReplyForm[tuple[str, ...]]:
    """Return the form of an answer that lists those of `names` that apply, or says "none".

    Args:
        names: the names that the prompt calls (A), (B), ...
    """
    letters = LETTERS[: len(names)]

    def read(reply: Reply) -> tuple[str, ...]:
        _refuse_cut(reply, "list of letters")
        if reply.as_json:
            named = read_json_letters(reply.text, letters)
        else:
            named = read_letters(reply.text, letters, names)
        return tuple(names[letters.index(one)] for one in named)

    constraint = Pattern(letters_pattern(letters), schema=letters_schema(letters))
    return ReplyForm(constraint, read, TOKENS_A_LETTER * len(letters))


def list_of_numbers(count: int) -> ReplyForm[tuple[int, ...]]:
    """Return the form of an answer that lists some of the numbers 1 to `count`, or says "none"."""

    def read(reply: Reply) -> tuple[int, ...]:
        _refuse_cut(reply, "list of numbers")
        reader = read_json_numbers if reply.as_json else read_numbers
        return reader(reply.text, count)

    each = len(str(count)) + TOKENS_AROUND_A_NUMBER
    constraint = Pattern(numbers_pattern(count), schema=numbers_schema(count))
    return ReplyForm(constraint, read, each * count + TOKENS_AROUND_A_LIST)


@dataclass(frozen=True, slots=True)
class Quotes:
    """The passages that the model quoted.

    Args:
        cut: whether the list hit its length limit, so that passages may be missing from it.
    """

    quotes: tuple[Quote, ...]
    cut: bool = False


def list_of_quotes(max_tokens: int) -> ReplyForm[Quotes]:
    """Return the form of an answer that quotes passages, each marked informative or not."""

    def read(reply: Reply) -> Quotes:
        reader = read_json_quotes if reply.as_json else read_quotes
        return Quotes(reader(reply.text, reply.cut), reply.cut)

    return ReplyForm(Pattern(QUOTES_PATTERN, schema=QUOTES_SCHEMA), read, max_tokens)


def _refuse_cut(reply: Reply, what: str) -> None:
    """Refuse a reply that was cut: what it would have said is not known."""
    if reply.cut:
        raise AnswerError(f"the {what} was cut at its length limit")
