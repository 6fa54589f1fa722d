"""The page of an exam, in a real browser; and the command with the demo model."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from browser import Watched, chromium, watched
from exam_reader import random_reader
from leavs import MethodOptions, Preset
from leavs.exam import page
from leavs.exam.examination import OURS, examine
from leavs.exam.options import ExamOptions
from leavs.exam.result import as_record
from program import leavs
from real_runs import SMALL


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of an exam in two presets beside an earlier one."""
    folder, options = tmp_path_factory.mktemp("exam"), ExamOptions(tuple(Preset), reports=2)
    engine, earlier = random_reader(2), ExamOptions(items=8, reports=0)
    before = asyncio.run(examine(engine, MethodOptions(), earlier, folder))
    exam = asyncio.run(examine(engine, MethodOptions(), options, folder))
    page.write(exam, folder, [as_record(before)])
    return folder / "exam.html"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


@pytest.fixture(scope="module")
def shown(written: Path, browser: Browser) -> Watched:
    """The page, open in Chromium, whose driver has an event loop of its own."""
    tab = watched(browser)
    tab.page.goto(written.as_uri())
    return tab


def test_the_page_opens_without_an_error_and_asks_for_nothing_else(shown: Watched) -> None:
    assert shown.page.title() == "leavs: exam"
    assert shown.said == []
    assert [Path(url).name for url in shown.requested] == ["exam.html"]
    assert OURS in shown.page.inner_text("body")


def test_it_holds_every_table_and_its_links_lead_to_them(shown: Watched) -> None:
    headings = shown.page.evaluate("[...document.querySelectorAll('h2')].map(h => h.textContent)")
    assert headings == [
        "Exams side by side",
        "By step",
        "By trap",
        "By finding type",
        "By organ",
        "Presets against each other",
        "Reports from end to end",
        "Calibration",
        "Seconds and tokens",
        "Wrong answers",
    ]
    astray = "[...document.querySelectorAll('a')].filter(a => !document.querySelector(a.hash))"
    assert shown.page.evaluate(f"{astray}.length") == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everyone_can_read_it(shown: Watched, scheme: Literal["light", "dark"]) -> None:
    shown.page.emulate_media(color_scheme=scheme)
    found = Axe().run(shown.page)
    assert found.response["violations"] == []


@pytest.mark.vllm
@pytest.mark.soak
def test_the_demo_model_is_examined(tmp_path: Path) -> None:
    folder, few = tmp_path / "exam", ("--items", "8", "--reports", "0", "--reasoning", "never")
    code, out, err = leavs("exam", "--model", "demo", *SMALL, *few, "--output-dir", folder)
    assert code == 0, err
    assert "By trap" in out
    assert "labels mean nothing" in err
    record = json.loads((folder / "exam.json").read_text())
    assert record["sittings"][0]["identity"]["model"] == "demo"
    assert list((folder / "logs").iterdir()) == []
