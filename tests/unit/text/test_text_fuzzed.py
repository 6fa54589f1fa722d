"""Sentences, headings and quotes hold for any text, in time in proportion to its length."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzzing import examples
from leavs.domain import Sentence
from leavs.text import heading_lines, match_quote, match_quotes, split_sentences
from split_texts import assert_covers

few = examples(150)

WORDS = [
    *(
        "Liver:",
        "IMPRESSION",
        "Findings",
        "no",
        "cyst",
        "3.5 cm.",
        "1.",
        "a)",
        "•",
        "-",
        "The",
        "is",
    ),
    *(
        "e.g.",
        "Dr.",
        "size.The",
        "...",
        "____",
        "(",
        ")",
        '"',
        ":",
        ";",
        "；",
        "。",
        "：",
        "Ⅷ",
        "№",
    ),
    *(
        "\n",
        "\n\n",
        "\r\n",
        "\r",
        "\t",
        "\x0b",
        "\x0c",
        "\x1c",
        "\x85",
        "\u2028",
        "\u00a0",
        "\u200b",
    ),
    *(
        "\0",
        "\ud800",
        "\udc80",
        "\ufeff",
        "\u202e",
        "e\u0301",
        "\u0301\u0316",
        "肝脏",
        "الكبد",
        "🫀",
    ),
    *("large mass in segment 4", "the right kidney is normal", "normal", "x" * 50, " " * 50),
]
texts = st.one_of(
    st.lists(st.sampled_from(WORDS), max_size=30).map(" ".join),
    st.lists(st.sampled_from(WORDS), max_size=30).map("".join),
    st.text(st.characters()),
)


def said(sentences: tuple[Sentence, ...]) -> list[Sentence]:
    return [sentence for sentence in sentences if not sentence.is_heading]


@few
@given(texts)
def test_sentences_are_slices_in_order_with_all_that_is_no_space(text: str) -> None:
    sentences = split_sentences(text)
    assert_covers(text, sentences)
    for one in sentences:
        assert not (one.is_heading and one.heading)
        assert "\n" not in one.in_context


@few
@given(texts)
def test_heading_lines_are_slices_in_order_without_space_around(text: str) -> None:
    at = 0
    for start, end in heading_lines(text):
        assert at <= start < end
        assert text[start:end] == text[start:end].strip()
        at = end


@few
@given(st.lists(texts, max_size=4), texts)
def test_quotes_give_sentences_of_the_report_each_once_and_one_at_a_time(
    quotes: list[str], text: str
) -> None:
    sentences = split_sentences(text)
    quotes += [one.text for one in sentences[:3]]
    found = match_quotes(quotes, sentences)
    assert found == [match_quote(quote, sentences) for quote in quotes]
    for matched in found:
        assert [one for one in said(sentences) if one in matched] == list(matched)


@few
@given(texts)
def test_a_sentence_that_stands_alone_is_found(text: str) -> None:
    for one in said(split_sentences(text)):
        alone = split_sentences(one.text)
        has_words = re.search(r"[^\W\d_]{2}", one.text)  # "1. ..." says nothing
        if has_words and len(said(alone)) == len(alone) == 1:
            assert match_quote(one.text, alone) == alone


OTHER = "qwx zzkj vvbq jjxz kkqw xxzv wwqj"


@few
@given(st.lists(st.sampled_from([word for word in WORDS if word.isascii()]), max_size=30))
def test_a_quote_that_resembles_nothing_gives_nothing(words: list[str]) -> None:
    assert match_quote(OTHER, split_sentences(" ".join(words))) == ()
    assert match_quote(" ".join(words), split_sentences(f"{OTHER}.")) == ()


# Each of these took time with the square of its length, or worse, or would: at this size, minutes.

SENTENCES = "".join(f"Cyst number {n} is seen in the left kidney.\n" for n in range(6_000))


@pytest.mark.parametrize(
    ("text", "quotes"),
    [
        ("word " * 400_000, ["word " * 200_000 + "z"]),
        ("x" * 2_000_000, ["x" * 1_900_000, "y"]),
        ("A.\n" * 6_000, ["A. " * 3_000 + "x", "A. " * 9_000, "A. " * 500 + "x"]),
        ("Normal spleen is seen.\n" * 10_000, ["Normal spleen is seen"]),
        (SENTENCES, ["Cyst number 5 is seen in the left kidney", "No stone of any size is there"]),
        (SENTENCES, [SENTENCES]),
        ("liver " * 100_000 + ":\n" + "Normal.\n\nCyst\n" * 4_000, ["Cyst."]),
        ("a" + "\u0301\u0316" * 300_000, ["a" + "\u0316\u0301" * 300_000]),
        ("1. A 2. B " * 5_000, ["1. A 2. B 3. A"]),
        ("A" + "." * 500_000 + ' B."' + '"' * 500_000 + " C", ["." * 500_000]),
        ("Liver: " * 50_000, ["Liver: " * 50_000]),
    ],
    ids=lambda value: "" if isinstance(value, list) else value[:12],
)
def test_any_length_takes_time_in_proportion(text: str, quotes: list[str]) -> None:
    sentences = split_sentences(text)
    heading_lines(text)
    for matched in match_quotes(quotes, sentences):
        assert all(text[one.start : one.end] == one.text for one in matched)
    assert sum(len(one.heading) for one in sentences) <= 400 * len(sentences)


# What was wrong once.


@pytest.mark.parametrize("gap", [" ", " " * 91, " " * 300, "-" * 120, " " * 45 + "-" * 60])
def test_text_far_behind_a_heading_is_not_part_of_it(gap: str) -> None:
    text = f"Findings{gap}Large hepatic mass in segment 4"
    (one,) = split_sentences(text)
    assert not one.is_heading, "it would be kept from the model, and never be evidence"
    assert heading_lines(text) == []
    assert heading_lines(f"Findings{' ' * 300}\nLarge mass") == [(0, 8)]


def test_a_lead_in_of_any_length_is_not_put_before_every_sentence() -> None:
    short = split_sentences("There are two lesions:\n- A cyst.\n- A stone.")
    assert [one.heading for one in short[1:]] == ["There are two lesions:"] * 2
    long = split_sentences(f"There are {'many ' * 100}lesions:\n- A cyst.\n- A stone.")
    assert [one.heading for one in long] == [""] * 3


def test_a_long_quote_is_found_word_for_word() -> None:
    sentence = "The liver is " + "very " * 600 + "large."
    sentences = split_sentences(f"No ascites. {sentence} Normal spleen.")
    assert match_quote(sentence.upper(), sentences) == (sentences[1],)
    assert match_quote(sentence.replace("liver", "livre"), sentences) == ()


def test_consecutive_sentences_are_found_up_to_a_number() -> None:
    names = [f"Cyst number {n} is small." for n in range(60)]
    sentences = split_sentences(" ".join(names))
    assert match_quote(" ".join(names[5:45]), sentences) == sentences[5:45]
    assert match_quote(" ".join(names[5:46]), sentences) == ()
