"""The paper's table, end to end: a file of AMOS-MM's shape, annotators, and a scripted reader.

The reports are the shipped ones, each under three ids; the annotators are made of the shipped
annotations, one of them with errors in the liver.
"""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from annotated_reader import REPORTS, annotated
from leavs.tables.merging import MERGED
from places import ROOT

SCRIPT = ROOT / "scripts" / "reproduce_paper.sh"
SUPPORT = ROOT / "tests" / "support"
OPTIONS = ("--preset", "lean", "--reports-in-flight", "1")
COPIES = 3  # of each report: a cell counts with more than ten positives
SHIPPED = sorted(path.stem for path in REPORTS.iterdir())
STUDIES = {f"amos_{5001 + place}": name for place, name in enumerate(SHIPPED * COPIES)}


def case(study: str, folder: str, text: str) -> dict[str, object]:
    findings = {"chest": "", "abdomen": text, "pelvis": ""}
    report = {"findings": findings, "impression": {"abdomen": []}}
    return {"image": f"./{folder}/{study}.nii.gz", "labels": {"report": report}}


def amos_file(path: Path) -> Path:
    """The annotated reports in the part for validation, and others that nobody annotated."""
    texts = {name: (REPORTS / f"{name}.txt").read_text(encoding="utf-8") for name in SHIPPED}
    parts = {
        "training": [case("amos_0001", "imagesTr", "The liver is normal.")],
        "validation": [case(one, "imagesVa", texts[name]) for one, name in STUDIES.items()],
        "testing": [{"image": "./imagesTs/amos_9001.nii.gz", "labels": {}}],
    }
    path.write_text(json.dumps(parts), encoding="utf-8")
    return path


def annotations_file(path: Path) -> Path:
    """Three annotators in the wide form of the authors; the third denies all of the liver."""
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = list(annotation_rows())
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def annotation_rows() -> Iterator[dict[str, object]]:
    codes = annotated()
    organs = list(dict.fromkeys(organ for _, organ, _ in codes))
    for study, name in STUDIES.items():
        scan = f"{study}.nii.gz.txt"
        for labeler in range(3):
            for kind in ("labels", "urgency"):
                keys = {"image1": scan, "subjectid_studyid": f"{scan}_{scan}"}
                row: dict[str, object] = {**keys, "type_annotation": kind, "labeler": labeler}
                for organ in organs:
                    errs = labeler == 2 and organ == "liver"
                    for merged, parts in MERGED.items():
                        labels = [codes[name, organ, "labels"][one] for one in parts]
                        urgencies = [codes[name, organ, "urgency"][one] for one in parts]
                        there = not errs and any(code in (1, -1) for code in labels)
                        urgency = max(urgencies) if there else ""
                        value = int(there) if kind == "labels" else urgency
                        row[f"{organ}_{merged}"] = value
                yield row


