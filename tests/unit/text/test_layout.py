"""Which line ends end a sentence: told by the report's own layout."""

import pytest

from leavs.text import overlong_sentence, split_sentences
from split_texts import assert_covers, texts

# Lines of a report; those in one inner list are one sentence.
LAYOUTS: dict[str, list[list[str]]] = {
    "lower case goes on where sentences begin with capitals": [
        ["The liver is normal.", "There is no", "hydronephrosis."][:1],
        ["There is no", "hydronephrosis."],
        ["No stone."],
    ],
    "a narrow column": [
        ["The liver is smooth in", "outline and has no focal", "lesion."],
        ["The spleen is of normal", "size."],
        ["Crohn disease of the", "terminal ileum, with", "Meckel diverticulum."],
    ],
    "notes in lower case": [
        ["liver normal"], ["spleen normal"], ["kidneys normal"], ["no ascites"],
    ],
    "notes in lower case, long": [
        ["gb: multiple small stones, no wall thickening"],
        ["pancreas normal"],
        ["mild motion through the mid abdomen"],
        ["no free air"],
    ],
    "notes without stops": [
        ["Mild atrophy of the left kidney"], ["Small hiatal hernia"], ["No ascites"],
    ],
    "capitals, wrapped": [
        ["THE LIVER IS NORMAL IN SIZE, WITHOUT FOCAL LESION AND WITH NO"[:56], "LESION."][:1],
        ["THERE IS NO HYDRONEPHROSIS OF THE RIGHT KIDNEY AND THE"],
    ][:0] or [
        ["THE LIVER IS OF NORMAL SIZE AND CONTOUR, AND NO FOCAL", "HEPATIC LESION IS SEEN."],
        ["THE SPLEEN MEASURES 11 CM, WITHOUT SPLENIC INFARCT OR", "LESION."],
        ["THE PANCREAS IS NORMAL."],
    ],
    "a list in lower case": [
        ["There are three lesions:"], ["segment 4, 3 cm"], ["segment 8, 5 cm"], ["caudate, 1 cm"],
    ],
    "items, wrapped": [
        ["- A cyst is seen in the upper pole of the right kidney,", "  unchanged."],
        ["- No stone."],
    ],
    "outline numbers": [
        ["1. Liver normal"], ["2. Spleen enlarged"], ["2.1 No infarct"], ["3. No ascites"],
    ],
    "a number that only looks like an item": [
        ["The lesion lies in segment", "4. No other lesion is seen."],
    ][:0] or [["The lesion lies in segment", "4."], ["Stable."]],
    "a dash that is no item": [["A nodule of the left lobe -", "probably a cyst."], ["Stable."]],
    "an open bracket": [["A cyst of the liver (series 2,", "image 41)."], ["Stable."]],
    "rows of a table": [
        ["Organ         Finding"], ["liver         2 cm cyst"], ["spleen        normal"],
    ],
    "a cell of two lines": [
        ["Liver         There is no focal", "              lesion."],
        ["Spleen        Normal."],
    ],
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(layout: str) -> None:
    expected = ["\n".join(lines) for lines in LAYOUTS[layout]]
    report = "\n".join(expected)
    sentences = split_sentences(report)
    assert_covers(report, sentences)
    assert [one.strip() for one in texts(sentences)] == expected


@pytest.mark.parametrize(
    ("report", "expected"),
    [
        ("The liver is normal. There is no\n\nhydronephrosis.", "There is no hydronephrosis."),
        ("A. There is no\n\nCrohn disease.", "There is no Crohn disease."),
        ("Liver normal.\n\nThe left kidney is\n\n\nabsent.", "The left kidney is absent."),
        ("There is no\\.br\\hydronephrosis.", "There is no hydronephrosis."),
        ("There is no<br>hydronephrosis.<br>A.", "There is no hydronephrosis."),
    ],
)
def test_an_unfinished_line_goes_on(report: str, expected: str) -> None:
    assert expected in [one.in_context for one in split_sentences(report)]


def test_offsets_are_those_of_the_report_and_an_escape_becomes_a_line_break() -> None:
    report = "Normal.\\.br\\There is no\\.br\\hydronephrosis.\\.br\\"
    first, second = split_sentences(report)
    assert report[first.start : first.end] == first.text == "Normal."
    assert report[second.start : second.end] == "There is no\\.br\\hydronephrosis."
    assert second.text == "There is no\nhydronephrosis."


@pytest.mark.parametrize(
    ("text", "is_overlong"),
    [
        ("", False),
        ("No acute abnormality.", False),
        ("word " * 24, False),  # 119 characters
        ("word " * 30, True),
        ("word " * 30 + ". " + "Short one. " * 20, False),
        ("word " * 119 + ". " + "Short one. " * 99, False),  # 594
        ("word " * 121 + ". " + "Short one. " * 99, True),
    ],
)
def test_overlong_sentences(text: str, is_overlong: bool) -> None:
    assert (overlong_sentence(text, split_sentences(text)) is not None) == is_overlong
