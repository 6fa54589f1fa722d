"""`leavs doctor`, as the real program."""

import json
import os
import struct
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from leavs.doctor.machine import ask_torch
from loopback_hub import Hub, serving
from model_folders import model_files, write_files
from places import ROOT, free_port
from processes import PATIENCE
from real_runs import SMALL

REPORTS = ROOT / "data" / "reports"
REPORT = REPORTS / "04-telegraphic-postop.txt"
QUICK_TORCH = str(ROOT / "tests" / "support" / "quick_torch")
CANARY = "The liver CANARYWORD is normal."
QWEN_72B = {
    "num_hidden_layers": 80,
    "num_attention_heads": 64,
    "num_key_value_heads": 8,
    "hidden_size": 8192,
    "max_position_embeddings": 32768,
}


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty working folder, no settings, no cache, and no tool that finds a GPU."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(("LEAVS_", "HF_"))]:
        if name != "LEAVS_CACHE":
            monkeypatch.delenv(name)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{free_port()}")  # nobody answers there
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))


def leavs(
    *arguments: str | Path, environment: dict[str, str] | None = None, real_torch: bool = False
) -> tuple[int, str, str]:
    """The exit code of the program, and what it printed on stdout and on stderr."""
    command = [sys.executable, "-m", "leavs", *map(str, arguments)]
    environment = {**os.environ, **(environment or {})}
    if not real_torch:
        paths = (QUICK_TORCH, environment.get("PYTHONPATH", ""))
        environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=PATIENCE, check=False, env=environment
    )
    return done.returncode, done.stdout, done.stderr


def doctor(*arguments: str | Path) -> tuple[int, dict[str, Any], dict[str, Any]]:
    """The exit code, the findings by check (the last of each), and all that was printed."""
    code, out, err = leavs("doctor", "--json", *arguments)
    assert err == ""
    printed = json.loads(out)
    assert printed["healthy"] == (code == 0)
    return code, {one["check"]: one for one in printed["findings"]}, printed


def gpus(*memory: int) -> None:
    """Put a tool by the name of nvidia-smi on the path."""
    whole = "; ".join(f"echo {size}" for size in memory)
    named = "; ".join(f"echo 'NVIDIA Test, {size}, {size - 100}'" for size in memory)
    tool = Path("bin/nvidia-smi")
    tool.write_text(f'#!/bin/sh\ncase "$1" in *name*) {named};; *) {whole};; esac\n')
    tool.chmod(0o755)


