"""One vLLM engine in this process, spread over the node's GPUs, or on the CPU.

vllm is imported only when an engine is opened.
"""

import asyncio
import gc
import itertools
import logging
import os
import warnings
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leavs.engines.engine import Choices, Constraint, Message, Reply
from leavs.engines.options import GREEDY, EngineOptions, Sampling, Thinking, parse_pairs
from leavs.engines.replies import room_for_reply
from leavs.engines.vllm import lifeline
from leavs.engines.vllm.answer_tokens import AnswerTokens
from leavs.engines.vllm.arguments import engine_arguments
from leavs.engines.vllm.completion import as_reply, without_thought
from leavs.engines.vllm.loaded import describe_loaded
from leavs.engines.vllm.pretrained import load_tokenizer
from leavs.engines.vllm.requests import Requests
from leavs.engines.vllm.sampling import SamplingOfReplies
from leavs.errors import EngineError, EngineStartError, QuestionError
from leavs.system.private_process import NO_STATISTICS
from leavs.system.processes import output_to, root_cause, signals_blocked

if TYPE_CHECKING:
    from leavs.engines.vllm.thinking import Prompts, Thinker

# Keeps the engine from logging, since a log could quote a prompt. Set before vllm is imported, as
# is NO_STATISTICS; what the user has set wins.
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


@asynccontextmanager
async def open_vllm(
    options: EngineOptions,
    model: str,
    sampling: Sampling = GREEDY,
    log: Path | None = None,
    thinking: Thinking = Thinking.OFF,
) -> AsyncIterator["VllmEngine"]:
    """Load a model for the time of a `with` block; shut the engine down at its end.

    Args:
        options: where the model runs; which model they name does not count here.
        model: a Hugging Face id or a folder.
        log: the file into which the engine's processes write; None means this process's own
            stdout and stderr.
        thinking: whether the model is let think, where a question leaves it room to.

    Raises:
        EngineStartError: vllm is not installed, the model cannot be loaded, or it cannot do what
            `thinking` says.
    """
    engine = start_vllm(options, model, sampling, log, thinking)
    try:
        yield engine
    finally:
        await engine.close()


def start_vllm(
    options: EngineOptions,
    model: str,
    sampling: Sampling = GREEDY,
    log: Path | None = None,
    thinking: Thinking = Thinking.OFF,
) -> "VllmEngine":
    """Load a model, as `open_vllm`; must be called inside the event loop that will ask.

    Raises:
        EngineStartError: as `open_vllm`.
        UsageError: a variable of the chat template is not name=value.
    """
    os.environ.update(NO_STATISTICS)
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    os.environ[lifeline.PARENT] = str(os.getpid())
    try:
        with signals_blocked(), output_to(log), warnings.catch_warnings(action="ignore"):
            return _load(options, model, sampling, log, thinking)
    except (ImportError, OSError, ValueError, TypeError, RuntimeError) as error:
        cause = root_cause(log) or str(error).strip() or type(error).__name__
        seen = f" (more in {log})" if log and log.exists() else ""
        raise EngineStartError(
            f"vLLM cannot load {model}: {cause.splitlines()[0]}{seen}"
        ) from error


def _load(
    options: EngineOptions, model: str, sampling: Sampling, log: Path | None, thinking: Thinking
) -> "VllmEngine":
    try:
        from vllm.engine.arg_utils import AsyncEngineArgs
        from vllm.platforms import current_platform
        from vllm.usage.usage_lib import UsageContext
        from vllm.v1.engine.async_llm import AsyncLLM
    except ImportError as error:
        raise EngineStartError(
            f"vLLM cannot be imported ({error}); install it with: pip install 'leavs[vllm]'"
        ) from error
    from leavs.engines.vllm.thinking import prompts_of

    on_cpu = current_platform.is_cpu()
    if on_cpu:
        for name, value in CPU.items():
            os.environ.setdefault(name, value)
        os.environ.setdefault("OMP_NUM_THREADS", str(len(os.sched_getaffinity(0))))
    gpus = 0 if on_cpu else current_platform.device_count()
    arguments = engine_arguments(options, model, sampling, gpus)
    # Before the model: what is wrong with its chat template is found in a second.
    pretrained = load_tokenizer(options, model)
    variables = parse_pairs("--chat-template-arg", options.chat_template_arg)
    prompts = prompts_of(pretrained, variables, thinking)
    # The AsyncLLM gets no name here: vLLM keeps this frame, and what a name in it refers to could
    # not be freed before the interpreter ends.
    return VllmEngine(
        AsyncLLM.from_engine_args(
            AsyncEngineArgs(**arguments), usage_context=UsageContext.LLM_CLASS
        ),
        prompts,
        AnswerTokens(pretrained),
        sampling,
        copies=options.data_parallel_size,
        log=log,
    )


