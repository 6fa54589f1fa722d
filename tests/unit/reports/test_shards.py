"""A report's shard follows from its id alone, and the shards of a run are all of its reports."""

from collections import Counter
from itertools import pairwise

import pytest

from leavs.domain import Shard, digest_of
from leavs.errors import UsageError
from leavs.reports.shards import chosen_shard


def slurm(task: int, tasks: int, first: int, last: int) -> dict[str, str]:
    names = ("ID", "COUNT", "MIN", "MAX")
    values = (task, tasks, first, last)
    return {f"SLURM_ARRAY_TASK_{n}": str(v) for n, v in zip(names, values, strict=True)}


def step(task: int, tasks: int, **more: str) -> dict[str, str]:
    """What a task that srun has started sees."""
    numbers = {"SLURM_STEP_NUM_TASKS": str(tasks), "SLURM_NTASKS": str(tasks)}
    return {"SLURM_STEP_ID": "0", "SLURM_PROCID": str(task), **numbers, **more}


# A batch script of `sbatch --ntasks=8`, and the shell of `salloc --ntasks=8`
BATCH = {"SLURM_PROCID": "0", "SLURM_NTASKS": "8"}
SALLOC = {"SLURM_NTASKS": "8"}


@pytest.mark.parametrize("count", [1, 2, 7, 64])
def test_every_report_is_in_one_shard_and_shards_are_even(count: int) -> None:
    ids = [f"study-{number}" for number in range(20_000)]
    shards = [Shard(number, count) for number in range(count)]
    inside = Counter(shard.number for one in ids for shard in shards if shard.includes(one))
    assert sum(inside.values()) == len(ids)
    assert all(abs(size - len(ids) / count) < 0.25 * len(ids) / count for size in inside.values())


@pytest.mark.parametrize(
    ("report_id", "shards"),
    # Pinned: another version of leavs must go on in the folders of this one.
    [
        ("amos_5001", (0, 2, 28)),
        ("2024/ct_17", (0, 1, 10)),
        ("", (0, 1, 0)),
        ("é\ud800", (0, 3, 12)),
    ],
)
def test_the_shard_is_the_same_on_every_machine(report_id: str, shards: tuple[int, ...]) -> None:
    found = [
        next(n for n in range(count) if Shard(n, count).includes(report_id)) for count in (2, 5, 64)
    ]
    assert tuple(found) == shards


def test_fingerprints_of_ids_that_look_alike_differ() -> None:
    alike = sorted({digest_of(one) for one in ("a", "A", "a ", " a", "á", "a\u0301", "a/", "a\\")})
    assert len(alike) == 8
    assert all(one != other for one, other in pairwise(alike))


@pytest.mark.parametrize(
    ("num_shards", "shard_id", "environment", "shard"),
    [
        (None, None, {}, None),
        (8, 3, {}, Shard(3, 8)),
        (8, 0, {}, Shard(0, 8)),
        (1, None, {}, None),  # all reports, in an array, too
        (1, 0, slurm(3, 8, 0, 7), None),
        (1, None, slurm(3, 8, 0, 7), None),
        (None, None, slurm(3, 8, 0, 7), Shard(3, 8)),
        (None, None, slurm(8, 8, 1, 8), Shard(7, 8)),
        (None, None, slurm(0, 1, 0, 0), Shard(0, 1)),
        # A part of an array that is submitted again labels the same shards
        (8, None, slurm(3, 1, 3, 3), Shard(3, 8)),
        (8, None, slurm(5, 2, 3, 5), Shard(5, 8)),
        (8, 2, slurm(3, 8, 0, 7), Shard(2, 8)),
        # Tasks of a step
        (None, None, step(0, 8), Shard(0, 8)),
        (None, None, step(7, 8), Shard(7, 8)),
        (None, None, step(1, 2) | slurm(0, 4, 0, 3), Shard(1, 8)),
        (None, None, step(1, 2) | slurm(3, 4, 0, 3), Shard(7, 8)),
        (None, None, step(0, 2) | slurm(4, 4, 1, 4), Shard(6, 8)),
        (None, None, step(2, 8, PMI_RANK="2", PMI_SIZE="8"), Shard(2, 8)),
        (None, None, step(1, 3, SLURM_GTIDS="0,1,2", SLURM_STEP_NUM_NODES="1"), Shard(1, 3)),
        (None, None, step(2, 3, SLURM_GTIDS="2", SLURM_STEP_NUM_NODES="2"), Shard(2, 3)),
        (16, None, step(3, 4) | slurm(2, 1, 2, 2), Shard(11, 16)),
        (16, None, step(3, 4), Shard(3, 16)),
        (16, 12, step(3, 4) | slurm(2, 1, 2, 2), Shard(12, 16)),
        (1, None, step(3, 4), None),
        (1, None, step(0, 8, RAY_ADDRESS="n1:6379"), None),
        (8, 2, step(0, 8, RAY_ADDRESS="n1:6379"), Shard(2, 8)),
        # No part of the reports for who is alone
        (None, None, BATCH, None),
        (None, None, SALLOC, None),
        (None, None, step(0, 1, RAY_ADDRESS="n1:6379"), None),
        (None, None, BATCH | slurm(3, 8, 0, 7), Shard(3, 8)),
        (None, None, step(0, 1) | slurm(3, 8, 0, 7), Shard(3, 8)),
        (8, None, step(0, 1) | slurm(3, 8, 0, 7), Shard(3, 8)),
    ],
)
def test_the_shard_is_the_one_named_or_slurms(
    num_shards: int | None, shard_id: int | None, environment: dict[str, str], shard: Shard | None
) -> None:
    assert chosen_shard(num_shards, shard_id, environment) == shard


