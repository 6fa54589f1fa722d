"""requirements/gpu.txt is whole: what it names is there, fits together, and has these hashes."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import pin_gpu
from check_vllm_calls import OURS, checked
from pin_gpu import PLATFORM, PYTHON, pinned_again
from places import ROOT
from vllm_source import VllmSource

PINS = ROOT / "requirements" / "gpu.txt"


def resolved(requirements: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """What pip would install on a GPU node; nothing is downloaded but what packages need."""
    where = ("--python-version", PYTHON, "--python-platform", PLATFORM, "--target", folder)
    how = ("pip", "install", "--no-config", "--dry-run", "--require-hashes")
    command = (sys.executable, "-m", "uv", *how, *where, "-r", requirements)
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_it_resolves_with_its_hashes(tmp_path: Path) -> None:
    done = resolved(PINS, tmp_path)
    assert done.returncode == 0, done.stderr
    text = PINS.read_text()
    assert {*re.findall(r"^ \+ (\S+)$", done.stderr, re.M)} == {
        *re.findall(r"^[a-z0-9.-]+==[\w.+!]+", text, re.M)
    }


def test_a_version_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    altered, count = re.subn(r"\ntorch==\S+", r"\ntorch==2.11.0", PINS.read_text())
    assert count == 1
    (tmp_path / "altered.txt").write_text(altered)
    assert (
        "torch==2.11.0" in resolved(tmp_path / "altered.txt", tmp_path).stderr.split("Because")[1]
    )


def test_the_hashes_are_those_of_the_releases() -> None:
    ours = hashes(PINS.read_text())
    now = hashes(pinned_again([*ours]))  # wheels may have been added to a release
    assert {name for name in ours if not ours[name] <= now[name]} == set()


def test_the_script_writes_both_files_and_names_itself(tmp_path: Path) -> None:
    pin_gpu.main(["--write-to", str(tmp_path)])
    for path in (PINS, PINS.with_name("build.txt")):
        head = path.read_text().splitlines()[:4]
        assert (tmp_path / path.name).read_text().splitlines()[:4] == head
        assert "python scripts/pin_gpu.py" in head[1]


def hashes(text: str) -> dict[str, set[str]]:
    """The hashes of each pin."""
    blocks = re.split(r"\n(?=[a-z0-9])", text)[1:]
    return {block.split()[0]: set(re.findall("sha256:([0-9a-f]{64})", block)) for block in blocks}


def versions() -> list[str]:
    """The oldest vLLM that pyproject takes, and the one that is pinned."""
    [oldest] = re.findall(r'"vllm>=([\d.]+),', (ROOT / "pyproject.toml").read_text())
    return [oldest, *re.findall(r"^vllm==(\S+)", PINS.read_text(), re.M)]


@pytest.mark.soak  # downloads 300 MB for each
@pytest.mark.parametrize("version", versions())
def test_each_version_of_vllm_has_what_the_engine_calls(version: str, tmp_path: Path) -> None:
    where = ("--python-version", PYTHON, "--python-platform", PLATFORM, "--target", tmp_path)
    install = (sys.executable, "-m", "uv", "pip", "install", "--no-deps", *where)
    subprocess.run([*install, f"vllm=={version}"], check=True)
    uses = checked(VllmSource(tmp_path), OURS)
    assert [str(use) for use, optional, wrong in uses if wrong and not optional] == []
