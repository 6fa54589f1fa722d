"""What a tool by the name of nvidia-smi says, and what is made of it."""

from pathlib import Path

import pytest

from leavs.engines.hardware import Gpu, gpu_memory_gib, visible_gpus


def install(folder: Path, script: str) -> None:
    tool = folder / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\n{script}\n", encoding="ascii")
    tool.chmod(0o755)


ANSWERS = [
    ("echo 81920", [80.0]),
    ("echo 81920; echo 81920; echo 24576", [80.0, 80.0, 24.0]),
    ("echo ' 81920 '", [80.0]),
    ("echo 81559", [81559 / 1024]),
    ("echo '[N/A]'; echo 81920", [80.0]),
    ("echo 'No devices were found'", []),
    ("true", []),
    ("echo 81920; exit 9", []),
    ("echo 'NVIDIA-SMI has failed' >&2; exit 9", []),
]


@pytest.mark.parametrize(("script", "gib"), ANSWERS)
def test_the_memory_of_each_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, gib: list[float]
) -> None:
    install(tmp_path, script)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpu_memory_gib() == gib


def test_without_the_tool_there_is_no_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpu_memory_gib() == []


def test_a_tool_that_cannot_be_started_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/nowhere/at/all\n", encoding="ascii")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpu_memory_gib() == []


def test_total_memory_is_what_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = "--query-gpu=memory.total --format=csv,noheader,nounits"
    install(tmp_path, f'[ "$*" = "{wanted}" ] && echo 1024')
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpu_memory_gib() == [1.0]


@pytest.mark.parametrize(
    ("visible", "gib"), [("0,2", [1.0, 3.0]), ("GPU-aa", [9.0]), ("", []), (" ", [])]
)
def test_only_visible_gpus_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, visible: str, gib: list[float]
) -> None:
    script = (
        'case "$*" in *--id=0,2) echo 1024; echo 3072;; *--id=GPU-aa) echo 9216;; *) exit 1;; esac'
    )
    install(tmp_path, script)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert gpu_memory_gib() == gib


@pytest.mark.parametrize(
    ("script", "gpus"),
    [
        ("echo 'NVIDIA H100, 81920, 40960'", [Gpu("NVIDIA H100", 80.0, 40.0)]),
        ("echo 'A, 1024, 0'; echo 'B, 2048, 1024'", [Gpu("A", 1.0, 0.0), Gpu("B", 2.0, 1.0)]),
        ("echo 'A, [N/A], [N/A]'; echo 'B, 2048, 1024'", [Gpu("B", 2.0, 1.0)]),
        ("echo 'No devices were found'", []),
        ("echo 'A, 1024, 512'; exit 9", []),
        ("exec /bin/sleep 60", []),
    ],
)
def test_names_and_free_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, gpus: list[Gpu]
) -> None:
    install(tmp_path, script)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert visible_gpus(timeout=2.0) == gpus
