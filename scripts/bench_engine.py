"""What share of the engine's own speed a run reaches.

Labels reports as `leavs label` does and keeps every prompt that reached the engine with the tokens
that it cost. Then the same prompts, with the same constraints and reply lengths, are given to
vLLM's offline `LLM.generate` in one go: no question waits for another's answer there, and no chain
is worked through. The two take turns, each with an engine and an empty prefix cache of its own.

    python scripts/bench_engine.py [--reports 8] [--reasoning-tokens 64] [--rounds 2]
"""

import asyncio
import gc
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
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
from guide import Guided, Wrapped
from leavs import EngineOptions, MethodOptions
from leavs.engines.engine import Constraint, Message, Reply
from leavs.engines.models.choice import choose_model
from leavs.engines.options import Sampling
from leavs.engines.vllm.arguments import engine_arguments
from leavs.engines.vllm.sampling import sampling_parameters
from leavs.reports import ReportSource

GREEDY = Sampling()
FEW = 32  # requests in flight, below which this machine's engine is not full
COLUMNS = ("round", "ours s", "raw s", "share", "driver s", "low s", "computed", "raw computed")


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it reached the engine."""

    prompt: Sequence[int]
    max_tokens: int
    constraint: Constraint | None


@dataclass
class Recorded(Wrapped):
    """Keeps each request, and how many are with the engine over time.

    Args:
        busy: seconds for which so many requests were with the engine, by number.
    """

    requests: list[Request] = field(default_factory=list)
    busy: dict[int, float] = field(default_factory=dict)
    inside: int = 0
    since: float = 0.0

    def _count(self, change: int) -> None:
        now = time.perf_counter()
        if self.since:
            self.busy[self.inside] = self.busy.get(self.inside, 0.0) + now - self.since
        self.inside, self.since = self.inside + change, now

    async def reply(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        constraint: Constraint | None = None,
        follows: Reply | None = None,
    ) -> Reply:
        """See `Engine.reply`."""
        self._count(1)
        reply = await self.engine.reply(
            messages, max_tokens=max_tokens, constraint=constraint, follows=follows
        )
        self._count(-1)
        ids = reply.token_ids[: reply.prompt_tokens]
        self.requests.append(Request(ids, reply.generated_tokens, constraint))
        return reply


async def ours(
    options: EngineOptions, warm_up: ReportSource, reports: ReportSource, method: MethodOptions
) -> tuple[Ran, Recorded]:
    """Run the chain once, and keep what it asked the engine."""
    async with opened(options) as engine:
        await run(Guided(engine), warm_up, replace(method, max_reasoning_tokens=4))
        await engine.forget_prefixes()
        recorded = Recorded(engine)
        return await run(Guided(recorded), reports, method), recorded


def raw(options: EngineOptions, requests: Sequence[Request]) -> tuple[float, int]:
    """Return the seconds that LLM.generate takes, and the prompt tokens that it computes."""
    import torch
    from vllm import LLM
    from vllm.inputs import TokensPrompt

    model = str(choose_model(options).name)
    llm = LLM(**engine_arguments(options, model, GREEDY, gpus=torch.cuda.device_count()))
    parameters = [parameters_of(request) for request in requests]
    prompts = [TokensPrompt(prompt_token_ids=list(request.prompt)) for request in requests]
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


def parameters_of(request: Request) -> Any:
    """Return the parameters with which the engine was asked, for a reply as long as it was."""
    parameters = sampling_parameters(GREEDY, request.max_tokens, request.constraint)
    if request.constraint is None:
        parameters.min_tokens = request.max_tokens
    return parameters


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
    ]


def measure(
    model: EngineOptions, warm_up: ReportSource, reports: ReportSource, method: MethodOptions
) -> dict[str, Any]:
    """Measure one round."""
    ran, recorded = asyncio.run(ours(model, warm_up, reports, method))
    seconds, computed = raw(model, recorded.requests)
    few = sum(seconds for number, seconds in recorded.busy.items() if number < FEW)
    return {
        **ran.record(),
        "raw_seconds": round(seconds, 2),
        "raw_computed_tokens": computed,
        "share": round(seconds / ran.seconds, 3),
        "seconds_with_few_in_flight": round(few, 2),
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
