"""How fast an engine is on this machine, how near to it the chain comes, and what the driver costs.

One engine whose weights are random, so that nothing is downloaded: the model has the shape of a
Qwen2, or a small one that runs on a CPU too, and the demo model's tokenizer. A guide (see guide.py)
leads the chain, so that the work is the same whatever the model says. Measured, one line each:

- free, grammar: tokens generated a second, with so many requests in flight that begin alike, free
  and with each token under a grammar;
- one token: requests a second that are answered by a letter, by a list of allowed tokens as leavs
  asks, and by a grammar; four times as many as the engine's batch holds;
- paper: the chain as leavs asks by default, with so many requests in flight;
- limit: the very requests of one of these runs, given to the engine all at once, where none waits
  for another's answer; its seconds, of the chain's, are the share of the engine's speed that the
  chain reaches;
- never: the same without reasoning, where requests are the shortest and the driver has most to do;
- original: the same questions as the original script asks them (see bench_schedule.py);
- lean: the chain with `--preset lean`. Random weights are never sure of an answer, so that it asks
  everything twice, at once and then with reasoning: the most that lean can cost. It asks few
  questions of a report, so that it gets four times as many. Those that leavs comes with are used
  up then, and come again with other words at the end of each sentence.

CPU a request is this process's, without the guide's share; vLLM's engine runs in another. At the
deadline the line that is being measured is given up; it and all that would follow are named as
skipped. The file is written anew after each line, so that a run that is killed keeps what it has.
On a GPU node:

    python scripts/bench_gpu.py --shape qwen2-7b [--engine-arg quantization=fp8]
"""

import argparse
import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench_parts import (
    DEMO,
    MadeReports,
    bench_parser,
    method_of,
    opened,
    parsed,
    run,
    settled,
    show,
    some_reports,
    write,
)
from bench_schedule import Original
from guide import AtMost, Guided, TimedGuide
from leavs import EngineOptions, MethodOptions, Reasoning, Report
from leavs.domain import Preset, Prompt
from leavs.engines.engine import Choices, Engine, Message, Pattern
from leavs.engines.vllm.engine import VllmEngine
from leavs.method.pack import find_pack, load_pack
from random_model import LOADED_AS, SHAPES, make_model
from recorded import Recorded, given, of_length

LEAST_SECONDS = 15  # before the deadline, for a line to be begun
LETTERS = Choices(tuple("ABCDEF"))
PARAGRAPH = Pattern(r"[^\n]+", enforced=True)
SENTENCE_END = re.compile(r"(?<=[a-z)])\.(?=\s|$)")
IN_FLIGHT_A_REPORT = 8  # more reports than keep so many in flight busy would only take longer
COLUMNS = ("line", "seconds", "requests/s", "generated/s", "reports/h", "CPU ms/request", "share")

Work = Callable[[], Awaitable[dict[str, Any]]]


@dataclass
class Sheet:
    """The lines so far, written to a file after each.

    Args:
        settings: stand at the head of the file.
        ends: when nothing is measured any more, by time.perf_counter.
    """

    name: str
    folder: Path | None
    settings: Mapping[str, Any]
    ends: float
    lines: dict[str, dict[str, Any]] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)

    async def measure(self, line: str, work: Work) -> None:
        """Measure a line, unless it begins too late or is not done in time."""
        left = self.ends - time.perf_counter()
        try:
            if left < LEAST_SECONDS:
                raise TimeoutError
            async with asyncio.timeout(left):
                self.lines[line] = await work()
        except TimeoutError:
            self.skipped.append(line)
        took = f"{self.lines[line]['seconds']} s" if line in self.lines else "skipped"
        print(f"{line}: {took}", flush=True)
        self.write(say=False)

    def write(self, *, say: bool = True) -> None:
        """Write what there is."""
        figures = {**self.settings, "lines": self.lines, "skipped": self.skipped}
        write(self.name, figures, self.folder, say=say)


def distinct_reports(count: int) -> MadeReports:
    """Take the reports that leavs comes with; once used up, again with other sentences."""
    taken = some_reports(None, count)

    def make(position: int) -> Report:
        report = taken.make(position)
        again = report.id.rpartition("-")[2]
        if again == "0":
            return report
        return replace(report, text=SENTENCE_END.sub(f" in case {again}.", report.text))

    return MadeReports(make, count)


