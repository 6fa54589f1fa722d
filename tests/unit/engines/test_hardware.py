"""What a tool by the name of nvidia-smi says, and what is made of it."""

from pathlib import Path

import pytest

from leavs.engines.hardware import (
    Gpu,
    InstalledGpu,
    gpu_memory_gib,
    installed_gpus,
    processor_name,
    visible_gpus,
)


def install(folder: Path, script: str) -> None:
    tool = folder / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\n{script}\n", encoding="ascii")
    tool.chmod(0o755)


def line(memory: str, name: str = "NVIDIA H100", driver: str = "570.1") -> str:
    return f"echo '{name}, {memory}, {driver}'"


ANSWERS = [
    (line("81920"), [80.0]),
    ("; ".join(map(line, ("81920", "81920", "24576"))), [80.0, 80.0, 24.0]),
    (line(" 81920 "), [80.0]),
    (line("81559"), [81559 / 1024]),
    (f"{line('[N/A]')}; {line('81920')}", [80.0]),
    ("echo 'No devices were found'", []),
    ("true", []),
    (f"{line('81920')}; exit 9", []),
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


def test_names_memory_and_driver_are_asked_for_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = "--query-gpu=name,memory.total,driver_version --format=csv,noheader,nounits"
    two = f"{line('1024')}; {line('[N/A]', 'NVIDIA GB10', '580.2')}"
    install(tmp_path, f'echo asked >> {tmp_path}/calls; [ "$*" = "{wanted}" ] && {{ {two}; }}')
    monkeypatch.setenv("PATH", str(tmp_path))
    for _ in range(2):
        assert installed_gpus() == (
            InstalledGpu("NVIDIA H100", 1.0, "570.1"),
            InstalledGpu("NVIDIA GB10", None, "580.2"),
        )
    assert gpu_memory_gib() == [1.0]
    assert (tmp_path / "calls").read_text() == "asked\n"


@pytest.mark.parametrize(
    ("visible", "gib"), [("0,2", [1.0, 3.0]), ("GPU-aa", [9.0]), ("", []), (" ", [])]
)
def test_only_visible_gpus_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, visible: str, gib: list[float]
) -> None:
    script = (
        f'case "$*" in *--id=0,2) {line("1024")}; {line("3072")};; '
        f"*--id=GPU-aa) {line('9216')};; *) exit 1;; esac"
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


def test_the_processor_has_a_name_or_none() -> None:
    assert "\n" not in processor_name()
