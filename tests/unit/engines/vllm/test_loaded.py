"""What is told of a loaded model, from vLLM's settings as it has resolved them."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from leavs.engines.vllm.loaded import describe_loaded

COMMIT = "0123456789" * 4


def config(model: str, resolved: str | None = None, **changes: Any) -> Any:
    about = {
        "model": model,
        "revision": None,
        "hf_config": SimpleNamespace(_commit_hash=resolved),
        "architectures": ["SomeForCausalLM"],
        "dtype": "torch.bfloat16",
        "quantization": None,
        "max_model_len": 2048,
    }
    sizes = ("tensor_parallel_size", "pipeline_parallel_size", "data_parallel_size")
    return SimpleNamespace(
        model_config=SimpleNamespace(**about | changes),
        parallel_config=SimpleNamespace(**dict.fromkeys(sizes, 1)),
        cache_config=SimpleNamespace(cache_dtype="auto"),
        device_config=SimpleNamespace(device_type="cpu"),
    )


def test_the_config_of_another_model_does_not_tell_the_commit() -> None:
    told = describe_loaded(config("a/weights", COMMIT, hf_config_path="b/config"))
    assert told["commit"] is None


def test_what_was_resolved_is_told_without_a_path(tmp_path: Path) -> None:
    told = describe_loaded(config(str(tmp_path), quantization="awq"))
    assert told["dtype"] == "bfloat16"
    assert told["quantization"] == "awq"
    assert told["gpus"] == []
    assert str(tmp_path) not in json.dumps(told)


@pytest.mark.parametrize(
    ("model", "resolved", "revision", "commit"),
    [
        ("a/b", COMMIT, None, COMMIT),
        ("a/b", None, COMMIT, COMMIT),
        ("a/b", None, "main", None),
        ("{}/models--a--b/snapshots/" + COMMIT, None, None, COMMIT),
        ("{}", "f" * 40, None, None),  # of the folder, whatever its config.json says
    ],
)
def test_the_commit_is_the_one_that_was_loaded(
    tmp_path: Path, model: str, resolved: str | None, revision: str | None, commit: str | None
) -> None:
    name = model.format(tmp_path)
    if name.startswith("/"):
        Path(name).mkdir(parents=True, exist_ok=True)
    assert describe_loaded(config(name, resolved, revision=revision))["commit"] == commit