def speed(requests: int, generated: int, seconds: float) -> dict[str, Any]:
    """Return the rates of some requests."""
    return {
        "seconds": round(seconds, 2),
        "requests": requests,
        "requests_a_second": round(requests / seconds, 1),
        "generated_a_second": round(generated / seconds, 1),
    }


@dataclass
class Bench:
    """The work of each line, on one engine.

    Args:
        recorded: the requests of the last chain that was run, which took `chain_seconds`.
    """

    engine: VllmEngine
    method: MethodOptions
    recorded: Recorded = field(init=False)
    chain_seconds: float = field(init=False)

    async def warm_up(self) -> None:
        """Label one organ, so that all that is made once is made."""
        method = replace(self.method, organs=("liver",), max_reasoning_tokens=2)
        await run(Guided(self.engine), some_reports(None, 1), method)

    async def rate(self, count: int, parameters: Any) -> dict[str, Any]:
        """Give the engine prompts that begin alike, all at once."""
        pack, report = load_pack(find_pack("leavs")), some_reports(None, 1).make(0)
        instructions = Message("system", pack.instructions(Prompt.CERTAINTY))
        prompts = [
            (self.engine.tokenizer.encode([instructions, Message("user", asked)]), parameters)
            for asked in (f"{report.text[:600]} Case {number}?" for number in range(count))
        ]
        await given(self.engine, prompts[:1])  # a grammar is made when it is first asked for
        return await self._timed(prompts)

    async def limit(self) -> dict[str, Any]:
        """Give the engine the requests of the last chain, all at once."""
        requests, sampling = self.recorded.requests, self.engine.sampling
        figures = await self._timed([(one.prompt, one.parameters(sampling)) for one in requests])
        return {**figures, "share": round(figures["seconds"] / self.chain_seconds, 3)}

    async def _timed(self, prompts: Sequence[tuple[Sequence[int], Any]]) -> dict[str, Any]:
        await settled(self.engine)
        began = time.perf_counter()
        outputs = await given(self.engine, prompts)
        seconds = time.perf_counter() - began
        cached = sum(one.num_cached_tokens or 0 for one in outputs)
        return {
            **speed(len(prompts), sum(len(one.outputs[0].token_ids) for one in outputs), seconds),
            "computed_tokens": sum(len(tokens) for tokens, _ in prompts) - cached,
        }

    async def chain(
        self, way: Callable[[Engine], Engine], reports: int, method: MethodOptions
    ) -> dict[str, Any]:
        """Label reports, with the engine as `way` has it."""
        await settled(self.engine)
        guide, self.recorded = TimedGuide(), Recorded(self.engine)
        ran = await run(Guided(way(self.recorded), guide), distinct_reports(reports), method)
        self.chain_seconds = ran.seconds
        cpu = ran.cpu_ms_a_call(guide.seconds())
        return {
            **speed(ran.total.calls, ran.total.generated_tokens, ran.seconds),
            "cpu_ms_a_request": round(cpu, 3),
            "mean_in_flight": round(self.recorded.mean_in_flight, 1),
            **ran.record(),
        }

    def one_token_by_grammar(self) -> Any:
        """Return vLLM's parameters for a letter that a grammar allows."""
        from vllm.sampling_params import StructuredOutputsParams

        parameters = self.engine.sampling(1, LETTERS).clone()
        parameters.allowed_token_ids = None
        parameters.structured_outputs = StructuredOutputsParams(choice=list(LETTERS.options))
        return parameters


