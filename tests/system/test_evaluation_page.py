"""The page of an evaluation, in a real browser."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser

from annotated_reader import ANNOTATIONS
from browser import Watched, chromium, watched
from leavs.evaluation import Evaluation, evaluate_labels, page
from served_review import labeled

READERS = ("0", "1", "2")
MOST = "2"  # those two agree on what the labels do not say


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder, of labels that are those of data/annotations.csv."""
    return labeled(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


@pytest.fixture(scope="module")
def done(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    """An evaluation by three annotators; two of them take every liver for focally changed."""
    path = tmp_path_factory.mktemp("annotations") / "three.csv"
    with ANNOTATIONS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*rows[0], "labeler"])
        writer.writeheader()
        for row in rows:
            for reader in READERS:
                changed = row["organ"] == "liver" and reader != MOST
                code = {"labels": "1", "urgency": "2"}[row["type_annotation"]]
                writer.writerow(row | ({"focal": code} if changed else {}) | {"labeler": reader})
    return evaluate_labels(run, path, baselines={"itself": run}, resamples=50)


@pytest.fixture(scope="module")
def shown(browser: Browser, done: Evaluation, tmp_path_factory: pytest.TempPathFactory) -> Watched:
    """The written page, open in Chromium."""
    folder = tmp_path_factory.mktemp("out")
    page.write(done, folder)
    tab = watched(browser)
    tab.page.goto((folder / "evaluation.html").as_uri())
    return tab


def test_the_page_opens_without_an_error_and_asks_for_nothing_else(shown: Watched) -> None:
    assert shown.page.title() == "leavs: evaluation"
    assert shown.said == []
    assert [Path(url).name for url in shown.requested] == ["evaluation.html"]


def test_the_browser_tells_of_errors_and_requests(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "x.html").write_text("<img src=no.png><script>console.log(1); nothing()</script>")
    tab = watched(browser)
    tab.page.goto((tmp_path / "x.html").as_uri())
    assert [Path(url).name for url in tab.requested] == ["x.html", "no.png"]
    assert len(tab.said) == 3


def test_it_holds_the_plots_and_every_table(shown: Watched) -> None:
    headings = shown.page.evaluate("[...document.querySelectorAll('h2')].map(h => h.textContent)")
    assert headings == [
        "F1 by finding type, organ and cell",
        "Precision and recall",
        "Humans beside the labeler: labels",
        "Humans beside the labeler: urgency",
        "Reliability of the probabilities",
        "Right of the rest, by the share of cells read",
        "Scores",
        "Labels by finding type",
        "Labels by organ",
        "Labels by cell",
        "What each certainty code met",
        "Urgency",
        "What each urgency met",
        "Humans beside the labeler",
        "Agreement between annotators",
        "Reliability of the probabilities",
        "How right the rest is, once a part is read",
        "Disagreements",
        "Evidence",
    ]
    assert shown.page.evaluate("document.querySelectorAll('section svg').length") == 6


def test_links_lead_into_the_page_and_to_the_evidence(shown: Watched, done: Evaluation) -> None:
    astray = "[...document.querySelectorAll('a')].filter(a => !document.querySelector(a.hash))"
    assert shown.page.evaluate(f"{astray}.length") == 0
    evidence = next(
        sentences for (_, organ), sentences in done.evidence.items() if organ == "liver"
    )
    text = " ".join(shown.page.evaluate("document.body.innerText").split())
    assert evidence
    for sentence in evidence:
        assert " ".join(sentence.split()) in text


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_plots_stand_out_in_light_and_dark(
    shown: Watched, scheme: Literal["light", "dark"]
) -> None:
    shown.page.emulate_media(color_scheme=scheme)
    ground = luminance(shown.page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert (ground > 0.5) == (scheme == "light")
    for where in ("body", "td", "a", "svg text"):
        seen = f"getComputedStyle(document.querySelector('{where}'))"
        colour = shown.page.evaluate(f"{seen}.{'fill' if where == 'svg text' else 'color'}")
        assert contrast(luminance(colour), ground) >= 4.5, where


def test_the_page_fits_a_phone(shown: Watched) -> None:
    shown.page.set_viewport_size({"width": 390, "height": 800})
    assert shown.page.evaluate("document.documentElement.scrollWidth") <= 390


def luminance(colour: str) -> float:
    """Relative luminance of rgb(r, g, b), as WCAG 2 defines it."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: float, other: float) -> float:
    """The ratio of two luminances, as WCAG 2 defines it."""
    dark, light = sorted((one, other))
    return (light + 0.05) / (dark + 0.05)
