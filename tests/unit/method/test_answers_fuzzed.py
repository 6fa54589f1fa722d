"""A reply of any text is one of the answers asked for, or AnswerError without a word of it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzzing import examples
from leavs.engines.engine import Pattern, Reply
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
from leavs.method.reply_form import list_of_numbers, list_of_quotes, one_of, several_of

few = examples(200)
PIECES = [
    *("answer", "Answer:", " is", "(A)", "(B)", "A", "b", "(Z)", "not", "no", " ", "\n", "\t", "."),
    *("*", '"', '""', ": ", "informative", "not informative", "none", "None.", "and", ",", "zebra"),
    *("1", "[2]", "(3)", "0", "12", "-", "–", ", ", "[", "]", "٢"),
    *("**", "`", "```", "_", "~~", "\\boxed{", "}", "$", "”", "’", "The answer is ", "B) ", "B. "),
    *("it is so", "denied", "affirmed", "Here they are:", "<think>", "</think>", "A - ", "[THINK]"),
    *("{", '{"answer": ', '"A"', "[", '{"quote": "', '", "informative": true}', "NaN", "1e9"),
    *("1. ", "- ", "\0", "\ud800", "\u2028", "Ａ", "ı", "ſ", "“", "=>", "\r\n", "Yes", "No"),
]
replies = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=10).map("".join), st.text(st.characters())
)


@few
@given(replies, st.booleans())
def test_any_reply(reply: str, cut: bool) -> None:
    try:
        assert read_choice(reply, ("A", "B")) in ("A", "B")
    except AnswerError as error:
        assert_silent(error)
    try:
        assert read_choice(reply, ("Yes", "No")) in ("Yes", "No")
    except AnswerError as error:
        assert_silent(error)
    try:
        assert set(read_letters(reply, "AB")) <= {"A", "B"}
    except AnswerError as error:
        assert_silent(error)
    try:
        assert set(read_numbers(reply, 12)) <= set(range(1, 13))
    except AnswerError as error:
        assert_silent(error)
    try:
        quotes = read_quotes(reply, cut)
    except AnswerError as error:
        assert_silent(error)
    else:
        assert all(quote.text in reply for quote in quotes)


FORMS = (
    one_of("AB", {"A": "denied", "B": "affirmed"}),
    one_of(("Yes", "No")),
    several_of(("normal", "it is so")),
    list_of_numbers(12),
    list_of_quotes(100),
)


@few
@given(replies, st.booleans(), st.booleans())
def test_any_reply_in_any_form(text: str, cut: bool, as_json: bool) -> None:
    for form in FORMS:
        try:
            form.read(Reply(text, cut=cut, as_json=as_json))
        except AnswerError as error:
            assert_silent(error)
        else:
            assert not cut or isinstance(form.constraint, Pattern)


DECORATIONS = [
    r"{}",
    r"({})",
    r"{})",
    r"{}.",
    r"**{}**",
    r"`{}`",
    r'"{}"',
    r"“{}”",
    r"[{}]",
    r"\boxed{{{}}}",
    r"**({})**",
    r"*“{}.”*",
]
wrapped = st.sampled_from(DECORATIONS)
led = st.sampled_from(["{}", "```\n{}\n```", "Answer: {}", "**Answer:** {}", "The answer is {}"])


@few
@given(st.sampled_from("ABCD"), wrapped, led)
def test_a_letter_in_any_decoration_is_read(letter: str, inner: str, outer: str) -> None:
    assert read_choice(outer.format(inner.format(letter)), "ABCD") == letter


# Words that reverse, doubt or compare; whatever stands around them, the letter is no answer.
AGAINST = "not no never wrong unlikely excluded isn't cannot perhaps first but incorrect or"
against = st.sampled_from(AGAINST.split())
neutral = st.lists(
    st.sampled_from(["it", "is", "so", "the", "text", "of", "cyst", "seen", "by"]), max_size=3
)
labels = st.sampled_from(["(A) ", "A) ", "A. ", "**A)** "])


@few
@given(labels, neutral, against)
def test_a_letter_with_a_word_against_it_is_no_answer(
    label: str, words: list[str], no: str
) -> None:
    for at in range(len(words) + 1):
        with pytest.raises(AnswerError):
            read_choice(label + " ".join([*words[:at], no, *words[at:]]), "ABCD")


@few
@given(st.lists(st.sampled_from("ABCDEFGHIJK"), unique=True))
def test_a_list_of_any_letters_is_read_as_written(picked: list[str]) -> None:
    reply = ", ".join(f"({letter})" for letter in picked) or "none"
    assert re.fullmatch(letters_pattern(LETTERS[:11]), reply)
    assert read_letters(reply, LETTERS[:11]) == tuple(sorted(picked))


def assert_silent(error: AnswerError) -> None:
    assert str(error).isprintable()
    assert "zebra" not in str(error)


quoted = st.text(st.characters(exclude_characters='\n"“”'), min_size=1).filter(
    lambda text: text == text.strip()
)


@few
@given(st.lists(st.tuples(quoted, st.booleans()), max_size=6))
def test_a_list_of_any_quotes_is_read_as_written(pairs: list[tuple[str, bool]]) -> None:
    reply = "\n".join(f'"{text}": {"" if yes else "not "}informative' for text, yes in pairs)
    assert read_quotes(reply or "none") == tuple(Quote(text, yes) for text, yes in pairs)
    assert re.fullmatch(QUOTES_PATTERN, reply or "none")


ranges = st.tuples(st.integers(1, 150), st.integers(0, 20)).map(
    lambda pair: (pair[0], min(150, sum(pair)))
)


@few
@given(st.lists(ranges, max_size=20), st.sampled_from(["{}", "[{}]", "({})"]))
def test_a_list_of_any_numbers_is_read_as_written(pairs: list[tuple[int, int]], form: str) -> None:
    items = [
        form.format(first) + (f"-{form.format(last)}" if last > first else "")
        for first, last in pairs
    ]
    reply = ", ".join(items) or "none"
    named = {one for first, last in pairs for one in range(first, last + 1)}
    assert read_numbers(reply, 150) == tuple(sorted(named))
    assert bool(re.fullmatch(numbers_pattern(150), reply)) is (form == "{}" or not pairs)


@pytest.mark.parametrize(
    "reply",
    [
        '"' * 200_000 + " x",
        '"a"' + " " * 200_000 + "x",
        '"a" : informative' * 20_000 + "x",
        "answer" + " " * 200_000 + "!",
        "answer is " * 50_000 + "!",
        "(A)" + ".*" * 100_000 + "x",
        "not " * 100_000 + "(A)",
        ", and" * 100_000,
        "1" * 200_000,
        "1" + " " * 200_000 + "x",
        "1" + " -" * 100_000,
        "1" + " and" * 50_000 + "x",
        "1, " * 50_000 + "x",
        "1-2 " * 50_000 + "-",
        "[" * 200_000,
        "*" * 200_000 + "x",
        "x" + "`" * 200_000 + "x",
        "**" + " ** " * 50_000 + "C*C",
        "\\(" * 100_000 + "x",
        "\\boxed{" * 30_000,
        "<think>" * 30_000,
        "> " * 100_000 + "x",
        "# - " * 50_000 + "x",
        "\n" * 200_000 + "x",
        "B)\n" * 70_000,
        "B) x\n" * 50_000,
        "B) " + "x " * 100_000,
        "B) " + "x" * 200_000,
        "B) " + "n" * 200_000 + "'",
        "Answer:\n" * 25_000,
        "\n".join(["the answer"] * 20_000),
        "the " * 50_000 + "answer is",
        "final " * 40_000 + "answer",
        "**Answer" + "*" * 200_000 + "x",
        "x\n" * 100_000 + "Answer: x",
        "n't " * 50_000 + "\nAnswer: x",
        "a" * 200_000 + ":\nx",
        "a " * 80 + ":\n" + "x" * 200_000,
        "“" * 200_000,
        '"a"' + ": *" * 70_000 + "x",
        '"a" "' * 40_000,
        '"a"' + " " * 100_000 + '"' + " " * 100_000 + "x",
        "(A) (" * 40_000,
        "A" + " " * 200_000 + "- x",
        "A - " * 50_000 + "x",
        ") it is so" * 20_000 + "x",
        ")" + " " * 200_000 + "it",
    ],
    ids=lambda reply: reply[:12],
)
def test_a_long_reply_takes_time_in_proportion(reply: str) -> None:
    for form in FORMS:
        with pytest.raises(AnswerError):
            form.read(Reply(reply))


@pytest.mark.parametrize(
    "reply",
    [
        "{" * 200_000,
        "[" * 200_000,
        " " * 200_000 + "x",
        "```" + " " * 200_000 + "x",
        '{"answer": ' + " " * 200_000 + "x",
        '{"answer": [' + "[" * 200_000,
        '{"answer": [' + '{"quote": "", "informative": true}, ' * 10_000 + "x",
        '{"answer": [{"quote": "", "informative": true}' + " " * 200_000 + "x",
        '{"answer": [' + "9" * 200_000,
        '{"answer": "' + "\\" * 200_001,
    ],
    ids=lambda reply: reply[:12],
)
@pytest.mark.parametrize("cut", [False, True])
def test_long_json_takes_time_in_proportion(reply: str, cut: bool) -> None:
    for form in FORMS:
        with pytest.raises(AnswerError):
            form.read(Reply(reply, cut=cut, as_json=True))
