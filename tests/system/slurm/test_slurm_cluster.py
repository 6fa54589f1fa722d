"""The cluster of the tests: nothing of it stays, whatever happens in its block."""

from pathlib import Path

import pytest

from slurm_cluster import missing, running_cluster


def test_a_cluster_ends_with_its_block_and_takes_its_jobs_along(tmp_path: Path) -> None:
    if absent := missing():
        pytest.skip(f"SLURM is not installed here: no {', '.join(absent)}")
    with pytest.raises(ValueError, match="in the block"), running_cluster() as cluster:
        cluster.call("sbatch", "--output=/dev/null", "--wrap=srun sleep 600", cwd=tmp_path)
        cluster.wait_until(lambda: any(words[1:] == ["600", ""] for words in cluster.commands()))
        raise ValueError("in the block")
    assert cluster.processes() == []
    assert not cluster.folder.exists()
