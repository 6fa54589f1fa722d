"""Which runs of merged labels are scored beside the vote, and under which names."""

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from leavs.errors import RunFolderError
from leavs.evaluation import evaluate_labels
from leavs.evaluation.codes import labels_as_codes
from leavs.evaluation.merged_runs import merged_runs
from leavs.journal import manifest
from leavs.tables.columns import KEYS, KINDS
from leavs.tables.merging import SCORED

IDS = ("r0", "r1", "r2")
ORGANS = ("liver", "spleen")


def table(path: Path, ids: Collection[str] = IDS, organs: Collection[str] = ORGANS) -> Path:
    """Labels with no finding."""
    codes = dict(zip(KINDS, (0, -1), strict=True))
    rows = [
        dict(zip(KEYS, (one, organ, kind), strict=True)) | dict.fromkeys(SCORED, codes[kind])
        for one in ids
        for organ in organs
        for kind in KINDS
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def run(folder: Path, **lacking: Collection[str]) -> dict[str, Any]:
    """A run, and what the manifest of merged labels says of it."""
    table(folder / "labels.csv", **lacking)
    identity = {"model": folder.name}
    manifest.write(folder, {"identity": identity})
    return {"folder": str(folder), "fingerprint": manifest.fingerprint(identity)}


def merged(folder: Path, *runs: dict[str, Any]) -> Path:
    """The folder of a merge of these runs."""
    table(folder / "merged" / "labels.csv")
    manifest.write(folder / "merged", {"identity": {}, "merged": {"runs": [*runs]}})
    return folder / "merged"


@pytest.mark.parametrize(
    ("folders", "taken", "names"),
    [
        (["qwen", "llama"], (), ["qwen", "llama"]),
        (["a/run", "b/run", "other"], (), ["a/run", "b/run", "other"]),
        (["x/a/run", "y/a/run", "z/b/run"], (), ["x/a/run", "y/a/run", "b/run"]),
        (["a/qwen", "a/llama"], ("llama",), ["qwen", "a/llama"]),
        (["a/labeler", "annotators"], (), ["a/labeler", "in/annotators"]),
    ],
)
def test_names_have_as_many_parts_as_tell_them_apart(
    tmp_path: Path, folders: list[str], taken: Collection[str], names: list[str]
) -> None:
    vote = merged(tmp_path, *(run(tmp_path / "in" / folder) for folder in folders))
    others = dict.fromkeys(taken, tmp_path / "others.csv")
    found, notes = merged_runs(vote, others, labels_as_codes(vote))
    assert ([*found], notes) == (names, [])


def test_a_table_and_a_run_have_no_runs(tmp_path: Path) -> None:
    scored = labels_as_codes(table(tmp_path / "labels.csv"))
    assert merged_runs(tmp_path / "labels.csv", {}, scored) == ({}, [])
    manifest.write(tmp_path, {"identity": {}})
    assert merged_runs(tmp_path, {}, scored) == ({}, [])


def test_a_run_that_is_a_baseline_is_named_once(tmp_path: Path) -> None:
    runs = [run(tmp_path / name) for name in ("a", "b")]
    vote = merged(tmp_path, *runs)
    for baseline in (tmp_path / "a", tmp_path / "b" / ".." / "a" / "labels.csv"):
        done = evaluate_labels(vote, vote, baselines={"a": baseline}, resamples=0)
        assert done.labelers == ("labeler", "b", "a")


def _relabeled(folder: Path) -> None:
    manifest.write(folder, {"identity": {"model": "another"}})


def _damaged(folder: Path) -> None:
    (folder / "labels.csv").write_text("this is,no table\n")


@pytest.mark.parametrize(
    ("happens", "note"),
    [
        (lambda folder: run(folder, ids=["r0", "r7"]), "lacks 2 of the 3 reports that are scored"),
        (lambda folder: run(folder, ids=["x8", "x9"]), "lacks 3 of the 3 reports that are scored"),
        (lambda folder: run(folder, organs=["liver"]), "lacks spleen"),
        (lambda folder: (folder / "labels.csv").unlink(), "are not there any more ({folder})"),
        (lambda folder: (folder / "run.json").unlink(), "cannot be read: {folder} holds no run"),
        (_damaged, "cannot be read: {folder}/labels.csv has no column"),
        (_relabeled, "another run stands now ({folder})"),
    ],
)
def test_a_run_that_does_not_fit_is_a_note_and_the_vote_keeps_its_reports(
    tmp_path: Path, happens: Callable[[Path], object], note: str
) -> None:
    vote = merged(tmp_path, *(run(tmp_path / name) for name in ("a", "b")))
    happens(tmp_path / "b")
    done = evaluate_labels(vote, vote / "labels.csv", resamples=0)
    assert (done.labelers, done.reports) == (("labeler", "a"), len(IDS))
    [told] = [one for one in done.notes if one.startswith("the run b, ")]
    assert note.replace("{folder}", str(tmp_path / "b")) in told


def test_reports_that_a_named_baseline_lacks_are_asked_of_no_run(tmp_path: Path) -> None:
    vote = merged(tmp_path, run(tmp_path / "a", ids=["r1"]))
    baseline = table(tmp_path / "other.csv", ids=["r1", "r5"])
    done = evaluate_labels(vote, vote / "labels.csv", baselines={"o": baseline}, resamples=0)
    assert (done.labelers, done.reports) == (("labeler", "a", "o"), 1)


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        (True, "does not name the runs of a merge"),
        ({"runs": [{}]}, "does not name the runs of a merge"),
        ({"runs": {"folder": "a"}}, "does not name the runs of a merge"),
        ({"runs": [], "interrupted": True}, "was interrupted"),
    ],
)
def test_a_manifest_that_is_no_whole_merge_is_one_line(
    tmp_path: Path, entry: Any, complaint: str
) -> None:
    vote = merged(tmp_path)
    manifest.write(vote, {"identity": {}, "merged": entry})
    with pytest.raises(RunFolderError, match=complaint) as refused:
        evaluate_labels(vote, vote / "labels.csv", resamples=0)
    assert str(vote) in str(refused.value)
    assert "\n" not in str(refused.value)
