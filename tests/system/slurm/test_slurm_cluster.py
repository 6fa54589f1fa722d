"""The cluster of the tests: nothing of it stays, whatever happens in its block."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from places import ROOT
from processes import wait_until
from slurm_cluster import processes_of, running_cluster

HELD = """
import time
from slurm_cluster import running_cluster
with running_cluster() as cluster:
    print(cluster.folder, flush=True)
    time.sleep(600)
"""


pytestmark = pytest.mark.usefixtures("installed")


def test_a_cluster_ends_with_its_block_and_takes_its_jobs_along(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="in the block"), running_cluster() as cluster:
        cluster.call("sbatch", "--output=/dev/null", "--wrap=srun sleep 600", cwd=tmp_path)
        cluster.wait_until(lambda: any(words[1:] == ["600", ""] for words in cluster.commands()))
        raise ValueError("in the block")
    assert cluster.processes() == []
    assert not cluster.folder.exists()


def test_a_cluster_ends_when_the_tests_are_killed() -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "tests" / "support")}
    command = [sys.executable, "-c", HELD]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as tests:
        assert tests.stdout is not None
        folder = Path(tests.stdout.readline().strip())
        assert len(processes_of(folder)) >= 5
        tests.kill()
    wait_until("the end of the cluster", lambda: not folder.exists())
    assert processes_of(folder) == []
