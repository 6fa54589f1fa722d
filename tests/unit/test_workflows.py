"""What stands around the code on a code host: workflows, hooks before a commit, forms of issues."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from places import ROOT

GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
FORMS = sorted(
    set((GITHUB / "ISSUE_TEMPLATE").glob("*.yml")) - {GITHUB / "ISSUE_TEMPLATE/config.yml"}
)
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PINNED = re.compile(r"uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")


def read(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)  # noqa: S506 - text alone


def steps(workflow: Any) -> list[Any]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize(
    ("name", "events", "command"),
    [
        ("check", {"push", "pull_request"}, "make check"),
        ("nightly", {"schedule", "workflow_dispatch"}, "make test"),
    ],
)
def test_a_workflow_runs_what_people_run(name: str, events: set[str], command: str) -> None:
    workflow = read(GITHUB / "workflows" / f"{name}.yml")
    assert set(workflow["on"]) == events
    assert steps(workflow)[-1] == {"run": command}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_only_read_and_ends(path: Path) -> None:
    workflow = read(path)
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        assert int(job["timeout-minutes"]) <= 120
        assert "permissions" not in job


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_names_commits_of_actions_and_targets_of_make(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(PINNED.findall(text)) == text.count("uses:") > 0
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.M))
    runs = [step["run"] for step in steps(read(path)) if "run" in step]
    assert {run.removeprefix("make ") for run in runs} <= targets


def test_hooks_before_a_commit_are_those_of_make_lint() -> None:
    config = read(ROOT / ".pre-commit-config.yaml")
    assert [repository["repo"] for repository in config["repos"]] == ["local"]
    hooks = [hook["entry"] for hook in config["repos"][0]["hooks"]]
    recipe = MAKEFILE.split("\nlint: setup\n")[1].split("\n\n")[0].replace("$(BIN)", ".venv/bin")
    assert [hook.replace(" --force-exclude", "") for hook in hooks] == [
        line.strip() for line in recipe.splitlines()
    ]


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_form_lets_nobody_send_what_is_of_a_patient(path: Path) -> None:
    boxes = [item for item in read(path)["body"] if item["type"] == "checkboxes"]
    [option] = [option for box in boxes for option in box["attributes"]["options"]]
    assert option["required"] == "true"
    for word in ("no text of a report", "no id", "no name", "no path"):
        assert word in option["label"]


@pytest.mark.parametrize("name", ["bug", "wrong_label"])
def test_a_form_of_a_fault_asks_for_what_the_doctor_says(name: str) -> None:
    text = (GITHUB / "ISSUE_TEMPLATE" / f"{name}.yml").read_text(encoding="utf-8")
    assert "`leavs doctor --json`" in text
    assert "none that names reports" in text


def test_a_bug_has_an_exit_code() -> None:
    body = read(GITHUB / "ISSUE_TEMPLATE" / "bug.yml")["body"]
    [asked] = [item for item in body if item.get("id") == "exit-code"]
    assert asked["validations"] == {"required": "true"}
