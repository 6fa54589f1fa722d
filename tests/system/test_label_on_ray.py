"""`leavs label --ray` on a real cluster of a head and two nodes on loopback, disturbed and not."""

import csv
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from leavs.method.pack import Pack
from leavs.run.in_flight import DIED
from leavs.tables.export import TABLES
from places import ROOT, free_port
from processes import PATIENCE, children_of, wait_until
from ray_cluster import Cluster, kill_tree, ray_cluster
from real_runs import ARGUMENTS, REPORTS, check_same, tables_of_report, write_reports
from scripted_label import case_text

SCRIPT = ROOT / "tests" / "support" / "scripted_ray.py"
CANARY = "CANARYWORD"
CASES = 40


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
        **what: str,
    ) -> subprocess.Popen[str]:
        happens = ",".join(f"{case.removeprefix('r')}={one}" for case, one in what.items())
        arguments = (self.reports, self.folder, self.log, address, seconds, drain, happens)
        process = subprocess.Popen(
            [sys.executable, SCRIPT, *map(str, arguments)],
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
        out, err = process.communicate(timeout=PATIENCE)
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
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out, err) == (3, "", "")
    assert runs.tables() == undisturbed.tables()
    asked_by = runs.asked_by()
    lost = [case for case, pids in asked_by.items() if pids & killed and pids - killed]
    assert lost, "the killed node was to have reports in flight"
    manifests = [(one.folder / "run.json").read_text() for one in (runs, undisturbed)]
    identities = [json.loads(manifest)["identity"] for manifest in manifests]
    assert identities[0] == identities[1]


def test_a_report_that_kills_its_engine_alone_is_a_failure_and_the_others_are_labeled(
    cluster: Cluster, undisturbed: Runs, runs: Runs
) -> None:
    code, out, err = runs.run(cluster.address, r5="exit", r20="engine")
    assert (code, out, err) == (3, "", "")
    for table, lines in undisturbed.tables().items():
        others = [line for line in runs.tables()[table] if not line.startswith(("r5,", "r20,"))]
        assert others == [line for line in lines if not line.startswith(("r5,", "r20,"))]
    with (runs.folder / "failures.csv").open(newline="") as file:
        failed = [row for row in csv.DictReader(file) if row["step"] == "engine"]
    assert Counter((row["report_id"], row["reason"]) for row in failed) == {
        ("r5", DIED): 99,
        ("r20", f"{DIED}: the engine is gone"): 99,
    }
    asked_by = runs.asked_by()
    assert {len(asked_by[case]) for case in ("5", "20")} == {4}
    assert max(len(pids) for pids in asked_by.values()) == 4
    assert not list(runs.folder.glob("in_flight*"))
    assert CANARY not in cluster.log()


def test_a_bug_ends_the_run_and_keeps_its_traceback(cluster: Cluster, runs: Runs) -> None:
    code, out, err = runs.run(cluster.address, r5="bug")
    assert (code, out) == (1, "")
    assert "KeyError: (message withheld" in err
    assert "in a Ray actor:" in err
    assert "in _happen" in err
    assert CANARY not in err + cluster.log()


def niceness(pid: int) -> int:
    return os.getpriority(os.PRIO_PROCESS, pid)


def test_stopped_it_finishes_what_is_in_flight_and_goes_on_without_ray(
    cluster: Cluster, undisturbed: Runs, runs: Runs
) -> None:
    process = runs.start(cluster.address, seconds=0.2)
    wait_until("something is recorded", lambda: runs.recorded() > 0)
    replicas = {int(pid) for pids in runs.asked_by().values() for pid in pids}
    assert {niceness(pid) for pid in replicas} == {niceness(process.pid)}
    os.killpg(process.pid, signal.SIGTERM)
    out, err = process.communicate(timeout=PATIENCE)
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
    first = 8
    long = {f"r{case}": "long" for case in range(first, first + 9)}
    process = runs.start(cluster.address, drain=1, **long)
    wait_until(
        "long ones are asked", lambda: runs.log.exists() and len(runs.asked_by()) > first + 2
    )
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out, err) == (130, "", "")


def test_it_goes_on_where_a_run_without_ray_stopped(
    cluster: Cluster, undisturbed: Runs, runs: Runs
) -> None:
    process = runs.start("none", seconds=0.1)
    wait_until("something is recorded", lambda: runs.recorded() > 9)
    process.terminate()
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 75
    before = set(runs.asked_by())
    code, _, err = runs.run(cluster.address)
    assert code == 3, err
    assert all(len(pids) == 1 for pids in runs.asked_by().values())
    assert 0 < len(before) < CASES
    assert runs.tables() == undisturbed.tables()


def leavs(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "leavs", "label", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
    )


def test_without_an_address_ray_is_started_here_for_its_owner_alone(tmp_path: Path) -> None:
    arguments = ["--input-dir", str(ROOT / "data" / "reports"), "--limit", "4", "--dry-run"]
    with leavs(*arguments, "--output-dir", str(tmp_path / "plain")) as process:
        assert process.wait(PATIENCE) == 0
    root = Path("/tmp")  # noqa: S108 - where pytest's own folder is too deep for Ray's sockets
    before = set(root.glob("leavs-ray-*"))
    process = leavs(
        *(*arguments, "--ray", "--replicas", "2", "--output-dir", str(tmp_path / "ray")),
        TMPDIR=str(tmp_path),
        HOME=str(tmp_path / "home"),
    )
    wait_until(
        "Ray's folder is there",
        lambda: {one.parent for one in root.glob("leavs-ray-*/ray")} - before,
    )
    folders = set(root.glob("leavs-ray-*")) - before
    assert {folder.stat().st_mode & 0o777 for folder in folders} == {0o700}
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (0, ""), err
    assert not any(folder.exists() for folder in folders)
    assert not (tmp_path / "home").exists(), "Ray keeps its token in a file"
    for table in TABLES:
        assert (tmp_path / "ray" / table).read_bytes() == (tmp_path / "plain" / table).read_bytes()


def test_where_no_ray_runs_one_line_says_so(tmp_path: Path) -> None:
    report = str(next((ROOT / "data" / "reports").glob("*.txt")))
    process = leavs(
        *("--single-file", report, "--dry-run", "--ray", f"127.0.0.1:{free_port()}"),
        *("--output-dir", str(tmp_path)),
    )
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (1, "")
    assert err.splitlines()[-1].startswith("leavs: no Ray cluster at 127.0.0.1:")


@pytest.mark.vllm
def test_on_the_real_engine_the_labels_are_the_same(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    reports = write_reports(tmp_path / "reports", {"cyst": REPORTS["cyst"]})
    run = tmp_path / "run"
    process = leavs("--input-dir", str(reports), *ARGUMENTS, "--ray", "--output-dir", str(run))
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (0, ""), err
    at_once = request.getfixturevalue("labeled_at_once")
    check_same(run, tables_of_report(at_once, "cyst", tmp_path / "at-once"))


@pytest.mark.soak
@pytest.mark.vllm
def test_a_model_that_does_not_load_ends_the_run_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    report = str(next((ROOT / "data" / "reports").glob("*.txt")))
    process = leavs(
        *("--single-file", report, "--model", str(tmp_path / "empty"), "--ray"),
        *("--output-dir", str(tmp_path / "run")),
    )
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (1, "")
    assert err.splitlines()[-1].startswith(f"leavs: vLLM cannot load {tmp_path / 'empty'}: ")
    assert "Traceback" not in err
