"""What vLLM has loaded, and on what: the commit, types of numbers, quantisation, GPUs.

Reads vLLM's own settings after it has resolved them; imports neither vllm nor torch.
"""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from leavs.engines.hardware import installed_gpus
from leavs.engines.models.provenance import commit_of_folder, is_commit


def describe_loaded(vllm_config: Any) -> Mapping[str, Any]:
    """Describe a loaded model, without any path.

    Args:
        vllm_config: a VllmConfig.
    """
    model_config, parallel_config = vllm_config.model_config, vllm_config.parallel_config
    device_config, cache_config = vllm_config.device_config, vllm_config.cache_config
    quantization = model_config.quantization
    return {
        "commit": _commit(model_config),
        "architectures": list(model_config.architectures),
        "dtype": str(model_config.dtype).removeprefix("torch."),
        "quantization": None if quantization is None else str(quantization),
        "kv_cache_dtype": str(cache_config.cache_dtype),
        "max_model_len": model_config.max_model_len,
        "tensor_parallel_size": parallel_config.tensor_parallel_size,
        "pipeline_parallel_size": parallel_config.pipeline_parallel_size,
        "data_parallel_size": parallel_config.data_parallel_size,
        "device": device_config.device_type,
        "gpus": (
            [asdict(gpu) for gpu in installed_gpus()] if device_config.device_type == "cuda" else []
        ),
    }


def _commit(model_config: Any) -> str | None:
    """The commit that transformers resolved of a hub model, or that of the folder."""
    folder = Path(model_config.model)
    if folder.is_dir():
        return commit_of_folder(folder)
    config = getattr(model_config, "hf_config_path", None) or model_config.model
    is_own = config == model_config.model  # one from elsewhere tells the commit of its own place
    resolved = getattr(model_config.hf_config, "_commit_hash", None) if is_own else None
    if resolved is None and is_commit(model_config.revision):
        resolved = model_config.revision
    return None if resolved is None else str(resolved)
