"""Runs merged to one: copies are the run, and readers with known errors have the votes by hand."""

import csv
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from erring_readers import ErringReader
from labeled_runs import reports, rows_of, run, tables_of
from leavs import MethodOptions, from_csv, merge_runs
from leavs.domain import Report, UnreadableReport
from leavs.engines.engine import Constraint, Message, Reply
from leavs.errors import LeavsError, QuestionError, RunFolderError, UsageError
from leavs.journal import manifest
from leavs.journal.journal import Journal
from leavs.method.pack import find_pack, load_pack
from leavs.tables import export as tables
from leavs.tables.columns import DETAILS, VOTES
from leavs.tables.export import TABLES
from leavs.tables.votes import VotingRule
from readers import SENTENCES, TWO, by_hash, plain_reader

PACK = load_pack(find_pack(TWO.pack))
IDS = [f"r{number}" for number in range(12)]

# What three readers say of the liver, each with the probability of the codes, and the votes worked
# out by hand: code and probability by majority, code and mean probability, votes, tie by majority.
HAND = {
    "normal": (({0: 1.0}, {0: 1.0}, {0: 1.0}), (0, 1.0), (0, 1.0), "0 0 0", ""),
    # two that are right, and one that errs
    "enlarged": (
        ({1: 0.9, 0: 0.1}, {1: 0.6, 0: 0.4}, {0: 0.95, 1: 0.05}),
        *((1, 0.75), (1, 0.5167), "1 1 0", ""),
    ),
    # two that err, hardly surer than not, and one that is sure
    "atrophy": (
        ({1: 0.55, 0: 0.45}, {1: 0.55, 0: 0.45}, {0: 1.0}),
        *((1, 0.55), (0, 0.6333), "1 1 0", ""),
    ),
    # three answers: the surest goes first
    "diffuse": (
        ({1: 0.6, 0: 0.4}, {0: 0.7, 1: 0.3}, {-1: 0.8, 0: 0.2}),
        *((-1, 0.8), (0, 0.4333), "1 0 -1", "-1; 0; 1"),
    ),
    # the first reader fails and is outvoted
    "focal": (({}, {1: 0.9, 0: 0.1}, {1: 0.7, 0: 0.3}), (1, 0.8), (1, 0.8), "- 1 1", ""),
    # a tie as sure on both sides: the reader named first decides
    "device": (
        ({}, {1: 0.8, 0: 0.2}, {0: 0.8, 1: 0.2}),
        *((1, 0.8), (1, 0.5), "- 1 0", "0; 1"),
    ),
    "quality": (({}, {}, {}), (None, None), (None, None), "- - -", ""),
    "anatomy": (({1: 1.0}, {1: 1.0}, {1: 1.0}), (1, 1.0), (1, 1.0), "1 1 1", ""),
    "postsurgical": (
        ({1: 1.0}, {1: 1.0}, {1: 1.0}),
        *((1, 1.0), (1, 1.0), "1 1 1", "urgency 1; 2"),
    ),
    "adjacent": (({-2: 0.9}, {-2: 0.8}, {-2: 0.7}), (-2, 0.8), (-2, 0.8), "-2 -2 -2", ""),
    "absent": (
        ({-3: 0.6, 0: 0.4}, {-3: 0.6, 0: 0.4}, {0: 0.5, -3: 0.3}),
        *((-3, 0.6), (-3, 0.5), "-3 -3 0", ""),
    ),
}
URGENCIES = (
    {"anatomy": 2, "postsurgical": 1, "diffuse": 0},
    {"anatomy": 1, "postsurgical": 2, "diffuse": 0},
    {"anatomy": 2, "postsurgical": None, "diffuse": 3},
)
URGENCIES_BY_HAND = {  # by majority; the others with a finding have 1
    "anatomy": "2",
    "postsurgical": "2",
    "diffuse": "3",  # of the first and the third reader, who have one, the higher
}


def text(number: int) -> str:
    """A report of the sentences that `by_hash` knows, and one of its own."""
    return "\n".join((*SENTENCES, f"This is case {number}."))


def labeled(
    folder: Path, ids: Sequence[str] = IDS, script: Any = by_hash, method: MethodOptions = TWO
) -> Path:
    """A run over a table of reports in this order."""
    table = folder.with_suffix(".csv")
    with table.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("image1", "anonymized_report"))
        writer.writerows((one, text(int(one[1:]))) for one in ids)
    run(from_csv(table), folder, script, method)
    return folder


