"""Which lines are headings, and which heading each sentence stands under."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leavs.text import heading_lines, split_sentences
from split_texts import ODD, WORDS

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
    # What may be a finding is evidence, though it looks like a heading.
    ("IMPRESSION:\n1. Left pelvic kidney\n2. Hepatic steatosis", [
        (None, "IMPRESSION:"), ("IMPRESSION:", "1. Left pelvic kidney"),
        ("IMPRESSION:", "2. Hepatic steatosis")]),
    ("Gallbladder:\nSoft tissue in the gallbladder bed\nSpleen: Normal.", [
        (None, "Gallbladder:"), ("Gallbladder:", "Soft tissue in the gallbladder bed"),
        ("", "Spleen: Normal.")]),
    ("Left pelvic kidney\nNo hydronephrosis.", [
        ("", "Left pelvic kidney"), ("Left pelvic kidney:", "No hydronephrosis.")]),
    ("SPLENOMEGALY:\nNo infarct.", [("", "SPLENOMEGALY:"), ("SPLENOMEGALY:", "No infarct.")]),
    ("Oral contrast in the stomach\nNo leak.", [
        ("", "Oral contrast in the stomach"), ("Oral contrast in the stomach:", "No leak.")]),
    ("Removed organs:\nSpleen\nGallbladder", [
        ("", "Removed organs:"), ("Removed organs:", "Spleen"),
        ("Removed organs:", "Gallbladder")]),
    ("- Spleen\n- Gallbladder", [("", "- Spleen"), ("", "- Gallbladder")]),
    ("Left kidney\nSpleen: Normal.", [("", "Left kidney"), ("", "Spleen: Normal.")]),
    ("Normal.\nSpleen", [("", "Normal."), ("", "Spleen")]),
    ("Liver 14 cm\nNormal.", [("", "Liver 14 cm"), ("", "Normal.")]),
    # Titles that may be findings are shown with the lines below them, and only there.
    ("LIVER\nNormal.\n\nPortal hypertension\n- Splenomegaly.\n- Ascites.\n\nNo mass.", [
        (None, "LIVER"), ("LIVER:", "Normal."), ("LIVER:", "Portal hypertension"),
        ("Portal hypertension:", "- Splenomegaly."), ("Portal hypertension:", "- Ascites."),
        ("LIVER:", "No mass.")]),
    ("Mild splenomegaly\nNo ascites.", [("", "Mild splenomegaly"), ("", "No ascites.")]),
    # A label that a line end cut.
    ("The liver is of normal size. Right\nkidney: a stone of 3 mm. The bowel\nis normal.", [
        ("", "The liver is of normal size."), ("", "Right\nkidney: a stone of 3 mm."),
        ("Right kidney:", "The bowel\nis normal.")]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), HEADINGS)
def test_headings(text: str, expected: list[tuple[str | None, str]]) -> None:
    found = [(None if one.is_heading else one.heading, one.text) for one in split_sentences(text)]
    assert found == expected


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
