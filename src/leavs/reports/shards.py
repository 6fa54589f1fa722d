"""Which shard this process labels: as the options say or, where they say nothing, SLURM.

A shard is the part of the input that one process labels; all shards write into one folder.
Knows nothing of files.
"""

from collections.abc import Mapping

from leavs.domain import Shard
from leavs.errors import UsageError

TASK, TASKS, FIRST, LAST = (f"SLURM_ARRAY_TASK_{name}" for name in ("ID", "COUNT", "MIN", "MAX"))
# Only what srun starts has STEP_TASKS. A batch script has PROCID=0 and SLURM_NTASKS as well, and
# would be taken for the first of so many tasks.
# A job that is submitted inside of a step inherits them from there.
PROCID, STEP_TASKS, NTASKS = "SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_NTASKS"
TASKS_HERE, STEP_NODES = "SLURM_GTIDS", "SLURM_STEP_NUM_NODES"
# What Open MPI's and MPICH's mpirun number processes by. They start theirs inside a step.
LAUNCHERS = (("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"), ("PMI_RANK", "PMI_SIZE"))
ALONE = Shard(0, 1)
INCOMPLETE = "SLURM's {} variables are incomplete; give --num-shards and --shard-id"


def chosen_shard(
    num_shards: int | None, shard_id: int | None, environment: Mapping[str, str]
) -> Shard | None:
    """The shard that the options name or, where they name none, SLURM's task; None for all.

    Each task of a step is a shard, and each task of an array. With both, the tasks of the array's
    first job come first, then those of its second. With a number of shards the array's task id
    counts from 0, so that a part of the array can be submitted again. Without one, the tasks of the
    whole array are the shards.

    Args:
        environment: with the variables that SLURM sets in the tasks of arrays and steps.

    Raises:
        UsageError: the numbers do not fit, or the array's tasks do not follow one on another, or
            it is not certain that every task of the step labels.
    """
    if num_shards is None and shard_id is not None:
        raise UsageError("--shard-id says nothing without --num-shards")
    if num_shards == 1 and not shard_id:
        return None
    if num_shards is not None and shard_id is not None:
        return _checked(shard_id, num_shards)
    step = _place_in_step(environment)
    if num_shards is not None:
        return _named_by_slurm(step, num_shards, environment)
    if TASK not in environment:
        return None if step == ALONE else step
    array = _place_in_array(environment)
    return Shard(array.number * step.count + step.number, array.count * step.count)


def _named_by_slurm(step: Shard, num_shards: int, environment: Mapping[str, str]) -> Shard:
    task = environment.get(TASK)
    if task is None and step == ALONE:
        raise UsageError("--num-shards needs --shard-id, or SLURM's array or step variables")
    if not (task or "0").isdecimal():
        raise UsageError(INCOMPLETE.format("array"))
    number = int(task or "0") * step.count + step.number
    if step != ALONE and number >= num_shards > 0:
        raise UsageError(
            f"task {step.number} of {step.count}{f' in job {task} of the array' if task else ''} "
            f"would label shard {number}, but the last of {num_shards} is {num_shards - 1}; give a "
            f"larger --num-shards (jobs of the array times {step.count} tasks) or start fewer tasks"
        )
    return _checked(number, num_shards)


def _checked(number: int, num_shards: int) -> Shard:
    if not 0 <= number < num_shards:
        raise UsageError(
            f"there is no shard {number} of {num_shards}; shards are numbered from 0, "
            f"as in sbatch --array=0-{max(num_shards, 1) - 1}"
        )
    return Shard(number, num_shards)


def _place_in_step(environment: Mapping[str, str]) -> Shard:
    """Which task of the step this is, of how many; `ALONE` outside of one, and in one of one."""
    if environment.get(STEP_TASKS, "1") == "1":
        return ALONE
    try:
        step = Shard(int(environment[PROCID]), int(environment[STEP_TASKS]))
        in_step = 0 <= step.number < step.count
    except (KeyError, ValueError):
        in_step = False
    if not in_step:
        raise UsageError(INCOMPLETE.format("step"))
    if doubt := _doubt(step, environment):
        raise UsageError(
            f"{doubt}, so the {step.count} tasks of SLURM's step may not all label a shard; give "
            "--num-shards and --shard-id, or --num-shards 1 to label all reports here"
        )
    return step


def _doubt(step: Shard, environment: Mapping[str, str]) -> str | None:
    """Why other tasks of the step may not label, so that nobody would label their shards."""
    if environment.get(NTASKS) != environment[STEP_TASKS]:
        return f"{NTASKS} and {STEP_TASKS} differ"
    here = environment.get(TASKS_HERE)
    if environment.get(STEP_NODES) == "1" and here and len(here.split(",")) != step.count:
        return f"{TASKS_HERE} has not all tasks of the step, which may be another job's"
    if "SLURM_HET_SIZE" in environment:
        return "the job is heterogeneous (SLURM_HET_SIZE)"
    if "RAY_ADDRESS" in environment:
        return "RAY_ADDRESS names a Ray cluster"
    for rank, size in LAUNCHERS:
        numbers = [environment.get(rank), environment.get(size)]
        if numbers not in ([None, None], [str(step.number), str(step.count)]):
            return f"{rank} and {PROCID} differ"
    return None


def _place_in_array(environment: Mapping[str, str]) -> Shard:
    try:
        task, tasks, first, last = (int(environment[name]) for name in (TASK, TASKS, FIRST, LAST))
    except (KeyError, ValueError):
        raise UsageError(INCOMPLETE.format("array")) from None
    if last - first + 1 != tasks:
        raise UsageError(
            f"the {tasks} tasks of SLURM's array are not numbered one after another; give "
            "--num-shards, with which the task's number is the shard"
        )
    return Shard(task - first, tasks)
