"""The arguments of vLLM's engine, made from the options and from the GPUs that there are.

Imports neither vllm nor torch.
"""

from typing import Any

from leavs.engines.options import EngineOptions, Sampling, parse_engine_args
from leavs.engines.vllm.pretrained import context_length
from leavs.errors import EngineStartError


def engine_arguments(
    options: EngineOptions, model: str, sampling: Sampling, gpus: int
) -> dict[str, Any]:
    """Return the keyword arguments of vLLM's AsyncEngineArgs.

    Args:
        model: a Hugging Face id or a folder.
        gpus: GPUs that this process can see; 0 means the CPU.

    Raises:
        EngineStartError: there are too few GPUs for the sizes asked for.
    """
    more = parse_engine_args(options.engine_arg)
    arguments: dict[str, Any] = {
        "model": model,
        "revision": options.revision,
        "tokenizer_revision": options.revision,
        "download_dir": None if options.download_dir is None else str(options.download_dir),
        "tensor_parallel_size": _tensor_parallel_size(
            options, gpus, on_ray=more.get("distributed_executor_backend") == "ray"
        ),
        "pipeline_parallel_size": options.pipeline_parallel_size,
        "data_parallel_size": options.data_parallel_size,
        "dtype": options.dtype,
        "quantization": options.quantization,
        "max_model_len": context_length(options, model),
        "enable_prefix_caching": True,
        "disable_log_stats": True,
        "seed": sampling.seed,
    }
    if gpus:
        arguments["gpu_memory_utilization"] = options.gpu_memory_utilization
    else:
        arguments["enforce_eager"] = True  # compiling takes longer than it saves on a CPU
        arguments["block_size"] = 32  # the smallest: prefixes are cached in whole blocks
        arguments["use_tqdm_on_load"] = False
    return {**arguments, **more}


def _tensor_parallel_size(options: EngineOptions, gpus: int, *, on_ray: bool) -> int:
    """Return the GPUs that share each layer: as asked for, else all that the other sizes leave.

    Args:
        on_ray: vLLM spreads the model over the nodes of a Ray cluster, so that GPUs which this
            process cannot see count, too.
    """
    others = options.pipeline_parallel_size * options.data_parallel_size
    tensor = options.tensor_parallel_size or max(1, gpus // others)
    if gpus and tensor * others > gpus and not on_ray:
        raise EngineStartError(
            f"{tensor} x {others} GPUs are asked for and {gpus} visible; "
            "lower --tensor-parallel-size, --pipeline-parallel-size or --data-parallel-size"
        )
    return tensor
