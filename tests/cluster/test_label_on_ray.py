"""`leavs label --ray` on a real cluster of a head and two nodes on loopback, disturbed and not."""

import csv
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cluster.ray_cluster import Cluster, children_of, kill_tree, ray_cluster, wait_until
from conftest import ROOT
from leavs.prompts import Pack
from leavs.tables import TABLES
from scripted_label import case_text

SCRIPT = ROOT / "tests" / "scripted_ray.py"
CANARY = "CANARYWORD"
CASES = 40
DEADLY = ("5", "20")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with (
        tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as folder,
        ray_cluster(Path(folder), nodes=2) as running,
    ):
        yield running


@pytest.fixture(scope="module")
def reports(pack: Pack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    organs = [organ.name for organ in pack.ontology.organs]
    path = tmp_path_factory.mktemp("in") / "reports.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image1", "anonymized_report"])
        for case in range(CASES):
            text = f"{case_text(case, organs)}\n{CANARY} stands in case {case}."
            writer.writerow([f"r{case}", text])
    return path


@dataclass(frozen=True)
class Runs:
    """Starts runs over the same reports."""

    reports: Path
    folder: Path
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(
        self,
        address: str,
        seconds: float = 0.01,
        drain: float = 60,
        what: str = "none",
        cases: Sequence[str] = (),
    ) -> subprocess.Popen[str]:
        arguments = (self.reports, self.folder, self.log, address, seconds, drain, what)
        process = subprocess.Popen(
            [sys.executable, SCRIPT, *map(str, arguments), ",".join(cases)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def run(self, address: str, **disturbed: object) -> tuple[int, str, str]:
        """The exit code, and what was printed on stdout and on stderr."""
        process = self.start(address, **disturbed)  # type: ignore[arg-type]
        out, err = process.communicate(timeout=150)
        return process.returncode, out, err

    @property
    def log(self) -> Path:
        return self.folder.with_suffix(".log")

    def asked_by(self) -> dict[str, set[str]]:
        """The processes that asked about a case, by case."""
        asked: dict[str, set[str]] = {}
        for line in self.log.read_text().splitlines():
            case, pid = line.split("\t")
            asked.setdefault(case, set()).add(pid)
        return asked

    def recorded(self) -> int:
        """The organs in the journals."""
        journals = (self.folder / "journal").glob("*.jsonl")
        return sum(path.read_bytes().count(b'{"kind":"organ"') for path in journals)

    def tables(self) -> dict[str, list[str]]:
        return {
            name: (self.folder / name).read_text(encoding="utf-8").splitlines() for name in TABLES
        }


@pytest.fixture(scope="module")
def undisturbed(reports: Path, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """The run without Ray."""
    runs = Runs(reports, tmp_path_factory.mktemp("plain") / "run")
    code, _, err = runs.run("none")
    assert code == 3, err  # its reader fails about one question in a hundred
    return runs


@pytest.fixture
def runs(reports: Path, tmp_path: Path) -> Iterator[Runs]:
    runs = Runs(reports, tmp_path / "run")
    yield runs
    for process in runs.started:
        process.kill()
        process.communicate()


def test_a_node_is_killed_and_the_tables_are_those_of_a_run_without_ray(
    cluster: Cluster, undisturbed: Runs, runs: Runs
) -> None:
    process = runs.start(cluster.address, seconds=0.3)
    wait_until("a tenth is recorded", lambda: runs.recorded() > CASES * 9 / 10)
    killed = {str(pid) for pid in children_of(cluster.nodes[-1].pid)}
    kill_tree(cluster.nodes[-1])
    assert runs.recorded() < CASES * 9 / 2, "the run was to be killed in the middle"
    cluster.add_node()
    out, err = process.communicate(timeout=150)
    assert (process.returncode, out, err) == (3, "", "")
    assert runs.tables() == undisturbed.tables()
    asked_by = runs.asked_by()
    lost = [case for case, pids in asked_by.items() if pids & killed and pids - killed]
    assert lost, "the killed node was to have reports in flight"
    manifests = [(one.folder / "run.json").read_text() for one in (runs, undisturbed)]
    identities = [json.loads(manifest)["identity"] for manifest in manifests]
    assert identities[0] == identities[1]


@pytest.mark.parametrize(("what", "words"), [("exit", ""), ("engine", ": the engine is gone")])
def test_a_report_that_kills_its_engine_twice_is_a_failure_and_the_others_are_labeled(
    cluster: Cluster, undisturbed: Runs, runs: Runs, what: str, words: str
) -> None:
    code, out, err = runs.run(cluster.address, what=what, cases=DEADLY)
    assert (code, out, err) == (3, "", "")
    deadly = tuple(f"r{case}," for case in DEADLY)
    for table, lines in undisturbed.tables().items():
        others = [line for line in runs.tables()[table] if not line.startswith(deadly)]
        assert others == [line for line in lines if not line.startswith(deadly)]
    with (runs.folder / "failures.csv").open(newline="") as file:
        failed = [row for row in csv.DictReader(file) if row["step"] == "engine"]
    assert len(failed) == len(DEADLY) * 99
    assert {row["reason"] for row in failed} == {
        f"its engine died twice while it was labeled{words}"
    }
    asked_by = runs.asked_by()
    assert all(len(asked_by[case]) == 2 for case in DEADLY)
    assert CANARY not in cluster.log()


def test_a_bug_ends_the_run_and_keeps_its_traceback(cluster: Cluster, runs: Runs) -> None:
    code, out, err = runs.run(cluster.address, what="bug", cases=DEADLY)
    assert (code, out) == (1, "")
    assert "In a Ray actor:" in err
    assert "in _happen" in err
    assert err.splitlines()[-1].strip() or "KeyError: 'a bug'" in err
    assert CANARY not in err + cluster.log()


def test_stopped_it_finishes_what_is_in_flight_and_goes_on_without_ray(
    cluster: Cluster, undisturbed: Runs, runs: Runs
) -> None:
    process = runs.start(cluster.address, seconds=0.2)
    wait_until("something is recorded", lambda: runs.recorded() > 0)
    os.killpg(process.pid, signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (75, "", "")
    recorded = runs.recorded()
    assert recorded % 9 == 0
    assert 0 < recorded < CASES * 9
    assert {len(pids) for pids in runs.asked_by().values()} == {1}
    assert len(runs.asked_by()) == recorded / 9, "what was begun was to be finished"
    code, _, err = runs.run("none")
    assert code == 3, err
    assert len(runs.asked_by()) == CASES
    assert runs.tables() == undisturbed.tables()


def test_after_the_time_to_drain_it_ends_whatever_is_in_flight(
    cluster: Cluster, runs: Runs
) -> None:
    process = runs.start(cluster.address, drain=1, what="long", cases=[str(n) for n in range(9)])
    wait_until("a long one is asked", lambda: runs.log.exists() and len(runs.asked_by()) > 2)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, "", "")


def test_it_goes_on_where_a_run_without_ray_stopped(
    cluster: Cluster, undisturbed: Runs, runs: Runs
) -> None:
    process = runs.start("none", seconds=0.1)
    wait_until("something is recorded", lambda: runs.recorded() > 9)
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode == 75
    before = set(runs.asked_by())
    code, _, err = runs.run(cluster.address)
    assert code == 3, err
    assert all(len(pids) == 1 for pids in runs.asked_by().values())
    assert 0 < len(before) < CASES
    assert runs.tables() == undisturbed.tables()
