"""Which model a run uses follows from the options, and its labels are known to be its own."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from asked_server import MESSAGES
from leavs.engines.models.choice import choose_model, engine_log, open_engine
from leavs.engines.options import EngineOptions
from leavs.errors import LeavsError, UsageError
from leavs.method.options import MethodOptions
from loopback_server import Server, running

SERVER = "http://127.0.0.1:1/v1"


@pytest.mark.parametrize(
    ("options", "name", "identity"),
    [
        ({"dry_run": True, "model": "m"}, None, {"engine": "dry run"}),
        ({"base_url": SERVER}, None, {"engine": "server", "model": None}),
        (
            {"base_url": SERVER, "model": "m"},
            "m",
            {"engine": "server", "model": "m"},
        ),
        ({"model": "org/m", "revision": "r"}, "org/m", {"engine": "vllm", "revision": "r"}),
        ({"model": "m", "engine_arg": ("a-b=1",)}, "m", {"engine_args": {"a_b": 1}}),
    ],
)
def test_the_model_is_the_one_named(
    options: dict[str, Any], name: str | None, identity: dict[str, Any]
) -> None:
    chosen = choose_model(EngineOptions(**options))
    assert chosen.name == name
    assert identity.items() <= dict(chosen.identity).items()
    assert bool(chosen.warnings) is bool(options.get("dry_run"))


def test_a_folder_is_the_same_model_from_wherever_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "model").mkdir()
    monkeypatch.chdir(tmp_path)
    names = [choose_model(EngineOptions(model=m)).name for m in ("model", f"{tmp_path}/model")]
    assert names == [str((tmp_path / "model").resolve())] * 2


def test_the_demo_model_that_is_not_there_is_told_where_to_find(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEAVS_CACHE", str(tmp_path))
    with pytest.raises(LeavsError, match="leavs download demo"):
        choose_model(EngineOptions(model="demo"))


def test_the_engine_writes_its_pages_into_the_runs_folder(tmp_path: Path) -> None:
    logs = {engine_log(tmp_path) for _ in range(2)}
    assert {log.parent for log in logs} == {tmp_path / "logs"}
    assert len(logs) == 2, "two engines of a run do not share a file"


def test_a_server_elsewhere_is_asked_only_where_that_is_allowed() -> None:
    """And the labels do not depend on it."""
    elsewhere = "http://192.0.2.7:8000/v1"
    with pytest.raises(UsageError, match="give --allow-remote"):
        choose_model(EngineOptions(base_url=elsewhere))
    allowed = choose_model(EngineOptions(base_url=elsewhere, allow_remote=True, model="m"))
    here = choose_model(EngineOptions(base_url=SERVER, allow_remote=True, model="m"))
    assert allowed.identity == here.identity
    assert (len(allowed.cautions), here.cautions, allowed.warnings) == (1, (), ())
    dry = choose_model(EngineOptions(base_url=elsewhere, dry_run=True))
    assert dry.cautions == ()


def test_the_way_of_sampling_reaches_the_server(tmp_path: Path) -> None:
    server = Server()
    method = MethodOptions(temperature=0.5, seed=3)

    async def ask() -> None:
        options = EngineOptions(base_url=server.base_url)
        model = choose_model(options)
        async with open_engine(options, model, method.generation, tmp_path) as engine:
            await engine.reply(MESSAGES, max_tokens=7)

    with running(server):
        asyncio.run(ask())
    [body] = server.bodies
    assert (body["temperature"], body["seed"]) == (0.5, 3)
