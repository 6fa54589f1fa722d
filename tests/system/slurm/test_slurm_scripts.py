"""What the scripts of scripts/slurm/ have in common, and that their documentation is whole."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from places import ROOT

SCRIPTS = sorted((ROOT / "scripts" / "slurm").glob("*.sh"))
LABELING = [path for path in SCRIPTS if path.name != "export.sh"]
INSTALL = ROOT / "containers" / "install.sh"
DOCUMENT = ROOT / "docs" / "slurm.md"


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


def test_there_are_five_scripts() -> None:
    names = [path.name for path in SCRIPTS]
    assert names == [
        "array.sh",
        "export.sh",
        "one-node-replicas.sh",
        "one-node.sh",
        "two-nodes-ray.sh",
    ]


@pytest.mark.parametrize("path", [*SCRIPTS, INSTALL], ids=lambda path: path.name)
def test_shellcheck_finds_nothing(path: Path) -> None:
    shellcheck = shutil.which("shellcheck")
    if shellcheck is None:
        pytest.skip("shellcheck is not installed here")
    done = subprocess.run([shellcheck, path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("path", LABELING, ids=lambda path: path.name)
def test_a_labeling_job_is_offline_private_warned_and_started_again(path: Path) -> None:
    log = "%A_%a" if path.name == "array.sh" else "%j"
    wanted = {
        "#SBATCH --requeue",
        "#SBATCH --open-mode=append",
        "#SBATCH --signal=B:USR1@180",
        f"#SBATCH --output=logs/{log}.out",
        f"#SBATCH --error=logs/{log}.err",
        "umask 077",
    }
    assert wanted <= set(lines(path))
    assert re.search(r"^export HF_HUB_OFFLINE=1\b", path.read_text(), re.M)


def test_what_follows_a_run_is_the_same_in_all_scripts() -> None:
    ends = {path.read_text().partition("\nagain() {")[2] for path in LABELING}
    assert len(ends) == 1 and "" not in ends


def test_an_image_is_entered_in_the_same_way_by_all_labeling_scripts() -> None:
    block = re.compile(r"^inside=\(\)\nif .*?^fi$", re.M | re.S)
    blocks = {found[0] for path in LABELING for found in [block.findall(path.read_text())]}
    assert len(blocks) == 1


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_each_option_and_setting_is_explained(path: Path) -> None:
    document = DOCUMENT.read_text()
    options = re.findall(r"^#SBATCH (--[\w-]+)", path.read_text(), re.M)
    settings = re.findall(r"^([A-Z_]+)=\$\{\1:-", path.read_text(), re.M)
    assert settings and options
    assert [name for name in (*options, *settings) if f"`{name}" not in document] == []
