"""A run is labeled by one commit of its model, whatever becomes of the branch that was named."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from labeled_runs import reports
from leavs import EngineOptions, OutputOptions, ScriptedEngine, label_reports
from leavs.engines.options import parse_engine_args
from leavs.errors import RunFolderError
from leavs.journal import manifest
from leavs.run.pinned_model import pinned
from readers import TWO, plain_reader

FIRST, LATER = "a" * 40, "b" * 40


class LoadedEngine(ScriptedEngine):
    """Tells what it has loaded."""

    def __init__(self, **loaded: Any) -> None:
        super().__init__(plain_reader)
        self.loaded: Mapping[str, Any] = loaded


def label(folder: Path, *ids: str, **loaded: Any) -> None:
    source = reports(folder / "reports", **dict.fromkeys(ids, "The liver is normal."))
    label_reports(source, LoadedEngine(**loaded), TWO, OutputOptions(folder / "run"))


def test_what_is_loaded_stands_beside_each_process(tmp_path: Path) -> None:
    label(tmp_path, "a", commit=FIRST, dtype="bfloat16")
    label(tmp_path, "b", commit=FIRST, dtype="float16")
    told = manifest.read(tmp_path / "run")
    assert told["model_commit"] == FIRST
    plans = [one["loaded"] for one in told["sessions"] if one["kind"] == "plan"]
    assert plans == [{"commit": FIRST, "dtype": kind} for kind in ("bfloat16", "float16")]
    assert FIRST not in json.dumps(told["identity"])
    sessions = [one for one in told["sessions"] if one["kind"] == "session"]
    assert all(one["processor"]["count"] >= 1 for one in sessions)


def test_a_process_that_asks_nothing_says_so(tmp_path: Path) -> None:
    for _ in range(2):
        label(tmp_path, "a", commit=FIRST)
    plans = [one for one in manifest.read(tmp_path / "run")["sessions"] if one["kind"] == "plan"]
    assert [one.get("asks", True) for one in plans] == [True, False]


def test_an_engine_may_mean_another_thing_by_that_name(tmp_path: Path) -> None:
    source = reports(tmp_path / "reports", a="The liver is normal.")
    engine = LoadedEngine()
    engine.loaded = True  # type: ignore[assignment] - as a user's own class may have it
    label_reports(source, engine, TWO, OutputOptions(tmp_path / "run"))
    assert "model_commit" not in manifest.read(tmp_path / "run")


def test_another_commit_is_refused_before_it_labels_anything(tmp_path: Path) -> None:
    label(tmp_path, "a", commit=FIRST)
    with pytest.raises(RunFolderError, match=f"commit {FIRST} of the model, and {LATER} is loaded"):
        label(tmp_path, "b", commit=LATER)
    label(tmp_path)  # an engine that cannot tell goes on
    assert manifest.read(tmp_path / "run")["totals"]["reports"] == 2


@pytest.mark.parametrize(
    ("options", "revision"),
    [
        (EngineOptions(model="a/b"), FIRST),
        (EngineOptions(model="a/b", revision="main"), FIRST),
        (EngineOptions(base_url="http://localhost:1/v1"), None),
        (EngineOptions(dry_run=True), None),
    ],
)
def test_a_run_that_goes_on_asks_for_the_commit_that_it_began_with(
    tmp_path: Path, options: EngineOptions, revision: str | None
) -> None:
    assert pinned(options, tmp_path) == options, "nothing is there yet"
    label(tmp_path, "a", commit=FIRST)
    asked = pinned(options, tmp_path / "run")
    assert isinstance(asked, EngineOptions)
    assert asked.revision == revision


@pytest.mark.parametrize(
    ("arguments", "revision", "asked"),
    [
        ((), None, None),
        (("tokenizer=c/d",), None, "main"),
        (("tokenizer=c/d",), "1.0", "1.0"),
        (("tokenizer=c/d", "tokenizer-revision=other"), None, "other"),
    ],
)
def test_a_tokenizer_from_elsewhere_keeps_its_revision(
    tmp_path: Path, arguments: tuple[str, ...], revision: str | None, asked: str | None
) -> None:
    label(tmp_path, "a", commit=FIRST)
    options = EngineOptions(model="a/b", revision=revision, engine_arg=arguments)
    found = pinned(options, tmp_path / "run")
    assert isinstance(found, EngineOptions)
    assert found.revision == FIRST
    assert parse_engine_args(found.engine_arg).get("tokenizer_revision") == asked


def test_an_open_engine_stays_as_it_is(tmp_path: Path) -> None:
    label(tmp_path, "a", commit=FIRST)
    engine = ScriptedEngine(plain_reader)
    assert pinned(engine, tmp_path / "run") is engine