@pytest.mark.parametrize(
    ("num_shards", "shard_id", "environment", "complaint"),
    [
        (None, 3, {}, "--shard-id says nothing without --num-shards"),
        (8, None, {}, "--num-shards needs --shard-id, or SLURM's array or step"),
        (8, None, BATCH, "--num-shards needs --shard-id"),
        (8, None, step(0, 1), "--num-shards needs --shard-id"),
        (8, 8, {}, r"there is no shard 8 of 8; .*--array=0-7"),
        (8, -1, {}, "there is no shard -1 of 8"),
        (0, 0, {}, "there is no shard 0 of 0"),
        (-2, 0, {}, "there is no shard 0 of -2"),
        (8, None, slurm(8, 8, 1, 8), "there is no shard 8 of 8"),
        (None, None, slurm(6, 3, 2, 6), "the 3 tasks .* are not numbered one after another"),
        (None, None, {"SLURM_ARRAY_TASK_ID": "3"}, "array variables are incomplete"),
        (None, None, slurm(0, 1, 0, 0) | {"SLURM_ARRAY_TASK_MIN": "x"}, "are incomplete"),
        (8, None, {"SLURM_ARRAY_TASK_ID": "x"}, "array variables are incomplete"),
        (4, None, step(4, 8), "task 4 of 8 would label shard 4, but the last of 4 is 3; give a"),
        (8, None, step(1, 4) | slurm(2, 1, 2, 2), "task 1 of 4 in job 2 of the array .* shard 9"),
        (None, None, step(0, 8) | {"SLURM_PROCID": "x"}, "step variables are incomplete"),
        (None, None, step(8, 8), "step variables are incomplete"),
        (None, None, {"SLURM_STEP_NUM_TASKS": "8"}, "step variables are incomplete"),
        # Who may be the only one of the step that labels
        (None, None, step(0, 8, RAY_ADDRESS="n1:6379"), "RAY_ADDRESS .* or --num-shards 1 to"),
        (None, None, step(0, 8, SLURM_HET_SIZE="2"), "heterogeneous"),
        (None, None, step(0, 8, OMPI_COMM_WORLD_RANK="0", OMPI_COMM_WORLD_SIZE="3"), "differ"),
        (None, None, step(0, 8, PMI_RANK="1", PMI_SIZE="8"), "PMI_RANK and SLURM_PROCID differ"),
        # A batch script that was submitted inside of a step of eight tasks
        (None, None, step(0, 8, SLURM_GTIDS="0", SLURM_STEP_NUM_NODES="1"), "may be another job"),
        (None, None, step(0, 8) | {"SLURM_NTASKS": "1"}, "SLURM_NTASKS and .* differ"),
    ],
)
def test_what_names_no_shard_is_refused(
    num_shards: int | None, shard_id: int | None, environment: dict[str, str], complaint: str
) -> None:
    with pytest.raises(UsageError, match=complaint):
        chosen_shard(num_shards, shard_id, environment)


def test_a_shard_says_which_it_is() -> None:
    assert str(Shard(3, 8)) == "shard 3 of 8"
