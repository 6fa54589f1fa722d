"""requirements/gpu.txt and build.txt hold what pyproject wants, each with version and hashes."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from pin_gpu import EXTRAS
from places import ROOT

FILES = {name: ROOT / "requirements" / name for name in ("gpu.txt", "build.txt")}
PIN = re.compile(r"([a-z0-9.-]+)==([\w.+!]+)((?: \\\n    --hash=sha256:[0-9a-f]{64})+)")


def pins(path: Path) -> dict[str, Version]:
    return {name: Version(version) for name, version, _ in PIN.findall(path.read_text())}


def wanted(name: str) -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    if name == "build.txt":
        texts = project["build-system"]["requires"]
    else:
        extras = project["project"]["optional-dependencies"]
        texts = [*project["project"]["dependencies"], *(one for e in EXTRAS for one in extras[e])]
    return [Requirement(text) for text in texts]


@pytest.mark.parametrize("name", FILES)
def test_every_line_is_a_pin_with_hashes(name: str) -> None:
    text = FILES[name].read_text()
    rest = PIN.sub("", text).split("\n")
    assert [line for line in rest if line and not line.startswith("#")] == ["--only-binary :all:"]
    assert "://" not in text  # no place where packages are


@pytest.mark.parametrize("name", FILES)
def test_the_pins_are_what_pyproject_wants(name: str) -> None:
    found = pins(FILES[name])
    missing = [
        str(one)
        for one in wanted(name)
        if not one.specifier.contains(found.get(canonicalize_name(one.name), Version("0")))
    ]
    assert missing == []
    assert "leavs" not in found


def test_the_compiler_is_of_the_cuda_of_torch() -> None:
    found = pins(FILES["gpu.txt"])
    parts = ("nvcc", "crt", "runtime", "cccl")
    assert {found[f"nvidia-cuda-{part}"].release[:2] for part in parts} == {
        found["cuda-toolkit"].release[:2]
    }