def sparse_model(folder: Path, size: int, **config: Any) -> Path:
    """A model's folder whose weights have a true header and nothing else."""
    files = model_files(shards=1, **config)
    write_files(folder, {n: one for n, one in files.items() if "safetensors" not in n})
    tensor = {"dtype": "BF16", "shape": [size // 2], "data_offsets": [0, size]}
    header = json.dumps({"w": tensor}).encode()
    path = folder / "model.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header)
    os.truncate(path, 8 + len(header) + size)
    return folder


def test_the_demo_model_and_the_shipped_reports_are_fine_here() -> None:
    demo = ("--model", "demo", "--input-dir", REPORTS, "--sample", "2")
    code, out, err = leavs("doctor", *demo, real_torch=True)
    assert (code, err) == (0, "")
    for words in ("Python", "torch", "vLLM", "the demo model", "file system", "26, on average"):
        assert words in out
    assert "problem" not in out
    assert "estimated" not in out  # the demo model's tokenizer is here
    assert "not known: nothing was measured" in " ".join(out.split())
    assert not Path("results").exists()
    assert [path.name for path in Path().iterdir()] == ["bin"]


def test_json_holds_findings_and_numbers() -> None:
    code, found, printed = doctor("--model", "demo", "--single-file", REPORT, "--organs", "liver")
    assert code == 0
    assert found["model"]["verdict"] == "ok"
    assert found["GPUs"]["advice"]
    assert printed["reports"] == {"entries": 1, "readable": 1}
    sample = printed["sample"]
    assert sample["exact"] is True
    assert sample["reports"] == 1
    assert 0 < sample["questions"] < sample["tokens"]
    assert "measured" not in printed


def test_no_text_of_a_report_is_printed() -> None:
    Path("r.txt").write_text(CANARY)
    Path("s.txt").write_text(f"{CANARY}\n" * 900)
    code, out, err = leavs(
        "doctor", "--dry-run", "--single-file", "r.txt", "s.txt", "--organs", "liver"
    )
    assert code == 0
    assert "CANARY" not in out + err


@pytest.mark.parametrize(
    ("memory", "verdict", "words"),
    [
        ([81920, 81920], "ok", "fits: "),
        ([81920], "problem", "does not fit"),
        ([81920] * 3, "ok", "fits: "),
    ],
)
def test_whether_a_model_fits_is_known_before_it_is_loaded(
    memory: list[int], verdict: str, words: str
) -> None:
    gpus(*memory)
    folder = sparse_model(Path("m"), int(72.7e9 * 2), **QWEN_72B)
    code, found, _ = doctor("--model", folder.resolve())
    assert code == 1  # torch's build is that for the CPU
    assert found["torch"]["verdict"] == "problem"
    assert found["model"]["verdict"] == "ok"
    assert found["memory"]["verdict"] == verdict
    assert words in found["memory"]["says"]
    assert f"GPU {len(memory) - 1}" in found
    if len(memory) == 3:
        assert found["parallel"]["verdict"] == "problem"
        assert "--tensor-parallel-size 2" in found["parallel"]["advice"]


def test_without_a_model_the_papers_is_meant() -> None:
    code, found, _ = doctor()
    assert (code, found["model"]["verdict"]) == (1, "problem")
    assert "needs about 155 GB" in found["model"]["says"]
    gpus(81920, 81920)
    _, found, _ = doctor()
    assert "Qwen/Qwen2-72B-Instruct is not in the cache" in found["model"]["says"]
    assert "155 GB" in found["memory"]["says"]


def test_a_model_of_the_hub_is_looked_for_in_the_cache() -> None:
    model = "some-group/some-model"
    assert doctor("--model", model)[1]["model"]["verdict"] == "warning"
    with serving(Hub(model, model_files())) as hub:
        _, out, _ = leavs("download", model, environment={"HF_ENDPOINT": hub.endpoint})
        asked = len(hub.asked)
        _, found, _ = doctor("--model", model)
        assert len(hub.asked) == asked
    assert (found["model"]["verdict"], found["context"]["verdict"]) == ("ok", "warning")
    next(Path(out.strip()).glob("*-00002-*")).unlink()
    code, found, _ = doctor("--model", model)
    assert (code, found["model"]["verdict"]) == (1, "problem")
    assert "1 files of weights are missing" in found["model"]["says"]


def test_offline_a_model_that_is_not_here_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    code, found, _ = doctor("--model", "some-group/some-model")
    assert (code, found["model"]["verdict"]) == (1, "problem")


def test_a_report_that_does_not_fit_is_named_by_its_id() -> None:
    Path("short.txt").write_text(CANARY)
    Path("long.txt").write_text(f"{CANARY}\n" * 2000)
    code, found, printed = doctor(
        *("--model", "demo", "--input-dir", ".", "--organs", "liver", "--filtration", "none")
    )
    assert code == 1
    assert "1 do not fit: long" in found["longest prompt"]["says"]
    assert "CANARY" not in json.dumps(printed)


def test_what_is_wrong_in_the_input_is_counted() -> None:
    Path("r.csv").write_text(f'id,text\na,{CANARY}\na,again\nb,""\nc,{CANARY}\n')
    columns = ("--id-column", "id", "--text-column", "text")
    code, found, printed = doctor("--dry-run", "--reports-csv", "r.csv", *columns)
    assert code == 0
    assert printed["reports"] == {"entries": 4, "readable": 2}
    assert found["input"]["verdict"] == "warning"
    assert "1 reports cannot be read or are empty, 1 entries" in found["input"]["says"]
    code, found, _ = doctor("--dry-run", "--reports-csv", "r.csv")
    assert (code, found["reports"]["verdict"]) == (1, "problem")
    assert "no column" in found["reports"]["says"]


def test_a_run_that_is_there_is_gone_on_with_or_refused() -> None:
    run = ("--dry-run", "--single-file", REPORT, "--output-dir", "out")
    leavs("label", *run)
    before = {path: path.stat().st_mtime_ns for path in Path("out").rglob("*")}
    code, found, printed = doctor(*run)
    assert code == 0
    assert "would go on with it" in found["run"]["says"]
    assert printed["earlier"]["organs"] == 9
    assert "for the 0 reports that are left" in found["hours"]["says"]
    code, found, _ = doctor(*run, "--organs", "liver")
    assert (code, found["run"]["verdict"]) == (1, "problem")
    assert "holds another run: organs" in found["run"]["says"]
    assert {path: path.stat().st_mtime_ns for path in Path("out").rglob("*")} == before


def test_a_server_that_does_not_answer_is_a_problem() -> None:
    address = f"http://127.0.0.1:{free_port()}/v1"
    code, found, _ = doctor("--base-url", address)
    assert (code, found["model"]["verdict"]) == (1, "problem")


def test_a_server_elsewhere_needs_leave() -> None:
    code, found, _ = doctor("--base-url", "http://gpu7.invalid/v1")
    assert (code, found["model"]["verdict"]) == (1, "problem")
    assert "give --allow-remote" in found["model"]["says"]


def test_hours_at_a_rate_are_those_of_the_rate() -> None:
    _, found, printed = doctor(
        *("--dry-run", "--single-file", REPORT, "--tokens-per-second", "1000")
    )
    hours = printed["sample"]["tokens"] / 1000 / 3600
    assert printed["hours_at_most"] == pytest.approx(hours)
    assert "1,000 tokens/s given" in found["hours"]["says"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--sample", "0"], "--sample 0 is too small"),
        (["--tokens-per-second", "0"], "must be more than 0"),
        (["--measure"], "--measure needs reports"),
        (["--single-file", str(REPORT), "--input-dir", "."], "exclude each other"),
        (["--organs", "heart"], "no organ 'heart'"),
        (["--pack", "other"], "no pack 'other'"),
    ],
)
def test_wrong_usage_is_one_line(arguments: list[str], words: str) -> None:
    code, out, err = leavs("doctor", *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert words in err


MISSING = ("torch", "vllm", "huggingface_hub", "tokenizers", "transformers")


def test_it_works_where_nothing_of_it_is_installed() -> None:
    packages = Path("packages")
    packages.mkdir()
    for path in Path(sysconfig.get_path("purelib")).iterdir():
        if not path.name.lower().startswith(MISSING):
            (packages / path.name).symlink_to(path)
    paths = os.pathsep.join([str(ROOT / "src"), str(packages.resolve())])
    command = [sys.executable, "-S", "-m", "leavs", "doctor", "--json", "--model", "a/b"]
    command += ["--single-file", str(REPORT), "--organs", "liver"]
    environment = {**os.environ, "PYTHONPATH": paths}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert (done.returncode, done.stderr) == (1, "")
    found = {one["check"]: one for one in json.loads(done.stdout)["findings"]}
    assert found["torch"]["says"] == found["vLLM"]["says"] == "not installed"
    assert "leavs[vllm]" in found["torch"]["advice"]
    assert "huggingface_hub: pip install 'leavs[vllm]'" in found["model"]["says"]
    assert "estimated" in found["reports"]["says"]


DEMO = ("--model", "demo", *SMALL, "--reasoning", "never", "--filtration", "none")


@pytest.mark.parametrize(
    "model",
    [
        pytest.param(("--dry-run",), id="dry run"),
        pytest.param(DEMO, id="demo", marks=[pytest.mark.vllm, pytest.mark.soak]),
    ],
)
def test_a_sample_is_measured_and_leaves_nothing(
    model: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # vLLM needs programs of the path
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    Path("r.txt").write_text("The spleen is normal.")
    sample = ("--single-file", "r.txt", "--organs", "spleen")
    code, out, err = leavs("doctor", "--json", "--measure", *model, *sample, real_torch=True)
    assert (code, err) == (0, "")
    printed = json.loads(out)
    measured = printed["measured"]
    assert (measured["reports"], measured["failed_cells"]) == (1, 0)
    assert measured["seconds"] > 0
    assert 0 < measured["usage"]["questions"] <= printed["sample"]["questions"]
    assert measured["hours"] == pytest.approx(measured["seconds"] / 3600)
    assert measured["journal_bytes"] > 0
    assert list(tmp_path.glob("leavs-doctor-*")) == []
    assert not (tmp_path / "results").exists()


def test_torch_is_asked_in_a_process_of_its_own() -> None:
    torch = ask_torch()
    assert torch is not None
    assert torch.version
    assert "torch" not in sys.modules or torch.version == sys.modules["torch"].__version__
