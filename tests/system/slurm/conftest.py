"""One cluster for all tests of SLURM, and the tables that their jobs have to arrive at."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from slurm_cluster import Cluster, missing, running_cluster
from slurm_jobs import Site, prepared_site, undisturbed_tables


@pytest.fixture(scope="session")
def installed() -> None:
    if absent := missing():
        pytest.skip(f"SLURM is not installed here: no {', '.join(absent)}")


@pytest.fixture(scope="session")
def cluster(installed: None) -> Iterator[Cluster]:
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture
def site(cluster: Cluster, tmp_path: Path) -> Iterator[Site]:
    yield prepared_site(cluster, tmp_path)
    cluster.end_all_jobs()


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return undisturbed_tables(tmp_path_factory.mktemp("undisturbed"))
