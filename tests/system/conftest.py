"""What tests of whole processes share: the mark `system`, one engine of vLLM, one server."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from leavs import OutputOptions, from_folder, label_reports
from real_runs import METHOD, REPORTS, write_reports
from real_servers import vllm_server
from shared_engine import SharedEngine, shared_engine

HERE = Path(__file__).parent

# GiB: four files are tested at a time, and each may load a model.
os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "1")

# The files that take longest go first, so that no process is left with one of them at the end. The
# fifth is a short one: pytest-xdist lets it wait behind the one of the four that has few tests.
FIRST = ("scripts", "label_vllm", "label_vllm_ends", "no_network", "background_job", "label_on_ray")
FIRST += ("containers",)
ORDER = {f"test_{name}.py": place for place, name in enumerate(FIRST)}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker("system")
    items.sort(key=lambda item: ORDER.get(item.path.name, len(ORDER)))


@pytest.fixture(scope="session")
def real_engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SharedEngine]:
    """For tests that only ask it; what kills, signals or configures an engine starts its own."""
    if any("real_server" in getattr(item, "fixturenames", ()) for item in request.session.items):
        request.getfixturevalue("loading_server")  # on the other core meanwhile
    with shared_engine(tmp_path_factory.mktemp("engine")) as engine:
        yield engine


@pytest.fixture(scope="session")
def loading_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], str]]:
    with vllm_server(tmp_path_factory.mktemp("server")) as server:
        yield server.ready


@pytest.fixture(scope="session")
def real_server(loading_server: Callable[[], str]) -> str:
    """The address of a server with the same model in the same precision."""
    return loading_server()


@pytest.fixture(scope="session")
def labeled_at_once(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The run of the short reports, undisturbed; one for all processes of the tests."""
    mine = tmp_path_factory.getbasetemp()
    run = (mine.parent if "PYTEST_XDIST_WORKER" in os.environ else mine) / "labeled-at-once"
    with FileLock(f"{run}.lock"):
        if not run.exists():
            folder = tmp_path_factory.mktemp("at-once")
            reports = from_folder(write_reports(folder / "reports", REPORTS))
            engine = request.getfixturevalue("real_engine")
            assert label_reports(reports, engine, METHOD, OutputOptions(folder / "run")).complete
            (folder / "run").rename(run)
    return run
