"""Small folders that look as a model's: real safetensors headers, index and config, no sense."""

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CONFIG: Mapping[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "torch_dtype": "bfloat16",
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 4096,
}


def safetensors(**tensors: tuple[str, int]) -> bytes:
    """A file of tensors, each by its name: a dtype, and its bytes, which are zeros."""
    header, end = {}, 0
    for name, (dtype, size) in tensors.items():
        header[name] = {"dtype": dtype, "shape": [size], "data_offsets": [end, end + size]}
        end += size
    text = json.dumps({"__metadata__": {"format": "pt"}, **header}).encode()
    return struct.pack("<Q", len(text)) + text + bytes(end)


def model_files(shards: int = 2, size: int = 1000, **config: Any) -> dict[str, bytes]:
    """The files of a model whose weights are in so many files of one tensor each."""
    names = [f"model-{n:05}-of-{shards:05}.safetensors" for n in range(1, shards + 1)]
    index = {
        "metadata": {"total_size": shards * size},
        "weight_map": {f"layer.{n}": name for n, name in enumerate(names)},
    }
    files = {name: safetensors(**{f"layer.{n}": ("BF16", size)}) for n, name in enumerate(names)}
    files["model.safetensors.index.json"] = json.dumps(index).encode()
    files["config.json"] = json.dumps({**CONFIG, **config}).encode()
    files["tokenizer.json"] = b"{}"
    return files


def write_files(folder: Path, files: Mapping[str, bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder
