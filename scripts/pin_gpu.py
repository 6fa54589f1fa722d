"""Pins every package of a GPU node, with hashes, in requirements/gpu.txt; build.txt: for the wheel.

What is to be pinned stands in pyproject.toml. Only wheels are taken: building a package would fetch
other packages, which no hash holds. leavs itself is not in the files. Nothing is installed.

    python scripts/pin_gpu.py [--write-to DIR]
"""

import argparse
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
EXTRAS = ("vllm", "tables", "evaluate", "review", "ray")
PYTHON = "3.12"
PLATFORM = "x86_64-manylinux_2_34"  # glibc of RHEL 9; Debian 12 and Ubuntu 22.04 have newer ones
# What compiles for GPUs has to be of the CUDA that torch pins, or its headers refuse it.
COMPILER = "cuda-toolkit[nvcc,cccl]"
FOR_WHAT = f"Linux on x86-64 with glibc 2.34 or newer, Python {PYTHON}"
HEADER = "# {what}\n# For {where}. Made by: python scripts/pin_gpu.py\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the two files."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--write-to", type=Path, default=ROOT / "requirements", metavar="DIR")
    folder = parser.parse_args(arguments).write_to
    gpu = f"leavs[{','.join(EXTRAS)}] on a GPU node: what it needs, without leavs itself."
    (folder / "gpu.txt").write_text(HEADER.format(what=gpu, where=FOR_WHAT) + pinned(EXTRAS))
    build = "What the wheel of leavs is built with."
    (folder / "build.txt").write_text(HEADER.format(what=build, where=FOR_WHAT) + pinned_build())


def pinned_again(pins: Sequence[str]) -> str:
    """Pin what is pinned, with the hashes that there are now.

    Args:
        pins: all packages, as in name==version.
    """
    return _compiled(PYTHON, "-", given="\n".join(pins))


def pinned(extras: Sequence[str], python: str = PYTHON) -> str:
    """Pin what leavs needs with some extras.

    Args:
        python: the version of Python, as in 3.12.
    """
    named = [word for extra in extras for word in ("--extra", extra)]
    more = COMPILER if "vllm" in extras else ""
    return _compiled(python, str(ROOT / "pyproject.toml"), "-", *named, given=more)


def pinned_build(python: str = PYTHON) -> str:
    """Pin what pyproject.toml says that leavs is built with."""
    needs = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    return _compiled(python, "-", given="\n".join(needs))


def _compiled(python: str, *what: str, given: str = "") -> str:
    form = "--no-header --no-annotate --no-emit-index-url --emit-build-options --quiet"
    where = ("--python-version", python, "--python-platform", PLATFORM, "--only-binary", ":all:")
    command = ["pip", "compile", "--no-config", "--generate-hashes", *form.split(), *where, *what]
    done = subprocess.run(
        [sys.executable, "-m", "uv", *command],
        input=given,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(done.returncode)  # uv has said why
    return done.stdout


if __name__ == "__main__":
    main()
