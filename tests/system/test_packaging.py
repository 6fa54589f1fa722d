"""The wheel by itself: installed without vLLM, it works from any folder."""

import csv
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from places import ROOT

REPORT = "The liver is normal in size. No focal lesion in the spleen."


def printed(*command: str | Path, cwd: Path) -> str:
    """What a command prints, where it succeeds."""
    settings = ("PYTHONPATH", "LEAVS_", "VIRTUAL_ENV")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(settings)}
    done = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env=environment | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = (sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder)
    printed(*build, ROOT, cwd=folder)
    [path] = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a fresh environment in which only the wheel and its needs are."""
    home = tmp_path_factory.mktemp("installed")
    printed(sys.executable, "-m", "venv", home / "venv", cwd=home)
    printed(home / "venv/bin/python", "-m", "pip", "install", "--quiet", wheel, cwd=home)
    return home / "venv" / "bin"


def test_the_wheel_holds_every_file_and_no_other(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        everything = set(archive.namelist())
    names = {name for name in everything if ".dist-info/" not in name}
    homes = {
        "leavs": ROOT / "src" / "leavs",
        "leavs/packs": ROOT / "prompts",
        "leavs/data/exam": ROOT / "data" / "exam",
        "leavs/data/reports": ROOT / "data" / "reports",
    }
    assert names - {"leavs/data/annotations.csv"} == {
        f"{home}/{path.relative_to(folder)}"
        for home, folder in homes.items()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in everything)
    assert {"leavs/py.typed", "leavs/text/radiology_sentences.toml", "leavs/cli/label.py"} <= names
    assert {"leavs/data/annotations.csv", "leavs/data/exam/certainty.toml"} <= names
    assert {"leavs/packs/leavs/ontology.toml", "leavs/packs/leavs/urgency.jinja"} <= names


def test_an_installed_leavs_works_in_another_folder(installed: Path, tmp_path: Path) -> None:
    leavs = installed / "leavs"
    assert "Label reports." in printed(leavs, "--help", cwd=tmp_path)
    (tmp_path / "a.txt").write_text(REPORT)
    printed(leavs, "label", "--single-file", "a.txt", "--dry-run", cwd=tmp_path)
    labels = tmp_path / "results" / "labels.csv"
    with labels.open(newline="") as file:
        assert len(list(csv.reader(file))) == 1 + 18
    before = labels.read_bytes()
    labels.unlink()
    assert "1 reports, 18 label rows" in printed(leavs, "export", "results", cwd=tmp_path)
    assert labels.read_bytes() == before
    shown = printed(leavs, "show", "results", cwd=tmp_path)
    assert "the labels mean nothing" in shown
    assert "postsurgical" in shown
    assert "The liver is normal in size." in printed(leavs, "sentences", "a.txt", cwd=tmp_path)
    methods = printed(leavs, "methods", "results", cwd=tmp_path)
    assert "TRIPOD-LLM" in methods
    assert "to be filled in by you" in methods
    assert REPORT.split(".")[0] not in methods
    exam = printed(leavs, "exam", "--dry-run", "--items", "4", "--reports", "1", cwd=tmp_path)
    assert "By step" in exam
    assert "leavs 0." in f"leavs {printed(leavs, '--version', cwd=tmp_path)}"
    assert "Usage" in printed(installed / "python", "-m", "leavs", "--help", cwd=tmp_path)


@pytest.mark.parametrize("package", ["vllm", "torch", "transformers", "tokenizers"])
def test_what_labels_on_gpus_is_not_asked_for(installed: Path, package: str) -> None:
    code = f"import importlib.util as u; print(u.find_spec({package!r}))"
    assert printed(installed / "python", "-c", code, cwd=installed) == "None\n"


def test_the_real_model_says_what_to_install(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(REPORT)
    command = [installed / "leavs", "label", "--single-file", "a.txt", "--model", "some/model"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "vllm" in done.stderr
    assert "Traceback" not in done.stderr
