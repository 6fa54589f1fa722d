"""One vLLM engine in this process, spread over the node's GPUs, or on the CPU.

The only module that imports vllm and torch, and only when an engine is opened.
"""

import asyncio
import gc
import itertools
import logging
import os
import warnings
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import lru_cache, partial
from math import exp
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leavs.engines.engine import ANSWER_LINE, Choices, Constraint, Message, Pattern, Reasoned, Reply
from leavs.engines.replies import (
    completed_choice,
    decided_at_once,
    place_of_choice,
    probabilities_of_choices,
    room_for_reply,
)
from leavs.engines.vllm import lifeline
from leavs.errors import EngineError, EngineStartError, QuestionError
from leavs.system.private_process import NO_STATISTICS
from leavs.system.processes import output_to, root_cause, signals_blocked

if TYPE_CHECKING:
    from leavs.engines.vllm.conversation import ConversationTokenizer

# Quiet: no engine log that could quote a prompt. Set before the first import of vllm, as is
# NO_STATISTICS; what the user has set wins.
QUIET = {
    "PYTHONWARNINGS": "ignore",  # of the engine's processes; this one has read it already
    "TORCH_CPP_LOG_LEVEL": "ERROR",
    "TORCH_LOGS": "-torch._library.triton",  # errors only: Triton is not needed on a CPU
    "VLLM_LOGGING_LEVEL": "ERROR",
    "VLLM_LOGGING_STREAM": "ext://sys.stderr",
    "TOKENIZERS_PARALLELISM": "false",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
}
# On the CPU one process is fastest, and without these the threads are bound one by one.
CPU = {"VLLM_ENABLE_V1_MULTIPROCESSING": "0", "VLLM_CPU_KVCACHE_SPACE": "2"}

LOGPROBS = 10  # enough for six letters, and for "Yes" and "No" with what else begins them


@dataclass(frozen=True, slots=True)
class VllmOptions:
    """How to load a model into vLLM; the names are vLLM's own.

    Args:
        tensor_parallel_size: GPUs that share each layer; None means all visible GPUs divided by
            the other two sizes.
        max_model_len: longest prompt and reply in tokens; a model with a shorter context keeps
            its own.
        gpu_memory_utilization: the share of each GPU's memory that the engine takes, 0 to 1.
        engine_args: anything else that vLLM's AsyncEngineArgs takes.
        temperature: 0 is greedy.
        seed: of the engine; with a temperature, answers also depend on what runs beside them.
        log: where the engine's processes write what they have to say; None means this process's
            own stdout and stderr.
    """

    model: str
    revision: str | None = None
    download_dir: Path | None = None
    tensor_parallel_size: int | None = None
    pipeline_parallel_size: int = 1
    data_parallel_size: int = 1
    dtype: str = "auto"
    quantization: str | None = None
    max_model_len: int = 16_384
    gpu_memory_utilization: float = 0.95
    temperature: float = 0.0
    seed: int = 0
    engine_args: Mapping[str, Any] = field(default_factory=dict)
    log: Path | None = None


@asynccontextmanager
async def open_vllm(options: VllmOptions) -> AsyncIterator["VllmEngine"]:
    """The engine for the time of a `with` block; it is shut down at the end, whatever happens.

    Raises:
        EngineStartError: vllm is not installed, or the model cannot be loaded.
    """
    engine = start_vllm(options)
    try:
        yield engine
    finally:
        await engine.close()


def start_vllm(options: VllmOptions) -> "VllmEngine":
    """Load the model; must be called inside the event loop that will ask.

    Raises:
        EngineStartError: vllm is not installed, or the model cannot be loaded.
    """
    os.environ.update(NO_STATISTICS)
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    os.environ[lifeline.PARENT] = str(os.getpid())
    try:
        with signals_blocked(), output_to(options.log), warnings.catch_warnings(action="ignore"):
            return _load(options)
    except (ImportError, OSError, ValueError, TypeError, RuntimeError) as error:
        cause = root_cause(options.log) or str(error).strip() or type(error).__name__
        seen = f" (more in {options.log})" if options.log and options.log.exists() else ""
        raise EngineStartError(
            f"vLLM cannot load {options.model}: {cause.splitlines()[0]}{seen}"
        ) from error


def _load(options: VllmOptions) -> "VllmEngine":
    try:
        from vllm.engine.arg_utils import AsyncEngineArgs
        from vllm.platforms import current_platform
        from vllm.usage.usage_lib import UsageContext
        from vllm.v1.engine.async_llm import AsyncLLM
    except ImportError as error:
        raise EngineStartError(
            f"vLLM cannot be imported ({error}); install it with: pip install 'leavs[vllm]'"
        ) from error
    from leavs.engines.vllm.conversation import ConversationTokenizer

    on_cpu = current_platform.is_cpu()
    if on_cpu:
        for name, value in CPU.items():
            os.environ.setdefault(name, value)
        os.environ.setdefault("OMP_NUM_THREADS", str(len(os.sched_getaffinity(0))))
    arguments = engine_arguments(options, 0 if on_cpu else current_platform.device_count())
    tokenizer = ConversationTokenizer(load_tokenizer(options))  # fails before the model is loaded
    # No name for the AsyncLLM here: vLLM keeps this frame, and what it holds could not be let go
    # of before the interpreter ends.
    return VllmEngine(
        AsyncLLM.from_engine_args(
            AsyncEngineArgs(**arguments), usage_context=UsageContext.LLM_CLASS
        ),
        tokenizer,
        options,
    )


