"""A model of any shape with random weights; its tokenizer is that of the demo model."""

import json
import shutil
from pathlib import Path

from leavs.engines.models.demo import find_demo_model

# Hidden size, intermediate size, layers, heads, heads of keys and values, vocabulary
SHAPES = {
    "qwen2-72b": (8192, 29568, 80, 64, 8, 152064),
    "qwen2-7b": (3584, 18944, 28, 28, 4, 152064),
    "small": (256, 704, 4, 4, 2, 49152),
    "tiny": (64, 128, 2, 2, 1, 49152),
}
LOADED_AS = "load_format=dummy"  # the argument of vLLM's engine that makes the weights


def make_model(shape: str, folder: Path) -> None:
    """Write the configuration of a model and the demo model's tokenizer into a folder."""
    hidden, intermediate, layers, heads, key_value_heads, vocabulary = SHAPES[shape]
    for path in find_demo_model()[0].iterdir():
        if "token" in path.name or path.suffix in (".jinja", ".txt"):
            shutil.copy(path, folder)
    config = {
        "architectures": ["Qwen2ForCausalLM"],
        "model_type": "qwen2",
        "hidden_size": hidden,
        "intermediate_size": intermediate,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": key_value_heads,
        "vocab_size": vocabulary,
        "max_position_embeddings": 32768,
        "rope_theta": 1000000.0,
        "rms_norm_eps": 1e-6,
        "hidden_act": "silu",
        "tie_word_embeddings": False,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "torch_dtype": "bfloat16",
    }
    (folder / "config.json").write_text(json.dumps(config))
