"""Reports and a pack with canaries in them, and where each canary may stand."""

import csv
import json
import shutil

from canaries import ID, PACK, REPORTS, TEXT, THOUGHT, Allowed, Place, report_text
from places import ROOT

ASKED = ("--organs", "spleen", "liver", "--filtration", "fast", "--reports-in-flight", "2")
PROMPTS = ("--pack", "pack", "--reasoning", "never")
INPUTS = ("in", "in/*", "pack/*")
JOURNAL = "out*/journal/*"
TABLES = ("out*/labels.csv", "out*/details.csv", "out*/sentences.csv", "out*/failures.csv")
EVIDENCE = (JOURNAL, "out*/details.csv", "out*/sentences.csv")
BASE: dict[str, tuple[str, ...]] = {
    TEXT: (*INPUTS, *EVIDENCE),
    ID: (*INPUTS, JOURNAL, *TABLES),
    PACK: INPUTS,
    THOUGHT: (),
}

KEPT: Allowed = {TEXT: ["out/labels.csv"], THOUGHT: [JOURNAL]}  # where both are asked for


def allowing(more: Allowed) -> Allowed:
    return {canary: (*places, *more.get(canary, ())) for canary, places in BASE.items()}


def fill(place: Place) -> Place:
    """The same reports as six inputs, and a pack with a canary in each of its prompts."""
    texts = {f"{ID}-{number}": report_text(number) for number in range(REPORTS)}
    (place.root / "in" / "folder").mkdir()
    for name, text in texts.items():
        (place.root / "in" / "folder" / f"{name}.txt").write_text(text)
    names = "".join(f"folder/{name}.txt\n" for name in texts)
    (place.root / "in" / "list.txt").write_text(names)
    with (place.root / "in" / "reports.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("image1", "anonymized_report"), *texts.items()])
    lines = (json.dumps({"id": name, "text": text}) for name, text in texts.items())
    (place.root / "in" / "reports.jsonl").write_text("\n".join(lines))
    cases = [
        {"image": f"imagesTr/{name}.nii.gz", "labels": {"report": {"abdomen": {"f": text}}}}
        for name, text in texts.items()
    ]
    (place.root / "in" / "amos.json").write_text(json.dumps({"training": cases}))
    shutil.copytree(ROOT / "prompts" / "leavs", place.root / "pack")
    for path in (place.root / "pack").glob("*.jinja"):
        start = "{% block instructions %}\n"
        path.write_text(path.read_text().replace(start, f"{start}{PACK}. "))
    return place
