"""What share of the engine's own speed a run reaches.

Labels reports as `leavs label` does and keeps every prompt that reached the engine with the tokens
that it cost. Then the same prompts, with the same constraints and reply lengths, are given to
vLLM's offline `LLM.generate` in one go: no question waits for another's answer there, and no chain
is worked through. The two take turns, each with an engine and an empty prefix cache of its own.

Beside it, what share of the best possible saving the engine's prefix cache got: of the tokens that
a cache which forgets nothing would not compute again (see prefix_saving.py), token by token and in
whole blocks, as the engine keeps them.

    python scripts/bench_engine.py [--reports 8] [--reasoning-tokens 64] [--rounds 2]
"""

import asyncio
import gc
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import mean
from typing import Any

from bench_parts import (
    SMALLEST_WORK,
    Ran,
    add_work,
    bench_parser,
    chosen_model,
    chosen_reports,
    method_of,
    one_report,
    opened,
    parsed,
    run,
    show,
    write,
)
from guide import Guided
from leavs import EngineOptions, MethodOptions
from leavs.engines.models.choice import choose_model
from leavs.engines.options import GREEDY
from leavs.engines.vllm.arguments import engine_arguments
from leavs.engines.vllm.sampling import SamplingOfReplies
from leavs.reports import ReportSource
from prefix_saving import best_saving
from recorded import Recorded, Request

FEW = 32  # requests in flight, below which this machine's engine is not full
COLUMNS = (
    "round",
    "ours s",
    "raw s",
    "share",
    "driver s",
    "low s",
    "computed",
    "raw computed",
    "saved, of best",
    "in blocks",
)


@dataclass(frozen=True, slots=True)
class Ours:
    """A run of the chain.

    Args:
        sampling: makes the parameters with which vLLM was asked.
        block: tokens that the engine's prefix cache keeps or forgets together.
    """

    ran: Ran
    recorded: Recorded
    sampling: SamplingOfReplies
    block: int

    def prefix_saving(self) -> dict[str, Any]:
        """Return what the prefix cache saved, and its share of what one can save at best."""
        asked = [(one.reply.token_ids, one.reply.prompt_tokens) for one in self.recorded.requests]
        got, best = self.ran.total.cached_tokens, best_saving(asked)
        in_blocks = best_saving(asked, self.block)
        return {
            "cached_tokens": got,
            "best_cached_tokens": best,
            "share_of_best": round(got / max(best, 1), 3),
            "block_size": self.block,
            "best_in_blocks": in_blocks,
            "share_of_best_in_blocks": round(got / max(in_blocks, 1), 3),
        }


async def ours(
    options: EngineOptions, warm_up: ReportSource, reports: ReportSource, method: MethodOptions
) -> Ours:
    """Run the chain once, and keep what it asked the engine."""
    async with opened(options) as engine:
        await run(Guided(engine), warm_up, replace(method, max_reasoning_tokens=4))
        await engine.forget_prefixes()
        recorded = Recorded(engine)
        ran = await run(Guided(recorded), reports, method)
        block = engine.llm.vllm_config.cache_config.block_size
        return Ours(ran, recorded, engine.sampling, block)


def raw(
    options: EngineOptions, requests: Sequence[Request], sampling: SamplingOfReplies
) -> tuple[float, int]:
    """Return the seconds that LLM.generate takes, and the prompt tokens that it computes."""
    import torch
    from vllm import LLM
    from vllm.inputs import TokensPrompt

    model = str(choose_model(options).name)
    llm = LLM(**engine_arguments(options, model, GREEDY, gpus=torch.cuda.device_count()))
    parameters = [request.parameters(sampling) for request in requests]
    prompts = [TokensPrompt(prompt_token_ids=request.prompt) for request in requests]
    llm.generate(prompts[:8], parameters[:8], use_tqdm=False)
    llm.reset_prefix_cache()
    began = time.perf_counter()
    outputs = llm.generate(prompts, parameters, use_tqdm=False)
    seconds = time.perf_counter() - began
    llm.llm_engine.engine_core.shutdown()
    del llm
    gc.collect()
    computed = sum(len(one.prompt_token_ids) - (one.num_cached_tokens or 0) for one in outputs)
    return seconds, computed


def row(number: int, one: Mapping[str, Any]) -> list[str]:
    """Write one round as a row of the table."""
    return [
        str(number),
        f"{one['seconds']:.1f}",
        f"{one['raw_seconds']:.1f}",
        f"{one['share']:.2f}",
        f"{one['cpu_seconds']:.1f}",
        f"{one['seconds_with_few_in_flight']:.1f}",
        f"{one['computed_tokens']:,}",
        f"{one['raw_computed_tokens']:,}",
        f"{one['prefix_saving']['share_of_best']:.3f}",
        f"{one['prefix_saving']['share_of_best_in_blocks']:.3f}",
    ]


def measure(
    model: EngineOptions, warm_up: ReportSource, reports: ReportSource, method: MethodOptions
) -> dict[str, Any]:
    """Measure one round."""
    one = asyncio.run(ours(model, warm_up, reports, method))
    seconds, computed = raw(model, one.recorded.requests, one.sampling)
    few = sum(time for number, time in one.recorded.busy.items() if number < FEW)
    return {
        **one.ran.record(),
        "raw_seconds": round(seconds, 2),
        "raw_computed_tokens": computed,
        "share": round(seconds / one.ran.seconds, 3),
        "seconds_with_few_in_flight": round(few, 2),
        "prefix_saving": one.prefix_saving(),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write the figures."""
    parser = bench_parser(__doc__)
    add_work(parser, reports=8, reasoning_tokens=64)
    parser.add_argument("--rounds", type=int, default=2)
    options = parsed(parser, arguments, **SMALLEST_WORK, rounds=1)
    reports = chosen_reports(options)
    warm_up = one_report(options, options.reports - 1)
    method = method_of(options)
    with chosen_model(options) as model:
        rounds = [measure(model, warm_up, reports, method) for _ in range(options.rounds)]
    show(
        f"{options.reports} reports, reasoning of {options.reasoning_tokens} tokens",
        COLUMNS,
        [row(number, one) for number, one in enumerate(rounds, start=1)],
    )
    share = round(mean(one["share"] for one in rounds), 3)
    write("engine", {"dtype": options.dtype, "share": share, "rounds": rounds}, options.write_to)


if __name__ == "__main__":
    main()
