"""What is said of Python, torch, vLLM and GPUs, for machines of many kinds."""

from dataclasses import replace
from pathlib import Path

import pytest

from leavs.doctor.findings import Verdict
from leavs.doctor.machine import (
    Machine,
    Torch,
    ask_torch,
    examine_machine,
    in_range,
    supported_vllm,
)
from leavs.engines.hardware import Gpu, answer_of

RANGE = ">=0.26,<0.34"
GPU = Gpu("NVIDIA H100", 79.6, 79.0)
ON_GPU = Machine((3, 12), Torch("2.14.0", "12.9", True, 1), "0.33.0", RANGE, [GPU], 100.0)
ON_CPU = Machine((3, 11), Torch("2.13.0+cpu"), "0.32.0", RANGE, [], 20.0)


def verdicts(machine: Machine, needed: bool = True) -> dict[str, Verdict]:
    return {one.check: one.verdict for one in examine_machine(machine, needed)}


def test_a_good_machine_has_no_warning() -> None:
    assert set(verdicts(ON_GPU).values()) == {Verdict.OK}


@pytest.mark.parametrize(
    ("machine", "check", "verdict"),
    [
        (ON_CPU, "torch", Verdict.OK),
        (ON_CPU, "GPUs", Verdict.WARNING),
        (replace(ON_GPU, python=(3, 10)), "Python", Verdict.PROBLEM),
        (replace(ON_GPU, torch=None), "torch", Verdict.PROBLEM),
        (replace(ON_GPU, torch=Torch("")), "torch", Verdict.PROBLEM),
        (replace(ON_GPU, torch=Torch("2.13.0+cpu")), "torch", Verdict.PROBLEM),
        (replace(ON_GPU, torch=Torch("2.14.0", "12.9")), "torch", Verdict.PROBLEM),
        (replace(ON_CPU, torch=Torch("2.14.0", "12.9")), "torch", Verdict.OK),
        (replace(ON_GPU, vllm=""), "vLLM", Verdict.PROBLEM),
        (replace(ON_GPU, vllm="0.25.1"), "vLLM", Verdict.WARNING),
        (replace(ON_GPU, vllm="0.34.0"), "vLLM", Verdict.WARNING),
        (replace(ON_GPU, vllm_range=""), "vLLM", Verdict.WARNING),
    ],
)
def test_what_is_wrong_is_found(machine: Machine, check: str, verdict: Verdict) -> None:
    assert verdicts(machine)[check] is verdict


def test_where_a_server_is_asked_vllm_need_not_be_there() -> None:
    bare = Machine((3, 11), None, "", RANGE, [], 0.0)
    assert set(verdicts(bare, needed=False).values()) == {Verdict.OK}
    assert verdicts(replace(bare, python=(3, 10)), needed=False)["Python"] is Verdict.PROBLEM


@pytest.mark.parametrize(
    ("installed", "allowed", "inside"),
    [
        ("0.26", RANGE, True),
        ("0.26.0", RANGE, True),
        ("0.33.9.post1", RANGE, True),
        ("0.34", RANGE, False),
        ("0.34.0rc1", RANGE, False),
        ("0.9.2", RANGE, False),
        ("1.0", RANGE, False),
        ("0.32.0+cpu", RANGE, True),
        ("0.32.0", "", True),
    ],
)
def test_versions(installed: str, allowed: str, inside: bool) -> None:
    assert in_range(installed, allowed) == inside


def test_the_supported_versions_are_those_of_the_package() -> None:
    assert supported_vllm() == RANGE


def test_a_torch_that_does_not_answer_is_given_up() -> None:
    assert ask_torch(patience=0.0) == Torch("")


@pytest.mark.parametrize(
    ("script", "answer"),
    [("echo a; echo b", "a\nb\n"), ("exit 3", None), ("exec sleep 60", None)],
)
def test_a_program_that_hangs_is_not_waited_for(script: str, answer: str | None) -> None:
    assert answer_of(["/bin/sh", "-c", script], timeout=1.0) == answer


def test_a_program_that_is_not_there_gives_no_answer(tmp_path: Path) -> None:
    assert answer_of([str(tmp_path / "none")], timeout=1.0) is None
