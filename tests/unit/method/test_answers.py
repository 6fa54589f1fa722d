import re

import pytest

from leavs.errors import AnswerError
from leavs.method.answers import (
    QUOTES_PATTERN,
    Quote,
    letters_pattern,
    read_choice,
    read_letters,
    read_quotes,
)

CHOICES = [
    ("D", "D"),
    ("d", "D"),
    ("(D)", "D"),
    (" D.\n", "D"),
    ("**D**", "D"),
    ("The answer is (D)", "D"),
    ("The answer is D.", "D"),
    ("Answer: D", "D"),
    ("A focal lesion: (D)", "D"),
    ("(D) affirmed", "D"),
    ("I first thought (D), and it is (D).", "D"),
    ("**(D)** affirmed", "D"),
    ("Two lines of words.\nThe answer is (D).", "D"),
]

NO_CHOICE = [
    "none of these",
    "",
    "(E)",
    "E",
    "(A) or (D)",
    "A, D",
    "A focal lesion",
    "D as in Dora",
    "normal",
    "AD",
    "The answer is a bit unclear.",
    "I would answer a definite yes",
    "Answer: a cyst is possible",
    "Not (A).",
    "It is not (A)",
    "(A) is wrong, the answer is D",
    "(A) is wrong",
    "(A) is not it",
    "The answer is not clear; (B) cannot be excluded",
    "The answer is A or (B)",
    "either (A)\nor (B)",
    "anything but (A), rather than (A)",
    "The answer is (D), not (A)",
    "(A) 5 cm in size, (D) in number",
]


@pytest.mark.parametrize(("reply", "choice"), CHOICES)
def test_reads_a_letter(reply: str, choice: str) -> None:
    assert read_choice(reply, "ABCD") == choice


@pytest.mark.parametrize("reply", NO_CHOICE)
def test_refuses_what_is_no_single_letter(reply: str) -> None:
    with pytest.raises(AnswerError):
        read_choice(reply, "ABCD")


@pytest.mark.parametrize(("reply", "choice"), [("Yes", "Yes"), ("no.", "No"), ('"YES"', "Yes")])
def test_reads_yes_and_no(reply: str, choice: str) -> None:
    assert read_choice(reply, ("Yes", "No")) == choice


@pytest.mark.parametrize("reply", ["Yes and no", "", "not sure", "Yes, it does", "maybe"])
def test_refuses_what_is_neither_yes_nor_no(reply: str) -> None:
    with pytest.raises(AnswerError):
        read_choice(reply, ("Yes", "No"))


@pytest.mark.parametrize(
    ("reply", "letters"),
    [
        ("(A)", ("A",)),
        ("(A), (C)", ("A", "C")),
        ("(C), (A), (C)", ("A", "C")),
        ("A, C", ("A", "C")),
        ("(A) and (C).", ("A", "C")),
        ("none", ()),
        ("None.", ()),
        ("(none)", ()),
    ],
)
def test_reads_letters(reply: str, letters: tuple[str, ...]) -> None:
    assert read_letters(reply, "ABC") == letters


@pytest.mark.parametrize(
    "reply", ["", "(D)", "(A), (D)", "A C because", "none, (A)", "normal", "()", "((A", "A)"]
)
def test_refuses_what_is_no_list_of_letters(reply: str) -> None:
    with pytest.raises(AnswerError):
        read_letters(reply, "ABC")


@pytest.mark.parametrize("reply", ["none", "(A)", "(A), (K)", "(B), (A), (B)"])
def test_the_letters_pattern_allows_only_what_is_read(reply: str) -> None:
    letters = "ABCDEFGHIJK"
    assert re.fullmatch(letters_pattern(letters), reply)
    read_letters(reply, letters)


def test_the_letters_pattern_ends() -> None:
    too_many = ", ".join(["(A)"] * 4)
    assert re.fullmatch(letters_pattern("ABC"), too_many) is None


QUOTES = [
    ("none", False, ()),
    ("None.", False, ()),
    ('"The spleen is normal.": informative', False, (Quote("The spleen is normal.", True),)),
    ('"Liver: 5 mm cyst": not informative', False, (Quote("Liver: 5 mm cyst", False),)),
    ('- "One." - Informative', False, (Quote("One.", True),)),
    ('1. "One." : informative.', False, (Quote("One.", True),)),
    ('"He said "ok" here.": informative', False, (Quote('He said "ok" here.', True),)),
    (
        '"One.": informative\n\n"Two.": not informative\n',
        False,
        (Quote("One.", True), Quote("Two.", False)),
    ),
    ('"One.": informative\n"Two is cut', True, (Quote("One.", True),)),
    ('"One is cut', True, ()),
]


@pytest.mark.parametrize(("reply", "cut", "quotes"), QUOTES)
def test_reads_quotes(reply: str, cut: bool, quotes: tuple[Quote, ...]) -> None:
    assert read_quotes(reply, cut) == quotes


@pytest.mark.parametrize(
    ("reply", "cut"),
    [
        ("", False),
        ("", True),
        ("The spleen is normal.", False),
        ('"One.": informative\n"Two.', False),
        ('"One.\n"Two.": informative', True),
        ('"One.": maybe', False),
        ('none\n"One.": informative', False),
    ],
)
def test_refuses_what_is_no_list_of_quotes(reply: str, cut: bool) -> None:
    with pytest.raises(AnswerError):
        read_quotes(reply, cut)


def test_the_quotes_pattern_allows_only_what_is_read() -> None:
    reply = '"One: 2 cm.": informative\n"Three.": not informative'
    assert re.fullmatch(QUOTES_PATTERN, reply)
    assert len(read_quotes(reply)) == 2


@pytest.mark.parametrize("read", [read_choice, read_letters])
def test_no_error_holds_text_of_the_reply(read) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(AnswerError) as error:
        read("CANARY of a report", "ABC")
    assert "CANARY" not in str(error.value)
