"""Reports of AMOS-MM in every shape of its files."""

from pathlib import Path
from typing import Any

import pytest

from report_inputs import amos_of, case, problems, texts

SECTIONS = {
    "findings": {
        "chest": "",
        "abdomen": "Liver normal.\nSpleen normal.",
        "pelvis": "Bladder full.",
    },
    "impression": {"chest": [], "abdomen": ["Gallstones.", "Cyst."], "pelvis": None},
}
SECTIONS_AS_TEXT = (
    "Findings:\n\nAbdomen:\nLiver normal.\nSpleen normal.\n\nPelvis:\nBladder full.\n\n"
    "Impression:\n\nAbdomen:\nGallstones.\nCyst."
)
SHAPES = [
    {"name": "AMOS", "training": [case("./imagesTr/amos_1.nii.gz", SECTIONS)]},
    {"validation": [case("./imagesVa/amos_1.nii.gz", SECTIONS)], "testing": [{"image": "t"}]},
    [case("amos_1.nii", SECTIONS)],
    [{"image": "imagesTr\\amos_1.nii.gz", "labels": SECTIONS}],
    [{"image": " amos_1.nii.gz ", "report": SECTIONS}],
    {"amos_1.nii.gz": SECTIONS},
    {"amos_1.nii.gz": {"report": SECTIONS}},
]


@pytest.mark.parametrize("data", SHAPES)
def test_amos_shapes(tmp_path: Path, data: Any) -> None:
    source = amos_of(tmp_path, data)
    assert texts(source) == {"amos_1": SECTIONS_AS_TEXT}
    assert source.count() == 1


def test_amos_keeps_the_order_of_the_file(tmp_path: Path) -> None:
    report = {"impression": "Last first.", "findings": [{"lower_abdomen": "One."}, "Two."]}
    (text,) = texts(amos_of(tmp_path, [case("a.nii.gz", report)])).values()
    assert text == "Impression:\nLast first.\n\nFindings:\n\nLower abdomen:\nOne.\n\nTwo."


def test_amos_cases_without_a_report(tmp_path: Path) -> None:
    good = case("good.nii.gz", "Normal.")
    bad = [
        {"image": "none.nii.gz"},
        case("number.nii.gz", {"findings": 5}),
        case("empty.nii.gz", {"findings": {"abdomen": " "}}),
        {"labels": {"report": "Whose?"}},
        "amos_0001",
    ]
    source = amos_of(tmp_path, {"training": [good, *bad], "testing": [{"image": "t.nii.gz"}]})
    assert texts(source) == {"good": "Normal."}
    assert [report_id for report_id, _ in problems(source)] == ["none", "number", "empty", "", ""]
    assert source.count() == 6
