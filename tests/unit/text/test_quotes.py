"""Which sentences a quote stands for, and which quotes are refused."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzzing import examples
from leavs.text import match_quote, split_sentences
from split_texts import ODD, WORDS, texts

REPORT = """FINDINGS:
The liver is normal in size. No focal lesion in the liver. There is a 3 cm cyst in the left kidney.
There is a 3 cm cyst in the right kidney, which is not enlarged. The spleen is enlarged.
A hypodense area is seen in the pancreas. No enlarged lymph nodes, and the aorta is calcified.
LIVER: Normal.
SPLEEN:
Normal. No infarct is seen here.
Stomach: Unremarkable. Filled with contrast.
IMPRESSION:
1. Cyst of the left kidney.
2. The spleen is enlarged.
"""


# A quote, and the beginnings of the sentences that it stands for.
QUOTES: list[tuple[str, list[str]]] = [
    ("The liver is normal in size.", ["The liver is normal"]),
    ("the  LIVER is\nnormal in size", ["The liver is normal"]),
    ("“The liver is normal in size.”", ["The liver is normal"]),
    ("- The liver is normal in size", ["The liver is normal"]),
    ("The liver is normal in size", ["The liver is normal"]),
    ("The liver are normal in sise.", ["The liver is normal"]),
    ("FINDINGS: The liver is normal in size.", ["The liver is normal"]),
    ("No focal lesion in the liver", ["No focal lesion"]),
    ("No focal lesions in liver.", ["No focal lesion"]),
    ("There is a 3 cm cyst in the left kidney.", ["There is a 3 cm cyst in the left"]),
    ("There is a 3cm cyst in left kidney.", ["There is a 3 cm cyst in the left"]),
    ("A hypodense area is noted in the pancreas.", ["A hypodense"]),
    ("The spleen is enlarged.", ["The spleen is", "2. The spleen"]),
    ("2. The spleen is enlarged.", ["The spleen is", "2. The spleen"]),
    ("Cyst of the left kidney", ["1. Cyst"]),
    # With a heading, and without a label.
    ("LIVER: Normal.", ["LIVER: Normal."]),
    ("SPLEEN: Normal.", ["Normal."]),
    ("Spleen: No infarct is seen here", ["No infarct"]),
    ("Stomach: Filled with contrast.", ["Filled with"]),
    ("Unremarkable.", ["Stomach: Unremarkable."]),
    # Several at once.
    (
        "The liver is normal in size. No focal lesion in the liver.",
        ["The liver is normal", "No focal lesion"],
    ),
    ("SPLEEN: Normal. No infarct is seen here.", ["Normal.", "No infarct"]),
    ("1. Cyst of the left kidney. 2. The spleen is enlarged.", ["1. Cyst", "2. The spleen"]),
    # A part.
    ("3 cm cyst in the right kidney", ["There is a 3 cm cyst in the right"]),
    ("the aorta is calcified", ["No enlarged lymph"]),
    ("hypodense area is seen", ["A hypodense"]),
    # Refused: what differs matters.
    ("Focal lesion in the liver", []),
    ("The liver is not normal in size.", []),
    ("The liver is abnormal in size.", []),
    ("There is an 8 cm cyst in the left kidney.", []),
    ("There is a 3 mm cyst in the left kidney.", []),
    ("There is no 3 cm cyst in the left kidney.", []),
    ("There is a 3 cm cyst in the kidney.", []),
    ("A hyperdense area is seen in the pancreas.", []),
    ("The kidney is normal in size.", []),
    ("The spleen isn't enlarged.", []),
    ("enlarged lymph nodes", []),
    ("The spleen and the liver are enlarged.", []),
    # Refused: it could be anything.
    ("Normal", []),
    ("normal.", []),
    ("the", []),
    ("the left kidney", []),
    ("There is a", []),
    ("FINDINGS:", []),
    ("IMPRESSION", []),
    ("", []),
    ("...", []),
    ("\ud800\x00", []),
    ("The uterus has a fibroid of the posterior wall.", []),
]


@pytest.mark.parametrize(("quote", "expected"), QUOTES)
def test_quotes(quote: str, expected: list[str]) -> None:
    matched = texts(match_quote(quote, split_sentences(REPORT)))
    assert len(matched) == len(expected), matched
    assert all(one.startswith(start) for one, start in zip(matched, expected, strict=True)), matched


SWAPS = [
    (
        "The left kidney has a cyst and the right is small",
        "The right kidney has a cyst and the left is small",
    ),
    (
        "The liver shows a cyst and no mass in any segment",
        "The liver shows no cyst and a mass in any segment",
    ),
    (
        "A small focus is seen in the lower part of the liver",
        "A small focus is seen in the lower part of the spleen",
    ),
    ("A stone is visible in the renal area today", "A stone is visible in the adrenal area today"),
    (
        "The wall of the gallbladder is clear all around",
        "The wall of the gallbladder is unclear all around",
    ),
    (
        "Density of the liver is increased in all segments",
        "Density of the liver is decreased in all segments",
    ),
    (
        "A lesion in segment IV of the liver is stable",
        "A lesion in segment VI of the liver is stable",
    ),
    ("A nodule of > 3 cm in the pancreas head", "A nodule of < 3 cm in the pancreas head"),
    ("The spleen is enlarged and cannot be judged", "The spleen is enlarged and can be judged"),
]


@pytest.mark.parametrize(("one", "other"), SWAPS)
def test_a_quote_with_another_meaning_is_refused(one: str, other: str) -> None:
    for quote, sentence in ((one, other), (other, one)):
        assert match_quote(quote, split_sentences(sentence + ".")) == ()
        assert texts(match_quote(quote, split_sentences(f"{sentence}. {quote}."))) == [f"{quote}."]


def test_repeated_sentences_are_all_found() -> None:
    text = "No ascites is seen. Normal liver. No ascites is seen."
    assert [one.start for one in match_quote("No ascites is seen.", split_sentences(text))] == [
        0,
        34,
    ]


@examples(200)
@given(st.one_of(ODD, WORDS), st.one_of(ODD, WORDS))
def test_any_quote_gives_sentences_in_order(quote: str, text: str) -> None:
    sentences = split_sentences(text)
    matched = match_quote(quote, sentences)
    assert [one for one in sentences if one in matched] == list(matched)
    assert not any(one.is_heading for one in matched)


def test_of_many_sentences_each_is_found_by_its_quote() -> None:
    rng = random.Random(1)
    names = ["liver", "spleen", "cyst", "stone", "kidney", "normal", "small", "enlarged", "wall"]
    report = " ".join(f"The {' '.join(rng.choices(names, k=9))}." for _ in range(200))
    sentences = split_sentences(report)
    assert all(one in match_quote(one.text, sentences) for one in sentences[:100])
