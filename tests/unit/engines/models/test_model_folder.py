"""What a folder says of its model: weights by dtype, and what is missing."""

import json
from pathlib import Path

import pytest

from leavs.engines.models.folder import AS_CONFIG, read_config, read_weights, what_is_missing
from model_folders import model_files, safetensors, write_files


def test_a_whole_model_in_parts(tmp_path: Path) -> None:
    weights = read_weights(write_files(tmp_path, model_files(shards=3, size=1000)))
    assert (len(weights.files), weights.missing, weights.damaged) == (3, (), [])
    assert weights.stored == {"BF16": 3000}
    assert what_is_missing(tmp_path) == ""


def test_bytes_are_counted_by_dtype(tmp_path: Path) -> None:
    content = safetensors(a=("BF16", 10), b=("I32", 400), c=("BF16", 30))
    weights = read_weights(write_files(tmp_path, {"model.safetensors": content}))
    assert weights.stored == {"BF16": 40, "I32": 400}
    assert weights.size == 440


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model-00002-of-00002.safetensors": None}, "1 files of weights are missing, as model-00"),
        ({"model-00002-of-00002.safetensors": b""}, "1 files of weights are cut short"),
        ({"model-00002-of-00002.safetensors": b"x" * 50}, "cut short"),
        ({"model.safetensors.index.json": None, "model-00001-of-00002.safetensors": None}, "00001"),
        ({"config.json": None}, "no config.json"),
        ({"config.json": b"{"}, "no config.json that can be read"),
        ({"tokenizer.json": None}, "no tokenizer"),
        (
            {
                "model.safetensors.index.json": None,
                "model-00001-of-00002.safetensors": None,
                "model-00002-of-00002.safetensors": None,
            },
            "no weights",
        ),
    ],
)
def test_what_is_missing_is_named(
    tmp_path: Path, change: dict[str, bytes | None], words: str
) -> None:
    files = {**model_files(), **change}
    write_files(tmp_path, {name: one for name, one in files.items() if one is not None})
    assert words in what_is_missing(tmp_path)


def test_a_file_that_was_cut_in_its_tensors_is_seen(tmp_path: Path) -> None:
    files = model_files()
    name = "model-00001-of-00002.safetensors"
    write_files(tmp_path, files | {name: files[name][:-1]})
    assert read_weights(tmp_path).damaged == [name]


def test_the_index_says_the_size_of_what_is_not_there(tmp_path: Path) -> None:
    write_files(tmp_path, model_files(shards=2, size=1000))
    (tmp_path / "model-00002-of-00002.safetensors").unlink()
    assert read_weights(tmp_path).stored == {AS_CONFIG: 2000}


def test_safetensors_go_before_bin(tmp_path: Path) -> None:
    write_files(tmp_path, {"pytorch_model.bin": b"x" * 500})
    assert read_weights(tmp_path).stored == {AS_CONFIG: 500}
    write_files(tmp_path, {"model.safetensors": safetensors(w=("F32", 8))})
    assert read_weights(tmp_path).stored == {"F32": 8}


def test_a_config_that_is_no_object_is_none(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps([1]))
    assert read_config(tmp_path) is None
