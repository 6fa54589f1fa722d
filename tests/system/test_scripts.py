"""Every script of scripts/ runs at its smallest size, and writes what it is to write."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from places import ROOT

SCRIPTS = ROOT / "scripts"
IMPORTED = {  # by the others
    *("annotated_reader", "bench_parts", "guide", "prefix_saving", "random_model", "recorded"),
}
REAL = (*("bench_flips", "bench_gpu", "bench_schedule", "bench_engine", "bench_speculation"),)
OTHERS = {
    "count_questions": ("--smallest", "questions.json"),
    "plot_benchmarks": ("", "performance.svg"),
    "screenshot_review": ("", "review-dark.png"),
}
OTHERS |= {
    path.stem: ("--smallest", f"{path.stem.removeprefix('bench_')}.json")
    for path in SCRIPTS.glob("bench_*.py")
    if path.stem not in IMPORTED | {*REAL}
}
ALL_MAINS = """
import sys
from importlib import import_module
for name in sys.argv[2:]:
    import_module(name).main(["--smallest", "--write-to", sys.argv[1]])
"""


def run(*arguments: object) -> str:
    """What a script printed."""
    path = os.pathsep.join([str(SCRIPTS), str(ROOT / "tests" / "support")])
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([os.environ.get("PYTHONPATH", ""), path])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def check_figures(path: Path) -> None:
    """The figures say what they were measured on."""
    machine = json.loads(path.read_text())["machine"]
    assert {"date", "cpu", "cores", "versions"} <= machine.keys()
    assert machine["cores"] >= 1


def shipped() -> dict[str, bytes]:
    """The files that scripts write when they are not told where to."""
    folders = (ROOT / "benchmarks", ROOT / "docs")
    return {str(path): path.read_bytes() for folder in folders for path in folder.glob("*.*")}


@pytest.mark.parametrize("script", sorted(OTHERS))
def test_a_script_runs(script: str, tmp_path: Path) -> None:
    size, written = OTHERS[script]
    before = shipped()
    printed = run(SCRIPTS / f"{script}.py", *size.split(), "--write-to", tmp_path)
    assert (tmp_path / written).stat().st_size
    if written.endswith(".json"):
        check_figures(tmp_path / written)
        assert "┃" in printed
    assert shipped() == before


@pytest.mark.vllm
def test_the_benches_of_the_real_engine_run(tmp_path: Path) -> None:
    """In one process, for vLLM is long to import."""
    before = shipped()
    printed = run("-c", ALL_MAINS, tmp_path, *REAL)
    names = [f"{name.removeprefix('bench_')}.json" for name in REAL]
    for name in names:
        check_figures(tmp_path / name.replace("gpu", "gpu-tiny"))
    assert printed.count("┏") >= len(REAL)
    assert shipped() == before


@pytest.mark.vllm
def test_the_driver_is_measured_beside_the_real_engine(tmp_path: Path) -> None:
    """In a process of its own, for the engine is in another."""
    before = shipped()
    options = ("--engine", "--smallest", "--write-to", tmp_path)
    printed = run(SCRIPTS / "bench_driver.py", *options)
    check_figures(tmp_path / "driver-engine.json")
    assert "┃" in printed
    assert shipped() == before


def test_the_smallest_size_writes_no_figures_by_itself() -> None:
    before = shipped()
    printed = run(SCRIPTS / "bench_driver.py", "--smallest", "--reports", 1)
    assert "written" not in printed
    assert shipped() == before


def test_a_file_that_is_not_there_is_named_in_one_line(tmp_path: Path) -> None:
    missing = tmp_path / "reports.csv"
    done = subprocess.run(
        [sys.executable, str(SCRIPTS / "count_questions.py"), "--reports-csv", str(missing)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert f"there is no file {missing}" in done.stderr.splitlines()[-1]


def test_no_script_is_forgotten() -> None:
    # test_chaos.py, test_reproduce_paper.py, test_tutorial.py, and in unit/ test_relaid.py,
    # test_compare_labels.py, test_label_dictionary.py, test_vllm_calls.py, test_pins.py,
    # test_commands_page.py, test_site.py
    run_elsewhere = {"chaos", "paper_table", "relay_reports", "compare_labels", "write_definitions"}
    run_elsewhere |= {"check_vllm_calls", "vllm_source", "pin_gpu", "write_commands", "site_hooks"}
    run_elsewhere |= {"stand_in_reader", "stand_in_server", "write_tutorial"}
    assert {path.stem for path in SCRIPTS.glob("*.py")} == (
        IMPORTED | {*REAL} | {*OTHERS} | run_elsewhere
    )
