import csv
import random
import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzzing import examples
from leavs.domain import Sentence
from leavs.text import heading_lines, match_quote, split_sentences

# A report, and its sentences.
SPLITS: list[tuple[str, list[str]]] = [
    # Nothing, and nearly nothing.
    ("", []),
    (" \n\t ", []),
    ("Normal", ["Normal"]),
    ("  No ascites.  ", ["No ascites."]),
    # Plain sentences.
    ("The liver is normal. No ascites.", ["The liver is normal.", "No ascites."]),
    ("Gallbladder stone? Normal spleen!", ["Gallbladder stone?", "Normal spleen!"]),
    ("Cyst. Stable. Benign.", ["Cyst.", "Stable.", "Benign."]),
    ("Possible cyst. small stone in the kidney.", ["Possible cyst.", "small stone in the kidney."]),
    ("Fatty liver; small cyst; no stone.", ["Fatty liver; small cyst; no stone."]),
    ('Read as "normal." No change.', ['Read as "normal."', "No change."]),
    ("Normal (see above). No stone.", ["Normal (see above).", "No stone."]),
    ("No lesion .The spleen is normal.", ["No lesion .The spleen is normal."]),
    ("Size of 3.5. Normal.", ["Size of 3.5.", "Normal."]),
    # Decimals, measures, units.
    ("A 3.5 cm cyst. Stable.", ["A 3.5 cm cyst.", "Stable."]),
    ("It is 5.2 x 3.1 cm. in size.", ["It is 5.2 x 3.1 cm. in size."]),
    ("It is 5.2 x 3.1 cm. The spleen is fine.", ["It is 5.2 x 3.1 cm.", "The spleen is fine."]),
    ("It is 3cm. Spleen normal.", ["It is 3cm.", "Spleen normal."]),
    ("A cyst of 8 mm. and a stone.", ["A cyst of 8 mm. and a stone."]),
    ("Density of 10 HU. before contrast.", ["Density of 10 HU. before contrast."]),
    ("Density of 10 HU. No enhancement.", ["Density of 10 HU.", "No enhancement."]),
    ("A cyst (3 cm.) in the liver.", ["A cyst (3 cm.) in the liver."]),
    ("A cyst of 3 cm. (series 2, image 4).", ["A cyst of 3 cm. (series 2, image 4)."]),
    ("Nodes up to .8 cm. Normal.", ["Nodes up to .8 cm.", "Normal."]),
    ("A node of 51mm×41.6mm. No other.", ["A node of 51mm×41.6mm.", "No other."]),
    # Abbreviations, numbers of things, initials, times, ellipses.
    ("Nodes, e.g. portal ones.", ["Nodes, e.g. portal ones."]),
    ("One organ, i.e. the liver.", ["One organ, i.e. the liver."]),
    ("Told Dr. Smith. Done.", ["Told Dr. Smith.", "Done."]),
    ("Seen by J. Smith. Done.", ["Seen by J. Smith.", "Done."]),
    ("Read by A. B. Miller, M.D. at noon.", ["Read by A. B. Miller, M.D. at noon."]),
    ("It is approx. 3 cm long.", ["It is approx. 3 cm long."]),
    ("Cyst vs. Abscess.", ["Cyst vs. Abscess."]),
    ("Stone No. 4 is new.", ["Stone No. 4 is new."]),
    ("Ascites? No. The rest is normal.", ["Ascites?", "No.", "The rest is normal."]),
    ("See fig. 3 for it.", ["See fig. 3 for it."]),
    ("Cyst (series 4, image 52). Stable.", ["Cyst (series 4, image 52).", "Stable."]),
    ("Cyst, Se. 3 Im. 45, is stable.", ["Cyst, Se. 3 Im. 45, is stable."]),
    ("Cyst, se 3/im 45. Stable.", ["Cyst, se 3/im 45.", "Stable."]),
    ("Told at 3 p.m. by phone.", ["Told at 3 p.m. by phone."]),
    ("Told at 3 p.m. The end.", ["Told at 3 p.m.", "The end."]),
    ("Told at 10:30. The end.", ["Told at 10:30.", "The end."]),
    ("Stone... in the duct.", ["Stone... in the duct."]),
    ("Hepatitis B. The liver is small.", ["Hepatitis B.", "The liver is small."]),
    ("Cyst in segment 4. Spleen normal.", ["Cyst in segment 4.", "Spleen normal."]),
    ("? metastasis in the liver. Cyst ? stone.", ["? metastasis in the liver.", "Cyst ? stone."]),
    ("Cysts, stones, etc. Normal spleen.", ["Cysts, stones, etc.", "Normal spleen."]),
    # De-identified.
    ("Told Dr. ____ at 3 p.m. on ____.", ["Told Dr. ____ at 3 p.m. on ____."]),
    ("CT of [**2101-5-3**]. No change.", ["CT of [**2101-5-3**].", "No change."]),
    ("Compared to ____. Stable.", ["Compared to ____.", "Stable."]),
    ("Told Dr. [**Last Name**]. Done.", ["Told Dr. [**Last Name**].", "Done."]),
    # No space after the stop.
    ("Normal size.The spleen is fine.", ["Normal size.", "The spleen is fine."]),
    ("A stone of 20mm.No ascites.", ["A stone of 20mm.", "No ascites."]),
    ("Value of 10HU.The wall is thin.", ["Value of 10HU.", "The wall is thin."]),
    ("A drainage tube.A stone.", ["A drainage tube.", "A stone."]),
    ("Cyst (3 cm).The spleen is fine.", ["Cyst (3 cm).", "The spleen is fine."]),
    ("NORMAL.THE SPLEEN IS FINE.", ["NORMAL.", "THE SPLEEN IS FINE."]),
    ("Nodes, e.g.the portal ones.", ["Nodes, e.g.the portal ones."]),
    ("Stage T2.N1 at L1.5 by Dr.Smith.", ["Stage T2.N1 at L1.5 by Dr.Smith."]),
    ("肝脏正常。脾脏增大。", ["肝脏正常。", "脾脏增大。"]),
    ("Normal liver。Small spleen。", ["Normal liver。", "Small spleen。"]),
    # Lines, bullets, numbers.
    ("Liver normal\nSpleen normal", ["Liver normal", "Spleen normal"]),
    ("liver normal\nspleen normal", ["liver normal", "spleen normal"]),
    ("Normal.\r\n\r\nNo ascites.", ["Normal.", "No ascites."]),
    ("- Cyst\n- Stone", ["- Cyst", "- Stone"]),
    ("• Cyst • Stone", ["• Cyst", "• Stone"]),
    ("* Cyst.\n* Stone.", ["* Cyst.", "* Stone."]),
    ("1. Cyst.\n2. Stone.", ["1. Cyst.", "2. Stone."]),
    ("1. Cyst. 2. Stone. 3. Node.", ["1. Cyst.", "2. Stone.", "3. Node."]),
    ("1. Liver cyst 2. Splenomegaly", ["1. Liver cyst", "2. Splenomegaly"]),
    ("1.Liver cyst.2.Spleen normal.", ["1.Liver cyst.", "2.Spleen normal."]),
    ("1) Cyst of 3 cm\n2) Stone", ["1) Cyst of 3 cm", "2) Stone"]),
    ("1. Cyst in segment 2. Spleen normal.", ["1. Cyst in segment 2.", "Spleen normal."]),
    ("IMPRESSION: 1. Cyst. 2. Stone.", ["IMPRESSION: 1. Cyst.", "2. Stone."]),
    ("Findings\n-----\nNormal.", ["Findings", "-----", "Normal."]),
    ("Measures\n-5 HU", ["Measures\n-5 HU"]),
    # Hard-wrapped lines.
    (
        "The liver is normal and the\nspleen is, too.",
        ["The liver is normal and the\nspleen is, too."],
    ),
    ("Seen by Dr.\nSmith.", ["Seen by Dr.\nSmith."]),
    ("Lesion in segment\n4. Stable.", ["Lesion in segment\n4.", "Stable."]),
    ("It measures\n3 cm.\nStable.", ["It measures\n3 cm.", "Stable."]),
    (
        "The liver is smooth in outline and has no focal low-density lesion\n"
        "anywhere in either lobe. The spleen is of normal size.\nNo ascites.",
        [
            "The liver is smooth in outline and has no focal low-density lesion\n"
            "anywhere in either lobe.",
            "The spleen is of normal size.",
            "No ascites.",
        ],
    ),
    (
        "- A cyst is seen in the upper pole of the right kidney, which has\n  grown.\n- A stone.",
        [
            "- A cyst is seen in the upper pole of the right kidney, which has\n  grown.",
            "- A stone.",
        ],
    ),
    # Headings and labels.
    ("LIVER:\nNormal.", ["LIVER:", "Normal."]),
    ("Liver: Normal. No lesion.", ["Liver: Normal.", "No lesion."]),
    ("Liver: Normal. Spleen:\nLarge.", ["Liver: Normal.", "Spleen:", "Large."]),
    ("FINDINGS: Liver: Normal.", ["FINDINGS: Liver: Normal."]),
    ("**Findings:**\nNormal.", ["**Findings:**", "Normal."]),
    # Anything else.
    ("Leber normal. Übrige Organe frei.", ["Leber normal.", "Übrige Organe frei."]),
    ("الكبد طبيعي. الطحال طبيعي.", ["الكبد طبيعي.", "الطحال طبيعي."]),
    ("\ufeffNormal.\x00", ["\ufeffNormal.\x00"]),
    ("Cyst \ud800. Stone.", ["Cyst \ud800.", "Stone."]),
]

