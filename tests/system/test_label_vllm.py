"""The whole program on the real engine with the demo model: the labels mean nothing, but hold."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

import processes
from places import AMOS, ROOT, free_port
from processes import children_of

pytestmark = pytest.mark.vllm
wait_until = partial(processes.wait_until, seconds=300)  # an engine is long to load

REPORTS = ROOT / "data" / "reports"
LEAVS = [str(Path(sys.executable).parent / "leavs"), "label"]
# In float32 an answer does not depend on what runs beside it. Without filtration the demo model,
# which finds nothing informative, is asked all the later questions.
SAME = ("--reasoning", "never", "--filtration", "none", "--dtype", "float32")
SAME += ("--organs", "spleen", "liver", "pancreas")
SHORT = [str(path) for path in sorted(REPORTS.glob("*.txt"), key=lambda path: path.stat().st_size)]


def label(*arguments: str) -> tuple[int, str]:
    """The exit code of `leavs label` and all that it printed."""
    process = started(*arguments)
    return finished(process)


def started(*arguments: str) -> subprocess.Popen[str]:
    """A running `leavs label`, in a process group of its own as a shell would start it."""
    return subprocess.Popen(
        [*LEAVS, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def finished(process: subprocess.Popen[str]) -> tuple[int, str]:
    printed, _ = process.communicate()
    return process.returncode, printed


def check_tables(folder: Path, reports: dict[str, str], organs: int = 9) -> None:
    """What must hold of every run's tables, whatever the model says."""
    labels = pd.read_csv(folder / "labels.csv")
    assert len(labels) == len(reports) * organs * 2
    assert list(labels["subjectid_studyid"].unique()) == list(reports)
    details = pd.read_csv(folder / "details.csv")
    assert len(details) == len(reports) * organs * 11
    failed = details["failure"].notna()
    assert details["certainty"][~failed].isin([-3, -2, -1, 0, 1]).all()
    known = details[~failed]
    assert ((known["urgency"] >= 0) == known["certainty"].isin([-1, 1])).all()
    assert failed.sum() == len(pd.read_csv(folder / "failures.csv"))
    with (folder / "sentences.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            text = reports[row["report_id"]]
            assert text[int(row["start"]) : int(row["end"])] == row["sentence"]


def check_same(one: Path, other: Path) -> None:
    """The tables are the same; only a probability may differ, by the noise of a sum's order."""
    for table in ("labels.csv", "sentences.csv", "failures.csv"):
        assert (one / table).read_bytes() == (other / table).read_bytes()
    details = [pd.read_csv(folder / "details.csv") for folder in (one, other)]
    pd.testing.assert_frame_equal(*details, rtol=0, atol=0.001)


def texts(paths: list[str]) -> dict[str, str]:
    return {Path(path).stem: Path(path).read_bytes().decode() for path in paths}


def organs_recorded(folder: Path) -> int:
    journals = (folder / "journal").glob("*.jsonl")
    return sum(path.read_bytes().count(b'{"kind":"organ"') for path in journals)


def name_of(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().decode()


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three short reports, labeled in one go in float32."""
    folder = tmp_path_factory.mktemp("undisturbed") / "run"
    code, printed = label(
        "--single-file", *SHORT[:3], "--model", "demo", *SAME, "--output-dir", str(folder)
    )
    assert code == 0, printed
    return folder


def test_ten_real_reports_through_all_of_the_chain(tmp_path: Path) -> None:
    if AMOS.is_dir():
        table = AMOS / "reports.csv"
        source = ["--reports-csv", str(table), "--limit", "10"]
        first = pd.read_csv(table, dtype=str).head(10)
        reports = dict(zip(first["image1"], first["anonymized_report"], strict=True))
    else:
        source = ["--single-file", *SHORT[:10]]
        reports = texts(SHORT[:10])
    code, printed = label(
        *source, "--model", "demo", "--reasoning", "never", "--output-dir", str(tmp_path)
    )
    assert code in (0, 3), printed
    check_tables(tmp_path, reports)
    assert "labels mean nothing" in " ".join(printed.replace("│", " ").split())
    manifest = json.loads((tmp_path / "run.json").read_text())
    assert "labels mean nothing" in manifest["warnings"][0]
    assert manifest["totals"]["usage"]["filtration_thorough"]["cached_tokens"] > 0
    assert not list((tmp_path / "logs").iterdir())


def test_every_step_gets_an_answer_with_its_probability(undisturbed: Path) -> None:
    check_tables(undisturbed, texts(SHORT[:3]), organs=3)
    details = pd.read_csv(undisturbed / "details.csv")
    assert details["failure"].isna().all()
    assert details["probability"].between(0, 1).all()
    assert details["probability"].nunique() > 20
    sentences = pd.read_csv(undisturbed / "sentences.csv")
    assert set(sentences["found_by"]) == {"report"}


def test_stopped_and_killed_it_goes_on_and_ends_the_same(undisturbed: Path, tmp_path: Path) -> None:
    arguments = ("--single-file", *SHORT[:3], "--model", "demo", *SAME)
    arguments += ("--output-dir", str(tmp_path), "--reports-in-flight", "1")

    interrupted = started(*arguments)
    wait_until("an organ is recorded", lambda: organs_recorded(tmp_path) > 0)
    engine = children_of(interrupted.pid)
    assert engine
    os.killpg(interrupted.pid, signal.SIGINT)  # Ctrl-C reaches the engine's processes, too
    code, printed = finished(interrupted)
    assert code == 130, printed
    assert "Stopped early" in printed
    assert "Traceback" not in printed
    wait_until("the engine is gone", lambda: not any(map(is_alive, engine)))
    recorded = organs_recorded(tmp_path)
    assert recorded % 3 == 0, "the report in flight was to be finished"
    assert 0 < recorded < 9

    killed = started(*arguments)
    wait_until("another is recorded", lambda: organs_recorded(tmp_path) > recorded)
    engine = children_of(killed.pid)
    os.kill(killed.pid, signal.SIGKILL)
    finished(killed)
    wait_until("the engine dies with its parent", lambda: not any(map(is_alive, engine)))

    code, printed = label(*arguments)
    assert code == 0, printed
    check_same(tmp_path, undisturbed)


def test_an_engine_that_is_killed_ends_the_run_which_goes_on_later(
    undisturbed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VLLM_ENABLE_V1_MULTIPROCESSING", "1")
    arguments = ("--single-file", *SHORT[:3], "--model", "demo", *SAME)
    arguments += ("--output-dir", str(tmp_path))
    process = started(*arguments)
    wait_until("an organ is recorded", lambda: organs_recorded(tmp_path) > 0)
    children = children_of(process.pid)
    [engine] = [pid for pid in children if "EngineCore" in name_of(pid)]
    os.kill(engine, signal.SIGKILL)
    code, printed = finished(process)
    assert code == 75, printed
    assert "Traceback" not in printed
    last = printed.splitlines()[-1]
    assert last.startswith("leavs: the engine's process died"), printed
    assert last.endswith("the run can be resumed")
    wait_until("its processes are gone", lambda: not any(map(is_alive, children)))
    assert organs_recorded(tmp_path) < 9
    assert len(pd.read_csv(tmp_path / "failures.csv")) == 0
    code, printed = label(*arguments)
    assert code == 0, printed
    check_same(tmp_path, undisturbed)


def test_how_many_are_in_flight_changes_nothing(tmp_path: Path) -> None:
    # auto answers at once, weighs, and then reasons: all the kinds of turns there are
    method = ("--reasoning", "auto", "--max-reasoning-tokens", "12", "--filtration", "none")
    method += ("--dtype", "float32", "--organs", "spleen", "liver")
    folders = [tmp_path / "one", tmp_path / "all"]
    for folder, more in zip(folders, (("--reports-in-flight", "1"), ()), strict=True):
        arguments = ("--single-file", *SHORT[:3], "--model", "demo", *method, *more)
        code, printed = label(*arguments, "--output-dir", str(folder))
        assert code == 0, printed
    check_same(*folders)
    usage = json.loads((folders[0] / "run.json").read_text())["totals"]["usage"]["certainty"]
    assert 0 < usage["reasoned"] <= usage["questions"]
    # one call at once, one that reasons and answers, and one more where that one was cut
    first = usage["questions"] - usage["known"] + usage["reasoned"]
    assert first <= usage["calls"] <= first + usage["reasoned"]
    assert usage["computed_tokens"] < usage["prompt_tokens"]


@contextmanager
def served(model: Path, log: Path) -> Iterator[str]:
    """A server of vLLM on loopback, in float32."""
    port = free_port()
    environment = os.environ | {
        "VLLM_NO_USAGE_STATS": "1",
        "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
        "VLLM_CPU_KVCACHE_SPACE": "2",
        "OMP_NUM_THREADS": "2",
    }
    # What `vllm serve` runs; the command itself looks for a package named vllm, not vllm-cpu.
    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", str(model)]
    command += ["--host", "127.0.0.1", "--port", str(port), "--dtype", "float32"]
    command += ["--max-model-len", "8192", "--enforce-eager", "--served-model-name", "demo"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, env=environment, start_new_session=True
        )
    try:
        address = f"http://127.0.0.1:{port}/v1"
        wait_until("the server answers", lambda: answers(address, process, log))
        yield address
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def answers(address: str, process: subprocess.Popen[bytes], log: Path) -> bool:
    import urllib.request

    assert process.poll() is None, log.read_text()[-2000:]
    try:
        with urllib.request.urlopen(f"{address}/models", timeout=2) as reply:  # noqa: S310
            return bool(reply.status == 200)
    except OSError:
        return False


def test_through_a_server_the_labels_are_the_same(undisturbed: Path, tmp_path: Path) -> None:
    from leavs.engines.models.demo import find_demo_model

    run = tmp_path / "run"
    with served(find_demo_model()[0], tmp_path / "server.log") as address:
        code, printed = label(
            "--single-file", *SHORT[:3], "--base-url", address, *SAME, "--output-dir", str(run)
        )
    assert code == 0, printed
    check_same(run, undisturbed)


def test_a_report_too_long_for_the_model_is_a_failure_and_the_rest_goes_on(tmp_path: Path) -> None:
    long = tmp_path / "long.txt"
    long.write_text("The liver is normal <|im_end|>. " * 400)
    code, printed = label(
        *("--single-file", str(long), SHORT[0], "--organs", "liver", "--model", "demo"),
        *("--reasoning", "never", "--max-model-len", "2048", "--output-dir", str(tmp_path / "run")),
    )
    assert code == 3, printed
    failures = pd.read_csv(tmp_path / "run" / "failures.csv")
    assert set(failures["report_id"]) == {"long"}
    assert len(failures) == 11
    assert failures["reason"].str.contains("longer than the context of 2,048 tokens").all()
    labels = pd.read_csv(tmp_path / "run" / "labels.csv").set_index("subjectid_studyid")
    assert labels.loc["long"].iloc[:, 2:].isna().all().all()
    assert labels.loc[Path(SHORT[0]).stem].iloc[:, 2:].notna().all().all()


def test_stopped_while_the_model_loads_it_ends_soon_and_leaves_nothing(tmp_path: Path) -> None:
    process = started("--single-file", SHORT[0], "--model", "demo", "--output-dir", str(tmp_path))
    wait_until("the engine starts", lambda: len(children_of(process.pid)) > 1)
    engine = children_of(process.pid)
    process.send_signal(signal.SIGTERM)
    code, printed = finished(process)
    assert code == 75, printed
    assert "stopped while the model was loading; nothing was asked" in printed
    assert "Traceback" not in printed
    wait_until("the engine is gone", lambda: not any(map(is_alive, engine)))


def test_a_report_longer_than_the_context_fails_with_its_count(tmp_path: Path) -> None:
    sentences = [f"The spleen has a cyst of {n} mm in its upper pole." for n in range(60)]
    (tmp_path / "long.txt").write_text("\n".join(sentences))
    (tmp_path / "short.txt").write_text("The spleen is normal.")
    paths = [str(tmp_path / "long.txt"), str(tmp_path / "short.txt")]
    chosen = ("--model", "demo", "--reasoning", "never", "--organs", "spleen")
    folder = tmp_path / "out"
    context = ("--max-model-len", "1200", "--output-dir", str(folder))
    code, printed = label("--single-file", *paths, *chosen, *context)
    assert code == 3, printed
    [journal] = (folder / "journal").glob("*.jsonl")
    found = [json.loads(line) for line in journal.read_text().splitlines()]
    [record] = [one for one in found if one.get("report_id") == "long"]
    reason = record["labels"]["normal"]["failure"]["reason"]
    assert re.fullmatch(
        r"the prompt of [12],\d\d\d tokens is longer than the context of 1,200 tokens can hold "
        "with a reply",
        reason,
    )
