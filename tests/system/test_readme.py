"""Every command of the README runs as it stands there, on the shipped reports."""

import re
import shutil
import subprocess
import tomllib
from collections.abc import Sequence

import pytest

from leavs.cli.exit_codes import INTERRUPTED
from page_commands import shown_commands
from places import ROOT
from tutorial import Ran, new_folder, stand_in, walk

TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [re.split(r"\s+#", one.command)[0] for one in shown_commands(TEXT)]
OF_LEAVS = [one for one in COMMANDS if one.startswith("leavs ")]
NOT_OF_LEAVS = re.compile(r"^(?!leavs )[a-z].*$", re.MULTILINE)
# The user's model is a server that knows the shipped reports; fewer questions take less time.
SETTINGS = "```sh\nexport LEAVS_BASE_URL=\nexport LEAVS_PRESET=lean\n```\n"
FENCE = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_it_is_short() -> None:
    assert len(TEXT.splitlines()) <= 150


def test_it_shows_no_other_program() -> None:
    assert {one.split()[0] for one in COMMANDS} == {"make", "pip", "leavs"}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Ran]:
    folder = new_folder(tmp_path_factory.mktemp("user"))
    (folder / "reports").symlink_to(ROOT / "data" / "reports")
    (folder / "readers.csv").symlink_to(ROOT / "data" / "annotations.csv")
    page = FENCE.sub(lambda fence: NOT_OF_LEAVS.sub("", fence[0]), TEXT)
    with stand_in() as base_url:
        return [one for one in walk(SETTINGS + page, folder, base_url) if one.output]


@pytest.mark.parametrize("place", range(len(OF_LEAVS)), ids=lambda place: OF_LEAVS[place][:30])
def test_a_command_of_leavs_does_what_it_says(ran: Sequence[Ran], place: int) -> None:
    done = ran[place]
    assert done.shown.command.startswith(OF_LEAVS[place])
    wanted = INTERRUPTED if "leavs review" in OF_LEAVS[place] else 0
    assert done.code == wanted, done.output


@pytest.mark.parametrize("command", [one for one in COMMANDS if one.startswith("make ")])
def test_make_knows_what_to_do(command: str) -> None:
    """What `make demo` and `make test` do is not done again within the latter."""
    target = command.removeprefix("make ")
    make = shutil.which("make")
    assert make is not None
    done = subprocess.run(
        [make, "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert {"demo": "leavs label", "test": "pytest"}[target] in done.stdout


def test_what_pip_installs_is_there() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = re.findall(r"'\.\[(.+?)\]'", "\n".join(COMMANDS))
    assert wanted
    assert {one for extras in wanted for one in extras.split(",")} <= {
        *project["optional-dependencies"]
    }
