"""The page of `leavs review` in a real browser: reading, correcting, deciding, what comes out."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from browser import Watched, chromium, watched
from leavs import calibrate_labels, cli
from leavs.cli import exit_codes
from leavs.evaluation import evaluate_labels
from leavs.method.pack import Pack
from leavs.review.budget import budget_of
from leavs.review.corrections import CellCodes, read_readings
from probable_runs import probable_run, write_annotations
from served_review import SOME, labeled, serving, table

HOSTILE = (
    "LIVER: <script>document.title = 'owned'</script> normal.\n"
    'SPLEEN: "><img src=x onerror="document.title = \'owned\'"> normal.\n'
    "KIDNEYS: \u202egnol\u202c \x1b[31m \x07 normal. \U0001fac1 Two \u00ad lungs.\n"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return labeled(tmp_path_factory.mktemp("made") / "run")


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Path:
    """A run folder that nobody has reviewed."""
    shutil.copytree(made, tmp_path / "run")
    return tmp_path / "run"


def cell(page: Page, organ: str, finding_type: str) -> str:
    """What a screen reader says of a cell."""
    found = page.locator(f"#cell-{organ.replace(' ', '-')}-{finding_type}")
    return str(found.get_attribute("aria-label"))


def opened(browser: Browser, address: str) -> Watched:
    tab = watched(browser)
    tab.page.goto(address)
    expect(tab.page.locator("#grid td[data-organ]").first).to_be_visible()
    return tab


def test_a_cell_has_its_definition_on_demand(browser: Browser, run: Path, pack: Pack) -> None:
    focal = pack.ontology.finding_types[-1]
    with serving(run) as server:
        page = opened(browser, server.address).page
        expect(page.locator("#meaning")).to_be_hidden()
        page.locator("#cell-liver-focal").click()
        page.keyboard.press("d")
        for wording in (focal.meaning, focal.examples[0], "It includes the liver"):
            expect(page.locator("#meaning")).to_contain_text(wording)
        page.keyboard.press("ArrowUp")  # it goes with the cell
        expect(page.locator("#meaning h3").first).to_have_text("diffuse")
        page.keyboard.press("d")
        expect(page.locator("#meaning")).to_be_hidden()


def test_a_reader_reads_corrects_undoes_and_comes_back(browser: Browser, run: Path) -> None:
    file = run / "review" / "corrections-reader.jsonl"
    with serving(run) as server:
        tab = opened(browser, server.address)
        page = tab.page
        expect(page.locator("#report-id")).to_have_text(SOME[0].stem)
        expect(page.locator("#position")).to_have_text("1 of 5, 0 accepted")
        # the text is all there, and evidence of the chosen organ is marked in it
        text = SOME[0].read_text(encoding="utf-8")
        assert page.locator("#text").text_content() == text
        assert page.locator("#text mark").count() > 0
        # keys: from the first cell down and to the right, and a code
        before = cell(page, "liver", "absent")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("1")
        expect(page.locator("#message")).to_have_text("saved")
        assert cell(page, "liver", "absent") == "liver, absent: present, no urgency, changed"
        page.keyboard.press("h")
        expect(page.locator("#cell-liver-absent sup")).to_have_text("3")
        # mouse: another cell, and a choice under the grid
        page.locator("#cell-spleen-focal").click()
        page.get_by_label("ambiguous").click()
        expect(page.locator("#cell-spleen-focal")).to_have_text("~")
        # undo the last
        page.keyboard.press("u")
        expect(page.locator("#message")).to_have_text("undone")
        assert "changed" not in cell(page, "spleen", "focal")
        # accept, and the next report
        page.keyboard.press("a")
        expect(page.locator("#position")).to_have_text("1 of 5, 1 accepted")
        page.keyboard.press("j")
        expect(page.locator("#report-id")).to_have_text(SOME[1].stem)
        # reload: everything is as it was left
        page.reload()
        expect(page.locator("#position")).to_have_text("1 of 5, 1 accepted")
        assert cell(page, "liver", "absent") == "liver, absent: present, urgency high, changed"
        assert before != cell(page, "liver", "absent")
        assert tab.said == []
        assert all(url.startswith(server.address) for url in tab.requested)
    readings = read_readings(file)
    assert readings.codes == {(SOME[0].stem, "liver", "absent"): CellCodes(1, 3)}
    assert readings.accepted == {SOME[0].stem: True}


def test_queues_hold_what_they_say(browser: Browser, run: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    lines = (run / "labels.csv").read_text().splitlines(keepends=True)
    rows = table(run / "labels.csv")
    place = next(n for n, row in enumerate(rows) if row["type_annotation"] == "labels")
    fields = lines[0].strip().split(",")
    assert fields[2] == "report"
    # the same labels but for one, of the first report
    keys = [name for name in fields if name != "report"]
    rows[place] = {**rows[place], "focal": "-3"}
    other.write_text(
        "\n".join([",".join(keys), *(",".join(row[name] for name in keys) for row in rows)]) + "\n"
    )
    positive = {
        row["subjectid_studyid"]
        for row in rows
        if row["organ"] == "liver"
        and row["type_annotation"] == "labels"
        and row["focal"] in ("1", "-1")
    }
    with serving(run, "--compare", str(other)) as server:
        page = opened(browser, server.address).page
        queue = page.get_by_label("Queue", exact=True).locator("select[name=kind]")
        queue.select_option("positive")
        page.locator("select[name=organ]").select_option("liver")
        page.locator("select[name=finding_type]").select_option("focal")
        expect(page.locator("#position")).to_have_text(f"1 of {len(positive)}, 0 accepted")
        queue.select_option("differing")
        expect(page.locator("#position")).to_have_text("1 of 1, 0 accepted")
        expect(page.locator("#report-id")).to_have_text(SOME[0].stem)
        queue.select_option("random")
        page.locator("input[name=count]").fill("2")
        page.locator("input[name=count]").blur()
        expect(page.locator("#position")).to_have_text("1 of 2, 0 accepted")
        queue.select_option("failed")
        expect(page.locator("#position")).to_have_text("no reports")
        queue.select_option("contradicting")
        expect(page.locator("#position")).to_have_text("no reports")
        queue.select_option("unsure")
        expect(page.locator("#position")).to_have_text("1 of 1, 0 accepted")
        expect(page.locator("#report-id")).to_have_text(SOME[1].stem)


def test_reasoning_and_probability_are_shown(browser: Browser, run: Path) -> None:
    with serving(run) as server:
        page = opened(browser, server.address).page
        page.locator("#cell-liver-focal").click()
        expect(page.locator("#cell h3").first).to_have_text("liver: focal")
        expect(page.locator("#cell")).to_contain_text("Probability of the label: 95.0 %.")
        expect(page.locator("#cell")).to_contain_text("Evidence for the liver")
        expect(page.locator("#cell")).to_contain_text("Reasoning")


def read_differently(browser: Browser, run: Path, reader: str, key: str) -> None:
    """One reader's work on the first report: a cell by the key, and one on which all agree."""
    with serving(run, "--reader", reader) as server:
        page = opened(browser, server.address).page
        page.locator("#cell-liver-focal").click()
        page.keyboard.press(key)
        mark = {"1": "+", "0": "−"}[key]
        expect(page.locator("#cell-liver-focal")).to_contain_text(mark)
        page.locator("#cell-spleen-focal").click()
        page.keyboard.press("1")  # they agree on this one
        expect(page.locator("#cell-spleen-focal")).to_contain_text("+")
        page.keyboard.press("l")
        expect(page.locator("#cell-spleen-focal sup")).to_have_text("1")
        page.keyboard.press("a")
        expect(page.locator("#position")).to_have_text("1 of 5, 1 accepted")