async def failing(messages: Sequence[Message], constraint: Constraint | None) -> Reply:
    """Answer by the hash, but fail at a filtration and at a certainty, whatever the wording."""
    question = messages[1].content
    fails = ("This is case 1." in question and "The organ is the stomach." in question) or (
        "Statement: the liver is enlarged." in question
    )
    if fails:
        raise QuestionError("no answer to this one")
    return await by_hash(messages, constraint)


def with_notes(folder: Path) -> None:
    """Let a run have met what is no report, and a report with a note."""
    journal = Journal(folder, {})
    journal.add_input_problem(UnreadableReport("", "line 3 has no id", 2, "x.csv line 3"))
    journal.add_note(Report("r1", "x", 1, "x.csv line 2"), "one sentence is long")
    journal.close()
    tables.export(folder)


def details(folder: Path) -> list[list[str]]:
    return rows_of(folder / "details.csv")


@pytest.fixture
def three(tmp_path: Path) -> list[Path]:
    """Three readers of one report."""
    source = reports(tmp_path / "in", a="The liver is large.")
    folders = []
    for number, urgencies in enumerate(URGENCIES):
        says = {name: by_hand[0][number] for name, by_hand in HAND.items()}
        reader = ErringReader(PACK, says, urgencies)
        folders.append(tmp_path / f"reader{number}")
        run(source, folders[-1], reader, TWO)
    return folders


@pytest.mark.parametrize("rule", VotingRule)
def test_three_readers_have_the_votes_worked_out_by_hand(
    three: list[Path], tmp_path: Path, rule: VotingRule
) -> None:
    merged = merge_runs(three, tmp_path / "merged", rule)
    header, *rows = details(tmp_path / "merged")
    found = {row[2]: dict(zip(header, row, strict=True)) for row in rows if row[1] == "liver"}
    assert found.keys() == HAND.keys()
    for name, (_, majority, mean, votes, tie) in HAND.items():
        code, probability = majority if rule is VotingRule.MAJORITY else mean
        cell = found[name]
        assert cell["certainty"] == ("" if code is None else str(code)), name
        assert cell["probability"] == ("" if probability is None else str(probability)), name
        assert cell["votes"] == votes, name
        given = [one for one in votes.split() if one != "-"]
        agreement = str(round(given.count(str(code)) / len(given), 4)) if given else ""
        assert cell["agreement"] == agreement, name
        if rule is VotingRule.MAJORITY:
            assert cell["tie"] == (tie if name != "diffuse" else f"{tie}, urgency 0; 3"), name
            has_urgency = code in (1, -1)
            urgency = URGENCIES_BY_HAND.get(name, "1") if has_urgency else "-1"
            assert cell["urgency"] == ("" if code is None else urgency), name
    assert (merged.reports, merged.rows, merged.failed_cells) == (1, 4, 1)
    # focal and device of the first reader, and the urgency of the third
    assert merged.outvoted_failures == 3
    assert rows_of(tmp_path / "merged" / "failures.csv")[1:] == [
        ["a", "liver", "quality", "certainty", "no answer on quality", ""]
    ]
    if rule is VotingRule.MAJORITY:
        assert (merged.ties, merged.urgency_ties) == (2, 2)


@pytest.mark.parametrize("rule", VotingRule)
def test_three_copies_of_a_run_are_that_run(tmp_path: Path, rule: VotingRule) -> None:
    one = labeled(tmp_path / "run", script=failing)
    with_notes(one)
    copies = [one, *(Path(shutil.copytree(one, tmp_path / name)) for name in ("b", "c"))]
    merged = merge_runs(copies, tmp_path / "merged", rule)
    _expect_same(tmp_path / "merged", one)
    failures = [row[3] for row in rows_of(one / "failures.csv")[1:]]
    assert {"input", "note", "filtration", "certainty"} <= set(failures), "all kinds are there"
    assert merged.failed_cells == len(failures) - 2
    assert (merged.ties, merged.outvoted_failures, merged.reports) == (0, 0, len(IDS))
    assert {row[-3] for row in details(tmp_path / "merged")[1:]} == {"1.0", ""}


def _expect_same(merged: Path, one: Path) -> None:
    mine, theirs = tables_of(merged), tables_of(one)
    for name in TABLES:
        if name != "details.csv":
            assert mine[name] == theirs[name], name
    assert details(merged)[0] == [*DETAILS, *VOTES]
    assert [row[: len(DETAILS)] for row in details(merged)] == details(one)


