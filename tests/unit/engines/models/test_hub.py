"""Which files of a repository are fetched."""

import pytest

from leavs.engines.models.hub import files_to_fetch

SMALL = ["config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json"]


@pytest.mark.parametrize(
    ("weights", "others"),
    [
        (["model.safetensors"], ["pytorch_model.bin", "tf_model.h5", "flax_model.msgpack"]),
        (
            ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"],
            ["consolidated.safetensors", "pytorch_model-00001-of-00002.bin"],
        ),
        (["weights.safetensors"], ["original/model.safetensors", "onnx/model.onnx"]),
        (["pytorch_model.bin"], ["training_args.bin", "model.gguf", "README.md", ".gitattributes"]),
        (["some.bin"], ["images/a.png"]),
    ],
)
def test_weights_come_in_one_format(weights: list[str], others: list[str]) -> None:
    assert files_to_fetch([*weights, *others, *SMALL]) == sorted([*weights, *SMALL])


@pytest.mark.parametrize("names", [[], SMALL, [*SMALL, "model.gguf"], ["sub/model.safetensors"]])
def test_without_weights_nothing_is(names: list[str]) -> None:
    assert files_to_fetch(names) == []
