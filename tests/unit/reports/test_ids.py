"""Only the reports whose ids a file names, and a word on those that are not there."""

import pickle
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import pandas as pd
import pytest

from leavs.domain import Report, Shard, UnreadableReport
from leavs.errors import InputError, UsageError
from leavs.reports import CheckedSource
from leavs.reports.ids import read_ids
from leavs.reports.options import InputOptions
from report_inputs import gz, make
from workbook import write_workbook

ROWS = "".join(f"{name},Case {name}.\n" for name in "abcdef")
FILES: list[tuple[str, str | bytes, Sequence[str]]] = [
    ("ids.txt", "b\n\n# c\n  d \nb\n", "bd"),
    ("ids", "b\r\nd", "bd"),
    ("ids.txt", "study\nb\nd\n", "bd"),
    ("ids.txt", "subjectid_studyid\nb\nd\n", "bd"),
    ("ids.txt", "\ufeffb\nd\n", "bd"),
    ("ids.txt", "b\nd\n".encode("utf-16"), "bd"),
    ("ids.txt", "Müller, 1\nb; d\n".encode("cp1252"), ["Müller, 1", "b; d"]),
    ("ids.txt.gz", gz("b\nd\n"), "bd"),
    ("ids.txt", "note\tid\r\nx\tb\r\ny\td\r\n".encode("utf-16"), "bd"),
    ("ids.csv", "b\nd\n", "bd"),
    ("ids.csv", 'id\n"b"\n"d"\n', "bd"),
    ("ids.csv", 'sep=;\n"b, ""c"""\nd\n', ['b, "c"', "d"]),
    ("ids.csv", "id;study\nx;b\ny;d\n", "bd"),
    ("ids.csv", "subjectid_studyid,organ\nb,liver\nb,spleen\nd,liver\n,\n", "bd"),
    ("ids.txt", "10001.0\n10002.0\n", ["10001.0", "10002.0"]),
    ("ids.csv", "id,x\n10001.0,\n10002.0,\n", ["10001.0", "10002.0"]),
    ("ids.txt", "# cohort, id\n1\n2\n", "12"),
    ("ids.txt", "# cohort\n\nx;id\na;1\nb;2\n", "12"),
    ("ids.txt", '"A1\nA2', ['"A1', "A2"]),
    ("ids.txt", "1;\n2;\n", "12"),
    ("ids.csv", "1;\n2;\n", "12"),
    ("ids.csv", ";study\n;1\n;2\n", "12"),
    ("ids.txt", "1;\n2\n", ["1;", "2"]),
    ("ids.txt", "10001.0\n10002\n", ["10001.0", "10002"]),
]


@pytest.mark.parametrize(("name", "data", "ids"), FILES)
def test_ids_are_read_from_lines_and_tables(
    tmp_path: Path, name: str, data: str | bytes, ids: Sequence[str]
) -> None:
    wanted = read_ids(make(tmp_path / name, data), "study")
    assert [one for _, one in wanted] == [*ids]
    assert len(wanted) == len(ids)
    assert all(one in wanted for one in ids)
    assert "x" not in wanted


