"""A cell's definition is the wording with which its label was made, or the page says what it is."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from leavs.domain import Prompt
from leavs.errors import PackError, RunFolderError
from leavs.journal import manifest
from leavs.method.pack import Pack, load_pack
from leavs.review.definitions import definitions_for
from places import ROOT


def run_with(folder: Path, **described: Any) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / manifest.FILE).write_text(json.dumps({"identity": {}} | described))
    return folder


def made_with(pack: Pack) -> dict[str, Any]:
    return {"identity": {"pack": str(pack.folder), "pack_sha256": pack.sha256}}


@pytest.fixture
def other(tmp_path: Path) -> Pack:
    """A pack with another organ, and guidance for it."""
    folder = Path(shutil.copytree(ROOT / "prompts" / "leavs", tmp_path / "site"))
    with (folder / "ontology.toml").open("a") as file:
        file.write(
            '\n[[organs]]\nname = "bladder"\ncovers = "its wall"\nguidance = "NAD is well."\n'
        )
    return load_pack(folder)


def test_labels_without_a_pack_have_the_definitions_of_the_shipped_one_and_say_so(
    tmp_path: Path, pack: Pack
) -> None:
    shown = definitions_for(tmp_path)
    assert shown["note"] == "The labels name no pack; these are the definitions of the pack leavs."
    assert list(shown["organs"]) == [organ.name for organ in pack.ontology.organs]
    focal = pack.ontology.finding_types[-1]
    said = shown["finding_types"]["focal"]
    assert said[0] == "Statement: there is a focal abnormality in the organ."
    assert said[1:] == [focal.meaning, focal.traps, *focal.examples]


def test_what_holds_for_all_types_is_there_too(tmp_path: Path, pack: Pack) -> None:
    for_all = definitions_for(tmp_path)["for_all"]
    assert [line.split(":")[0] for line in for_all["Codes"]] == [
        *("1 affirmed", "0 denied", "-1 possible", "-2 not mentioned"),
        *("-3 depends on a prior report", "-3 broad area only"),
    ]
    assert for_all["Urgency"][0].startswith("0 no action: ")
    rules = for_all["What holds for all types"]
    assert rules == pack.rules(Prompt.CERTAINTY)
    assert len(rules) > 5
    assert all(f"- {rule}\n" in pack.instructions(Prompt.CERTAINTY) for rule in rules)


def test_a_run_has_its_own_pack_with_its_guidance(tmp_path: Path, other: Pack) -> None:
    shown = definitions_for(run_with(tmp_path / "run", **made_with(other)))
    assert shown["note"] == ""
    assert shown["organs"]["bladder"] == ["It includes its wall.", "NAD is well."]


def test_merged_runs_of_one_pack_have_it_and_of_several_have_none(
    tmp_path: Path, pack: Pack, other: Pack
) -> None:
    one, two = (made_with(by) | {"folder": "x", "fingerprint": "x"} for by in (other, pack))
    alike = run_with(tmp_path / "alike", **{manifest.MERGED_RUNS: {"runs": [one, one]}})
    assert "bladder" in definitions_for(alike)["organs"]
    unlike = run_with(tmp_path / "unlike", **{manifest.MERGED_RUNS: {"runs": [one, two]}})
    shown = definitions_for(unlike)
    assert shown["note"].startswith("The merged runs asked with different packs")
    assert shown["organs"] == shown["finding_types"] == {}


@pytest.mark.parametrize(
    ("name", "said"),
    [("leavs", "is not the one"), ("gone-since", "is not found"), (5, "not found")],
)
def test_another_wording_is_not_shown_for_what_it_did_not_make(
    tmp_path: Path, name: Any, said: str
) -> None:
    identity = {"pack": name, "pack_sha256": "0" * 64}
    shown = definitions_for(run_with(tmp_path / "run", identity=identity))
    assert said in shown["note"]
    assert shown["organs"] == shown["finding_types"] == shown["for_all"] == {}


def test_a_pack_that_is_named_is_shown_and_not_taken_for_the_labels_own(
    tmp_path: Path, pack: Pack, other: Pack
) -> None:
    run = run_with(tmp_path / "run", **made_with(pack))
    shown = definitions_for(run, str(other.folder))
    assert "bladder" in shown["organs"]
    assert shown["note"].endswith("the labels were made with another.")
    assert definitions_for(run, "leavs")["note"] == ""
    with pytest.raises(PackError, match="no pack 'nowhere'"):
        definitions_for(run, "nowhere")


def test_a_merge_that_was_interrupted_is_refused(tmp_path: Path, pack: Pack) -> None:
    run = made_with(pack) | {"folder": "x", "fingerprint": "x"}
    marked = {"runs": [run], manifest.INTERRUPTED: True}
    folder = run_with(tmp_path / "merged", **{manifest.MERGED_RUNS: marked})
    with pytest.raises(RunFolderError, match="was interrupted"):
        definitions_for(folder)
