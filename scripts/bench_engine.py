"""What share of the engine's own speed a run reaches.

Labels reports as `leavs label` does and keeps every prompt that reached the engine with the tokens
that it cost. Then the same prompts, with the same constraints and reply lengths, are given to
vLLM's offline `LLM.generate` in one go: no question waits for another's answer there, and no chain
is worked through. The two take turns, each with an engine and an empty prefix cache of its own.

    python scripts/bench_engine.py [--reports 8] [--reasoning-tokens 64] [--rounds 2]
"""

import argparse
import asyncio
import gc
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean
from typing import Any

from bench_parts import Guide, Guided, Ran, Wrapped, run, show, some_reports, write
from leavs.engines.engine import Constraint, Message, Reply
from leavs.engines.models.demo import find_demo_model
from leavs.engines.options import GREEDY, EngineOptions
from leavs.engines.vllm.arguments import engine_arguments
from leavs.engines.vllm.engine import open_vllm
from leavs.engines.vllm.sampling import sampling_parameters
from leavs.method.pack import find_pack, load_pack

ENGINE = EngineOptions(max_model_len=8192)
FEW = 32  # requests in flight, below which this machine's engine is not full


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


async def ours(options: argparse.Namespace, model: str) -> tuple[Ran, Recorded]:
    """One run of the chain, and what it asked the engine."""
    pack = load_pack(find_pack("leavs"))
    reports = some_reports(options.reports_csv, options.reports)
    async with open_vllm(ENGINE, model) as engine:
        await run(Guided(engine, Guide(pack)), pack, reports[-1:], reasoning_tokens=4)
        await engine.forget_prefixes()
        recorded = Recorded(engine)
        guided = Guided(recorded, Guide(pack))
        return await run(guided, pack, reports, reasoning_tokens=options.reasoning_tokens), recorded


def raw(requests: Sequence[Request], model: str) -> tuple[float, int]:
    """Seconds that LLM.generate takes for the requests, and the prompt tokens it computed."""
    from vllm import LLM
    from vllm.inputs import TokensPrompt

    llm = LLM(**engine_arguments(ENGINE, model, GREEDY, gpus=0))
    parameters = [sampling(request) for request in requests]
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


def sampling(request: Request) -> Any:
    """The parameters with which the engine was asked; the reply as long as it was."""
    parameters = sampling_parameters(GREEDY, request.max_tokens, request.constraint)
    if request.constraint is None:
        parameters.min_tokens = request.max_tokens
    return parameters


def row(number: int, one: Mapping[str, Any]) -> list[str]:
    """One round's line of the table."""
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


def main() -> None:
    """Print the table and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reports", type=int, default=8)
    parser.add_argument("--reports-csv", type=Path)
    parser.add_argument("--reasoning-tokens", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    model = str(find_demo_model()[0])
    rounds = []
    for _ in range(options.rounds):
        ran, recorded = asyncio.run(ours(options, model))
        seconds, computed = raw(recorded.requests, model)
        rounds.append(
            {
                **ran.record(),
                "raw_seconds": round(seconds, 2),
                "raw_computed_tokens": computed,
                "share": round(seconds / ran.seconds, 3),
                "seconds_with_few_in_flight": round(
                    sum(held for number, held in recorded.busy.items() if number < FEW), 2
                ),
            }
        )
    show(
        f"{options.reports} reports, reasoning of {options.reasoning_tokens} tokens",
        ("round", "ours s", "raw s", "share", "driver s", "low s", "computed", "raw computed"),
        [row(number, one) for number, one in enumerate(rounds, start=1)],
    )
    share = mean(float(one["share"]) for one in rounds)
    write("engine", {"share": round(share, 3), "rounds": rounds})


if __name__ == "__main__":
    main()
