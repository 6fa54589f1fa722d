"""Which rows of a table are reports, and what is said of the others."""

import csv
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from any_source import READERS, put
from leavs.domain import Report
from leavs.errors import InputError, UsageError
from leavs.reports import CheckedSource, from_csv, from_jsonl, from_path, from_table
from leavs.reports.opening import LONGEST
from places import AMOS
from report_inputs import HEADER, ROWS, csv_of, gz, make, problems, texts

SHARED = AMOS / "reports.csv"


def test_one_row_in_another_encoding_leaves_the_others_right(tmp_path: Path) -> None:
    data = b"id,text\na,5 mm\xc2\xb2\nb,caf\xe9\nc,\x81\xe9\n"
    source = csv_of(tmp_path, data)
    assert texts(source) == {"a": "5 mm²", "b": "café"}
    ((report_id, reason),) = problems(source)
    assert report_id == "c"
    assert reason.endswith("line 4 holds bytes that are neither UTF-8 nor cp1252; save it as UTF-8")


CSV_PROBLEMS = [
    ("a,Normal.\nb,\n", [("b", "line 3 holds no text")]),
    ("a,Normal.\nb, \t \n", [("b", "line 3 holds no text")]),
    ("a,Normal.\n,Lost.\n", [("", "line 3 has no id")]),
    ("a,Normal.\n  ,Lost.\n", [("", "line 3 has no id")]),
    ("a,Normal.\nb\n", [("", "line 3 has 1 fields, the header has 2")]),
    ("a,Normal.\nb,Liver, spleen.\n", [("", "line 3 has 3 fields, the header has 2")]),
    ('"b\n2",Lost.\na,Normal.\n', [("", "line 2 has an id with control characters")]),
    ("b\x07,Lost.\na,Normal.\n", [("", "line 2 has an id with control characters")]),
    ("b\x81\u00e9,Lost.\na,Normal.\n", [("", "line 2 has an id with control characters")]),
    (f"{'b' * 401},Lost.\na,Normal.\n", [("", "more than 400 characters; is it the text?")]),
    ("a,Normal.\nb,x\0y\n", [("b", "line 3 holds NUL bytes")]),
    ('a,Normal.\nb,"two\nlines"\n\nc,\n', [("c", "line 6 holds no text")]),
]


@pytest.mark.parametrize(("rows", "expected"), CSV_PROBLEMS)
def test_rows_that_hold_no_report(
    tmp_path: Path, rows: str, expected: list[tuple[str, str]]
) -> None:
    source = csv_of(tmp_path, HEADER + rows)
    found = problems(source)
    assert [report_id for report_id, _ in found] == [report_id for report_id, _ in expected]
    assert all(part in reason for (_, reason), (_, part) in zip(found, expected, strict=True))
    assert texts(source)["a"] == "Normal."


@pytest.mark.parametrize("given", ["a b/c", "=1+1", "Ж-17", "1,5", 'the "first"', "01"])
def test_ids_are_kept_as_given_but_for_space_around_them(tmp_path: Path, given: str) -> None:
    quoted = given.replace('"', '""')
    assert list(texts(csv_of(tmp_path, f'id,text\n"  {quoted}\t",Normal.\n'))) == [given]


def test_column_and_key_names_are_free(tmp_path: Path) -> None:
    table = make(tmp_path / "a.csv", "note,image1,anonymized_report\n-,x,Normal.\n")
    assert texts(from_csv(table)) == {"x": "Normal."}
    lines = make(tmp_path / "a.jsonl", '{"study": "x", "report": "Normal."}')
    assert texts(from_jsonl(lines, "study", "report")) == {"x": "Normal."}


def test_a_row_of_any_reasonable_length_is_read(tmp_path: Path) -> None:
    text = "Normal. " * 200_000  # csv's own limit is 131,072 characters
    assert texts(csv_of(tmp_path, f'id,text\na,"{text}"\n')) == {"a": text}


def test_rows_without_id_are_no_duplicates_of_each_other(tmp_path: Path) -> None:
    source = csv_of(tmp_path, "id,text\n,One.\n,Two.\n")
    assert all("has no id" in reason for _, reason in problems(source))


BREAKS_LATER = [
    ("a.csv", (HEADER + ROWS + 'x,"open\n').encode(), "line 2002 starts a row with broken quoting"),
    ("a.csv.gz", gz(HEADER + ROWS)[:-9], "or a damaged one"),
    ("a.csv", (HEADER + ROWS).encode("utf-16")[:-1], "not valid UTF-16"),
]


