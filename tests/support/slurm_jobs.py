"""Jobs of scripts/slurm/ with a scripted model: what they are submitted with, and how they end."""

import csv
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import scripted_label
from leavs.method.pack import find_pack, load_pack
from places import ROOT
from scripted_leavs import HOLD
from slurm_cluster import GPUS, Cluster

SCRIPTS = ROOT / "scripts" / "slurm"
SCRIPTED = f"{sys.executable} {ROOT / 'tests' / 'support' / 'scripted_leavs.py'}"
IN_PLACE_OF_RAY = f"{sys.executable} {ROOT / 'tests' / 'support' / 'node_of_ray.py'}"
REPLICAS = "one-node-replicas.sh"
METHOD = ("--filtration", "fast", "--reasoning", "never", "--reports-in-flight", "2")
DRAIN = ("--drain-seconds", "3")  # longer than a killed job has, see KillWait
REPORTS = 40


@dataclass(frozen=True, slots=True)
class Site:
    """A folder with reports from which jobs are submitted; their tasks wait to be let go.

    Args:
        settings: what the scripts take from the environment.
    """

    cluster: Cluster
    folder: Path
    settings: dict[str, str]

    def label(self, script: str, *options: str) -> str:
        """The number of a labeling job, with options of sbatch."""
        size = f"--gpus-per-node={GPUS}"
        if script == REPLICAS:
            size = f"--ntasks-per-node={GPUS}"
        return self._submit(script, *options, size, leavs=(*METHOD, *DRAIN))

    def export(self, *options: str) -> str:
        """The number of a job that joins shards, with options of sbatch."""
        return self._submit("export.sh", *options, leavs=())

    def _submit(self, script: str, *options: str, leavs: tuple[str, ...]) -> str:
        command = ("sbatch", "--parsable", *options, str(SCRIPTS / script), *leavs)
        return self.cluster.call(*command, cwd=self.folder, **self.settings)

    def wait_for(self, job: str, *tasks: str) -> None:
        """Return when a job, or some tasks of it, have recorded something and wait."""
        files = [self.folder / "hold" / f"waiting-{task}" for task in tasks or ("job",)]

        def waiting() -> bool:
            assert not self.cluster.ended(job), self.cluster.job(job)
            return all(file.exists() for file in files)

        self.cluster.wait_until(waiting)

    def label_over_a_warning(self, script: str) -> str:
        """The number of a labeling job that was warned, requeued, let go, and has ended."""
        job = self.label(script)
        self.wait_for(job)
        self.cluster.warn(job)
        self.cluster.wait_for_requeue(job)
        self.let_go("job")
        self.cluster.wait_until(lambda: self.cluster.ended(job))
        return job

    def let_go(self, *tasks: str) -> None:
        """Let tasks, and whoever starts in their place, go on."""
        for task in tasks:
            (self.folder / "hold" / f"go-{task}").touch()

    def log(self, job: str) -> str:
        """What a job wrote to its two logs."""
        logs = self.folder / "logs"
        return "".join((logs / f"{job}.{end}").read_text() for end in ("out", "err"))

    def states(self) -> list[str]:
        """How far the shards are."""
        command = (*SCRIPTED.split(), "status", "results", "--json")
        told = json.loads(self.cluster.call(*command, cwd=self.folder))
        return [shard["state"] for shard in told["shards"]]

    def nodes_of_ray(self) -> int:
        """How many nodes of Ray there are, by their processes."""
        start = [*IN_PLACE_OF_RAY.split(), "start"]
        return sum(words[: len(start)] == start for words in self.cluster.commands())

    def manifest(self) -> dict[str, Any]:
        """What run.json says."""
        told: dict[str, Any] = json.loads((self.folder / "results" / "run.json").read_text())
        return told

    def commands(self) -> list[str]:
        """The command of each process that labeled."""
        sessions = self.manifest()["sessions"]
        return [" ".join(told["command"]) for told in sessions if "command" in told]

    def tables(self) -> dict[str, bytes]:
        """The tables of the jobs."""
        return tables(self.folder / "results")


def undisturbed_tables(folder: Path) -> dict[str, bytes]:
    """The tables of one run over all reports, which nobody stops."""
    write_reports(folder / "reports.csv")
    command = (*SCRIPTED.split(), "label", "--reports-csv", "reports.csv", *METHOD)
    assert subprocess.run(command, check=False, cwd=folder).returncode == 3
    return tables(folder / "results")


def tables(folder: Path) -> dict[str, bytes]:
    """The tables in a folder by their names."""
    return {path.name: path.read_bytes() for path in folder.glob("*.csv")}


def prepared_site(cluster: Cluster, folder: Path) -> Site:
    """A folder with reports and a place for logs."""
    for name in ("logs", "hold"):
        (folder / name).mkdir()
    write_reports(folder / "reports.csv")
    settings = {"LEAVS": SCRIPTED, "MODEL": "scripted", "NUM_SHARDS": "3", HOLD: f"{folder}/hold"}
    return Site(cluster, folder, settings | {"PYTHONPATH": os.environ.get("PYTHONPATH", "")})


def write_reports(path: Path) -> None:
    """A CSV of reports, the same in all tests."""
    organs = [organ.name for organ in load_pack(find_pack("leavs")).ontology.organs]
    texts = [(f"case {n}", scripted_label.case_text(n, organs)) for n in range(REPORTS)]
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("image1", "anonymized_report"), *texts])
