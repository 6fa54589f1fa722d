"""containers/: the image is built without vLLM and runs; Apptainer's definition does the same."""

import json
import re
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from pin_gpu import pinned
from places import ROOT
from podman import PYTHON, Podman, own_podman, why_not

CONTAINERFILE = (ROOT / "containers" / "Containerfile").read_text()
DEFINITION = (ROOT / "containers" / "leavs.def").read_text()
CONTEXT = ("containers", "data", "prompts", "src", "pyproject.toml", "README.md", "LICENSE")
CONTEXT += ("requirements", ".dockerignore")
PRIVATE = ("results/labels.csv", "data/reports/__pycache__/private.txt", ".venv/bin/private")
BASE_IMAGE, IMAGE = "localhost/debian-with-python", "localhost/leavs"
COMMIT = "0123456789abcdef"


@pytest.fixture(scope="module")
def podman() -> Iterator[Podman]:
    if reason := why_not():
        pytest.skip(reason)
    with own_podman() as podman:
        podman.make_base(BASE_IMAGE)
        yield podman


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout in which there is also what must not get into the image."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in CONTEXT:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    for name in PRIVATE:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("private")
    (folder / "requirements" / "small.txt").write_text(pinned((), PYTHON))
    return folder


@pytest.fixture(scope="module")
def image(podman: Podman, checkout: Path) -> str:
    podman.build(
        checkout,
        IMAGE,
        PYTHON_IMAGE=BASE_IMAGE,
        REQUIREMENTS="requirements/small.txt",
        SYSTEM_PACKAGES="libc-bin",  # which is there: apt-get is called, and has nothing to fetch
        COMMIT=COMMIT,
    )
    return IMAGE


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A folder that any user can write, with one report below it."""
    (tmp_path / "reports").mkdir(mode=0o755)
    (tmp_path / "reports" / "a.txt").write_text("The liver is normal in size.")
    (tmp_path / "out").mkdir()
    (tmp_path / "out").chmod(0o777)
    return tmp_path


def version() -> str:
    told: str = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    return told


def test_the_image_says_what_it_is(podman: Podman, image: str) -> None:
    [told] = json.loads(podman.printed("image", "inspect", image))
    config = told["Config"]
    assert (config["Entrypoint"], config["Cmd"]) == (["leavs"], ["--help"])
    labels = {name.rpartition(".")[2]: text for name, text in config["Labels"].items()}
    wanted = {"title": "leavs", "revision": COMMIT, "licenses": "Apache-2.0", "version": version()}
    assert wanted.items() <= labels.items()
    assert "HF_HUB_OFFLINE=1" in config["Env"]


def test_leavs_is_what_it_runs_and_its_user_is_not_root(podman: Podman, image: str) -> None:
    assert podman.run(image, "--version").stdout.strip() == version()
    assert "Label reports" in podman.run(image).stdout
    user = podman.run(image, "-u", options=("--entrypoint", "id"))
    assert user.stdout.strip() == "10001"


@pytest.mark.parametrize("user", ["10001:10001", "54321:54321", "0:0"])
def test_any_user_labels_on_a_read_only_root_without_a_network(
    podman: Podman, image: str, work: Path, user: str
) -> None:
    folders = ("-v", f"{work}/reports:/reports:ro", "-v", f"{work}/out:/work")
    command = ("label", "--input-dir", "/reports", "--dry-run")
    done = podman.run(image, *command, options=(*folders, "--user", user))
    assert done.returncode == 0, done.stderr
    labels = work / "out" / "results" / "labels.csv"
    assert len(labels.read_text().splitlines()) == 1 + 18
    assert f"{labels.stat().st_uid}:{labels.stat().st_gid}" == user
    assert labels.stat().st_mode & 0o777 == 0o600


def test_the_doctor_says_that_a_read_only_folder_cannot_be_written(
    podman: Podman, image: str, work: Path
) -> None:
    command = ("doctor", "--dry-run", "--input-dir", "/reports")
    done = podman.run(image, *command, options=("-v", f"{work}/reports:/reports:ro"))
    assert done.returncode == 1
    assert "cannot be written: Read-only file system" in " ".join(done.stdout.split())
    assert "Traceback" not in done.stderr


def test_nothing_of_the_checkout_but_leavs_is_in_the_image(podman: Podman, image: str) -> None:
    options = ("--user", "0", "--entrypoint", "sh")
    found = podman.run(image, "-c", "find /opt /work -type f", options=options)
    everything = found.stdout.splitlines()
    outside = [name for name in everything if not name.startswith("/opt/leavs/")]
    assert sorted(outside) == [
        f"/opt/built/leavs-{version()}-py3-none-any.whl",
        "/opt/install.sh",
        "/opt/requirements.txt",
    ]
    assert any(name.endswith("leavs/packs/leavs/ontology.toml") for name in everything)
    names = {Path(name).name for name in PRIVATE}
    assert [name for name in everything if Path(name).name in names] == []


def test_a_wrong_version_is_refused(podman: Podman, checkout: Path) -> None:
    with pytest.raises(AssertionError, match=r"VERSION is 9\.9, and the wheel is leavs-"):
        podman.build(checkout, "localhost/wrong", PYTHON_IMAGE=BASE_IMAGE, VERSION="9.9")


# Without building


def defaults(text: str) -> dict[str, str]:
    return {
        name: value.strip('"') for name, value in re.findall(r"(?:ARG |    )([A-Z_]+)=(.*)", text)
    }


def test_both_begin_with_the_same_and_the_version_is_that_of_the_project() -> None:
    ours, theirs = defaults(CONTAINERFILE), defaults(DEFINITION.partition("%files")[0])
    assert ours["PYTHON_IMAGE"] == f"docker.io/library/{theirs.pop('PYTHON_IMAGE')}"
    assert theirs.items() <= ours.items()
    assert ours["VERSION"] == version()


def test_both_do_the_same_steps_by_one_script() -> None:
    step = re.compile(r"install\.sh (system|wheel|packages|leavs)\b")
    given = DEFINITION.partition("%post")[2].partition("%environment")[0]
    commands = "\n".join(re.findall(r"^RUN .*", CONTAINERFILE, re.M))
    assert sorted(step.findall(given)) == sorted(step.findall(commands))
    assert len(step.findall(given)) == 4


def test_both_carry_the_same_labels() -> None:
    ours = dict(re.findall(r"(org\.opencontainers\.[\w.]+)=\"(.*?)\"", CONTAINERFILE))
    theirs = dict(re.findall(r"(org\.opencontainers\.[\w.]+) (.*)", DEFINITION))
    said = {name: re.sub(r"\{\{ (\w+) \}\}", r"$\1", text) for name, text in theirs.items()}
    assert said == ours and len(ours) == 5


def test_what_apptainer_copies_is_what_podman_copies() -> None:
    copied = re.findall(r"^COPY (?!--from)(.*) \S+$", CONTAINERFILE, re.M)
    ours = {name for line in copied for name in line.split()}
    files = DEFINITION.partition("%files\n")[2].partition("\n\n")[0].splitlines()
    theirs = {line.split()[0] if "{{" not in line else "$REQUIREMENTS" for line in files}
    assert ours == theirs
    assert all((ROOT / name).exists() for name in ours - {"$REQUIREMENTS"})
