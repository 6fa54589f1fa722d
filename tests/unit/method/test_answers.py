import re

import pytest

from leavs.errors import AnswerError
from leavs.method.answers import (
    QUOTES_PATTERN,
    Quote,
    letters_pattern,
    numbers_pattern,
    read_choice,
    read_letters,
    read_numbers,
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
    ("Two lines of words.\nThe answer is (D).", "D"),
]

NO_CHOICE = [
    "A focal lesion: (D)",
    "I first thought (D), and it is (D).",
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


WORDINGS = {"A": "very low", "B": "low", "C": "in `part`", "D": "not told"}


@pytest.mark.parametrize(
    ("reply", "choice"),
    [
        ("(A) very low", "A"),
        ("A) very low risk", "A"),
        ("A) low", None),
        ("A) low risk", None),
        ("B) low risk", "B"),
        ("B) lowest", None),
        ("B) very low", None),
        ("C) In part", "C"),
        ("C) partly", None),
        ("D) Not told.", "D"),
        ("D) not", None),
        ("C) not told", None),
    ],
)
def test_a_letter_may_have_its_own_wording_and_not_anothers(reply: str, choice: str | None) -> None:
    if choice is None:
        with pytest.raises(AnswerError):
            read_choice(reply, "ABCD", WORDINGS)
    else:
        assert read_choice(reply, "ABCD", WORDINGS) == choice


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


@pytest.mark.parametrize(
    ("reply", "letters"),
    [
        ("(A) a, (B) stones, and sludge", "AB"),
        ("(B) stones, and sludge, A", "AB"),
        ("A) a", "A"),
        ("A", "A"),
        ("(B) stones", None),
    ],
)
def test_names_behind_letters_may_hold_commas(reply: str, letters: str | None) -> None:
    names = ("a", "stones, and sludge")
    if letters is None:
        with pytest.raises(AnswerError):
            read_letters(reply, "AB", names)
    else:
        assert read_letters(reply, "AB", names) == tuple(letters)


def test_the_letters_pattern_ends() -> None:
    too_many = ", ".join(["(A)"] * 4)
    assert re.fullmatch(letters_pattern("ABC"), too_many) is None


NUMBERS = [
    ("none", ()),
    (" None.\n", ()),
    ("2", (2,)),
    ("12.", (12,)),
    ("2, 5", (2, 5)),
    ("2,5,7", (2, 5, 7)),
    ("2 5 7", (2, 5, 7)),
    ("2\n5\n7", (2, 5, 7)),
    ("2 and 5", (2, 5)),
    ("2, 5, and 7.", (2, 5, 7)),
    ("2,and 5", (2, 5)),
    ("5-7", (5, 6, 7)),
    ("5–7", (5, 6, 7)),
    ("5 - 7, 12", (5, 6, 7, 12)),
    ("[5]-[7]", (5, 6, 7)),
    ("[2], [5]", (2, 5)),
    ("(2) (5)", (2, 5)),
    ("7, 2, 7, 1-2", (1, 2, 7)),
    ("5-5", (5,)),
    ("1-12", tuple(range(1, 13))),
]
NO_NUMBERS = [
    "",
    " ",
    ".",
    "0",
    "0-3",
    "13",
    "2, 13",
    "5-13",
    "7-5",
    "02",
    "-2",
    "2-",
    "2.5",
    "2, , 5",
    "2,",
    ", 2",
    "2; 5",
    "2, none",
    "none, 2",
    "none of them",
    "[2",
    "2]",
    "[2)",
    "[]",
    "and",
    "2 and",
    "2and5",
    "2 to 5",
    "2—5",
    "5-7-9",
    "1. 2",
    "two",
    "The sentences are 2, 5",
    "2, 5 inform",
    "²",
    "٢",
    "1" * 5000,
]


@pytest.mark.parametrize(("reply", "numbers"), NUMBERS)
def test_reads_numbers(reply: str, numbers: tuple[int, ...]) -> None:
    assert read_numbers(reply, 12) == numbers


@pytest.mark.parametrize("reply", NO_NUMBERS, ids=lambda reply: repr(reply[:30]))
def test_refuses_what_is_no_list_of_numbers(reply: str) -> None:
    with pytest.raises(AnswerError):
        read_numbers(reply, 12)


@pytest.mark.parametrize("count", [1, 2, 9, 10, 11, 20, 57, 99, 100, 101, 137, 210, 1000, 1234])
def test_the_numbers_pattern_allows_each_number_and_no_other(count: int) -> None:
    pattern = re.compile(numbers_pattern(count))
    allowed = [one for one in range(count + 1200) if pattern.fullmatch(str(one))]
    assert allowed == list(range(1, count + 1))


@pytest.mark.parametrize("reply", ["none", "12", "1, 2", "1-12", "2, 5-7, 10, 11-12"])
def test_the_numbers_pattern_allows_only_what_is_read(reply: str) -> None:
    assert re.fullmatch(numbers_pattern(12), reply)
    read_numbers(reply, 12)


def test_the_numbers_pattern_ends() -> None:
    assert re.fullmatch(numbers_pattern(3), "1, 2, 3")
    assert re.fullmatch(numbers_pattern(3), "1, 2, 3, 1") is None


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


def test_nor_does_one_about_numbers() -> None:
    with pytest.raises(AnswerError) as error:
        read_numbers("2, CANARY of a report", 3)
    assert "CANARY" not in str(error.value)
