"""Podman with images and settings of its own, for the time of a block.

It works as root in a container, too: without limits that are raised, without networks, and where
the kernel has both versions of cgroups, which crun refuses, with the newer one out of sight.
"""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from processes import PATIENCE

CERTIFICATES = Path("/etc/ssl/certs")
CGROUPS = Path("/sys/fs/cgroup/unified")  # the newer one, beside the older
SETTINGS = '[containers]\ndefault_ulimits = []\ncgroups = "disabled"\n'
HIDDEN = ("unshare", "--mount", "sh", "-c", f'umount {CGROUPS} && exec "$@"', "podman")
PROGRAMS = ("podman", "crun", "mmdebstrap")
# A Debian with Python, in place of the image of a registry
SMALL = (
    "--dpkgopt=force-unsafe-io",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--skip=check/empty",
)
BASE = (*SMALL, "--quiet", "--variant=minbase", "--include=python3,python3-venv,ca-certificates")
SUITE = "bookworm"
PYTHON = "3.11"  # of this Debian
CONTAINERFILE = "containers/Containerfile"


@dataclass(frozen=True, slots=True)
class Podman:
    """Calls podman.

    Args:
        folder: of its images and its settings.
    """

    folder: Path

    def call(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run podman to its end, however it ends."""
        places = ("--root", self.folder / "images", "--runroot", self.folder / "run")
        command = (*(HIDDEN if os.path.ismount(CGROUPS) else ()), "podman", *places, *arguments)
        return subprocess.run(
            [str(part) for part in command],
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
            env={**os.environ, "CONTAINERS_CONF": str(self.folder / "containers.conf")},
        )

    def printed(self, *arguments: str | Path) -> str:
        """What podman prints, where it succeeds."""
        done = self.call(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def run(
        self, image: str, *command: str | Path, options: tuple[str | Path, ...] = ()
    ) -> subprocess.CompletedProcess[str]:
        """Run a container that reaches no network and can write nowhere but in /tmp."""
        alone = ("run", "--rm", "--network", "none", "--read-only")
        return self.call(*alone, *options, image, *command)

    def build(self, context: Path, name: str, **given: str) -> None:
        """Build an image from a folder that holds a checkout."""
        arguments = [word for key in given for word in ("--build-arg", f"{key}={given[key]}")]
        # This machine's certificates: where its packages come from may have one of its own.
        where = ("--network", "host", "--volume", f"{CERTIFICATES}:{CERTIFICATES}:ro")
        how = ("--isolation", "chroot", "--layers=false", "--file", context / CONTAINERFILE)
        self.printed("build", *how, *where, *arguments, "--tag", name, context)

    def make_base(self, name: str) -> None:
        """Make an image of a Debian with Python."""
        tar = self.folder / "base.tar"
        command = ("mmdebstrap", *BASE, SUITE, str(tar))
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=PATIENCE
        )
        assert done.returncode == 0, done.stderr
        self.printed("import", "--quiet", tar, name)
        tar.unlink()


@contextlib.contextmanager
def own_podman() -> Iterator[Podman]:
    """A podman whose images are gone with the end of the block."""
    folder = Path(tempfile.mkdtemp(prefix="podman-"))  # short: it holds sockets
    (folder / "containers.conf").write_text(SETTINGS)
    podman = Podman(folder)
    try:
        yield podman
    finally:
        podman.call("rmi", "--all", "--force")
        shutil.rmtree(folder, ignore_errors=True)


def why_not() -> str:
    """Why no container can run here; "" if it can."""
    if lacking := [name for name in PROGRAMS if shutil.which(name) is None]:
        return f"not installed here: {', '.join(lacking)}"
    allowed = ("unshare", "--mount", "true")
    done = subprocess.run(allowed, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"no container can be made here: {done.stderr.strip()}"
