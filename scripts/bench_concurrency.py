"""Speed by the number of requests in flight, with a model of any size and random weights.

Nothing is downloaded: the model has the shape of Qwen2-7B, or a small one that runs on a CPU too,
its weights are random and its tokenizer is the demo model's. Answers are constrained, reasoning and
answers have fixed lengths, and a guide (see bench_parts) leads the chain, so that the work is the
same whatever the model says. On a GPU node:

    python scripts/bench_concurrency.py --shape qwen2-7b --reports 64 --reasoning-tokens 200
"""

import argparse
import asyncio
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench_parts import Guide, Guided, Wrapped, run, settled, show, some_reports, write
from leavs.engines.engine import Constraint, Engine, Message, Reply
from leavs.engines.models.demo import find_demo_model
from leavs.engines.options import EngineOptions
from leavs.engines.vllm.engine import open_vllm
from leavs.method.pack import find_pack, load_pack
from leavs.run.engine_queue import reports_to_fill

# Hidden size, intermediate size, layers, heads, heads of keys and values, vocabulary
SHAPES = {
    "qwen2-7b": (3584, 18944, 28, 28, 4, 152064),
    "small": (256, 704, 4, 4, 2, 49152),
}


def make_model(shape: str, folder: Path) -> None:
    """Write the configuration of a model with random weights, and the demo model's tokenizer."""
    hidden, intermediate, layers, heads, key_value_heads, vocabulary = SHAPES[shape]
    for path in find_demo_model()[0].iterdir():
        if "token" in path.name or path.suffix in (".jinja", ".txt"):
            shutil.copy(path, folder)
    config = {
        "architectures": ["Qwen2ForCausalLM"],
        "model_type": "qwen2",
        "hidden_size": hidden,
        "intermediate_size": intermediate,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": key_value_heads,
        "vocab_size": vocabulary,
        "max_position_embeddings": 32768,
        "rope_theta": 1000000.0,
        "rms_norm_eps": 1e-6,
        "hidden_act": "silu",
        "tie_word_embeddings": False,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "torch_dtype": "bfloat16",
    }
    (folder / "config.json").write_text(json.dumps(config))


@dataclass
class AtMost(Wrapped):
    """An engine that is asked so many questions at once, and no more."""

    at_once: int
    places: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self.places = asyncio.Semaphore(self.at_once)

    async def reply(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        constraint: Constraint | None = None,
        follows: Reply | None = None,
    ) -> Reply:
        """See `Engine.reply`."""
        async with self.places:
            return await self.engine.reply(
                messages, max_tokens=max_tokens, constraint=constraint, follows=follows
            )


async def measure(options: argparse.Namespace, model: str) -> list[dict[str, Any]]:
    """The figures for each number in flight."""
    pack = load_pack(find_pack("leavs"))
    reports = some_reports(options.reports_csv, options.reports)
    figures = []
    arguments = ("load_format=dummy", f"max_num_seqs={max(options.concurrency)}")
    async with open_vllm(EngineOptions(max_model_len=8192, engine_arg=arguments), model) as engine:
        await run(Guided(engine, Guide(pack)), pack, reports[:1], reasoning_tokens=2)
        for at_once in options.concurrency:
            await settled()
            await engine.forget_prefixes()
            bound: Engine = Guided(AtMost(engine, at_once), Guide(pack))
            ran = await run(
                bound,
                pack,
                reports,
                reasoning_tokens=options.reasoning_tokens,
                two_turns=True,  # random weights hardly ever end a paragraph
                reports_in_flight=reports_to_fill(at_once, len(pack.ontology.organs)),
            )
            cpu = 1000 * ran.cpu_seconds / ran.total.calls
            figures.append({"at_once": at_once, "cpu_ms_a_call": round(cpu, 3), **ran.record()})
    return figures


def row(one: Mapping[str, Any]) -> list[str]:
    """One number in flight's line of the table."""
    seconds, total = one["seconds"], one["total"]
    return [
        f"{one['at_once']:,}",
        f"{seconds:,.1f}",
        f"{one['reports_an_hour']:,.0f}",
        f"{total['calls'] / seconds:,.1f}",
        f"{one['computed_tokens'] / seconds:,.0f}",
        f"{total['generated_tokens'] / seconds:,.0f}",
        f"{one['cpu_ms_a_call']:.2f}",
    ]


def main() -> None:
    """Print the table and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shape", choices=SHAPES, default="small")
    parser.add_argument("--reports", type=int, default=2)
    parser.add_argument("--reports-csv", type=Path)
    parser.add_argument("--reasoning-tokens", type=int, default=16)
    parser.add_argument("--concurrency", type=int, nargs="+", default=[8, 64, 256, 1024])
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        make_model(options.shape, Path(folder))
        figures = asyncio.run(measure(options, folder))
    show(
        f"{options.shape}, {options.reports} reports, reasoning of {options.reasoning_tokens}",
        (
            "in flight",
            "seconds",
            "reports/h",
            "calls/s",
            "computed/s",
            "generated/s",
            "CPU ms/call",
        ),
        [row(one) for one in figures],
    )
    write(f"concurrency-{options.shape}", {"shape": options.shape, "in_flight": figures})


if __name__ == "__main__":
    main()
