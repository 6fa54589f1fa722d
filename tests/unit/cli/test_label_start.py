"""What `leavs label` finds out at its start, it finds out once."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from leavs.cli import run
from leavs.engines.models.demo import RECEIPT, WARNING, WEIGHTS, demo_folder

# Two reports without a text: the run is complete without an engine.
INPUT = ["--single-file", "a.txt", "b.txt"]

COUNTING = """
import sys
from leavs import cli

opened = []
sys.addaudithook(lambda event, about: event == "open" and opened.append(str(about[0])))
code = cli.run(sys.argv[2:])
print(code, opened.count(sys.argv[1]))
"""


@pytest.fixture(autouse=True)
def inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.txt", "b.txt"):
        Path(name).touch()


def test_the_weights_of_the_demo_model_are_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEAVS_CACHE", str(tmp_path / "cache"))
    weights = demo_folder() / WEIGHTS
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b"weights")
    receipt = {"weights_sha256": hashlib.sha256(b"weights").hexdigest()}
    (weights.parent / RECEIPT).write_text(json.dumps(receipt), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", COUNTING, str(weights), "label", "--model", "demo", *INPUT],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "3 1"
    said = " ".join(done.stderr.replace("│", " ").split())
    assert said.count(WARNING) == 2, "before the run, and in its summary"


def test_the_gpus_are_asked_for_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho asked >> calls\necho 'A, 200000, 570.1'\n", encoding="ascii")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert run(["label", *INPUT]) == 3, capsys.readouterr().err
    assert Path("calls").read_text(encoding="ascii").splitlines() == ["asked"]
    manifest = json.loads(Path("results/run.json").read_text(encoding="utf-8"))
    assert "Qwen/Qwen2-72B-Instruct" in json.dumps(manifest)
