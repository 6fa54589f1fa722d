"""What is refused before Ray is started, and what needs no Ray."""

from pathlib import Path

import pytest

from leavs import (
    EngineOptions,
    OutputOptions,
    RayOptions,
    ScriptedEngine,
    from_folder,
    label_reports,
)
from leavs.domain import Shard
from leavs.errors import UsageError
from readers import TWO, plain_reader


def test_a_shard_of_its_own_is_refused(tmp_path: Path) -> None:
    (tmp_path / "r.txt").write_text("The liver is normal.")
    source, engine = from_folder(tmp_path), ScriptedEngine(plain_reader)
    output, ray = OutputOptions(tmp_path / "run"), RayOptions("auto")
    with pytest.raises(UsageError, match="gives out shards by itself"):
        label_reports(source, engine, TWO, output, shard=Shard(0, 2), ray=ray)
    assert not (tmp_path / "run").exists()


def test_where_nothing_is_left_no_ray_is_started(tmp_path: Path) -> None:
    (tmp_path / "r.txt").write_text("The liver is normal.")
    source, engine = from_folder(tmp_path), ScriptedEngine(plain_reader)
    output = OutputOptions(tmp_path / "run")
    assert label_reports(source, engine, TWO, output).complete
    table = (tmp_path / "run" / "labels.csv").read_bytes()
    outcome = label_reports(source, engine, TWO, output, ray=RayOptions("127.0.0.1:1"))
    assert outcome.complete
    assert outcome.tally.reports_before == 1
    assert (tmp_path / "run" / "labels.csv").read_bytes() == table


def test_where_nothing_is_left_the_user_is_told_of_the_model_once(tmp_path: Path) -> None:
    """So is a user asked once whether reports may be sent, which is decided in the same place."""
    (tmp_path / "r.txt").write_text("The liver is normal.")
    source, engine = from_folder(tmp_path), EngineOptions(dry_run=True)
    output = OutputOptions(tmp_path / "run")
    assert label_reports(source, engine, TWO, output).complete
    told: list[str] = []
    ray = RayOptions("127.0.0.1:1")
    assert label_reports(source, engine, TWO, output, ray=ray, warn=told.append).complete
    [line] = told
    assert "dry run" in line.lower()
