"""Speed by the number of requests in flight, with a model of any size and random weights.

Nothing is downloaded: the model has the shape of Qwen2-7B, or a small one that runs on a CPU too,
its weights are random and its tokenizer is the demo model's. Answers are constrained, reasoning and
answers have fixed lengths, and a guide (see guide.py) leads the chain, so that the work is the
same whatever the model says. On a GPU node:

    python scripts/bench_concurrency.py --shape qwen2-7b --reports 64 --reasoning-tokens 200
"""

import asyncio
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench_parts import (
    DEMO,
    SMALLEST_WORK,
    add_work,
    bench_parser,
    chosen_reports,
    method_of,
    one_report,
    opened,
    parsed,
    run,
    settled,
    show,
    write,
)
from guide import AtMost, Guided
from leavs import EngineOptions, MethodOptions
from leavs.engines.models.demo import find_demo_model
from leavs.reports import ReportSource

COLUMNS = (
    "in flight",
    "seconds",
    "reports/h",
    "calls/s",
    "computed/s",
    "generated/s",
    "CPU ms/call",
)
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


async def measure(
    model: EngineOptions,
    warm_up: ReportSource,
    reports: ReportSource,
    method: MethodOptions,
    in_flight: Sequence[int],
) -> list[dict[str, Any]]:
    """Measure each number in flight."""
    figures = []
    async with opened(model) as engine:
        await run(Guided(engine), warm_up, replace(method, max_reasoning_tokens=2))
        for at_once in in_flight:
            await settled(engine)
            ran = await run(Guided(AtMost(engine, at_once)), reports, method)
            cpu = 1000 * ran.cpu_seconds / ran.total.calls
            figures.append({"at_once": at_once, "cpu_ms_a_call": round(cpu, 3), **ran.record()})
    return figures


def row(one: Mapping[str, Any]) -> list[str]:
    """Write one number in flight as a row of the table."""
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


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write the figures."""
    parser = bench_parser(__doc__)
    parser.add_argument("--shape", choices=SHAPES, default="small")
    add_work(parser, reports=2, reasoning_tokens=16)
    parser.add_argument("--concurrency", type=int, nargs="+", default=[8, 64, 256, 1024])
    options = parsed(parser, arguments, **SMALLEST_WORK, concurrency=[2, 8])
    reports, warm_up = chosen_reports(options), one_report(options, 0)
    # In two turns: random weights hardly ever end a paragraph
    method = replace(method_of(options), two_turns=True)
    with TemporaryDirectory() as folder:
        make_model(options.shape, Path(folder))
        most = f"max_num_seqs={max(options.concurrency)}"
        model = replace(DEMO, model=folder, engine_arg=("load_format=dummy", most))
        figures = asyncio.run(measure(model, warm_up, reports, method, options.concurrency))
    show(
        f"{options.shape}, {options.reports} reports, reasoning of {options.reasoning_tokens}",
        COLUMNS,
        [row(one) for one in figures],
    )
    shape = options.shape
    write(f"concurrency-{shape}", {"shape": shape, "in_flight": figures}, options.write_to)


if __name__ == "__main__":
    main()
