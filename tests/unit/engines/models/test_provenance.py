"""Where a model came from: its name without a path, and the commit of its files."""

from pathlib import Path

import pytest

from leavs.engines.models.provenance import commit_of_folder, is_commit, public_name

COMMIT, OTHER = "0123456789" * 4, "f" * 40


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("Qwen/Qwen2-72B-Instruct", "Qwen/Qwen2-72B-Instruct"),
        ("demo", "SmolLM2-135M-Instruct"),
        (f"/x/hub/models--Qwen--Qwen2-7B/snapshots/{COMMIT}", "Qwen/Qwen2-7B"),
        (f"/x/models--gpt2/snapshots/{COMMIT}/", "gpt2"),
        ("/secret/ward/Qwen2-7B/", "Qwen2-7B"),
        ("~/models/x.gguf", "x.gguf"),
        ("./here", "here"),
        ("C:\\models\\x.gguf", "x.gguf"),
        ("gpt-4o-2024-08-06", "gpt-4o-2024-08-06"),
        ("s3://bucket-of-the-ward/models/x", "x"),
        ("models/of/the-ward/x", "x"),
        ("arn:aws:bedrock:eu-west-1:123456789012:inference-profile/x", "x"),
    ],
)
def test_a_name_has_no_path(model: str, name: str) -> None:
    assert public_name(model) == name


@pytest.mark.parametrize(
    ("revision", "is_one"), [(COMMIT, True), ("main", False), (None, False), ("abc123", False)]
)
def test_a_branch_is_no_commit(revision: str | None, is_one: bool) -> None:
    assert is_commit(revision) is is_one


def test_a_snapshot_tells_its_commit(tmp_path: Path) -> None:
    assert commit_of_folder(tmp_path / "models--a--b" / "snapshots" / COMMIT) == COMMIT
    assert commit_of_folder(tmp_path / "snapshots" / COMMIT) is None


@pytest.mark.parametrize(
    ("receipts", "commit"),
    [
        ({}, None),
        ({"config.json": COMMIT, "sub/model.safetensors": COMMIT}, COMMIT),
        ({"config.json": COMMIT, "model.safetensors": OTHER}, None),
        ({"config.json": "no commit"}, None),
        ({"config.json": ""}, None),
    ],
)
def test_a_download_into_a_folder_tells_its_commit_if_it_is_one(
    tmp_path: Path, receipts: dict[str, str], commit: str | None
) -> None:
    for name, told in receipts.items():
        path = tmp_path / ".cache" / "huggingface" / "download" / f"{name}.metadata"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{told}\netag\n1700000000.0\n")
    assert commit_of_folder(tmp_path) == commit