def adjudicate(browser: Browser, run: Path) -> None:
    """Decides the one cell on which anna and ben differ."""
    with serving(run, "--adjudicate") as server:
        page = opened(browser, server.address).page
        expect(page.locator("#position")).to_have_text("1 of 1, 0 accepted")
        assert page.locator("#grid td[data-organ]:not(.closed)").count() == 1
        expect(page.locator("#cell")).to_contain_text("anna: present")
        expect(page.locator("#cell")).to_contain_text("ben: stated absent")
        page.keyboard.press("1")
        expect(page.locator("#message")).to_have_text("saved")
        page.keyboard.press("m")
        expect(page.locator("#cell-liver-focal sup")).to_have_text("2")


def test_two_readers_are_adjudicated_exported_and_scored(
    browser: Browser, run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    read_differently(browser, run, reader="anna", key="1")
    read_differently(browser, run, reader="ben", key="0")
    assert cli.run(["export", str(run), "--reviewed"]) == exit_codes.USAGE
    assert "differ on 1 cells; decide with leavs review --adjudicate" in capsys.readouterr().err
    adjudicate(browser, run)
    assert cli.run(["export", str(run), "--reviewed"]) == 0
    reviewed = run / "labels-reviewed.csv"
    changed = [row for row in table(reviewed) if row["corrected"]]
    said = {(row["organ"], row["type_annotation"]): row["focal"] for row in changed}
    assert said[("liver", "labels")] == "1"
    assert said[("spleen", "urgency")] == "1"
    # the table scores against itself without an error, and the labels do not, by what was changed
    done = evaluate_labels(run, reviewed, resamples=0)
    assert done.disagreements["report_id"].unique().tolist() == [SOME[0].stem]
    assert set(done.disagreements["organ"]) == {
        row["organ"] for row in changed if row["type_annotation"] == "labels"
    }
    # the readers' own work is two annotators
    target = tmp_path / "annotations.csv"
    assert cli.run(["convert", str(run), "--to", "annotations", "--output", str(target)]) == 0
    both = evaluate_labels(run, target, resamples=0)
    assert both.annotators == ("anna", "ben")
    assert both.reports == 1


def test_a_budget_opens_with_the_most_doubtful_cell_and_marks_what_to_read(
    browser: Browser, tmp_path: Path
) -> None:
    run, file = tmp_path / "run", tmp_path / "calibration.json"
    annotations = write_annotations(tmp_path / "annotations.csv", probable_run(run, 40))
    calibrate_labels(run, annotations, output=file, resamples=200)
    budget = budget_of(run, file, 0.9)
    first, cells = next(iter(budget.to_read.items()))
    options = ("--calibration", str(file), "--precision", "0.9")
    with serving(run, "--queue", "budget", *options) as server:
        tab = opened(browser, server.address)
        page = tab.page
        expect(page.locator("#report-id")).to_have_text(first)
        expect(page.locator("#position")).to_have_text(f"1 of {len(budget.to_read)}, 0 accepted")
        assert page.locator("select[name=kind]").input_value() == "budget"
        marked = page.locator("#grid td.to-read")
        assert marked.count() == len(cells) < 9 * 7
        for organ, finding_type in cells:
            assert cell(page, organ, finding_type).endswith(", to read")
        mark = "getComputedStyle(document.querySelector('#grid td.to-read'), '::before').content"
        assert "▸" in page.evaluate(mark), "not by colour alone"
        assert "to-read" in str(page.locator("#grid td[aria-selected=true]").get_attribute("class"))
        assert tab.said == []
    with serving(run) as server:
        page = opened(browser, server.address).page
        assert page.locator("option[value=budget]").count() == 0
        assert page.locator("#grid td.to-read").count() == 0


def test_a_blind_reader_sees_no_label_and_starts_from_nothing(browser: Browser, run: Path) -> None:
    with serving(run, "--blind", "--reader", "carla") as server:
        page = opened(browser, server.address).page
        labels = page.locator("#grid td[data-organ]").evaluate_all(
            "cells => cells.map(cell => cell.getAttribute('aria-label'))"
        )
        assert len(labels) == 99
        assert all(label.endswith(": nothing said yet") for label in labels)
        assert page.locator("#text mark").count() == 0
        assert page.locator("option[value=positive]").count() == 0
        page.locator("#cell-liver-focal").click()
        page.keyboard.press("1")
        page.keyboard.press("m")
        page.keyboard.press("a")
        expect(page.locator("#position")).to_have_text("1 of 5, 1 accepted")
    assert cli.run(["convert", str(run), "--to", "annotations"]) == 0
    rows = table(run / "labels-annotations.csv")
    assert [row["type_annotation"] for row in rows] == ["labels", "urgency"]
    assert {row["labeler"] for row in rows} == {"carla"}
    assert (rows[0]["liver_focal"], rows[1]["liver_focal"]) == ("1", "2")
    codes = [value for name, value in rows[0].items() if name.count("_") and name != "liver_focal"]
    assert set(codes) - {SOME[0].stem, "labels", "carla"} == {"0"}


def test_hostile_text_is_shown_as_text(browser: Browser, tmp_path: Path) -> None:
    report = tmp_path / "x.txt"
    report.write_text(HOSTILE + "Long line. " * 18_000, encoding="utf-8")
    labels = tmp_path / "labels.csv"
    labels.write_text(
        "subjectid_studyid,organ,type_annotation,focal\nx,liver,labels,1\nx,liver,urgency,2\n"
    )
    with serving(labels, "--reports", str(report)) as server:
        tab = opened(browser, server.address)
        shown = str(tab.page.locator("#text").text_content())
        assert "<script>document.title = 'owned'</script>" in shown
        assert '"><img src=x onerror=' in shown
        assert "U+202Egnol" in shown
        assert "U+001B[31m" in shown
        assert shown.endswith("Long line. ")
        assert len(shown) > 190_000
        assert tab.page.title() == "leavs: review"
        assert tab.page.locator("#text img, #text script").count() == 0
        assert tab.said == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 640, 390])  # 640: 1,280 pixels at 200 %
