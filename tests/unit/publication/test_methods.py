"""What a run says of itself for a paper: nothing empty, nothing guessed, nothing private."""

import json
import os
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from leavs import cli, merge_runs
from leavs.cli import exit_codes
from leavs.journal import manifest
from leavs.publication.answers import TO_FILL_IN
from leavs.publication.answers_of_runs import reasoning_in_words
from leavs.publication.checklists import ANSWERED
from leavs.publication.facts import shipped_pack_sha256
from leavs.publication.methods import Methods, describe_methods
from published_runs import (
    CANARY,
    COMMIT,
    END,
    ON_VLLM,
    PLAN,
    PROCESS,
    SESSION,
    as_text,
    loaded,
    published_run,
    without,
)

GOLDEN = Path(__file__).with_name("golden")


def answers(methods: Methods) -> dict[str, str]:
    """The answers of all items, by what they ask."""
    return {row.asks: row.answer for one in methods.checklists for row in one.rows}


def described(folder: Path, *processes: Sequence[Mapping[str, Any]], **more: Any) -> dict[str, str]:
    return answers(describe_methods(published_run(folder, processes or (PROCESS,), **more)))


@pytest.mark.parametrize("as_json", [False, True])
def test_a_run_is_described_as_it_was(
    tmp_path: Path, as_json: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    run = published_run(tmp_path / "run", warnings=["Beware."])
    words = ["methods", str(run), *(["--json"] if as_json else [])]
    assert cli.run(words) == 0
    said = capsys.readouterr().out
    said = said.replace(shipped_pack_sha256(), "HASH-OF-THE-PACK")
    said = said.replace(f"Made by leavs {version('leavs')}", "Made by leavs VERSION")
    said = said.replace(f'"leavs": "{version("leavs")}"', '"leavs": "VERSION"')
    golden = GOLDEN / ("methods.json" if as_json else "methods.md")
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(said, encoding="utf-8")
    assert said == golden.read_text(encoding="utf-8")


SERVER = {"engine": "server", "model": f"/srv/{CANARY}/a-model"}
RUNS: Mapping[str, Mapping[str, Any]] = {
    "vllm": {},
    "of before": {"processes": [(without(SESSION, "processor"), without(PLAN, "loaded"), END)]},
    "killed": {"processes": [(SESSION, PLAN)]},
    "never ready": {"processes": [(SESSION,)]},
    "server": {"identity": SERVER, "processes": [(SESSION, without(PLAN, "loaded"), END)]},
    "own engine": {"identity": {"engine": "ScriptedEngine"}},
    "dry": {"identity": {"engine": "dry run"}},
    "demo": {"identity": {**ON_VLLM, "model": "demo", "weights_sha256": "ab" * 32}},
}


@pytest.mark.parametrize("kind", RUNS)
def test_every_item_has_an_answer_or_says_what_is_to_be_filled_in(
    tmp_path: Path, kind: str
) -> None:
    methods = describe_methods(published_run(tmp_path / "run", **RUNS[kind]))
    rows = [row for one in methods.checklists for row in one.rows]
    assert [one.name for one in methods.checklists] == ["MI-CLEAR-LLM", "TRIPOD-LLM"]
    for row in rows:
        assert row.answer.strip()
        assert row.status == (TO_FILL_IN if TO_FILL_IN in row.answer else ANSWERED)
        assert "None" not in row.answer
        assert not row.answer.endswith((": ", TO_FILL_IN))
    assert {row.status for row in rows} == {ANSWERED, TO_FILL_IN}
    assert "None" not in methods.as_markdown().replace("None is left out", "")


@pytest.mark.parametrize("kind", RUNS)
def test_no_id_path_host_or_text_is_in_what_is_published(tmp_path: Path, kind: str) -> None:
    methods = describe_methods(published_run(tmp_path / "run", **RUNS[kind]))
    for said in (methods.as_markdown(), as_text(methods.as_values()), methods.card):
        assert CANARY not in said
        assert str(tmp_path) not in said


def test_a_model_is_named_without_its_path_and_with_its_commit(tmp_path: Path) -> None:
    said = described(tmp_path / "run")
    assert said["name of the model and its revision"] == "some-group/some-model"
    assert said["exact files: commit or hash"] == f"commit {COMMIT}"
    assert said["numbers and quantisation as loaded"] == "bfloat16, not quantised"
    assert said["computing environment"] == "2 × NVIDIA H100 (80 GiB), driver 570.1"
    assert said["dates of the queries"] == "2026-01-02 (UTC)"


OTHER_GPUS = [{"name": "NVIDIA A100", "memory_gib": 40.0, "driver": "550.2"}]
ALL_GPUS = [{"name": "NVIDIA H100", "memory_gib": 80.0, "driver": "570.1"}] * 8
SPREAD = {"tensor_parallel_size": 2, "pipeline_parallel_size": 1, "data_parallel_size": 1}


@pytest.mark.parametrize(
    ("gpus", "tensor", "said"),
    [
        (ALL_GPUS, 8, "8 × NVIDIA H100 (80 GiB), driver 570.1"),
        (ALL_GPUS, 1, "8 × NVIDIA H100 (80 GiB), driver 570.1; the model was on 1 of these"),
        (
            ALL_GPUS[:2],
            4,
            "2 × NVIDIA H100 (80 GiB), driver 570.1; with further ones the model was on 4",
        ),
    ],
)
def test_gpus_without_the_model_are_not_counted_among_its_own(
    tmp_path: Path, gpus: Sequence[Mapping[str, Any]], tensor: int, said: str
) -> None:
    plan = loaded(gpus=gpus, **{**SPREAD, "tensor_parallel_size": tensor})
    assert described(tmp_path / "run", (SESSION, plan, END))["computing environment"] == said


def test_a_process_that_labeled_several_shards_is_one(tmp_path: Path) -> None:
    said = described(tmp_path / "run", PROCESS, ({**LATER, "host": SESSION["host"]}, PLAN, END))
    assert said["computing environment"] == "2 × NVIDIA H100 (80 GiB), driver 570.1"
    assert "1 process on 1 machine" in said["compute: time and tokens"]


def test_a_process_that_found_all_done_changes_nothing(tmp_path: Path) -> None:
    again = {**without(PLAN, "loaded"), "asks": False, "at": "2026-02-01T00:00:00+00:00"}
    once = described(tmp_path / "once")
    later = {**LATER, "versions": {"leavs": "0.2.0", "vllm": "0.33.0"}}
    assert described(tmp_path / "again", PROCESS, (later, again, END)) == once


CALCULATIONS = "numbers and quantisation as loaded"
NOT_DETERMINED = "what is not determined all the same"


def test_a_cache_of_other_numbers_is_named(tmp_path: Path) -> None:
    for kind, more in (("auto", ""), ("bfloat16", ""), ("fp8_e4m3", ", its cache in fp8_e4m3")):
        said = described(tmp_path / kind, (SESSION, loaded(kv_cache_dtype=kind), END))
        assert said[CALCULATIONS] == f"bfloat16, not quantised{more}"


@pytest.mark.parametrize(("device", "promised"), [("cpu", True), ("cuda", False)])
def test_of_gpus_nothing_is_promised(tmp_path: Path, device: str, promised: bool) -> None:
    said = described(tmp_path / "run", (SESSION, loaded(dtype="float32", device=device), END))
    assert ("do not depend" in said[NOT_DETERMINED]) is promised


THINKS = "the model thinks in its own way before each answer (up to 1,600 tokens)"


@pytest.mark.parametrize(
    ("engine", "reasoning", "words"),
    [
        ("vllm", "always", THINKS),
        ("vllm", "never", THINKS),
        ("server", "auto", THINKS),
        (
            "vllm",
            "auto",
            "the model answers at once, and thinks in its own way first where that answer is less "
            "probable than 0.9 (up to 1,600 tokens)",
        ),
    ],
)
def test_thinking_is_told_as_it_was(engine: str, reasoning: str, words: str) -> None:
    ways = {"engine": engine, "reasoning": reasoning, "thinking": "on"}
    identity = {**ways, "confidence": 0.9, "max_reasoning_tokens": 1600}
    assert reasoning_in_words(identity) == words


def test_what_is_given_to_a_server_goes_before(tmp_path: Path) -> None:
    identity = {**SERVER, "server_args": {"temperature": 0.7, "seed": 5, "user": CANARY}}
    said = described(tmp_path / "run", identity=identity)
    assert said["settings of randomness"].startswith("temperature 0.7, seed 5; server_args: ")
    assert "greedy" not in said["settings of randomness"]


PROBABILITIES = "classes, probabilities and thresholds"


def test_labels_without_probabilities_are_said_to_have_none(tmp_path: Path) -> None:
    run = published_run(tmp_path / "run")
    assert "have no probabilities" in answers(describe_methods(run))[PROBABILITIES]
    assert "The labels have no probabilities." in describe_methods(run).paragraph
    _give_probability(run)
    methods = describe_methods(run)
    assert "Probabilities of labels are the model's own" in methods.paragraph
    assert "Probabilities were not calibrated." in methods.not_done


def _give_probability(run: Path) -> None:
    table = run / "details.csv"
    table.write_text(table.read_text(encoding="utf-8").replace(",0,,", ",0,0.9,", 1))


def test_probabilities_of_a_vote_are_no_models(tmp_path: Path) -> None:
    runs = [published_run(tmp_path / name) for name in ("one", "other")]
    merge_runs(runs, tmp_path / "merged", "majority")
    _give_probability(tmp_path / "merged")
    methods = describe_methods(tmp_path / "merged")
    said = answers(methods)[PROBABILITIES]
    assert said.startswith("a label is the vote of the runs on its cell (by majority); ")
    assert "means over the runs" in said
    assert "means over the runs" in methods.paragraph
    assert "mean over the runs of the models' own" in methods.card


LATER = {**SESSION, "started": "2026-01-05T00:00:00Z", "host": "other"}


def test_all_processes_are_named(tmp_path: Path) -> None:
    plan = {**loaded(gpus=OTHER_GPUS, quantization="awq"), "at": "2026-01-05T00:10:00+00:00"}
    later = {**LATER, "versions": {"leavs": "0.2.0", "vllm": "0.33.0"}}
    said = described(tmp_path / "run", PROCESS, (later, plan, END))
    assert said["computing environment"] == (
        "2 × NVIDIA H100 (80 GiB), driver 570.1; or 1 × NVIDIA A100 (40 GiB), driver 550.2 "
        "(2 processes)"
    )
    assert said["numbers and quantisation as loaded"] == (
        "bfloat16, not quantised and quantised by awq"
    )
    assert "vLLM 0.32.0 and 0.33.0" in said["how the model was reached"]
    assert "leavs 0.1.0 and 0.2.0" in said["availability of the code"]
    assert said["dates of the queries"] == "2026-01-02 to 2026-01-05 (UTC)"
    assert "2.00 hours" in said["compute: time and tokens"]
    assert "2 processes on 2 machines" in said["compute: time and tokens"]


def test_labels_of_two_commits_are_called_so(tmp_path: Path) -> None:
    said = described(tmp_path / "run", PROCESS, (LATER, loaded(commit="f" * 40), END))
    assert "labels are of several models" in said["exact files: commit or hash"]


NOT_KNOWN = {
    "of before": (
        "exact files: commit or hash",
        "numbers and quantisation as loaded",
        "computing environment",
    ),
    "killed": ("compute: time and tokens",),
    "server": ("numbers and quantisation as loaded", "where the reports went"),
    "own engine": ("name of the model and its revision", "adaptation of the model"),
}


@pytest.mark.parametrize("kind", NOT_KNOWN)
def test_what_a_run_does_not_know_is_left_to_its_users(tmp_path: Path, kind: str) -> None:
    said = answers(describe_methods(published_run(tmp_path / "run", **RUNS[kind])))
    for asks in NOT_KNOWN[kind]:
        assert said[asks].startswith(f"{TO_FILL_IN}: ")


def test_a_process_that_was_killed_and_one_that_asked_nothing(tmp_path: Path) -> None:
    said = described(tmp_path / "run", (SESSION, PLAN), (LATER,))
    assert said["dates of the queries"] == (
        "2026-01-02 (UTC), or later: a process was killed, or is still at work"
    )
    assert said["computing environment"].startswith("2 × NVIDIA H100")


def test_the_server_model_is_named_as_the_server_calls_it(tmp_path: Path) -> None:
    said = answers(describe_methods(published_run(tmp_path / "run", **RUNS["server"])))
    assert said["name of the model and its revision"] == "a-model, as the server calls it"


def test_an_unfinished_run_says_so_first(tmp_path: Path) -> None:
    plan, end = {**PLAN, "reports": 9}, {**END, "complete": False}
    methods = describe_methods(published_run(tmp_path / "run", [(SESSION, plan, end)]))
    assert methods.warnings == ["The run is unfinished: 4 reports labeled, 5 left."]
    assert methods.warnings[0] in methods.as_markdown()
    assert methods.warnings[0] in methods.card
    assert "unfinished" in methods.paragraph


def test_prompts_of_ones_own_are_to_be_published(tmp_path: Path) -> None:
    run = published_run(tmp_path / "run")
    told = manifest.read(run)
    told["identity"]["pack_sha256"] = "0" * 64
    manifest.write(run, told)
    said = answers(describe_methods(run))
    assert said["where the prompts can be read"].startswith(TO_FILL_IN)
    assert "solved examples" not in "".join(said.values())


def test_failures_are_counted_by_step_and_reason_without_files(tmp_path: Path) -> None:
    run = published_run(tmp_path / "run")
    with (run / "failures.csv").open("a", encoding="utf-8") as file:
        file.write(f"r,liver,focal,urgency,see /home/{CANARY}/x,\r\n")
        file.write(f"r,liver,focal,input,{CANARY}.txt is no text,\r\n")
        file.write(f",,,input,{CANARY} twice,b.txt\r\n")
        file.write("r,,,note,a long sentence,b.txt\r\n")
    methods = describe_methods(run)
    assert ("urgency", "see failures.csv of the run", 1) in methods.failures
    assert ("input", "see failures.csv of the run", 1) in methods.failures
    assert CANARY not in as_text(methods.as_values())
    said = answers(methods)["flow of the reports"]
    assert "entries of the input that belong to no report: 1" in said


@pytest.mark.parametrize("name", ["failures.csv", "details.csv"])
def test_a_table_that_others_saved_is_refused_in_one_line(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run = published_run(tmp_path / "run")
    table = run / name
    table.write_text(table.read_text(encoding="utf-8").replace(",", ";"), encoding="utf-8")
    assert cli.run(["methods", str(run)]) == exit_codes.USAGE
    assert f"{name} cannot be read" in capsys.readouterr().err


def test_what_readers_did_is_said(tmp_path: Path) -> None:
    run = published_run(tmp_path / "run")
    assert any("No human" in one for one in describe_methods(run).not_done)
    (run / "review").mkdir()
    said = run / "review" / f"corrections-{CANARY}.jsonl"
    said.write_text("")  # the page was opened
    assert any("No human" in one for one in describe_methods(run).not_done)
    said.write_text("{}\n")
    methods = describe_methods(run)
    assert not any("No human" in one for one in methods.not_done)
    assert any("labels-reviewed.csv" in one for one in methods.warnings)
    header = "subjectid_studyid,organ,type_annotation,corrected"
    (run / "labels-reviewed.csv").write_text(f"{header}\r\nr,liver,labels,focal; diffuse\r\n")
    methods = describe_methods(run)
    assert (
        "1 reader read or corrected labels in leavs review; codes that they changed: 2."
        in methods.paragraph
    )
    assert methods.warnings == []
    assert CANARY not in as_text(methods.as_values())


def test_merged_runs_answer_each_for_itself(tmp_path: Path) -> None:
    one = published_run(tmp_path / "one")
    other = published_run(
        tmp_path / "other", [(LATER, loaded(commit="f" * 40), END)], {**ON_VLLM, "model": "b/other"}
    )
    for run in (one, other):
        told = manifest.read(run)
        records = [line for line in _records(run) if line["kind"] != "organ"]
        manifest.write(run, {**told, "sessions": records})
    merge_runs([one, other], tmp_path / "merged", "majority")
    methods = describe_methods(tmp_path / "merged")
    said = answers(methods)
    assert said["name of the model and its revision"] == (
        "run 1: some-group/some-model; run 2: b/other"
    )
    assert (
        said["exact files: commit or hash"] == f"run 1: commit {COMMIT}; run 2: commit {'f' * 40}"
    )
    assert said["repeated queries and how they were merged"].startswith("2 runs merged by majority")
    assert said["dates of the queries"] == "2026-01-02 to 2026-01-05 (UTC)"
    assert CANARY not in as_text(methods.as_values())
    (other / "run.json").unlink()  # a run that is gone
    said = answers(describe_methods(tmp_path / "merged"))
    assert said["exact files: commit or hash"].startswith(
        f"run 1: commit {COMMIT}; run 2: {TO_FILL_IN}; {TO_FILL_IN}: "
    )
    assert said["dates of the queries"].startswith(TO_FILL_IN)


def _records(run: Path) -> list[dict[str, Any]]:
    lines = [
        (path.name, line)
        for path in sorted((run / "journal").iterdir())
        for line in path.read_text().splitlines()
    ]
    return [{**json.loads(line), "journal": name} for name, line in lines]


def test_it_is_written_to_a_file_for_the_owner_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, target = published_run(tmp_path / "run"), tmp_path / "methods.md"
    assert cli.run(["methods", str(run), "--output", str(target)]) == 0
    assert capsys.readouterr().out == f"{target}\n"
    assert target.read_text(encoding="utf-8").startswith("# How these labels were made\n")
    assert target.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", ["methods.md", "run/run.json", "run"])
def test_what_somebody_filled_in_is_not_overwritten(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run = published_run(tmp_path / "run")
    (tmp_path / "methods.md").write_text("filled in")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert cli.run(["methods", str(run), "--output", str(tmp_path / name)]) == exit_codes.USAGE
    err = capsys.readouterr().err
    assert "is there already" in err
    assert err.count("\n") == 1
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_what_cannot_be_described_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = published_run(tmp_path / "run")
    for path in ("labels.csv", "failures.csv", "run.json"):
        (run / path).unlink()
        assert cli.run(["methods", str(run)]) == exit_codes.USAGE
        assert capsys.readouterr().err.count("\n") == 1


def test_a_dry_run_from_label_to_methods(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.txt").write_text("The liver is normal.")
    assert cli.run(["label", "--dry-run", "--single-file", "a.txt", "--output-dir", "run"]) == 0
    capsys.readouterr()
    assert cli.run(["methods", "run", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert "language model said" not in told["paragraph"]
    assert "the labels mean nothing" in told["paragraph"]
    assert told["warnings"] == ["A dry run: no model was asked, and the labels mean nothing."]
    for row in (row for one in told["checklists"] for row in one["rows"]):
        assert row["answer"]
        assert (row["status"] == ANSWERED) == (TO_FILL_IN not in row["answer"])
