"""A data set of labels, read offline by the packages that people use, in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from leavs import cli
from processes import PATIENCE
from published_runs import published_run

READ = """
import json, sys
import datasets
from huggingface_hub import DatasetCard

folder = sys.argv[1]
found = {}
for name in (None, "details", "labels"):
    table = datasets.load_dataset(folder, name, split="train")
    types = {column: feature.dtype for column, feature in table.features.items()}
    found[str(name)] = [types, table.num_rows, table["organ"][0]]
details = datasets.load_dataset(folder, split="train")
missing = [code is None for code in details["certainty"]]
card = DatasetCard.load(folder + "/README.md")
print(json.dumps([found, sum(missing), card.data.to_dict()]))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("published")
    run = published_run(folder / "run")
    words = ["convert", str(run), "--to", "dataset", "--output-dir", str(folder / "set")]
    assert cli.run(words) == 0
    return folder


def test_datasets_reads_the_tables_and_the_card(folder: Path) -> None:
    own = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(folder / "hf"), "TQDM_DISABLE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", READ, str(folder / "set")],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env={**os.environ, **own},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found, missing, card = json.loads(done.stdout.splitlines()[-1])
    assert found["None"] == found["details"]
    types, rows, organ = found["details"]
    assert (rows, missing, organ) == (88, 22, "spleen")
    assert types["certainty"] == types["urgency"] == "int8"
    assert types["probability"] == "float64"
    assert types["evidence"] == types["report_id"] == "string"
    assert found["labels"][1] == 16
    assert found["labels"][0]["focal"] == "int8"
    assert card["task_categories"] == ["text-classification"]
    assert card["size_categories"] == ["n<1K"]
    assert [one["config_name"] for one in card["configs"]] == ["details", "labels"]
    assert card.get("license") is None  # the user's to choose
