"""The scripts of scripts/slurm/ with an image: all of leavs runs in it, signals and folders too."""

import json
import os
import sys
from pathlib import Path

import pytest

from places import ROOT
from slurm_jobs import IN_PLACE_OF_RAY, REPLICAS, SCRIPTED, Site, tables

APPTAINER = ROOT / "tests" / "support" / "apptainer.py"
SCRIPTS = {
    "array.sh": ("--array=0-2",),
    "one-node.sh": (),
    REPLICAS: (),
    "two-nodes-ray.sh": (),
}


@pytest.fixture
def image(site: Site) -> Path:
    """An image; what enters it is in place of Apptainer."""
    programs = site.folder / "bin"
    programs.mkdir()
    (programs / "apptainer").write_text(f'#!/bin/sh\nexec {sys.executable} {APPTAINER} "$@"\n')
    (programs / "apptainer").chmod(0o700)
    image = site.folder / "leavs.sif"
    image.touch()
    site.settings.update(
        IMAGE="leavs.sif",
        RAY=IN_PLACE_OF_RAY,
        PATH=f"{programs}:{os.environ['PATH']}",
        APPTAINER_CALLS=str(site.folder / "calls"),
    )
    return image


def calls(site: Site) -> list[list[str]]:
    """How Apptainer was called."""
    return [json.loads(line) for line in (site.folder / "calls").read_text().splitlines()]


def inside(site: Site) -> list[list[str]]:
    """The commands that ran in the image, without their programs."""
    words = [call[call.index("leavs.sif") + 1 :] for call in calls(site)]
    programs = (SCRIPTED.split(), IN_PLACE_OF_RAY.split())
    assert all(command[: len(programs[0])] in programs for command in words), words
    return [command[len(programs[0]) :] for command in words]


def bound(call: list[str]) -> set[str]:
    return {call[place + 1] for place, word in enumerate(call) if word == "--bind"}


@pytest.mark.parametrize("script", SCRIPTS)
def test_everything_runs_in_the_image_and_sees_the_folders_of_the_settings(
    site: Site, image: Path, undisturbed: dict[str, bytes], script: str
) -> None:
    site.let_go("0", "1", "2", "job", "job-0", "job-1")
    reports, output, home, hub = (
        site.folder / name for name in ("in put/reports.csv", "out put/a", "home", "hub")
    )
    for folder in (reports.parent, home, hub):
        folder.mkdir()
    (site.folder / "reports.csv").rename(reports)
    settings = {"REPORTS": reports, "OUTPUT": output, "HF_HOME": home, "HF_HUB_CACHE": hub}
    site.settings.update({name: str(path) for name, path in settings.items()})
    job = site.label(script, *SCRIPTS[script])
    export = site.export(f"--dependency=afterany:{job}")
    site.cluster.wait_until(lambda: site.cluster.ended(export))

    assert tables(output) == undisturbed
    everything = {str(path) for path in (site.folder, reports, output, home, hub)}
    for call, command in zip(calls(site), inside(site), strict=True):
        if call[1] == "--nv":
            assert bound(call) == everything
        else:
            assert (command[0], bound(call)) == ("export", {str(site.folder), str(output)})
    commands = {command[0] for command in inside(site)}
    assert {"label", "export"} <= commands
    assert ("start" in commands) is (script == "two-nodes-ray.sh")


def test_the_warning_reaches_leavs_in_the_image(
    site: Site, image: Path, undisturbed: dict[str, bytes]
) -> None:
    job = site.label_over_a_warning("one-node.sh")
    assert site.cluster.job(job)["ExitCode"] == "3:0"
    assert site.tables() == undisturbed
    assert [command[0] for command in inside(site)] == ["label", "label"]


def test_an_image_that_is_not_there_ends_the_job(site: Site, image: Path) -> None:
    image.unlink()
    job = site.label("one-node.sh")
    site.cluster.wait_until(lambda: site.cluster.ended(job))
    assert site.cluster.job(job)["ExitCode"] == "255:0"
    assert "leavs.sif does not exist" in site.log(job)
