"""Which shard a report belongs to: a hash of its id, so that neither order nor resumption matters.

A shard is the part of the input that one process labels; all shards write into one folder.
Knows nothing of files; imports nothing from leavs but its errors.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b

from leavs.errors import UsageError

TASK, TASKS, FIRST, LAST = (f"SLURM_ARRAY_TASK_{name}" for name in ("ID", "COUNT", "MIN", "MAX"))


def digest_of(report_id: str) -> bytes:
    """A fingerprint of an id, 16 bytes: the same on every machine, and nothing to read in it."""
    return blake2b(report_id.encode("utf-8", "surrogatepass"), digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class Shard:
    """One of `count` parts of an input, numbered from 0."""

    number: int
    count: int

    def includes(self, report_id: str) -> bool:
        """Whether a report is in this shard."""
        return self.includes_digest(digest_of(report_id))

    def includes_digest(self, digest: bytes) -> bool:
        """As `includes`, by the digest of the id."""
        return shard_number(digest, self.count) == self.number

    def __str__(self) -> str:
        return f"shard {self.number} of {self.count}"


def shard_number(digest: bytes, count: int) -> int:
    """The shard, of so many, of the report whose id has this digest."""
    return int.from_bytes(digest[:8], "big") % count


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