def lines_of(
    bench: Bench, levels: Sequence[int], limit_at: int, reports: int, tokens: int
) -> Iterator[tuple[str, Work]]:
    """Name all lines with their work, those first on which most depends."""
    sampling, most = bench.engine.sampling, max(levels)
    free, grammar = of_length(sampling(tokens, None), tokens), sampling(tokens, PARAGRAPH)
    for at_once in levels:
        yield f"free {at_once}", partial(bench.rate, at_once, free)
        yield f"grammar {at_once}", partial(bench.rate, at_once, grammar)
    yield "one token", partial(bench.rate, 4 * most, sampling(1, LETTERS))
    yield "one token by grammar", partial(bench.rate, 4 * most, bench.one_token_by_grammar())

    def chain(at_once: int, method: MethodOptions, more: int = 1) -> Work:
        enough = more * max(1, min(reports, at_once // IN_FLIGHT_A_REPORT))
        return partial(bench.chain, partial(AtMost, at_once=at_once), enough, method)

    for at_once in sorted(levels, key=lambda level: level != limit_at):
        yield f"paper {at_once}", chain(at_once, bench.method)
        if at_once == limit_at:
            yield f"limit {at_once}", bench.limit
    yield f"never {most}", chain(most, replace(bench.method, reasoning=Reasoning.NEVER))
    yield "original", partial(bench.chain, Original, max(1, reports // 13), bench.method)
    for at_once in levels:
        lean = replace(bench.method, preset=Preset.LEAN)
        yield f"lean {at_once}", chain(at_once, lean, more=4)


async def measure(options: argparse.Namespace, model: EngineOptions, ends: float) -> Sheet:
    """Measure all lines on one engine."""
    shown = ("shape", "dtype", "engine_arg", "levels", "reports", "tokens", "reasoning_tokens")
    settings = {name: getattr(options, name) for name in shown}
    sheet = Sheet(f"gpu-{options.shape}", options.write_to, settings, ends)
    method = method_of(options)
    began = time.perf_counter()
    async with opened(model) as engine:
        settings["load_seconds"] = round(time.perf_counter() - began, 1)
        bench = Bench(engine, method)
        await bench.warm_up()
        sizes = (options.levels, options.limit_at, options.reports, options.tokens)
        for line, work in lines_of(bench, *sizes):
            await sheet.measure(line, work)
    return sheet


def row(line: str, one: Mapping[str, Any]) -> list[str]:
    """Write one line as a row of the table; not every line has all figures."""
    forms = {"reports_an_hour": ",.0f", "cpu_ms_a_request": ".2f", "share": ".2f"}
    return [
        line,
        f"{one['seconds']:,.1f}",
        f"{one['requests_a_second']:,.0f}",
        f"{one['generated_a_second']:,.0f}",
        *(format(one[name], form) if name in one else "" for name, form in forms.items()),
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write the figures."""
    began = time.perf_counter()
    parser = bench_parser(__doc__)
    parser.add_argument("--shape", choices=SHAPES, default="small")
    parser.add_argument("--dtype", default="auto", help="of the model's weights")
    parser.add_argument("--engine-arg", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--levels", type=int, nargs="+", default=[64, 256, 1024], help="in flight")
    parser.add_argument("--limit-at", type=int, default=256, help="the level to find the limit of")
    parser.add_argument("--reports", type=int, default=26, help="at most, of a chain; lean: 4 x")
    parser.add_argument("--tokens", type=int, default=128, help="of a free reply")
    parser.add_argument("--reasoning-tokens", type=int, default=64)
    parser.add_argument("--organs", nargs="+", default=[], help="ask about these alone")
    parser.add_argument("--deadline", type=float, default=480, help="seconds, with loading")
    smallest = {"shape": "tiny", "levels": [2, 8], "limit_at": 8, "reports": 1, "tokens": 4}
    smallest |= {"reasoning_tokens": 2, "organs": ["gallbladder"]}
    options = parsed(parser, arguments, **smallest)
    with TemporaryDirectory() as folder:
        make_model(options.shape, Path(folder))
        loaded = (LOADED_AS, f"max_num_seqs={max(options.levels)}", *options.engine_arg)
        model = replace(DEMO, model=folder, dtype=options.dtype, engine_arg=loaded)
        sheet = asyncio.run(measure(options, model, began + options.deadline))
    show(
        f"{options.shape}, reasoning of {options.reasoning_tokens} tokens",
        COLUMNS,
        [row(*line) for line in sheet.lines.items()],
    )
    if sheet.skipped:
        print(f"skipped at the deadline: {', '.join(sheet.skipped)}")
    sheet.write()


if __name__ == "__main__":
    main()
