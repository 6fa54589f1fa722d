"""Tables of labels are read from a run, and from every shape in which they are written."""

import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from leavs.errors import InputError, RunFolderError
from leavs.tables.read import read_labels
from places import AMOS
from workbook import Cell, write_workbook

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


HEADER = f"{KEYS},normal,focal"
ROWS = ["10001,liver,labels,0,1", "10001,liver,urgency,-1,2", "10002,liver,labels,1,0"]
PLAIN = "\r\n".join([HEADER, *ROWS, ""])
FLOATS = PLAIN.replace("10001,", "10001.0,").replace("10002,", "10002.0,")
AS_EXCEL_WRITES = {
    "semicolons": PLAIN.replace(",", ";").encode("utf-8-sig"),
    "a line sep=": b"sep=;\r\n" + PLAIN.replace(",", ";").encode(),
    "a line sep= and blank rows before the header": b"sep=,\r\n,,,\r\n\r\n" + PLAIN.encode(),
    "unicode text": PLAIN.replace(",", "\t").encode("utf-16"),
    "UTF-16 with commas": b"\xfe\xff" + PLAIN.encode("utf-16-be"),
    "blank rows": (PLAIN + ",,,,\r\n\r\n,,,,\r\n").encode(),
    "blank rows of other widths": (PLAIN + ",\r\n,,,,,,,,,\r\n").encode(),
    "blank rows in between": PLAIN.replace("\r\n10002", "\r\n,,,,\r\n10002").encode(),
    "a space behind a name": PLAIN.replace("organ,", "organ ,").encode(),
}


def expected(organ: str = "liver") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "subjectid_studyid": ["10001", "10001", "10002"],
            "organ": organ,
            "type_annotation": ["labels", "urgency", "labels"],
            "normal": pd.array([0, -1, 1], "Int64"),
            "focal": pd.array([1, 2, 0], "Int64"),
        }
    )


@pytest.mark.parametrize("how", AS_EXCEL_WRITES)
def test_tables_are_read_as_excel_writes_them(tmp_path: Path, how: str) -> None:
    (tmp_path / "x.csv").write_bytes(AS_EXCEL_WRITES[how])
    labels = read_labels(tmp_path / "x.csv")
    pd.testing.assert_frame_equal(labels, expected(), check_dtype=False)


def test_a_table_in_cp1252_is_read(tmp_path: Path) -> None:
    text = PLAIN.replace(",", ";").replace("liver", "Gallenblase (groß)")
    (tmp_path / "x.csv").write_bytes(text.encode("cp1252"))
    labels = read_labels(tmp_path / "x.csv")
    pd.testing.assert_frame_equal(labels, expected("Gallenblase (groß)"), check_dtype=False)


@pytest.mark.parametrize("name", ["x.xlsx", "x.csv"])
def test_a_workbook_is_read(tmp_path: Path, name: str) -> None:
    rows: list[list[Cell]] = [
        [int(cell) if cell.lstrip("-").isdigit() else cell for cell in row.split(",")]
        for row in ROWS
    ]
    write_workbook(tmp_path / name, {"A": [[*HEADER.split(",")], *rows, [], ["", ""]]})
    labels = read_labels(tmp_path / name)
    pd.testing.assert_frame_equal(labels, expected(), check_dtype=False)


@pytest.mark.parametrize("ids", [[10001, 10001, 10002], [10001.0, 10001.0, 10002.0]])
def test_ids_of_a_parquet_file_may_be_numbers(tmp_path: Path, ids: list[float]) -> None:
    expected().assign(subjectid_studyid=ids).to_parquet(tmp_path / "x.csv")
    labels = read_labels(tmp_path / "x.csv")
    pd.testing.assert_frame_equal(labels, expected(), check_dtype=False)


