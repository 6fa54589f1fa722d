"""A reply of any text is one of the answers asked for, or AnswerError without a word of it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzzing import examples
from leavs.errors import AnswerError
from leavs.method.answers import (
    QUOTES_PATTERN,
    Quote,
    numbers_pattern,
    read_choice,
    read_letters,
    read_numbers,
    read_quotes,
)

few = examples(200)
PIECES = [
    *("answer", "Answer:", " is", "(A)", "(B)", "A", "b", "(Z)", "not", "no", " ", "\n", "\t", "."),
    *("*", '"', '""', ": ", "informative", "not informative", "none", "None.", "and", ",", "zebra"),
    *("1", "[2]", "(3)", "0", "12", "-", "–", ", ", "[", "]", "٢"),
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


def assert_silent(error: AnswerError) -> None:
    assert str(error).isprintable()
    assert "zebra" not in str(error)


# A quotation mark inside a quote is the reader's to take, though the engine's pattern has none.
quoted = st.text(st.characters(exclude_characters="\n"), min_size=1).filter(
    lambda text: text == text.strip() and not re.search(r'"\s*[:\-–—=>]*\s*(not )?inf', text)
)


@few
@given(st.lists(st.tuples(quoted, st.booleans()), max_size=6))
def test_a_list_of_any_quotes_is_read_as_written(pairs: list[tuple[str, bool]]) -> None:
    reply = "\n".join(f'"{text}": {"" if yes else "not "}informative' for text, yes in pairs)
    assert read_quotes(reply or "none") == tuple(Quote(text, yes) for text, yes in pairs)
    if all('"' not in text for text, _ in pairs):
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
    ],
    ids=lambda reply: reply[:12],
)
def test_a_long_reply_takes_time_in_proportion(reply: str) -> None:
    for read in (
        read_quotes,
        lambda text: read_letters(text, "AB"),
        lambda text: read_numbers(text, 12),
    ):
        with pytest.raises(AnswerError):
            read(reply)
    with pytest.raises(AnswerError):
        read_choice(reply, ("B", "C"))
