"""What tests of whole processes share: the mark `system`, one engine of vLLM, one server."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from leavs import OutputOptions, from_folder, label_reports
from real_runs import METHOD, REPORTS, write_reports
from shared_engine import SharedEngine, shared_engine, starting_server

HERE = Path(__file__).parent


# The files that take longest go first, so that no process is left with one of them at the end.
LONGEST = ("test_label_vllm.py", "test_scripts.py", "test_no_network.py", "test_label_on_ray.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker("system")
    items.sort(key=lambda item: item.path.name not in LONGEST)


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
    with starting_server(tmp_path_factory.mktemp("server")) as address:
        yield address


@pytest.fixture(scope="session")
def real_server(loading_server: Callable[[], str]) -> str:
    """The address of a server with the same model in the same precision."""
    return loading_server()


@pytest.fixture(scope="session")
def undisturbed(real_engine: SharedEngine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The short reports, labeled at once and in one go."""
    folder = tmp_path_factory.mktemp("undisturbed")
    reports = from_folder(write_reports(folder / "reports", REPORTS))
    outcome = label_reports(reports, real_engine, METHOD, OutputOptions(folder / "run"))
    assert outcome.complete
    return folder / "run"