# A report, and for each of its sentences: heading, text; headings themselves have None.
HEADINGS: list[tuple[str, list[tuple[str | None, str]]]] = [
    ("Normal.", [("", "Normal.")]),
    ("LIVER:\nNormal. No cyst.", [(None, "LIVER:"), ("LIVER:", "Normal."), ("LIVER:", "No cyst.")]),
    ("FINDINGS\nNormal.", [(None, "FINDINGS"), ("FINDINGS:", "Normal.")]),
    ("## Lower chest\nClear.", [(None, "## Lower chest"), ("Lower chest:", "Clear.")]),
    ("Liver\nNormal\nSpleen\nLarge", [(None, "Liver"), ("Liver:", "Normal"), (None, "Spleen"),
                                      ("Spleen:", "Large")]),
    ("Kidneys and ureters:\n\nNo stone.\n\nNo cyst.", [
        (None, "Kidneys and ureters:"), ("Kidneys and ureters:", "No stone."),
        ("Kidneys and ureters:", "No cyst.")]),
    ("Liver: Normal. No cyst.\nNo mass.", [
        ("", "Liver: Normal."), ("Liver:", "No cyst."), ("Liver:", "No mass.")]),
    ("Liver: Normal. Spleen: Large. No cyst. Kidneys: A stone. No cyst.", [
        ("", "Liver: Normal."), ("", "Spleen: Large."), ("Spleen:", "No cyst."),
        ("", "Kidneys: A stone."), ("Kidneys:", "No cyst.")]),
    ("liver: normal. no cyst. spleen: large. no cyst.", [
        ("", "liver: normal."), ("liver:", "no cyst."), ("", "spleen: large."),
        ("spleen:", "no cyst.")]),
    ("FINDINGS: Liver: Normal. No cyst.\n\nNo ascites.", [
        ("", "FINDINGS: Liver: Normal."), ("Liver:", "No cyst."), ("FINDINGS:", "No ascites.")]),
    ("IMPRESSION: 1. A cyst.\n2. A stone.\n\n3. A node.", [
        ("", "IMPRESSION: 1. A cyst."), ("IMPRESSION:", "2. A stone."),
        ("IMPRESSION:", "3. A node.")]),
    ("FINDINGS:\nLiver: Normal.\n\nNo ascites.\nIMPRESSION:\nNormal.", [
        (None, "FINDINGS:"), ("", "Liver: Normal."), ("FINDINGS:", "No ascites."),
        (None, "IMPRESSION:"), ("IMPRESSION:", "Normal.")]),
    ("HISTORY: Pain. Fever.\n\nThe liver is normal.", [
        ("", "HISTORY: Pain."), ("HISTORY:", "Fever."), ("", "The liver is normal.")]),
    ("COMPARISON:\n\nNone.\n\nThe liver is normal.", [
        (None, "COMPARISON:"), ("COMPARISON:", "None."), ("", "The liver is normal.")]),
    ("COMPARISON: ____\n\nNormal.", [("", "COMPARISON: ____"), ("", "Normal.")]),
    ("There are two lesions:\n- 3 cm\n- 5 cm\n\nNo ascites.", [
        ("", "There are two lesions:"), ("There are two lesions:", "- 3 cm"),
        ("There are two lesions:", "- 5 cm"), ("", "No ascites.")]),
    # Notes without full stops: the label of one line says nothing of the next.
    ("GB: small stones\nR kid nl, no hydro", [
        ("", "GB: small stones"), ("", "R kid nl, no hydro")]),
    ("Liver: 2 cm cyst.\nSpleen normal. No mass.", [
        ("", "Liver: 2 cm cyst."), ("", "Spleen normal."), ("", "No mass.")]),
    ("Kidneys: Normal.\nKidneys show no stone.", [
        ("", "Kidneys: Normal."), ("Kidneys:", "Kidneys show no stone.")]),
    ("Liver: Normal.\nNo focal lesion.", [("", "Liver: Normal."), ("Liver:", "No focal lesion.")]),
    ("Liver: Metastases.\n- Segment 4.\n- Segment 8.", [
        ("", "Liver: Metastases."), ("Liver:", "- Segment 4."), ("Liver:", "- Segment 8.")]),
    ("• Liver: Normal. No cyst.\n• No ascites.", [
        ("", "• Liver: Normal."), ("Liver:", "No cyst."), ("", "• No ascites.")]),
    ("Gastrostomy tube: In place. No leak.", [
        ("", "Gastrostomy tube: In place."), ("Gastrostomy tube:", "No leak.")]),
    ("Liver: Many small foci: stable. No cyst.", [
        ("", "Liver: Many small foci: stable."), ("Liver:", "No cyst.")]),
    ("Multiple lesions: stable. No ascites.", [
        ("", "Multiple lesions: stable."), ("", "No ascites.")]),
    ("At 10:30: told. See http://x.org now.", [
        ("", "At 10:30: told."), ("", "See http://x.org now.")]),
    ("Large lymph nodes\nSmall bowel\nNormal.", [
        ("", "Large lymph nodes"), (None, "Small bowel"), ("Small bowel:", "Normal.")]),
    ("FINDINGS:\nLiver: Metastases.\n- Target 1: 3 cm. New.\n- Target 2: 5 cm.\n- A cyst.", [
        (None, "FINDINGS:"), ("", "Liver: Metastases."), ("Liver:", "- Target 1: 3 cm."),
        ("Target 1:", "New."), ("Liver:", "- Target 2: 5 cm."), ("Liver:", "- A cyst.")]),
    ("NO ASCITES\nNORMAL LIVER", [("", "NO ASCITES"), ("", "NORMAL LIVER")]),
    ("Foie : Normal. Rate : Normale.", [("", "Foie : Normal."), ("", "Rate : Normale.")]),
    ("肝脏：正常。无病变。", [("", "肝脏：正常。"), ("肝脏:", "无病变。")]),
]  # fmt: skip

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


