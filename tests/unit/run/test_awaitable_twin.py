"""`label_reports` where an event loop runs, as in a notebook."""

import asyncio
from pathlib import Path

import pytest

from leavs import (
    Outcome,
    OutputOptions,
    ScriptedEngine,
    from_folder,
    label_reports,
    label_reports_async,
)
from leavs.errors import UsageError
from readers import TWO, plain_reader


def test_where_an_event_loop_runs_the_twin_is_named_and_labels(tmp_path: Path) -> None:
    (tmp_path / "r1.txt").write_text("The liver is normal.")
    source, output = from_folder(tmp_path), OutputOptions(tmp_path / "run")
    engine = ScriptedEngine(plain_reader)

    async def notebook() -> Outcome:
        with pytest.raises(UsageError, match=r"`await label_reports_async\(…\)`"):
            label_reports(source, engine, TWO, output)
        return await label_reports_async(source, engine, TWO, output)

    outcome = asyncio.run(notebook())
    assert outcome.complete
    assert outcome.exported.reports == 1