class VllmEngine:
    """An engine over vLLM's AsyncLLM.

    Args:
        llm: a started AsyncLLM.
        prompts: of the model that it holds.
        answers: the tokens of its choices.
        copies: of the model, each with a batch of its own.
        log: the file into which its processes write; removed at the end if it is empty.
    """

    def __init__(
        self,
        llm: Any,
        prompts: "Prompts",
        answers: AnswerTokens,
        sampling: Sampling,
        *,
        copies: int,
        log: Path | None,
    ) -> None:
        # vLLM has set up its log by now. Its errors are raised in this process and are not logged.
        logging.getLogger("vllm").setLevel(logging.CRITICAL)
        self.llm = llm
        self.tokenizer = prompts.tokenizer
        self._thinker = prompts.thinker
        self._marks = prompts.marks
        self._answers = answers
        self._copies = copies
        self._log = log
        self._limit: int = llm.vllm_config.model_config.max_model_len
        self._numbers = itertools.count()
        self.sampling = SamplingOfReplies(sampling, answers)
        self._requests = Requests(llm)

    @property
    def batch_size(self) -> int:
        """The sequences of one step, over all copies of the model."""
        size: int = self.llm.vllm_config.scheduler_config.max_num_seqs
        return size * self._copies

    @property
    def loaded(self) -> Mapping[str, Any]:
        """What was loaded, and on what; see `SelfDescribing`."""
        return describe_loaded(self.llm.vllm_config)

    async def reply(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        constraint: Constraint | None = None,
        follows: Reply | None = None,
        thought_tokens: int = 0,
    ) -> Reply:
        """See `Engine.reply`."""
        if thought_tokens and self._thinker is not None:
            return await self._think(
                self._thinker, messages, max_tokens, constraint, thought_tokens
            )
        so_far = None if follows is None else follows.token_ids or None
        ids = await self.tokenizer.ids(messages, so_far)
        return await self._answer(ids, max_tokens, constraint)

    async def _think(
        self,
        thinker: "Thinker",
        messages: Sequence[Message],
        max_tokens: int,
        constraint: Constraint | None,
        thought_tokens: int,
    ) -> Reply:
        """Let the model think, end its thought where it has not, and take its answer."""
        ids = await thinker.tokenizer.ids(messages)
        used = len(ids) + len(thinker.breaking_off)
        room = self._limit - used - room_for_reply(used, self._limit, max_tokens)
        if room < 1:
            begun = [*ids, *thinker.breaking_off]
            return replace(await self._answer(begun, max_tokens, constraint), token_ids=())
        sampling = self.sampling.of_thought(min(thought_tokens, room), thinker.stop)
        output = await self._generate(ids, sampling)
        written = output.outputs[0].token_ids
        ended = bool(written) and written[-1] == thinker.stop
        thought = self.tokenizer.without_end(written)
        words = [one for one in thought if one not in self._marks]
        begun = [*ids, *thought, *(thinker.closing if ended else thinker.breaking_off)]
        reply = await self._answer(begun, max_tokens, constraint)
        return replace(
            reply,
            thought=self.tokenizer.text(words).strip(),
            prompt_tokens=len(ids),
            cached_tokens=output.num_cached_tokens or 0,
            generated_tokens=len(written) + reply.generated_tokens,
            token_ids=(),  # a conversation that goes on has no thoughts of earlier turns
        )

    async def _answer(
        self, ids: Sequence[int], max_tokens: int, constraint: Constraint | None
    ) -> Reply:
        room_for_reply(len(ids), self._limit, max_tokens)
        output = await self._generate(  # vLLM itself shortens the reply to the room that is left
            ids, self.sampling(max_tokens, constraint)
        )
        answers = self._answers.of(constraint.options) if isinstance(constraint, Choices) else {}
        reply = as_reply(output, ids, constraint, answers, self.tokenizer.text)
        if not self._marks or self._marks.isdisjoint(output.outputs[0].token_ids):
            return reply
        marked = self.tokenizer.text_with(self._marks, output.outputs[0].token_ids)
        return without_thought(reply, marked, constraint)

    async def _generate(self, ids: Sequence[int], sampling: Any) -> Any:
        from vllm.v1.engine.exceptions import EngineDeadError

        name = f"leavs-{next(self._numbers)}"
        try:
            request = await self._requests.make(self.llm, ids, sampling, name)
            # FINAL_ONLY: one output, the whole reply. The stream is read to its end, or vLLM
            # would abort the request.
            outputs = [one async for one in self.llm.generate(request, sampling, name)]
        except EngineDeadError as error:
            raise self._death() from error
        except ValueError as error:
            raise _question_error(error, len(ids)) from error
        except Exception as error:
            if self.llm.errored:  # while it dies it raises other errors, too
                raise self._death() from error
            if type(error).__module__.startswith("vllm"):
                raise _question_error(error, len(ids)) from error
            raise
        [output] = outputs
        if output.outputs[0].finish_reason == "abort":
            raise EngineError("the engine gave up a question; the run can be resumed")
        return output

    def _death(self) -> EngineError:
        cause = root_cause(self._log)
        more = f": {cause} (more in {self._log})" if cause else ""
        return EngineError(f"the engine's process died{more}; the run can be resumed")

    async def forget_prefixes(self) -> None:
        """Empty the prefix cache, so that what is measured next starts from nothing."""
        await self.llm.reset_prefix_cache()

    async def close(self) -> None:
        """Shut the engine and its processes down; it takes no more questions."""
        if self.llm is None:
            return
        llm, self.llm = self.llm, None
        # vLLM asks its processes with a SIGTERM, which they block from their start, and kills them
        # after the timeout. In a thread, because it waits; shielded, so that it runs to its end.
        await asyncio.shield(asyncio.to_thread(llm.shutdown, timeout=1))
        del llm
        gc.collect()  # its finalizer fails if it runs when the interpreter ends
        if self._log is not None and self._log.exists() and not self._log.stat().st_size:
            self._log.unlink()


def _question_error(error: Exception, tokens: int) -> QuestionError:
    """Say that a request was refused, without vLLM's own message, which could quote the prompt."""
    return QuestionError(f"vLLM refused the question of {tokens:,} tokens ({type(error).__name__})")
