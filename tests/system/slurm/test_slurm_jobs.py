"""The scripts of scripts/slurm/ in a real SLURM: warned, killed, cancelled, resubmitted, joined."""

import json
import sys

import pytest

from slurm_cluster import GPUS
from slurm_jobs import IN_PLACE_OF_RAY, REPLICAS, Site

SHOW = (
    "import os, sys; from leavs.reports.shards import chosen_shard; "
    "print(sys.argv[1], chosen_shard(None, None, os.environ))"
)


def test_an_array_that_is_warned_and_killed_gives_the_tables_of_an_undisturbed_run(
    site: Site, undisturbed: dict[str, bytes]
) -> None:
    slurm = site.cluster
    array = site.label("array.sh", "--array=0-2")
    warned, killed = f"{array}_0", f"{array}_1"
    site.wait_for(array, "0", "1", "2")
    slurm.warn(warned)
    slurm.call("scancel", "--signal=KILL", killed)
    slurm.wait_for_requeue(warned)
    slurm.wait_until(lambda: slurm.ended(killed))
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
    assert site.tables() == undisturbed


def test_a_job_on_one_node_goes_on_by_itself_after_the_warning(
    site: Site, undisturbed: dict[str, bytes]
) -> None:
    job = site.label_over_a_warning("one-node.sh")
    assert site.cluster.job(job)["ExitCode"] == "3:0"
    assert site.tables() == undisturbed


def test_the_engines_of_one_node_are_shards_that_go_on_after_the_warning(
    site: Site, undisturbed: dict[str, bytes]
) -> None:
    job = site.label(REPLICAS)
    tasks = [f"job-{number}" for number in range(GPUS)]
    site.wait_for(job, *tasks)
    site.cluster.warn(job)
    site.cluster.wait_for_requeue(job)
    site.let_go(*tasks)
    site.cluster.wait_until(lambda: site.cluster.ended(job))
    assert site.cluster.job(job)["ExitCode"] == "3:0"
    assert f"leavs: job {job} goes on later" in site.log(job)
    assert site.tables() == undisturbed
    assert site.manifest()["num_shards"] == GPUS
    shown = {(site.folder / "hold" / f"waiting-{task}").read_text() for task in tasks}
    assert len(shown) == GPUS  # each task sees a GPU of its own


@pytest.mark.parametrize(
    ("codes", "code", "said"),
    [
        ("0 0", "0:0", ""),
        ("0 3", "3:0", "finished with failed cells"),
        ("3 1", "1:0", ""),  # one engine did not start, which "failed cells" would hide
        ("2 0", "2:0", ""),
        ("75 3", "75:0", "was started again 0 times"),
        ("75 130", "130:0", ""),
    ],
)
def test_the_worst_end_of_a_task_is_that_of_the_job(
    site: Site, codes: str, code: str, said: str
) -> None:
    program = site.folder / "ends"
    program.write_text(f'codes=({codes})\n[[ $1 != label ]] || exit "${{codes[SLURM_PROCID]}}"\n')
    site.settings.update(LEAVS=f"bash {program}", MAX_RESTARTS="0")
    job = site.label(REPLICAS)
    site.cluster.wait_until(lambda: site.cluster.ended(job))
    assert site.cluster.job(job)["ExitCode"] == code
    assert said in site.log(job)
    assert site.log(job).count("leavs: job") == bool(said)


def test_the_tasks_of_a_step_are_shards_and_the_batch_script_is_none(site: Site) -> None:
    show = f"{sys.executable} -c {json.dumps(SHOW)}"
    steps = (
        f"{show} script",
        f"srun {show} step",
        f"srun --ntasks=1 {show} one",
        f"srun --ntasks=1 bash -c {json.dumps(f'{show} shell')}",
    )
    (site.folder / "shown.sh").write_text("\n".join(("#!/bin/bash", *steps)))
    options = ("--array=3-4", "--ntasks=2", "--nodes=1", "--output=shown-%a", "--error=errors-%a")
    job = site.cluster.call("sbatch", "--parsable", *options, "shown.sh", cwd=site.folder)
    site.cluster.wait_until(lambda: site.cluster.ended(job))
    shown = [(site.folder / f"shown-{task}").read_text().splitlines() for task in (3, 4)]
    assert [sorted(lines) for lines in shown] == [
        [
            f"one shard {first // 2} of 2",
            f"script shard {first // 2} of 2",
            f"shell shard {first // 2} of 2",
            f"step shard {first} of 4",
            f"step shard {first + 1} of 4",
        ]
        for first in (0, 2)
    ]


def test_a_job_that_is_submitted_inside_of_a_step_is_not_taken_for_its_task(site: Site) -> None:
    show = f"{sys.executable} -c {json.dumps(SHOW)} inner"
    (site.folder / "inner.sh").write_text(f"#!/bin/bash\n{show}\ntouch shown-done\n")
    submit = "((SLURM_PROCID)) || sbatch --output=shown inner.sh"
    (site.folder / "outer.sh").write_text(f"#!/bin/bash\nsrun bash -c '{submit}'\n")
    options = ("--ntasks=2", "--nodes=1", "--output=/dev/null")
    site.cluster.call("sbatch", *options, "outer.sh", cwd=site.folder)
    site.cluster.wait_until((site.folder / "shown-done").exists)
    assert "may be another job's" in (site.folder / "shown").read_text()


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


def test_a_model_over_two_nodes_goes_on_after_the_warning_and_leaves_no_ray(
    site: Site, undisturbed: dict[str, bytes]
) -> None:
    site.settings["RAY"] = IN_PLACE_OF_RAY
    job = site.label("two-nodes-ray.sh")
    site.wait_for(job)
    assert site.nodes_of_ray() == 2
    site.cluster.warn(job)
    site.cluster.wait_for_requeue(job)
    site.let_go("job")
    site.cluster.wait_until(lambda: site.cluster.ended(job))
    assert site.cluster.job(job)["ExitCode"] == "3:0"
    assert site.nodes_of_ray() == 0
    assert site.tables() == undisturbed
    assert "num_shards" not in site.manifest()
    for command in site.commands():
        assert "--tensor-parallel-size 2 --pipeline-parallel-size 2" in command
        assert "--engine-arg distributed_executor_backend=ray" in command