def engine_arguments(options: VllmOptions, gpus: int) -> dict[str, Any]:
    """The keyword arguments of vLLM's AsyncEngineArgs.

    Args:
        gpus: GPUs that this process can see; 0 means the CPU.

    Raises:
        EngineStartError: there are too few GPUs for the sizes asked for.
    """
    others = options.pipeline_parallel_size * options.data_parallel_size
    tensor = options.tensor_parallel_size or max(1, gpus // others)
    on_ray = options.engine_args.get("distributed_executor_backend") == "ray"  # on other nodes too
    if gpus and tensor * others > gpus and not on_ray:
        raise EngineStartError(
            f"{tensor} x {others} GPUs are asked for and {gpus} visible; "
            "lower --tensor-parallel-size, --pipeline-parallel-size or --data-parallel-size"
        )
    arguments: dict[str, Any] = {
        "model": options.model,
        "revision": options.revision,
        "tokenizer_revision": options.revision,
        "download_dir": None if options.download_dir is None else str(options.download_dir),
        "tensor_parallel_size": tensor,
        "pipeline_parallel_size": options.pipeline_parallel_size,
        "data_parallel_size": options.data_parallel_size,
        "dtype": options.dtype,
        "quantization": options.quantization,
        "max_model_len": shorter_context(options),
        "enable_prefix_caching": True,
        "disable_log_stats": True,
        "seed": options.seed,
    }
    if gpus:
        arguments["gpu_memory_utilization"] = options.gpu_memory_utilization
    else:
        arguments["enforce_eager"] = True  # compiling takes longer than it saves on a CPU
        arguments["block_size"] = 32  # the smallest: prefixes are cached in whole blocks
        arguments["use_tqdm_on_load"] = False
    return {**arguments, **options.engine_args}


def shorter_context(options: VllmOptions) -> int:
    """The context to ask for: the option, or the model's own where that is shorter."""
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(options.model, **_where_to_find(options))
    text = config.get_text_config()
    return min(
        options.max_model_len, getattr(text, "max_position_embeddings", options.max_model_len)
    )


class VllmEngine:
    """An engine over vLLM's AsyncLLM.

    Args:
        llm: a started AsyncLLM.
        tokenizer: of the model that it holds.
    """

    def __init__(self, llm: Any, tokenizer: "ConversationTokenizer", options: VllmOptions) -> None:
        # vLLM has set up its log by now; in this process its errors are raised, and need no page.
        logging.getLogger("vllm").setLevel(logging.CRITICAL)
        self._llm = llm
        self._options = options
        self._limit: int = llm.vllm_config.model_config.max_model_len
        self._numbers = itertools.count()
        self._tokenizer = tokenizer
        self._sampling = lru_cache(maxsize=1024)(partial(sampling_parameters, options))

    @property
    def batch_size(self) -> int:
        """The sequences of one step, over all copies of the model."""
        size: int = self._llm.vllm_config.scheduler_config.max_num_seqs
        return size * self._options.data_parallel_size

    async def reply(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        constraint: Constraint | None = None,
        follows: Reply | None = None,
    ) -> Reply:
        """See `Engine.reply`."""
        from vllm.inputs import TokensPrompt

        if follows is None:
            ids = self._tokenizer.encode(messages)
        else:
            ids = self._tokenizer.go_on(follows.token_ids, messages)
        room_for_reply(len(ids), self._limit, max_tokens)
        output = await self._generate(  # vLLM itself shortens the reply to the room that is left
            TokensPrompt(prompt_token_ids=ids), self._sampling(max_tokens, constraint)
        )
        completion = output.outputs[0]
        if completion.finish_reason == "abort":
            raise EngineError("the engine gave up a question; the run can be resumed")
        text = self._tokenizer.text(completion.token_ids)
        cut = completion.finish_reason == "length"
        if isinstance(constraint, Choices):
            text, cut = completed_choice(text, cut, constraint.options)
        return Reply(
            text,
            cut=cut,
            probabilities=self._choice_probabilities(completion, text, constraint),
            probability=_probability(completion, constraint),
            prompt_tokens=len(ids),
            cached_tokens=output.num_cached_tokens or 0,
            generated_tokens=len(completion.token_ids),
            token_ids=[*ids, *completion.token_ids],
        )

    def _choice_probabilities(
        self, completion: Any, text: str, constraint: Constraint | None
    ) -> dict[str, float]:
        if not isinstance(constraint, Choices | Reasoned) or not completion.logprobs:
            return {}
        place: int | None = 0
        if isinstance(constraint, Reasoned):
            whole = constraint.split(text) is not None
            place = self._place_of_choice(completion.token_ids, constraint) if whole else None
        if place is None:
            return {}
        return probabilities_of_choices(
            constraint.options,
            (
                (self._tokenizer.text([token]), one.logprob)
                for token, one in completion.logprobs[place].items()
            ),
        )

    def _place_of_choice(self, ids: Sequence[int], constraint: Reasoned) -> int | None:
        pieces: list[str] = []  # of the last line alone: a reply is long
        for token in reversed(ids):
            pieces.insert(0, self._tokenizer.text([token]))
            if ANSWER_LINE.strip() in "".join(pieces):
                break
        found = place_of_choice(pieces, constraint)
        return None if found is None else len(ids) - len(pieces) + found

    async def _generate(self, prompt: Any, sampling: Any) -> Any:
        from vllm.v1.engine.exceptions import EngineDeadError

        request = f"leavs-{next(self._numbers)}"
        try:
            # FINAL_ONLY: one output, the whole reply. The stream is read to its end, or vLLM
            # would take it for given up.
            outputs = [one async for one in self._llm.generate(prompt, sampling, request)]
        except EngineDeadError as error:
            raise EngineError(self._epitaph()) from error
        except ValueError as error:
            raise _question_error(error, prompt) from error
        except Exception as error:
            if self._llm.errored:  # what it raises while it dies has other names
                raise EngineError(self._epitaph()) from error
            if type(error).__module__.startswith("vllm"):
                raise _question_error(error, prompt) from error
            raise
        [output] = outputs
        return output

    def _epitaph(self) -> str:
        cause = root_cause(self._options.log)
        more = f": {cause} (more in {self._options.log})" if cause else ""
        return f"the engine's process died{more}; the run can be resumed"

    async def forget_prefixes(self) -> None:
        """Empty the prefix cache, so that what is measured next starts from nothing."""
        await self._llm.reset_prefix_cache()

    async def close(self) -> None:
        """Shut the engine and its processes down; it takes no more questions."""
        if self._llm is None:
            return
        llm, self._llm = self._llm, None
        # vLLM asks its processes with a SIGTERM, which they are born blocking, and kills them
        # after the timeout. In a thread: it waits, and no cancellation may cut it short.
        await asyncio.shield(asyncio.to_thread(llm.shutdown, timeout=1))
        del llm
        gc.collect()  # its finalizer fails if it runs when the interpreter ends
        log = self._options.log
        if log is not None and log.exists() and not log.stat().st_size:
            log.unlink()


def sampling_parameters(
    options: VllmOptions, max_tokens: int, constraint: Constraint | None
) -> Any:
    """vLLM's parameters for one reply; a choice that one token decides is one token long."""
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams

    common = {
        "temperature": options.temperature,
        "output_kind": RequestOutputKind.FINAL_ONLY,
        # Turned into text here, once a reply: vLLM does it for each token and each alternative.
        "detokenize": False,
        "flat_logprobs": True,
    }
    match constraint:
        case None:
            return SamplingParams(max_tokens=max_tokens, **common)
        case Pattern(regex, weighed):
            allowed = StructuredOutputsParams(regex=regex)
            return SamplingParams(
                max_tokens=max_tokens,
                structured_outputs=allowed,
                logprobs=0 if weighed else None,  # of the tokens written, no others
                **common,
            )
        case Reasoned():
            allowed = StructuredOutputsParams(regex=constraint.regex)
            return SamplingParams(
                max_tokens=max_tokens, structured_outputs=allowed, logprobs=LOGPROBS, **common
            )
        case Choices(choices):
            allowed = StructuredOutputsParams(choice=list(choices))
            return SamplingParams(
                max_tokens=1 if decided_at_once(constraint) else max_tokens,
                structured_outputs=allowed,
                logprobs=LOGPROBS,
                **common,
            )


def load_tokenizer(options: VllmOptions) -> Any:
    """The model's tokenizer, from transformers."""
    from transformers import AutoTokenizer

    name = options.engine_args.get("tokenizer", options.model)
    return AutoTokenizer.from_pretrained(name, **_where_to_find(options))


def _where_to_find(options: VllmOptions) -> dict[str, Any]:
    return {
        "revision": options.revision,
        "cache_dir": options.download_dir,
        "trust_remote_code": bool(options.engine_args.get("trust_remote_code")),
    }


def _question_error(error: Exception, prompt: Any) -> QuestionError:
    """What a refused request means for its cell; the engine's own words could quote the prompt."""
    tokens = len(prompt["prompt_token_ids"])
    return QuestionError(f"vLLM refused the question of {tokens:,} tokens ({type(error).__name__})")


def _probability(completion: Any, constraint: Constraint | None) -> float | None:
    if not isinstance(constraint, Pattern) or not constraint.weighed:
        return None
    return None if completion.cumulative_logprob is None else exp(completion.cumulative_logprob)
