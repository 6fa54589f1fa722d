"""A model of the hub's cache: its commit is recorded, and a run goes on with it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from leavs.engines.models.demo import find_demo_model
from leavs.journal import manifest
from processes import PATIENCE, wait_until
from real_runs import SMALL, write_reports

pytestmark = pytest.mark.vllm

FIRST, LATER, OF_TOKENIZER = "a" * 40, "b" * 40, "c" * 40
MODEL = "some-group/some-model"
TOKENIZER = ("--engine-arg", "tokenizer=some-group/a-tokenizer")  # which has commits of its own
ASKS = (*TOKENIZER, "--organs", "spleen", "--filtration", "none", "--reasoning", "never")


@pytest.fixture
def cached(tmp_path: Path) -> Path:
    """A cache with two commits of a model, and a tokenizer from elsewhere."""
    place = tmp_path / "hf" / "hub" / "models--some-group--a-tokenizer"
    shutil.copytree(find_demo_model()[0], place / "snapshots" / OF_TOKENIZER)
    (place / "refs").mkdir()
    (place / "refs" / "main").write_text(OF_TOKENIZER)
    hub = tmp_path / "hf" / "hub" / "models--some-group--some-model"
    for commit in (FIRST, LATER):
        shutil.copytree(find_demo_model()[0], hub / "snapshots" / commit)
    (hub / "refs").mkdir()
    return hub


def label(folder: Path) -> "subprocess.Popen[str]":
    words = ("label", "--model", MODEL, *SMALL, *ASKS, "--input-dir", "reports")
    return subprocess.Popen(
        [sys.executable, "-m", "leavs", *words, "--output-dir", "run"],
        cwd=folder,
        env={**os.environ, "HF_HOME": str(folder / "hf"), "HF_HUB_OFFLINE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def claim(folder: Path, commit: str) -> None:
    """Begin a run with a commit of the model: killed before it loads one, which takes long."""
    run = folder / "run"
    with label(folder) as process:
        wait_until("the run is claimed", (run / manifest.FILE).exists)
        process.kill()
    manifest.claim_commit(run, commit)


def test_a_run_goes_on_with_its_commit_though_the_branch_moved_on(
    cached: Path, tmp_path: Path
) -> None:
    write_reports(tmp_path / "reports", {"report": "The spleen is large."})
    (cached / "refs" / "main").write_text(LATER)
    claim(tmp_path, FIRST)
    with label(tmp_path) as process:
        _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode in (0, 3), said
    told = manifest.read(tmp_path / "run")
    [loaded] = [one["loaded"] for one in told["sessions"] if one["kind"] == "plan"]
    assert (loaded["commit"], loaded["dtype"], loaded["quantization"]) == (FIRST, "float32", None)