def reproduce(
    *arguments: object, fails: str = "", script: Path = SCRIPT
) -> subprocess.CompletedProcess[str]:
    path = (ROOT / "src", SUPPORT, ROOT / "scripts", os.environ.get("PYTHONPATH", ""))
    environment = {
        **os.environ,
        "LEAVS": f"{sys.executable} {SUPPORT / 'scripted_annotated.py'}",
        "PYTHON": sys.executable,
        "PYTHONPATH": os.pathsep.join(map(str, path)),
        "SCRIPTED_FAILS": fails,
        "COLUMNS": "40",  # too few for the table
    }
    words = [str(script), *map(str, arguments)]
    return subprocess.run(words, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("amos")
    return amos_file(folder / "amos.json"), annotations_file(folder / "annotations.csv")


def test_a_reader_who_knows_the_answers_has_the_best_figures(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    done = reproduce(*files, tmp_path / "paper", "--", *OPTIONS)
    assert done.returncode == 0, done.stderr
    head, *lines = done.stdout.splitlines()
    assert re.findall(r"\S+(?: \S+)*", head) == ["this run", "published", "humans", "run there"]
    rows = {line[:23].strip(): line[23:].split() for line in lines[:5]}
    best = ["1.000", "[1.000,", "1.000]"]
    for name, published in (
        ("types, micro F1", "0.892"),
        ("types, macro F1", "0.891"),
        ("organs, micro F1", "0.931"),
        ("joined-organs, macro F1", "0.950"),
        ("organs, urgency tau-b", "0.620"),
    ):
        *own, paper, humans, there = rows[name]
        assert (own, paper) == (best, published), name
        assert there == "1.000" or "urgency" in name, name
        assert float(humans) < 1 or "urgency" in name, "one of them errs in the liver"
    told = " ".join(done.stdout.split())
    assert f"All {len(STUDIES)} annotated reports." in told
    assert "the paper prints F1 as 0.89" in told
    ids = (tmp_path / "paper" / "ids.txt").read_text().split()
    assert ids == list(STUDIES), "those of training are not labeled"
    with (tmp_path / "paper" / "run" / "labels.csv").open(newline="") as file:
        assert {row["subjectid_studyid"] for row in csv.DictReader(file)} == set(STUDIES)

    again = reproduce(*files, tmp_path / "paper", "--", *OPTIONS)
    assert (again.returncode, again.stdout) == (0, done.stdout), "a second run goes on: all is done"
    other = reproduce(*files, tmp_path / "paper", "--", "--preset", "paper")
    assert (other.returncode, other.stdout) == (2, "")
    assert "holds another run" in other.stderr


def test_a_part_of_the_reports_is_told_under_the_table(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    (tmp_path / "link.sh").symlink_to(SCRIPT)
    paper, options = tmp_path / "paper", ("--", *OPTIONS, "--limit", "2")
    done = reproduce(*files, paper, *options, script=tmp_path / "link.sh")
    assert done.returncode == 0, done.stderr
    shown = [line[23:].strip("– ") for line in done.stdout.splitlines()[1:6]]
    assert shown == ["0.892", "0.891", "0.931", "0.950", "0.620"], "no cell has enough positives"
    assert f"2 of {len(STUDIES)} annotated reports, also in" in " ".join(done.stdout.split())


def test_ids_that_the_file_lacks_are_told_apart_from_failed_cells(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    parts = json.loads(files[0].read_text(encoding="utf-8"))
    parts["validation"] = parts["validation"][:3]
    few, none, paper = tmp_path / "few.json", tmp_path / "none.json", tmp_path / "paper"
    few.write_text(json.dumps(parts), encoding="utf-8")
    done = reproduce(few, files[1], paper, "--", *OPTIONS)
    assert done.returncode == 3
    lacking = len(STUDIES) - 3
    said = f"{lacking} of the {len(STUDIES)} ids of {files[1]} are not in {few}; the table is of"
    assert said in done.stderr
    assert "some cells have no label" not in done.stderr
    assert f"3 of {len(STUDIES)} annotated reports" in done.stdout

    none.write_text(json.dumps(parts | {"validation": []}), encoding="utf-8")
    done = reproduce(none, files[1], tmp_path / "other", "--", *OPTIONS)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1] == (
        f"reproduce_paper: none of the {len(STUDIES)} ids of {files[1]} is in {none}; is it "
        "report_generation_train_val.json?"
    )


def test_failed_cells_go_on_to_the_table_and_are_told(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    done = reproduce(*files, tmp_path / "paper", "--", *OPTIONS, fails="focal")
    assert done.returncode == 3
    assert "some cells have no label" in done.stderr
    assert "are not in" not in done.stderr
    [types] = [line for line in done.stdout.splitlines() if line.startswith("types, micro F1")]
    assert 0.5 < float(types.split()[3]) < 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "usage: "),
        (["AMOS"], "usage: "),
        (["AMOS", "--model", "x"], "usage: "),
        (["AMOS", "HUMANS", "out", "--model", "x"], "stands behind --, not --model"),
        (["nowhere.json", "HUMANS"], "there is no file nowhere.json"),
        (["AMOS", "nowhere.csv"], "there is no file nowhere.csv"),
        (["AMOS", "AMOS", "out"], "leavs: "),
        (["AMOS", "ALIKE", "out"], "ALIKE: 'x/y' and 'q/y' are one id, 'y'"),
        (["AMOS", "UNNAMED", "out"], "UNNAMED has a row without an id"),
        (["HUMANS", "HUMANS", "out"], "is not JSON"),
        (["AMOS", "HUMANS", "HUMANS/out"], "HUMANS/out cannot be written to; name another"),
    ],
)
def test_wrong_use_is_one_line_and_exit_2(
    files: tuple[Path, Path],
    arguments: list[str],
    complaint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, ids in {"ALIKE": ("x/y", "q/y"), "UNNAMED": ("x", "")}.items():
        lines = ["subjectid_studyid,type_annotation", *(f"{one},labels" for one in ids)]
        Path(name).write_text("\n".join(lines))
    named = {"AMOS": str(files[0]), "HUMANS": str(files[1]), "HUMANS/out": f"{files[1]}/out"}
    done = reproduce(*(named.get(one, one) for one in arguments))
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert complaint.replace("HUMANS", named["HUMANS"]) in done.stderr
    assert not [one for one in tmp_path.glob("out/ids.txt") if not one.read_text().strip()]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "has no column 'comparison'"),
        ("variant,scope\ntypes,all\n", "has no column 'comparison'"),
    ],
)
def test_a_table_of_something_else_is_refused_in_one_line(
    text: str, complaint: str, tmp_path: Path
) -> None:
    (tmp_path / "evaluation.csv").write_text(text)
    (tmp_path / "labels.csv").write_text("subjectid_studyid,organ,type_annotation,focal\n")
    (tmp_path / "failures.csv").write_text("report_id,step,reason\n")
    (tmp_path / "ids.txt").write_text("a\n")
    words = ["table", tmp_path / "evaluation.csv", tmp_path, tmp_path / "ids.txt"]
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "paper_table.py", *words],
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert done.stderr.startswith(f"leavs: {tmp_path / 'evaluation.csv'} {complaint}")
    assert done.stderr.count("\n") == 1


def test_shellcheck_finds_nothing() -> None:
    shellcheck = shutil.which("shellcheck")
    if shellcheck is None:
        pytest.skip("shellcheck is not installed here")
    done = subprocess.run([shellcheck, SCRIPT], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