def texts(sentences: tuple[Sentence, ...]) -> list[str]:
    return [sentence.text for sentence in sentences]


def assert_covers(text: str, sentences: tuple[Sentence, ...]) -> None:
    """Stripped slices in order, between which there is only white space."""
    at = 0
    for sentence in sentences:
        assert text[sentence.start : sentence.end] == sentence.text == sentence.text.strip() != ""
        assert not text[at : sentence.start].strip()
        at = sentence.end
    assert not text[at:].strip()


@pytest.mark.parametrize(("text", "expected"), SPLITS)
def test_splits(text: str, expected: list[str]) -> None:
    sentences = split_sentences(text)
    assert texts(sentences) == expected
    assert_covers(text, sentences)


@pytest.mark.parametrize(("text", "expected"), HEADINGS)
def test_headings(text: str, expected: list[tuple[str | None, str]]) -> None:
    found = [(None if one.is_heading else one.heading, one.text) for one in split_sentences(text)]
    assert found == expected


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


ODD = st.text(st.sampled_from('aAé1 .:;,\n\t-•*()"?!。：_\ud800\x00\u2028№Ⅷ\u200fא'))
WORDS = st.lists(
    st.sampled_from(["Liver:", "no", "cyst", "3.5", "cm.", "1.", "•", "\n", "\n\n", "The", "e.g.",
                     "IMPRESSION", "of", "(", ")", "size.The", "...", "____", "Dr."])
).map(" ".join)  # fmt: skip