@pytest.mark.parametrize(("name", "content", "part"), BREAKS_LATER)
def test_what_breaks_later_is_found_by_count_and_after_the_reports_before_it(
    tmp_path: Path, name: str, content: bytes, part: str
) -> None:
    source = csv_of(tmp_path, content, name)
    with pytest.raises(InputError, match=part):
        source.count()
    seen: list[str] = []
    with pytest.raises(InputError, match=part):
        seen.extend(entry.id for entry in source)
    assert seen[:3] == ["0", "1", "2"]
    assert len(seen) > 1000


def test_a_large_csv_is_read_in_little_memory(tmp_path: Path) -> None:
    text = "The liver is normal. " * 400
    path = tmp_path / "large.csv"
    with path.open("w") as stream:
        stream.write("id,text\n")
        stream.writelines(f'{n},"{text}\n{n}"\n' for n in range(2500))
    assert path.stat().st_size > 20_000_000
    tracemalloc.start()
    source = from_csv(path, "id", "text")
    assert source.count() == sum(isinstance(entry, Report) for entry in source) == 2500
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000


@pytest.mark.skipif(not SHARED.exists(), reason="the shared AMOS reports are not here")
def test_real_reports_are_what_pandas_reads() -> None:
    source = from_csv(SHARED)
    expected = pd.read_csv(SHARED, dtype=str, keep_default_na=False)
    assert source.count() == len(expected)
    assert problems(source) == []
    assert texts(source) == dict(
        zip(expected["image1"], expected["anonymized_report"], strict=True)
    )


@pytest.mark.parametrize(
    ("data", "part"),
    [
        ("id,text\na,Normal.\n".encode("utf-16-le"), "holds NUL bytes; if it is text, save it as"),
        (b"id,text\na," + b"x" * (LONGEST + 1), "line 2 is longer than"),
        (b'id,text\na,"' + b"x\n" * (LONGEST // 2 + 1) + b'"\n', "or a field has"),
    ],
)
@pytest.mark.parametrize("limit", [LONGEST, sys.maxsize])  # of the process, whoever set it
def test_tables_that_are_refused_say_why(
    tmp_path: Path, data: bytes, part: str, limit: int
) -> None:
    before = csv.field_size_limit(limit)
    try:
        with pytest.raises(InputError, match=part):
            READERS["a.csv"](put(tmp_path / "a.csv", data))
    finally:
        csv.field_size_limit(before)


WHOLE = [
    (["10001.0", "10002.0"], ["10001", "10002"]),
    (["10001.0", "", "10002.0"], ["10001", "10002"]),
    (["0010.0", "12345678901234567890.0"], ["0010", "12345678901234567890"]),
    (["10001.0", "10002"], ["10001.0", "10002"]),
    (["10001.0", "10002.5"], ["10001.0", "10002.5"]),
    (["10001.0", "a.0"], ["10001.0", "a.0"]),
    (["1.10", "2.0"], ["1.10", "2.0"]),
    (["001", "1e5"], ["001", "1e5"]),
]


@pytest.mark.parametrize(("written", "read"), WHOLE)
def test_ids_that_became_numbers_with_a_fraction_of_zero(
    tmp_path: Path, written: list[str], read: list[str]
) -> None:
    source = csv_of(tmp_path, HEADER + "".join(f"{one},Normal.\n" for one in written))
    assert list(texts(source)) == read


def test_texts_of_several_columns_stand_under_their_names(tmp_path: Path) -> None:
    rows = 'a,"Liver\nnormal. ",Cyst.\nb, ,Mass.\nc,,\nd,Normal.,"\n"\n'
    path = make(tmp_path / "a.csv", "id,findings,impression\n" + rows)
    source = from_table(path, "id", ("impression", "findings"))
    assert texts(source) == {
        "a": "impression:\nCyst.\n\nfindings:\nLiver\nnormal. ",
        "b": "impression:\nMass.",
        "d": "findings:\nNormal.",
    }
    assert [reason[-13:] for _, reason in problems(source)] == ["holds no text"]
    assert texts(from_path(path, "id", ("impression", "findings"))) == texts(source)
    assert texts(from_table(path, "id", ["findings"]))["a"] == "Liver\nnormal. "


@pytest.mark.parametrize("read", [from_table, from_jsonl])
@pytest.mark.parametrize(
    ("names", "said"), [(("a", "b", "a"), "names 'a' twice"), ((), "names no column")]
)
def test_a_column_is_named_once(
    tmp_path: Path, read: Callable[..., CheckedSource], names: tuple[str, ...], said: str
) -> None:
    with pytest.raises(UsageError, match=f"--text-column {said}"):
        read(make(tmp_path / "a.csv", "id,a,b\n1,2,3\n"), "id", names)
