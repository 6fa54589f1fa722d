"""Which shard this process labels: as the options say or, where they say nothing, SLURM.

A shard is the part of the input that one process labels; all shards write into one folder.
Knows nothing of files.
"""

from collections.abc import Mapping

from leavs.domain import Shard
from leavs.errors import UsageError

TASK, TASKS, FIRST, LAST = (f"SLURM_ARRAY_TASK_{name}" for name in ("ID", "COUNT", "MIN", "MAX"))


def chosen_shard(
    num_shards: int | None, shard_id: int | None, environment: Mapping[str, str]
) -> Shard | None:
    """The shard that the options name or, where they name none, SLURM's array; None for all.

    With a number of shards the array's task id is the shard, so that a part of the array can be
    submitted again. Without one, the tasks of the array are the shards.

    Args:
        environment: with the variables that SLURM sets in the tasks of an array.

    Raises:
        UsageError: the numbers do not fit, or the array's tasks do not follow one on another.
    """
    task = environment.get(TASK)
    if num_shards is None:
        if shard_id is not None:
            raise UsageError("--shard-id says nothing without --num-shards")
        return None if task is None else _shard_of_task(environment)
    if num_shards == 1 and not shard_id:
        return None
    if shard_id is None and task is None:
        raise UsageError("--num-shards needs --shard-id, or SLURM's array variables")
    number = int(task) if shard_id is None and task is not None else shard_id or 0
    if not 0 <= number < num_shards:
        raise UsageError(
            f"there is no shard {number} of {num_shards}; shards are numbered from 0, "
            f"as in sbatch --array=0-{max(num_shards, 1) - 1}"
        )
    return Shard(number, num_shards)


def _shard_of_task(environment: Mapping[str, str]) -> Shard:
    try:
        task, tasks, first, last = (int(environment[name]) for name in (TASK, TASKS, FIRST, LAST))
    except (KeyError, ValueError):
        raise UsageError(
            "SLURM's array variables are incomplete; give --num-shards and --shard-id"
        ) from None
    if last - first + 1 != tasks:
        raise UsageError(
            f"the {tasks} tasks of SLURM's array are not numbered one after another; give "
            "--num-shards, with which the task's number is the shard"
        )
    return Shard(task - first, tasks)
