"""Which tokens of a reply are those of its answer, and how probable they make each choice."""

from math import log

import pytest

from leavs.engines.server.alignment import Token, answer_of, weigh_choices

LETTERS = ("A", "B", "C")


def token(text: str, *alternatives: tuple[str, float]) -> Token:
    named = tuple((other, log(share)) for other, share in alternatives)
    return Token(text, named[0][1] if named else -0.1, text.encode(), named)


def answered(before: str = "", after: str = "") -> Token:
    """The token of the answer B, with what stands in the same token."""
    pairs = [(f"{before}{letter}{after}", share) for letter, share in (("B", 0.6), ("A", 0.2))]
    return token(pairs[0][0], *pairs)


THOUGHT = token("<think>", ("<think>", 0.99), ("A", 0.008), ("B", 0.002))

ALIGNED = [
    ([answered()], "B"),
    ([token("\n"), answered()], "B"),
    ([token("\n"), answered()], "\nB"),
    ([answered(" ")], "B"),
    ([answered(), token("<|im_end|>")], "B"),
    ([answered(), token("\n"), token("</s>"), token("")], "B"),
    ([THOUGHT, token("Well, A"), token("</think>"), answered()], "B"),
    ([THOUGHT, token("A\n"), token("</think>"), token("\n\n"), answered()], "B"),
    ([token("("), answered(), token(")")], "(B)"),
    ([answered("(", ")")], "(B)"),
    ([token("**"), answered(), token("**")], "**B**"),
    ([token('{"answer": "'), answered(), token('"}')], '{"answer": "B"}'),
    ([token('{"'), token("answer"), token('":'), answered('"', '"}')], '{"answer":"B"}'),
]


@pytest.mark.parametrize(("tokens", "answer"), ALIGNED)
def test_a_probability_is_that_of_the_answers_token(tokens: list[Token], answer: str) -> None:
    found = weigh_choices(tokens, answer, LETTERS)
    assert found == pytest.approx({"A": 0.25, "B": 0.75, "C": 0.0})


NOT_ALIGNED = [
    ([], "B"),
    ([THOUGHT, token("Well"), token("</think>")], "B"),
    ([THOUGHT, token("so it is B")], "B"),  # of the thought alone
    ([token("Well, "), answered()], "B"),  # a thought without its marks
    ([answered()], "A"),
    ([token("Perhaps "), answered()], "Perhaps B"),
    ([token("B")], "B"),
    ([token("B", ("B", 0.9))], "B"),  # of no other letter, so nothing is known of the choice
    ([answered(), token("lue")], "Blue"),
    ([token("Answer: "), answered()], "Answer: B"),
]


@pytest.mark.parametrize(("tokens", "answer"), NOT_ALIGNED)
def test_or_it_is_not_given(tokens: list[Token], answer: str) -> None:
    assert weigh_choices(tokens, answer, LETTERS) == {}


def test_characters_of_several_tokens_are_put_together() -> None:
    text = "2 µm — ü"
    tokens = [Token("�", -0.5, bytes([byte]), ()) for byte in text.encode()]
    assert [one for _, one in answer_of(tokens, text)] == tokens
    assert answer_of(tokens[:-1], text) == []