def test_copies_whose_reports_come_in_another_order_are_the_first(tmp_path: Path) -> None:
    one = labeled(tmp_path / "run")
    with_notes(one)
    others = [labeled(tmp_path / "reversed", IDS[::-1]), labeled(tmp_path / "c", sorted(IDS)[2:])]
    merged = merge_runs([one, *others], tmp_path / "merged", "majority")
    _expect_same(tmp_path / "merged", one)
    assert merged.reports_not_in_every_run == 2


def test_reports_that_the_first_run_lacks_come_behind_its_own(tmp_path: Path) -> None:
    runs = [labeled(tmp_path / "a", ["r3", "r1"]), labeled(tmp_path / "b", ["r5", "r3", "r2"])]
    merged = merge_runs(runs, tmp_path / "merged", "majority")
    ids = [row[0] for row in rows_of(tmp_path / "merged" / "labels.csv")[1::4]]
    assert (ids, merged.reports, merged.reports_not_in_every_run) == (
        ["r3", "r1", "r5", "r2"],
        4,
        3,
    )
    votes = {row[0]: row[-2] for row in details(tmp_path / "merged")[1:] if not row[8]}
    assert votes["r1"].endswith(" -")
    assert votes["r5"].startswith("- ")


def test_a_report_that_one_run_could_not_read_is_labeled_by_the_other(tmp_path: Path) -> None:
    table = tmp_path / "lacking.csv"
    table.write_text(f'image1,anonymized_report\nr1,\nr2,"{text(2)}"\n', newline="")
    run(from_csv(table), tmp_path / "lacking")
    runs = [tmp_path / "lacking", labeled(tmp_path / "b", ["r1", "r2"], plain_reader)]
    merged = merge_runs(runs, tmp_path / "merged", "majority")
    assert (merged.failed_cells, merged.outvoted_failures) == (0, 22)


def test_evidence_of_all_runs_is_in_sentences_once(three: list[Path], tmp_path: Path) -> None:
    merge_runs(three, tmp_path / "merged", "majority")
    assert tables_of(tmp_path / "merged")["sentences.csv"] == tables_of(three[0])["sentences.csv"]


def test_the_manifest_says_where_the_votes_come_from(three: list[Path], tmp_path: Path) -> None:
    merged = tmp_path / "some" / "merged"
    merge_runs(three, merged, "mean-probability")
    described = manifest.read(merged)
    assert described["identity"]["merged_by"] == described["merged"]["by"] == "mean-probability"
    said = described["merged"]["runs"]
    assert [run["folder"] for run in said] == [f"../../reader{number}" for number in range(3)]
    own = manifest.read(three[0])["identity"]
    assert said[0]["identity"] == own
    assert said[0]["fingerprint"] == manifest.fingerprint(own)
    assert [run["failed_cells"] for run in said] == [3, 1, 2]
    assert [run["reports"] for run in said] == [1, 1, 1]
    assert described["merged"]["outvoted_failures"] == 3
    assert described["totals"]["failed_cells"] == 1


def test_warnings_of_the_runs_are_kept_once(three: list[Path], tmp_path: Path) -> None:
    for folder, warnings in zip(three, (["Beware."], [], ["Beware.", "Mind."]), strict=True):
        manifest.write(folder, {**manifest.read(folder), "warnings": warnings})
    merge_runs(three, tmp_path / "merged", "majority")
    assert manifest.read(tmp_path / "merged")["warnings"] == ["Beware.", "Mind."]


def test_merged_labels_are_merged_again_and_nothing_else_is_lost(
    three: list[Path], tmp_path: Path
) -> None:
    merged = tmp_path / "merged"
    merge_runs(three, merged, "majority")
    before = tables_of(merged)
    merge_runs(three, merged, "mean-probability")
    assert tables_of(merged) != before
    merge_runs(three, merged, "majority")
    assert tables_of(merged) == before
    assert {path.stat().st_mode & 0o777 for path in merged.iterdir()} == {0o600}


def _other_organs(folder: Path) -> Path:
    return labeled(folder / "other", IDS, plain_reader, MethodOptions(organs=("spleen",)))


def _other_texts(folder: Path) -> Path:
    run(reports(folder / "in2", a="The liver is small."), folder / "other")
    return folder / "other"


def _without_probabilities(folder: Path) -> Path:
    run(reports(folder / "in", a="The liver is large."), folder / "other", _denying)
    return folder / "other"


def _denying(messages: Any, constraint: Any) -> str:
    question = messages[1].content
    if "<report>" in question:
        return '"The liver is large.": informative'
    return "none" if "Which types" in question else "A"