def test_the_page_is_accessible(
    browser: Browser, run: Path, scheme: Literal["light", "dark"], width: int
) -> None:
    with serving(run) as server:
        tab = watched(browser, viewport={"width": width, "height": 800}, color_scheme=scheme)
        tab.page.goto(server.address)
        expect(tab.page.locator("#grid td[data-organ]").first).to_be_visible()
        found = Axe().run(tab.page).response["violations"]
        serious = [one["id"] for one in found if one["impact"] in ("serious", "critical")]
        assert serious == []
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= width
        # the keyboard's place is always seen
        tab.page.keyboard.press("Tab")
        outline = "getComputedStyle(document.activeElement).outlineStyle"
        assert tab.page.evaluate(outline) == "solid"


def test_the_page_to_hand_on_is_whole_and_only_to_be_read(
    browser: Browser, run: Path, tmp_path: Path
) -> None:
    target = tmp_path / "page.html"
    assert cli.run(["view", str(run), "--output", str(target)]) == 0
    assert target.stat().st_mode & 0o077 == 0
    tab = opened(browser, target.as_uri())
    expect(tab.page.locator("#position")).to_have_text("1 of 5")
    assert tab.page.locator("#text").text_content() == SOME[0].read_text(encoding="utf-8")
    tab.page.keyboard.press("j")
    expect(tab.page.locator("#report-id")).to_have_text(SOME[1].stem)
    tab.page.keyboard.press("1")
    tab.page.keyboard.press("a")
    assert tab.page.locator("#grid td.corrected").count() == 0
    assert tab.page.locator("#accept").is_hidden()
    assert tab.said == []
    assert tab.requested == [target.as_uri()]


def test_a_page_for_too_many_reports_is_refused(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "subjectid_studyid,organ,type_annotation,focal\n"
    labels = tmp_path / "labels.csv"
    labels.write_text(text + "".join(f"{n},liver,labels,0\n" for n in range(501)))
    target = str(tmp_path / "page.html")
    assert cli.run(["view", str(labels), "--output", target]) == exit_codes.USAGE
    assert "500 reports at most" in capsys.readouterr().err
    assert cli.run(["view", str(labels), "--output", target, "--limit", "3"]) == 0
