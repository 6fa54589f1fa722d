"""The demo model as one that thinks: two of its spare tokens are marks, and its template a switch.

In the form of Qwen 3: the variable `enable_thinking`, and <think> and </think> as added tokens.
"""

import json
import os
import shutil
from pathlib import Path

from leavs.engines.models.demo import find_demo_model

MARKS = {"<issue_start>": "<think>", "<issue_closed>": "</think>"}  # in place of these
TEMPLATE = """{%- for m in messages -%}
{{- '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}
{%- if enable_thinking is defined and not enable_thinking -%}
{{- '<think>\\n\\n</think>\\n\\n' -}}{%- endif -%}{%- endif -%}"""


OPENS = """{%- if add_generation_prompt and (enable_thinking is not defined or enable_thinking) -%}
{{- '<think>\\nIt is said in the note' -}}{%- endif -%}"""


def thinking_model(folder: Path, *, weights: bool = False, opens: bool = False) -> Path:
    """A folder with the model; without its weights it is there to be read, and not to be loaded.

    Args:
        opens: the template begins the thought, with some words; else the model does.
    """
    demo, _ = find_demo_model()
    folder.mkdir()
    for name in ("config.json", "generation_config.json", "tokenizer_config.json"):
        shutil.copy(demo / name, folder)
    description = json.loads((demo / "tokenizer.json").read_text(encoding="utf-8"))
    for token in description["added_tokens"]:
        if mark := MARKS.get(token["content"]):
            vocabulary = description["model"]["vocab"]
            vocabulary[mark] = vocabulary.pop(token["content"])
            token |= {"content": mark, "special": False}
    (folder / "tokenizer.json").write_text(json.dumps(description), encoding="utf-8")
    (folder / "chat_template.jinja").write_text(TEMPLATE + (OPENS if opens else ""))
    if weights:
        _write_weights(demo, folder, description["model"]["vocab"])
    return folder


def _write_weights(demo: Path, folder: Path, vocabulary: dict[str, int]) -> None:
    """Where the demo model would write a full stop, this one ends its thought.

    A token gets nearly the row of another in the matrix that is both the first and the last. A
    thought begins as what follows a colon.
    """
    from safetensors.torch import load_file, save_file

    tensors = load_file(demo / "model.safetensors")
    rows = tensors["model.embed_tokens.weight"]
    rows[vocabulary["<think>"]] = rows[vocabulary[":"]] * 0.99  # the less probable of the two
    rows[vocabulary["</think>"]] = rows[vocabulary["."]] * 1.01  # the more probable
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    os.chmod(folder / "model.safetensors", 0o600)  # noqa: PTH101 - as the other files