def _empty(folder: Path) -> Path:
    manifest.claim_folder(
        folder / "other", manifest.read(folder / "reader0")["identity"], [], has_results=False
    )
    (folder / "other" / "journal").mkdir()
    return folder / "other"


def _merged(folder: Path) -> Path:
    merge_runs([folder / "reader0", folder / "reader1"], folder / "other", "majority")
    return folder / "other"


def _without_journal(folder: Path) -> Path:
    shutil.copytree(folder / "reader0", folder / "other")
    shutil.rmtree(folder / "other" / "journal")
    return folder / "other"


@pytest.mark.parametrize(
    ("make", "error", "complaint"),
    [
        (lambda folder: folder / "reader0", UsageError, "are one folder"),
        (lambda folder: folder / "in" / ".." / "reader0", UsageError, "are one folder"),
        (lambda folder: folder / "nowhere", RunFolderError, "holds no run"),
        (_other_organs, RunFolderError, "the runs have other organs: {other} lacks liver; merge"),
        (_other_texts, RunFolderError, "labeled different texts of the report a;"),
        (
            _without_probabilities,
            UsageError,
            "{other} has labels without probabilities; merge --by majority",
        ),
        (_empty, RunFolderError, "{other} holds no labels yet"),
        (_merged, RunFolderError, "{other} holds merged labels; name the runs"),
        (_without_journal, RunFolderError, "{other} has no journal"),
    ],
)
def test_runs_that_do_not_fit_are_refused_in_one_line(
    three: list[Path],
    tmp_path: Path,
    make: Callable[[Path], Path],
    error: type[LeavsError],
    complaint: str,
) -> None:
    other = make(tmp_path)
    with pytest.raises(error) as refused:
        merge_runs([three[0], other], tmp_path / "out", "mean-probability")
    assert complaint.replace("{other}", str(other)) in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "out" / "labels.csv").exists()


def test_labels_without_probabilities_can_be_merged_by_majority(
    three: list[Path], tmp_path: Path
) -> None:
    runs = [three[0], _without_probabilities(tmp_path)]
    assert merge_runs(runs, tmp_path / "out", "majority").reports == 1


def test_one_run_alone_is_refused(three: list[Path], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="two runs at least"):
        merge_runs(three[:1], tmp_path / "out", "majority")


def test_an_unknown_rule_and_a_file_in_the_way_are_refused(
    three: list[Path], tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="by 'chance'; there are: majority, mean-probability"):
        merge_runs(three, tmp_path / "out", "chance")
    (tmp_path / "file").touch()
    with pytest.raises(RunFolderError, match="file is no folder"):
        merge_runs(three, tmp_path / "file", "majority")


def test_a_folder_that_is_taken_is_left_as_it_is(three: list[Path], tmp_path: Path) -> None:
    before = tables_of(three[2]) | {"run.json": (three[2] / "run.json").read_bytes()}
    with pytest.raises(RunFolderError, match="reader2 holds a run"):
        merge_runs(three[:2], three[2], "majority")
    assert before == tables_of(three[2]) | {"run.json": (three[2] / "run.json").read_bytes()}
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "labels.csv").write_text("mine")
    with pytest.raises(RunFolderError, match=r"mine holds labels\.csv and no run\.json"):
        merge_runs(three, tmp_path / "mine", "majority")
    assert (tmp_path / "mine" / "labels.csv").read_text() == "mine"


def test_organs_in_another_order_are_the_same_organs(tmp_path: Path) -> None:
    runs = [labeled(tmp_path / name) for name in ("a", "b")]
    path = runs[1] / "run.json"
    described = json.loads(path.read_text())
    described["identity"]["organs"].reverse()
    journal = next((runs[1] / "journal").iterdir())
    path.write_text(json.dumps(described))
    journal.write_bytes(b"\n".join(journal.read_bytes().split(b"\n")[1:]))  # the session's record
    merge_runs(runs, tmp_path / "merged", "majority")
    _expect_same(tmp_path / "merged", runs[0])


def test_labels_that_readers_have_corrected_are_not_merged_over(tmp_path: Path) -> None:
    runs = [labeled(tmp_path / "a"), labeled(tmp_path / "b")]
    merge_runs(runs, tmp_path / "merged", "majority")
    (tmp_path / "merged" / "review").mkdir()
    (tmp_path / "merged" / "review" / "corrections-anna.jsonl").write_text("{}")
    before = tables_of(tmp_path / "merged")
    with pytest.raises(RunFolderError, match="holds what readers said"):
        merge_runs(runs[::-1], tmp_path / "merged", "majority")
    assert tables_of(tmp_path / "merged") == before
