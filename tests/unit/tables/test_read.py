"""Tables of labels are read from a run, and from every shape in which they are written."""

from pathlib import Path

import pandas as pd
import pytest

from leavs.errors import InputError
from leavs.tables.read import read_labels
from places import AMOS

KEYS = "subjectid_studyid,organ,type_annotation"
LONG = f"{KEYS},normal,focal\na,liver,labels,0,1\na,liver,urgency,-1,2\nb,liver,labels,1,\n"
SHAPES = {
    "long": LONG + "b,liver,urgency,0,\n",
    "with a report column": (
        "subjectid_studyid,organ,report,type_annotation,normal,focal\n"
        "a,liver,x,labels,0,1\na,liver,x,urgency,-1,2\n"
        "b,liver,y,labels,1,\nb,liver,y,urgency,0,\n"
    ),
    "wide": (
        "subjectid_studyid,liver_normal,liver_normal_urgency,liver_focal,liver_focal_urgency\n"
        "a,0,-1,1,2\nb,1,0,,\n"
    ),
    "tidy": (
        "report_id,organ,finding_type,certainty,urgency\n"
        "a,liver,normal,0,-1\na,liver,focal,1,2\nb,liver,normal,1,0\n"
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_is_read_as_the_long_one(tmp_path: Path, shape: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(SHAPES[shape])
    labels = read_labels(path)
    expected = pd.DataFrame(
        {
            "subjectid_studyid": ["a", "a", "b", "b"],
            "organ": "liver",
            "type_annotation": ["labels", "urgency"] * 2,
            "normal": pd.array([0, -1, 1, 0], "Int64"),
            "focal": pd.array([1, 2, None, None], "Int64"),
        }
    )
    pd.testing.assert_frame_equal(labels, expected, check_dtype=False)


def test_parquet_is_read(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(SHAPES["long"])
    labels = read_labels(tmp_path / "x.csv")
    labels.to_parquet(tmp_path / "x.parquet")
    pd.testing.assert_frame_equal(read_labels(tmp_path / "x.parquet"), labels)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "does not exist"),
        ("", "is empty"),
        ("a,b\n1,2\n", "has no column 'subjectid_studyid'; is it a table of labels"),
        (f"{KEYS}\na,b,labels\n", "has no column for any finding type"),
        (f"{KEYS},normal\na,b,labels,x\n", "column 'normal' holds"),
        (f"{KEYS},n\na,b,labels,0.5\n", "column 'n' holds"),
        ("id,liver_focal,liver_focal_urgency\na,1,2\n", "has no column 'subjectid_studyid'"),
        ("subjectid_studyid,x_f,x_f_urgency\na,1,2\na,1,2\n", "two rows for the same report"),
        (SHAPES["tidy"] + "a,liver,focal,1,2\n", "two rows for the same report, organ and"),
    ],
)
def test_what_is_no_table_of_labels_is_refused(
    tmp_path: Path, content: str | None, complaint: str
) -> None:
    if content is not None:
        (tmp_path / "x.csv").write_text(content)
    with pytest.raises(InputError, match=complaint):
        read_labels(tmp_path / "x.csv")


def test_what_is_no_parquet_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_text("a,b")
    with pytest.raises(InputError, match="cannot be read as a Parquet file"):
        read_labels(tmp_path / "x.parquet")


@pytest.mark.parametrize("name", ["published_labels.csv", "published_test_labels.csv"])
def test_the_authors_files_are_read(amos: Path, name: str) -> None:
    labels = read_labels(AMOS / name)
    assert set(labels["type_annotation"]) >= {"labels", "urgency"}
    assert str(labels["normal"].dtype) == "Int64"
    assert labels["normal"].min() >= -3


def test_organs_may_have_a_low_line_in_their_names(tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    organs = ("right_kidney", "left_kidney", "right_lung", "left_lung")
    cells = [f"{organ}_{name}" for organ in organs for name in ("focal", "diffuse")]
    columns = [column for cell in cells for column in (cell, f"{cell}_urgency")]
    path.write_text(",".join(["subjectid_studyid", *columns]) + "\na" + ",0,-1" * len(cells) + "\n")
    assert set(read_labels(path)["organ"]) == set(organs)


@pytest.mark.parametrize("ends", [("", ","), (",", ",")])
def test_a_comma_at_the_end_of_lines_shifts_nothing(tmp_path: Path, ends: tuple[str, str]) -> None:
    path = tmp_path / "x.csv"
    head = "subjectid_studyid,organ,type_annotation,focal"
    path.write_text(f"{head}{ends[0]}\na,liver,labels,1{ends[1]}\na,liver,urgency,2{ends[1]}\n")
    if ends[0]:
        assert list(read_labels(path).columns) == head.split(",")
    else:
        with pytest.raises(InputError, match="more cells than its header"):
            read_labels(path)
