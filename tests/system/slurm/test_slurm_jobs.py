"""The scripts of scripts/slurm/ in a real SLURM: warned, killed, cancelled, resubmitted, joined."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from slurm_cluster import Cluster, missing, running_cluster
from slurm_jobs import IN_PLACE_OF_RAY, Site, prepared_site


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    if absent := missing():
        pytest.skip(f"SLURM is not installed here: no {', '.join(absent)}")
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture
def site(cluster: Cluster, tmp_path: Path) -> Iterator[Site]:
    yield prepared_site(cluster, tmp_path)
    cluster.end_all_jobs()


def test_an_array_that_is_warned_and_killed_gives_the_tables_of_an_undisturbed_run(
    site: Site,
) -> None:
    slurm = site.cluster
    array = site.label("array.sh", "--array=0-2")
    warned, killed = f"{array}_0", f"{array}_1"
    site.wait_for(array, "0", "1", "2")
    slurm.warn(warned)
    slurm.call("scancel", "--signal=KILL", killed)
    slurm.wait_until(lambda: slurm.job(warned)["Restarts"] == "1" and slurm.ended(killed))
    assert site.states() == ["unfinished"] * 3
    site.let_go("0", "1", "2")
    resubmitted = site.label("array.sh", "--array=1")
    export = site.export(f"--dependency=afterany:{array}:{resubmitted}")
    slurm.wait_until(lambda: slurm.ended(export))

    jobs = {name: slurm.job(name) for name in (warned, killed, f"{resubmitted}_1", export)}
    told = {name: (job["JobState"], job["ExitCode"], job["Restarts"]) for name, job in jobs.items()}
    assert told == {
        warned: ("FAILED", "3:0", "1"),
        killed: ("CANCELLED", "0:0", "0"),
        f"{resubmitted}_1": ("FAILED", "3:0", "0"),
        export: ("COMPLETED", "0:0", "0"),
    }
    assert f"leavs: job {warned} goes on later" in site.log(warned)
    assert f"leavs: job {warned} finished with failed cells" in site.log(warned)
    assert site.states() == ["complete"] * 3
    assert site.tables() == site.undisturbed()


def test_a_job_on_one_node_goes_on_by_itself_after_the_warning(site: Site) -> None:
    job = site.label("one-node.sh")
    site.wait_for(job)
    site.cluster.warn(job)
    site.cluster.wait_until(lambda: site.cluster.job(job)["Restarts"] == "1")
    site.let_go("job")
    site.cluster.wait_until(lambda: site.cluster.ended(job))
    assert site.cluster.job(job)["ExitCode"] == "3:0"
    assert site.tables() == site.undisturbed()


def test_a_cancelled_job_stays_cancelled(site: Site) -> None:
    job = site.label("one-node.sh")
    site.wait_for(job)
    site.cluster.call("scancel", job)
    site.cluster.wait_until(lambda: site.cluster.ended(job))
    told = site.cluster.job(job)
    assert (told["JobState"], told["Restarts"]) == ("CANCELLED", "0")


def test_a_job_that_was_started_again_too_often_ends_and_says_so(site: Site) -> None:
    site.settings["MAX_RESTARTS"] = "0"
    job = site.label("one-node.sh")
    site.wait_for(job)
    site.cluster.warn(job)
    site.cluster.wait_until(lambda: site.cluster.ended(job))
    assert site.cluster.job(job)["ExitCode"] == "75:0"
    assert f"leavs: job {job} was started again 0 times; look into the log" in site.log(job)


def test_a_model_over_two_nodes_goes_on_after_the_warning_and_leaves_no_ray(site: Site) -> None:
    site.settings["RAY"] = IN_PLACE_OF_RAY
    job = site.label("two-nodes-ray.sh")
    site.wait_for(job)
    assert site.nodes_of_ray() == 2
    site.cluster.warn(job)
    site.cluster.wait_until(lambda: site.cluster.job(job)["Restarts"] == "1")
    site.let_go("job")
    site.cluster.wait_until(lambda: site.cluster.ended(job))
    assert site.cluster.job(job)["ExitCode"] == "3:0"
    assert site.nodes_of_ray() == 0
    assert site.tables() == site.undisturbed()
    for command in site.commands():
        assert "--tensor-parallel-size 2 --pipeline-parallel-size 2" in command
        assert "--engine-arg distributed_executor_backend=ray" in command
