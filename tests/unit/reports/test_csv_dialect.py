"""How a table in a text file is written is found from its beginning."""

from pathlib import Path

import pytest

from leavs.errors import InputError, UsageError
from leavs.reports import from_table
from leavs.reports.csv_dialect import Dialect, find_dialect
from report_inputs import make, problems, texts

COMMAS = "Liver, spleen, kidneys, all, without, finding"
BOM = b"\xef\xbb\xbf"
WRITTEN = [
    ("a.csv", b"id,text\n17,Normal.\n", ",", 0),
    ("a.csv", BOM + b'id;text\r\n17;"2,3 cm\r\ncyst; ""old""."\r\n', ";", 0),
    ("a.csv", f"id;text\n17;{COMMAS}\n18;{COMMAS}, too\n".encode(), ";", 0),
    ("a.csv", f"Nr;Befund\n17;{COMMAS}\n18;{COMMAS}\n".encode(), ";", 0),
    ("a.csv", b"id\ttext\n17\tNormal, a; b.\n", "\t", 0),
    ("a.tsv", b"id,text\n17,Normal.\n", ",", 0),
    ("a.tsv", b"id\ttext\n17\tNormal, all.\n", "\t", 0),
    ("a.csv", b"id|text\n17|Normal.\n", "|", 0),
    ("a.csv", b'"id"|"a,b"|"text"\n17|x|Normal.\n', "|", 0),
    ("a.csv", b"sep=,\nid,text\n17,Normal.\n", ",", 1),
    ("a.csv", b"sep=;\r\nid;text\r\n17;Normal.\r\n", ";", 1),
    ("a.csv", b'"sep=^"\r\nid^text\r\n17^Normal.\r\n', "^", 1),
    ("a.csv", b'sep="\nid;text\n17;a\n', ",", 0),
    ("a.csv", b"SEP=\t\nid\ttext\n17\tNormal.\n", "\t", 1),
    ("a.csv", b"\n;;\n\nid;text\n17;Normal.\n", ";", 3),
    ("a.csv", b'sep=;\n\n"id";"text"\n17;Normal.\n', ";", 2),
    ("a.csv", "id\ttext\r\n17\tNormal.\r\n".encode("utf-16"), "\t", 0),
    ("a.csv", b"\xfe\xff" + "id,text\r\n17,Normal.\r\n".encode("utf-16-be"), ",", 0),
    ("a.csv", "id;text\n17;Über 2 cm\n".encode("cp1252"), ";", 0),
    ("a.csv", b"text\nNormal, all.\n", ",", 0),
    ("a.csv", f"id;text\n17;{'Liver, normal. ' * 20_000}\n18;b\n".encode(), ";", 0),
    ("a.csv", b'Nr,Befund\n17,"open', ",", 0),
]


@pytest.mark.parametrize(("name", "data", "delimiter", "skip"), WRITTEN)
def test_the_dialect_is_found(
    tmp_path: Path, name: str, data: bytes, delimiter: str, skip: int
) -> None:
    assert find_dialect(make(tmp_path / name, data), ("id", "text")) == Dialect(delimiter, skip)


ROWS = [
    (b"id;text\r\n17;Normal.\r\n;\r\n;;;\r\n\r\n", {"17": "Normal."}),
    (b"id,text\n17,Normal.\n,\n , \n18,Cyst.\n", {"17": "Normal.", "18": "Cyst."}),
    (b'\nsep=;\nid;text\n17;"a\n\n;b"\n', None),
    (b'sep=;\nid;text\n17;"a\n\n;b"\n', {"17": "a\n\n;b"}),
    (b'"text";"id"\n"\xfcber; 2,3 cm";17\n', {"17": "über; 2,3 cm"}),
]


@pytest.mark.parametrize(("data", "read"), ROWS)
def test_empty_rows_are_no_reports(
    tmp_path: Path, data: bytes, read: dict[str, str] | None
) -> None:
    path = make(tmp_path / "a.csv", data)
    if read is None:
        with pytest.raises(InputError, match="no column 'id'"):
            from_table(path, "id", "text")
        return
    source = from_table(path, "id", "text")
    assert texts(source) == read
    assert (problems(source), source.count()) == ([], len(read))


def test_line_numbers_are_those_of_the_file(tmp_path: Path) -> None:
    data = 'sep=;\n\nid;text\n17;"a\nb"\n;;\n18;\n19;a;b\n'
    source = from_table(make(tmp_path / "a.csv", data), "id", "text")
    assert [reason.split("line ")[1] for _, reason in problems(source)] == [
        "7 holds no text",
        "8 has 3 fields, the header has 2",
    ]


@pytest.mark.parametrize(
    ("delimiter", "data"), [("tab", "id\ttext\na\tb,c\n"), ("^", "id^text\na^b,c\n")]
)
def test_a_delimiter_that_is_named_is_taken(tmp_path: Path, delimiter: str, data: str) -> None:
    path = make(tmp_path / "a.csv", f"sep=,\n{data}")
    assert texts(from_table(path, "id", "text", delimiter=delimiter)) == {"a": "b,c"}


@pytest.mark.parametrize("delimiter", ["", ";;", '"', "\n", "tabs"])
def test_what_is_no_delimiter_is_refused(tmp_path: Path, delimiter: str) -> None:
    with pytest.raises(UsageError, match="--delimiter must be a single character"):
        from_table(make(tmp_path / "a.csv", "id,text\na,b\n"), "id", "text", delimiter=delimiter)


@pytest.mark.parametrize("data", [";;\n;;\n", "\n \n", "||\r\n"])
def test_a_table_of_blank_rows_is_empty(tmp_path: Path, data: str) -> None:
    with pytest.raises(InputError, match="is empty"):
        from_table(make(tmp_path / "a.csv", data), "id", "text")
