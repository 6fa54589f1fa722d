"""Where one sentence ends and the next begins."""

import csv
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzzing import examples
from leavs.text import match_quote, split_sentences
from split_texts import ODD, WORDS, assert_covers, texts

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


@pytest.mark.parametrize(("text", "expected"), SPLITS)
def test_splits(text: str, expected: list[str]) -> None:
    sentences = split_sentences(text)
    assert texts(sentences) == expected
    assert_covers(text, sentences)


@examples(300)
@given(st.one_of(st.text(st.characters()), ODD, WORDS))
def test_no_text_loses_a_character(text: str) -> None:
    assert_covers(text, split_sentences(text))


@pytest.mark.parametrize(
    "unit",
    ["a", "word ", ".", ". ", "a. ", "A.", "A:", "(", "•", "- a\n", "\n", "1. A 2. B ", '."'],
)
def test_a_huge_text_loses_nothing(unit: str) -> None:
    text = unit * (50_000 // len(unit))  # about a second each; quadratic time would take minutes
    assert_covers(text, split_sentences(text))


def test_real_reports_lose_nothing(amos: Path) -> None:
    with (amos / "reports.csv").open(encoding="utf-8", newline="") as file:
        reports = [row["anonymized_report"] for row in csv.DictReader(file)]
    for report in reports:
        sentences = split_sentences(report)
        assert_covers(report, sentences)
        assert not any(re.search(r"[a-z]{3}\. [A-Z]", one.text) for one in sentences)
        for sentence in sentences[:3]:
            assert sentence in match_quote(sentence.text.lower(), sentences)
