"""What printing put between two pages: it ends no sentence, and swallows none."""

import pytest

from leavs.text import split_sentences

BEFORE = "The liver has no focal lesion. The spleen"
AFTER = "is enlarged. No ascites."
WHOLE = "The spleen is enlarged."

# Each stands between two halves of a sentence.
FURNITURE = [
    "\f",
    "\f\n\n\n",
    "Page 2 of 3",
    "page 2/3",
    "- 2 -",
    "2/3",
    "\n\nPage: 2\n\n",
    "Printed: 11/02/2026 10:15   Page 2 of 2",
    "\f\nPATIENT: ___      MRN: ___      Page 2 of 2\n",
    "Page 1 of 2\n\fST. ELSEWHERE HOSPITAL\nDepartment of Radiology\nMRN: 12345\n\n",
    "(Over)\n\n[**2101-5-3**] 10:12 AM\nCT ABDOMEN\nMRN: 1\n______________\n(Cont)",
    "Accession number: 17\n=====================\n",
    "DOB: ____   Exam date: ____\n",
]


@pytest.mark.parametrize("between", FURNITURE)
def test_a_sentence_goes_on_behind_page_furniture(between: str) -> None:
    report = f"{BEFORE}\n{between}\n{AFTER}"
    sentences = split_sentences(report)
    assert [one.in_context for one in sentences] == [
        "The liver has no focal lesion.",
        WHOLE,
        "No ascites.",
    ]
    spleen = sentences[1]
    assert report[spleen.start :].startswith("The spleen")
    assert report[: spleen.end].endswith("is enlarged.")


# Lines that may be findings are none, wherever they stand.
FINDINGS = [
    "SPLENOMEGALY",
    "Mild atrophy",
    "No focal lesion",
    "3 cm cyst in the left kidney",
    "Pancreas: Normal.",
    "GALLBLADDER SURGICALLY ABSENT",
]


@pytest.mark.parametrize("line", FINDINGS)
def test_no_finding_is_taken_for_page_furniture(line: str) -> None:
    report = f"{BEFORE} is normal\n{line}\nPage 2 of 3\n{line}\nno ascites."
    said = [one.text for one in split_sentences(report) if not one.is_heading]
    assert sum(line in one for one in said) == 2


def test_page_furniture_between_sentences_is_no_heading_of_them() -> None:
    report = "FINDINGS:\nLiver: Normal.\n\n\fPATIENT: ___ MRN: ___\n\nNo cyst.\nSpleen: Normal."
    found = {one.text: one.heading for one in split_sentences(report)}
    assert found["No cyst."] == "Liver:"
    assert found["PATIENT: ___ MRN: ___"] == ""


def test_the_first_lines_of_a_report_are_no_page_furniture() -> None:
    report = "CT ABDOMEN\nPatient: ___ MRN: ___\nHISTORY: Pain and\nfever.\n\nThe liver is normal."
    assert "HISTORY: Pain and\nfever." in [one.text for one in split_sentences(report)]
