"""What a run is stands in run.json, and a folder holds one run only."""

import json
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from leavs.errors import RunFolderError
from leavs.journal import manifest

IDENTITY = {"model": "m", "organs": ["liver"], "seed": 0, "engine_args": {"a": 1}}


def test_a_new_folder_becomes_the_runs(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "run"
    manifest.claim_folder(folder, IDENTITY, ["Beware of ü."], has_results=False)
    assert manifest.read(folder) == {"identity": IDENTITY, "warnings": ["Beware of ü."]}
    assert stat.S_IMODE((folder / "run.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("changes", "differences"),
    [
        ({}, None),
        ({"model": "n"}, "model 'm' there, 'n' now"),
        ({"seed": 1, "organs": ["spleen"]}, "organs ['liver'] there, ['spleen'] now; seed 0 there"),
        ({"engine_args": {"a": 2}}, "engine_args {'a': 1} there, {'a': 2} now"),
        ({"new": True}, "new None there, True now"),
        ({"organs": ("liver",)}, None),  # a tuple is written as a list
    ],
)
def test_a_folder_is_shared_by_the_same_run_only(
    tmp_path: Path, changes: dict[str, Any], differences: str | None
) -> None:
    manifest.claim_folder(tmp_path, IDENTITY, [], has_results=False)
    if differences is None:
        manifest.claim_folder(tmp_path, IDENTITY | changes, [], has_results=True)
        return
    with pytest.raises(RunFolderError) as refused:
        manifest.claim_folder(tmp_path, IDENTITY | changes, [], has_results=True)
    assert differences in str(refused.value)
    assert str(refused.value).startswith(f"{tmp_path} holds another run: ")
    assert "--output-dir" in str(refused.value)
    assert manifest.read(tmp_path)["identity"] == IDENTITY


def test_what_is_missing_now_differs_too(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="seed 0 there, None now"):
        manifest.refuse_if_different(tmp_path, IDENTITY, {**IDENTITY, "seed": None})


def test_while_there_are_no_results_other_options_take_the_folder(tmp_path: Path) -> None:
    manifest.claim_folder(tmp_path, IDENTITY, ["old"], has_results=False)
    manifest.claim_folder(tmp_path, {"model": "n"}, [], has_results=False)
    assert manifest.read(tmp_path) == {"identity": {"model": "n"}, "warnings": []}


def test_results_of_nobody_are_left_alone(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match=r"has a journal but no run\.json"):
        manifest.claim_folder(tmp_path, IDENTITY, [], has_results=True)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_another_run_took_meanwhile_is_refused(tmp_path: Path) -> None:
    manifest.claim_folder(tmp_path, IDENTITY, [], has_results=False)
    manifest.confirm_claim(tmp_path, IDENTITY, None)
    manifest.claim_folder(tmp_path, IDENTITY | {"seed": 1}, [], has_results=False)
    with pytest.raises(RunFolderError, match="seed 1 there, 0 now"):
        manifest.confirm_claim(tmp_path, IDENTITY, None)


@pytest.mark.parametrize("has_results", [True, False])
def test_shards_are_claimed_once(tmp_path: Path, has_results: bool) -> None:
    manifest.claim_folder(tmp_path, IDENTITY, ["w"], has_results=False)
    for _ in range(2):
        manifest.claim_folder(tmp_path, IDENTITY, [], has_results=has_results, num_shards=8)
    manifest.claim_folder(tmp_path, IDENTITY, [], has_results=has_results)
    known = {"identity": IDENTITY, "warnings": ["w"], "num_shards": 8}
    assert manifest.read(tmp_path) == known
    with pytest.raises(RunFolderError, match="has 8 shards, not 4; give --num-shards 8"):
        manifest.claim_folder(tmp_path, IDENTITY, [], has_results=has_results, num_shards=4)
    with pytest.raises(RunFolderError, match="has 8 shards, not 4"):
        manifest.confirm_claim(tmp_path, IDENTITY, 4)


def test_the_fingerprint_is_that_of_the_values(tmp_path: Path) -> None:
    manifest.claim_folder(tmp_path, IDENTITY, [], has_results=False)
    read_back = manifest.read(tmp_path)["identity"]
    turned = dict(reversed(IDENTITY.items()))
    prints = {manifest.fingerprint(one) for one in (IDENTITY, read_back, turned)}
    assert len(prints) == 1
    assert manifest.fingerprint(IDENTITY | {"seed": 1}) not in prints


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunFolderError, match=r"cannot be used: .*choose another --output-dir"):
        manifest.claim_folder(tmp_path / "file" / "run", IDENTITY, [], has_results=False)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, r"holds no run: it has no run\.json"),
        ("{", "cannot be read"),
        ("\udcff", "cannot be read"),
        ("[]", "is not a manifest of leavs"),
        ('{"identity": 1}', "is not a manifest of leavs"),
    ],
)
def test_what_is_no_manifest_is_refused(
    tmp_path: Path, content: str | None, complaint: str
) -> None:
    if content is not None:
        (tmp_path / "run.json").write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(RunFolderError, match=complaint):
        manifest.read(tmp_path)


def test_a_session_tells_where_it_ran_and_nothing_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "123")
    monkeypatch.delenv("SLURM_ARRAY_JOB_ID", raising=False)
    monkeypatch.setenv("LEAVS_API_KEY", "sk-CANARY")
    session = manifest.session()
    assert session["slurm"] == {
        name: value for name, value in session["slurm"].items() if name in manifest.SLURM
    }
    assert session["slurm"]["SLURM_JOB_ID"] == "123"
    assert "SLURM_ARRAY_JOB_ID" not in session["slurm"]
    assert {"leavs", "jinja2", "nltk", "openai"} <= set(session["versions"])
    assert {"started", "command", "host", "pid", "python", "platform"} <= set(session)
    assert "CANARY" not in json.dumps(session)


def test_what_was_found_of_an_earlier_server_is_kept(tmp_path: Path) -> None:
    def claim(server: dict[str, Any], *, has_results: bool) -> Mapping[str, Any] | None:
        return manifest.claim_folder(tmp_path, IDENTITY, [], has_results=has_results, server=server)

    held, free = {"constraint": "grammar"}, {"constraint": "none"}
    assert claim(held, has_results=False) is None
    assert claim(held, has_results=True) is None
    assert claim(free, has_results=True) == held
    assert claim(held, has_results=True) == free
    known = manifest.read(tmp_path)
    assert (known["server"], known["servers_before"]) == (held, [held, free])


def test_a_run_keeps_the_commit_of_the_model_that_it_began_with(tmp_path: Path) -> None:
    assert manifest.claimed_commit(tmp_path) is None
    manifest.claim_folder(tmp_path, IDENTITY, [], has_results=False)
    manifest.claim_commit(tmp_path, None)  # it cannot be told
    assert manifest.claimed_commit(tmp_path) is None
    for commit in ("a" * 40, "a" * 40, None):
        manifest.claim_commit(tmp_path, commit)
        assert manifest.claimed_commit(tmp_path) == "a" * 40
    with pytest.raises(RunFolderError, match=f"commit {'a' * 40} of the model, and {'b' * 40} is"):
        manifest.claim_commit(tmp_path, "b" * 40)
    manifest.claim_folder(tmp_path, IDENTITY | {"seed": 1}, [], has_results=False)
    assert manifest.claimed_commit(tmp_path) is None, "another run has taken the folder"