def test_long_numbers_of_a_parquet_file_stay_whole_beside_an_empty_cell(tmp_path: Path) -> None:
    ids = pa.array([9007199254740993, None, 1], pa.int64())
    columns = {"organ": ["liver"] * 3, "type_annotation": ["labels"] * 3, "none": [None] * 3}
    table = pa.table({"subjectid_studyid": ids, **columns, "7": pa.array([1, None, 0])})
    parquet.write_table(table, tmp_path / "x.parquet")
    labels = read_labels(tmp_path / "x.parquet")
    assert list(labels["subjectid_studyid"]) == ["9007199254740993", "", "1"]
    assert labels["7"].isna().tolist() == [False, True, False]


def test_names_of_a_parquet_file_may_be_numbers(tmp_path: Path) -> None:
    pd.DataFrame({7: ["a"]}).to_parquet(tmp_path / "x.parquet")
    with pytest.raises(InputError, match="has no column 'subjectid_studyid'"):
        read_labels(tmp_path / "x.parquet")


@pytest.mark.parametrize("index", [[7, 5, 3], None])
def test_an_index_of_a_parquet_file_is_no_column_unless_it_is_named(
    tmp_path: Path, index: list[int] | None
) -> None:
    table = expected().set_index("subjectid_studyid") if index is None else expected()
    table.set_axis(index or table.index).to_parquet(tmp_path / "x.parquet")
    labels = read_labels(tmp_path / "x.parquet")
    pd.testing.assert_frame_equal(labels, expected(), check_dtype=False)


@pytest.mark.parametrize("text", [FLOATS, FLOATS.replace(",", ";")])
def test_ids_that_all_became_floats_are_whole_but_not_those_of_a_run(
    tmp_path: Path, text: str
) -> None:
    (tmp_path / "labels.csv").write_text(text, newline="")
    assert set(read_labels(tmp_path / "labels.csv")["subjectid_studyid"]) == {"10001", "10002"}
    (tmp_path / "run.json").write_text("{}")
    for path in (tmp_path, tmp_path / "labels.csv"):
        assert set(read_labels(path)["subjectid_studyid"]) == {"10001.0", "10002.0"}


BROKEN = [
    ("zebra,a,b,c,d,e\n", "line 5 has 6 fields, the header has 5$"),
    ("zebra,liver,labels,1\n", "line 5 has 4 fields, the header has 5$"),
]


@pytest.mark.parametrize(("line", "said"), BROKEN)
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_a_broken_line_is_named_without_its_cells(
    tmp_path: Path, line: str, said: str, encoding: str
) -> None:
    text = PLAIN.replace("10002,liver", "10002,größe") + line
    (tmp_path / "x.csv").write_bytes(text.encode(encoding))
    with pytest.raises(InputError, match=said):
        read_labels(tmp_path / "x.csv")


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(PLAIN.replace("focal", "normal"), newline="")
    names = [*HEADER.split(",")[:4], "normal"]
    columns = [pa.array(list(cells)) for cells in zip(*(r.split(",") for r in ROWS), strict=True)]
    parquet.write_table(pa.Table.from_arrays(columns, names=names), tmp_path / "x.parquet")
    for name in ("x.csv", "x.parquet"):
        with pytest.raises(InputError, match=r"two columns of one name, the 4\. and the 5\."):
            read_labels(tmp_path / name)


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
        with pytest.raises(InputError, match="line 2 has 5 fields, the header has 4"):
            read_labels(path)


def test_a_run_without_tables_says_how_to_make_them(tmp_path: Path) -> None:
    (tmp_path / "journal").mkdir()
    with pytest.raises(
        InputError, match=f"has no tables yet; make them with: leavs export {tmp_path}"
    ):
        read_labels(tmp_path)


def test_tables_of_a_merge_that_was_interrupted_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text(
        "subjectid_studyid,organ,type_annotation,focal\nx,liver,labels,1\n"
    )
    run = {"folder": "x", "fingerprint": "x"}
    described = {"identity": {}, "merged": {"runs": [run], "interrupted": True}}
    (tmp_path / "run.json").write_text(json.dumps(described))
    with pytest.raises(RunFolderError, match="was interrupted"):
        read_labels(tmp_path)
