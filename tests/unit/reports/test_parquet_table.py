"""Parquet files are read in batches, and only their columns of ids and texts."""

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from leavs.errors import InputError
from leavs.reports import from_path, from_table
from report_inputs import make, problems, texts


def written(path: Path, **columns: Any) -> Path:
    pd.DataFrame(columns).to_parquet(path)
    return path


IDS = [
    ([1, 2], ["1", "2"]),
    (pd.array([1, 2], "Int32"), ["1", "2"]),
    ([1.0, 2.0], ["1", "2"]),
    ([1.0, 2.5], ["1.0", "2.5"]),
    ([1e16, 2.0], ["10000000000000000", "2"]),
    (["01", "2.0"], ["01", "2.0"]),
    ([b"a", b"\xe4"], ["a", "ä"]),
    (pd.Categorical(["a", "b"]), ["a", "b"]),
    (pd.to_datetime(["2023-03-15", "2024-01-01"]), ["2023-03-15T00:00:00", "2024-01-01T00:00:00"]),
]


@pytest.mark.parametrize(("ids", "read"), IDS)
def test_ids_of_all_types(tmp_path: Path, ids: Any, read: list[str]) -> None:
    path = written(tmp_path / "a.parquet", id=ids, text=["One.", "Two."], other=[[1], [2]])
    assert list(texts(from_table(path, "id", "text"))) == read


@pytest.mark.parametrize("name", ["a.parquet", "a.csv", "a.parquet.gz"])
def test_missing_values_are_empty_cells(tmp_path: Path, name: str) -> None:
    data = pd.DataFrame({"id": [1, None, 3], "text": ["One.", "Two.", None]}).to_parquet()
    if name.endswith(".gz"):
        import gzip

        data = gzip.compress(data)
    path = make(tmp_path / name, data)
    source = from_table(path, "id", "text")
    assert texts(source) == {"1": "One."}
    assert [reason for _, reason in problems(source)] == [
        f"{path} row 2 has no id",
        f"{path} row 3 holds no text",
    ]
    assert source.count() == 3


def test_more_rows_than_a_batch_has(tmp_path: Path) -> None:
    numbers = range(2000)
    path = written(tmp_path / "a.parquet", id=numbers, text=[f"Case {n}." for n in numbers])
    source = from_path(path, "id", "text")
    assert texts(source) == {str(n): f"Case {n}." for n in numbers}
    assert source.count() == 2000


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", id=["a"], text=[["a", "b"]], Doe=["c"])
    with pytest.raises(InputError, match="the cells of column 'text' are lists or records"):
        from_table(path, "id", "text")
    with pytest.raises(InputError, match=r"no column 'image1'; it has: id, Doe, 1 that cannot be"):
        from_table(path)
    for data in (b"PAR1 and nothing else", path.read_bytes()[:-5]):
        with pytest.raises(InputError, match=r"b cannot be read as a Parquet file") as caught:
            from_table(make(tmp_path / "b", data))
        assert str(caught.value).isprintable()


def test_two_columns_of_one_name(tmp_path: Path) -> None:
    columns = [pa.array([one]) for one in ("a", "b", "Normal.")]
    parquet.write_table(pa.Table.from_arrays(columns, ["id", "id", "text"]), tmp_path / "a.parquet")
    with pytest.raises(InputError, match="has two columns 'id'; it has: id, id, text"):
        from_table(tmp_path / "a.parquet", "id", "text")
    with pytest.raises(InputError, match="has no column 'study'; it has: id, id, text"):
        from_table(tmp_path / "a.parquet", "study", "text")


@pytest.mark.parametrize(
    "cells",
    [
        pa.StringArray.from_buffers(1, pa.py_buffer(b"\0\0\0\0\1\0\0\0"), pa.py_buffer(b"\xe4")),
        pa.array([2**62], pa.timestamp("us")),
    ],
)
def test_cells_that_python_cannot_hold_are_told_in_a_line(tmp_path: Path, cells: pa.Array) -> None:
    path = tmp_path / "a.parquet"
    parquet.write_table(pa.table({"id": cells, "text": ["Normal."]}), path)
    with pytest.raises(InputError, match="cannot be read as a Parquet file"):
        list(from_table(path, "id", "text"))