@examples(300)
@given(st.one_of(st.text(st.characters()), ODD, WORDS))
def test_no_text_loses_a_character(text: str) -> None:
    assert_covers(text, split_sentences(text))


@examples(200)
@given(st.one_of(ODD, WORDS), st.one_of(ODD, WORDS))
def test_any_quote_gives_sentences_in_order(quote: str, text: str) -> None:
    sentences = split_sentences(text)
    matched = match_quote(quote, sentences)
    assert [one for one in sentences if one in matched] == list(matched)
    assert not any(one.is_heading for one in matched)


@pytest.mark.parametrize(
    "unit",
    ["a", "word ", ".", ". ", "a. ", "A.", "A:", "(", "•", "- a\n", "\n", "1. A 2. B ", '."'],
)
def test_a_huge_text_takes_linear_time(unit: str) -> None:
    text = unit * (50_000 // len(unit))
    start = time.process_time()
    assert_covers(text, split_sentences(text))
    assert time.process_time() - start < 10  # about one second; quadratic time would take minutes


def test_quotes_are_cheap() -> None:
    rng = random.Random(1)
    names = ["liver", "spleen", "cyst", "stone", "kidney", "normal", "small", "enlarged", "wall"]
    report = " ".join(f"The {' '.join(rng.choices(names, k=9))}." for _ in range(200))
    sentences = split_sentences(report)
    start = time.process_time()
    assert all(match_quote(one.text, sentences) for one in sentences[:100])
    assert time.process_time() - start < 10


def test_real_reports_lose_nothing(amos: Path) -> None:
    with (amos / "reports.csv").open(encoding="utf-8", newline="") as file:
        reports = [row["anonymized_report"] for row in csv.DictReader(file)]
    for report in reports:
        sentences = split_sentences(report)
        assert_covers(report, sentences)
        assert not any(re.search(r"[a-z]{3}\. [A-Z]", one.text) for one in sentences)
        for sentence in sentences[:3]:
            assert sentence in match_quote(sentence.text.lower(), sentences)


@pytest.mark.parametrize(
    ("text", "headings"),
    [
        ("FINDINGS:\nLiver: Normal.\n\nIMPRESSION\n1. Cyst.", ["FINDINGS:", "IMPRESSION"]),
        ("  Kidneys and ureters \r\nNormal.", ["Kidneys and ureters"]),
        ("No stones.\n-----\n\n", []),
        ("", []),
    ],
)
def test_heading_lines_are_those_that_say_nothing_else(text: str, headings: list[str]) -> None:
    assert [text[start:end] for start, end in heading_lines(text)] == headings


@given(st.one_of(ODD, WORDS))
def test_heading_lines_hold_text_without_the_space_around_it(text: str) -> None:
    for start, end in heading_lines(text):
        assert text[start:end] == text[start:end].strip() != ""