def test_ids_are_read_from_excel_and_parquet(tmp_path: Path) -> None:
    two = write_workbook(tmp_path / "a.xlsx", {"A": [("x", "study"), (1, 10001), (2, "b")]})
    one = write_workbook(tmp_path / "b.xlsx", {"A": [("study",), (10001,), ("b",)]})
    bare = write_workbook(tmp_path / "c.xlsx", {"A": [("10001",), ("b",)]})
    beside = write_workbook(tmp_path / "d.xlsx", {"A": [("10001", None), ("b", " ")]})
    parquet = tmp_path / "a.parquet"
    pd.DataFrame({"Fall": ["10001", "b"]}).to_parquet(parquet)
    for path in (two, one, bare, beside, parquet):
        assert [one for _, one in read_ids(path, "study")] == ["10001", "b"]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("ids.txt", "", "names no ids"),
        ("ids.csv", "", "names no ids"),
        ("ids.csv", "id,x\na,\nb\n", "line 3 has 1 fields, the header has 2$"),
        ("ids.txt", "id,x\na,\nb,c,d\n", "line 3 has 3 fields, the header has 2$"),
        ("ids.txt", "# none\n", "names no ids"),
        ("ids.txt", "study\n", "names no ids"),
        ("ids.csv", "case,note\nb,x\n", "no column 'study'; it has: case, note"),
        ("ids.csv", "Doe,Normal\nSmith,Cyst\n", "the names of its 2 columns are not shown"),
    ],
)
def test_a_file_without_ids_is_refused(tmp_path: Path, name: str, data: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_ids(make(tmp_path / name, data), "study")


def source_of(home: Path, ids: str, **options: int) -> CheckedSource:
    table = make(home / "reports.csv", f"image1,anonymized_report\n{ROWS}")
    named = make(home / "ids.txt", ids)
    return InputOptions(reports_table=table, ids=named, **options).source()  # type: ignore[arg-type]


def told(source: CheckedSource) -> list[tuple[int, str]]:
    """Position and id of each report; of what is no report the beginning of the reason."""
    return [
        (one.position, one.id if isinstance(one, Report) else one.reason.partition(" of ")[0])
        for one in source
    ]


PARTS: list[tuple[str, dict[str, int], list[tuple[int, str]]]] = [
    ("e\nb\n", {}, [(1, "b"), (4, "e")]),
    ("e\nb\nb\n", {}, [(1, "b"), (4, "e")]),
    ("e\nx\nb\ny\n", {}, [(1, "b"), (4, "e"), (6, "id x"), (7, "id y")]),
    ("b\nc\ne\n", {"limit": 2}, [(1, "b"), (2, "c")]),
    ("b\nc\ne\n", {"start_index": 1}, [(2, "c"), (4, "e")]),
    ("b\nc\ne\n", {"start_index": 1, "end_index": 2}, [(2, "c")]),
    ("b\nx\ny\n", {"start_index": 2}, [(7, "id y")]),
    ("x\n", {}, [(6, "id x")]),
]


@pytest.mark.parametrize(("ids", "options", "taken"), PARTS)
def test_positions_are_those_in_the_whole_input(
    tmp_path: Path, ids: str, options: dict[str, int], taken: list[tuple[int, str]]
) -> None:
    source = source_of(tmp_path, ids, **options)
    assert told(source) == taken
    assert source.count() == len(taken)
    assert told(source) == taken, "it can be read again"


SPELLINGS = [
    (["1", "2"], "1.0\n", ["1"]),
    (["1.0", "a"], "1\n", ["1.0"]),
    (["1.0", "1"], "1\n", ["1"]),
    (["1", "1.0"], "1.0\n", ["1.0"]),
    (["1", "a"], "1.0\n1\n", ["1"]),
    (["1", "1.0"], "1.0\n1\n", ["1", "1.0"]),
    (["10001.5", "a"], "10001\n", ["id 10001"]),
]


@pytest.mark.parametrize(("given", "ids", "taken"), SPELLINGS)
def test_either_spelling_of_a_whole_number_finds_it(
    tmp_path: Path, given: list[str], ids: str, taken: list[str]
) -> None:
    lines = "".join(f'{{"id": "{one}", "text": "x"}}\n' for one in given)
    options = InputOptions(
        jsonl=make(tmp_path / "a.jsonl", lines), ids=make(tmp_path / "ids.txt", ids)
    )
    assert [one for _, one in told(options.source())] == taken


def test_places_in_a_sheet_are_rows(tmp_path: Path) -> None:
    ids = write_workbook(tmp_path / "a.xlsx", {"A": [("id",), ("a",), ("x",)]})
    lines = make(tmp_path / "a.jsonl", '{"id": "a", "text": "x"}\n')
    _, lacking = InputOptions(jsonl=lines, ids=ids).source()
    assert isinstance(lacking, UnreadableReport)
    assert lacking.source == f"{ids} row 3"


def test_an_id_that_is_not_in_the_input_has_no_rows(tmp_path: Path) -> None:
    source = source_of(tmp_path, "b\nx\n\n" + "long " * 20)
    _, x, long = source
    assert isinstance(x, UnreadableReport)
    assert isinstance(long, UnreadableReport)
    ids = tmp_path / "ids.txt"
    assert (x.id, x.source) == ("", f"{ids} line 2")
    assert x.reason == f"id x of {ids} is not in the input; mend it, or leave it out there"
    assert long.reason.startswith(f"id on line 4 of {ids} is not in")
    assert source.remark() == f"not in the input: 2 of the 3 ids of {ids}"
    assert source_of(tmp_path, "b\n").remark() == ""


def test_each_shard_names_its_own(tmp_path: Path) -> None:
    lacking = [f"x{n}" for n in range(20)]
    source = source_of(tmp_path, "\n".join(["b", "e", *lacking]))
    shards = [source.sharded(Shard(number, 3)) for number in range(3)]
    parts = [told(pickle.loads(pickle.dumps(shard))) for shard in shards]  # noqa: S301
    assert sorted(chain(*parts)) == told(source)
    assert all(0 < len(part) < 22 for part in parts)
    assert [shard.count() for shard in shards] == [*map(len, parts)]
    for number, part in enumerate(parts):
        assert all(Shard(number, 3).includes(one.removeprefix("id ")) for _, one in part)


def test_a_repeated_report_is_refused_as_without_ids(tmp_path: Path) -> None:
    table = make(tmp_path / "a.csv", "id,text\na,One.\nb,Two.\nb,Three.\n")
    ids = make(tmp_path / "ids.txt", "b\n")
    options = InputOptions(reports_table=table, id_column="id", text_column=("text",), ids=ids)
    first, second = options.source()
    assert isinstance(first, Report)
    assert isinstance(second, UnreadableReport)
    assert "has the same id as" in second.reason


def test_all_inputs_take_ids(tmp_path: Path) -> None:
    ids = make(tmp_path / "ids.txt", "b\n")
    for name in "abc":
        make(tmp_path / "in" / f"{name}.txt")
    lines = make(tmp_path / "a.jsonl", '{"id": "a", "text": "x"}\n{"id": "b", "text": "x"}\n')
    for options in (
        InputOptions(input_dir=tmp_path / "in", ids=ids),
        InputOptions(jsonl=lines, ids=ids),
    ):
        assert told(options.source()) == [(1, "b")]


@pytest.mark.parametrize("option", ["sheet", "delimiter"])
def test_options_of_tables_are_for_tables(tmp_path: Path, option: str) -> None:
    options = InputOptions(input_dir=tmp_path, **{option: "x"})  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=f"--{option} is for --reports-table"):
        options.source()
