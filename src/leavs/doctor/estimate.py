"""What reports cost, from a sample: the chain is asked with readers instead of a model.

The least and the most that a report can cost are known so; where between the two a run ends
depends on reports and model, and shows only when a model is asked.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from leavs.doctor.findings import Finding, fine, problem, warning
from leavs.doctor.readers import Reader, least, most_quoted, most_with
from leavs.doctor.tokens import TokenCounter
from leavs.domain import Organ, OrganResult, Report
from leavs.engines.engine import Choices, Constraint, Message, Pattern, Reasoned, Reply
from leavs.method.ask import Ask
from leavs.method.chain import label_report
from leavs.method.options import MethodOptions
from leavs.method.pack import Pack
from leavs.method.steps.filtration import FILTERS

TEMPLATE = 8  # tokens that a chat template puts around a message; in the usual ones 4 to 10
BLOCK = 96  # characters; the engine keeps prefixes in blocks, of 16 or 32 tokens
SHOWN = 5  # ids in a message


@dataclass(slots=True)
class Cost:
    """What some reports cost.

    Args:
        computed_tokens: of the prompts, if nothing that came before had to be computed again.
        longest_prompt: tokens of the longest prompt, without reasoning in it.
        longest_whole: tokens of the longest prompt with all reasoning and the reply it may have.
    """

    reports: int = 0
    questions: int = 0
    calls: int = 0
    prompt_tokens: int = 0
    computed_tokens: int = 0
    generated_tokens: int = 0
    longest_prompt: int = 0
    longest_whole: int = 0


@dataclass(frozen=True, slots=True)
class Estimate:
    """The least and the most that the sampled reports cost."""

    least: Cost
    most: Cost


@dataclass(slots=True)
class PricedEngine:
    """An engine that answers as a reader does and counts what a model would have to work through.

    Args:
        reasoning_tokens: that each reasoning is taken to have.
        sure: answers are sure enough to need no reasoning.
    """

    reader: Reader
    counter: TokenCounter
    reasoning_tokens: int
    sure: bool
    cost: Cost = field(default_factory=Cost)
    batch_size: int = 256
    _seen: set[int] = field(default_factory=set)

    async def reply(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        constraint: Constraint | None = None,
        follows: Reply | None = None,
    ) -> Reply:
        """See `Engine.reply`."""
        text = self.reader(messages, constraint)
        written = self.counter.count(text)
        if constraint is None or isinstance(constraint, Reasoned):
            written += self.reasoning_tokens
        bare = sum(self.counter.count(message.content) + TEMPLATE for message in messages)
        thoughts = sum(message.role == "assistant" for message in messages)
        prompt = bare + thoughts * self.reasoning_tokens
        cost = self.cost
        cost.calls += 1
        cost.prompt_tokens += prompt
        cost.computed_tokens += round(prompt * self._share_not_seen(messages))
        cost.generated_tokens += written
        cost.longest_prompt = max(cost.longest_prompt, bare)
        cost.longest_whole = max(cost.longest_whole, prompt + max_tokens)
        return Reply(
            text,
            probabilities={text: 1.0} if self.sure and isinstance(constraint, Choices) else {},
            probability=1.0 if self.sure and isinstance(constraint, Pattern) else None,
        )

    async def close(self) -> None:
        """Nothing to let go of."""

    def _share_not_seen(self, messages: Sequence[Message]) -> float:
        whole = "\0".join(message.content for message in messages)
        blocks, fresh, so_far = 0, 0, 0
        for start in range(0, len(whole), BLOCK):
            so_far = hash((so_far, whole[start : start + BLOCK]))
            blocks += 1
            fresh += so_far not in self._seen
            self._seen.add(so_far)
        return fresh / max(1, blocks)


def estimate(
    sample: Sequence[Report],
    pack: Pack,
    organs: Sequence[Organ],
    method: MethodOptions,
    counter: TokenCounter,
) -> Estimate:
    """The least and the most that the reports of a sample cost."""

    def cost(reader: Reader, reasoning_tokens: int, sure: bool) -> Cost:
        engine = PricedEngine(reader, counter, reasoning_tokens, sure)
        for report in sample:
            asyncio.run(_read(engine, report, pack, organs, method))
        return engine.cost

    return Estimate(
        cost(least, 0, sure=True),
        cost(most_with(method.filtration), method.max_reasoning_tokens, sure=False),
    )


async def _read(
    engine: PricedEngine, report: Report, pack: Pack, organs: Sequence[Organ], method: MethodOptions
) -> None:
    ask = Ask(engine, pack, method.manner())
    results: list[OrganResult] = []
    await label_report(ask, report, organs, FILTERS[method.filtration], results.append)
    engine.cost.reports += 1
    engine.cost.questions += sum(
        use.questions for result in results for use in result.usage.values()
    )


def longest_prompts(
    reports: Sequence[Report],
    pack: Pack,
    organs: Sequence[Organ],
    method: MethodOptions,
    counter: TokenCounter,
) -> list[tuple[str, Cost]]:
    """Of each report the id, and how long its prompts can be; asked of one organ alone."""
    found = []
    for report in reports:
        costs = []
        for reader in {most_quoted, most_with(method.filtration)}:
            engine = PricedEngine(reader, counter, method.max_reasoning_tokens, sure=False)
            asyncio.run(_read(engine, report, pack, organs[:1], method))
            costs.append(engine.cost)
        found.append((report.id, max(costs, key=lambda cost: cost.longest_whole)))
    return found


def length_finding(lengths: Sequence[tuple[str, Cost]], context: int, how: str) -> Finding:
    """Whether the longest reports fit into the context, with question and reasoning.

    Args:
        lengths: of the longest reports, as `longest_prompts` gives them.
        how: they were counted, for the message.
    """
    prompt = max(cost.longest_prompt for _, cost in lengths)
    whole = max(cost.longest_whole for _, cost in lengths)
    said = f"{prompt:,} tokens, {whole:,} with its reply; the context is {context:,}{how}"
    too_long = [name for name, cost in lengths if cost.longest_prompt > context]
    if too_long:
        some = f"{_at_least(too_long, lengths)} do not fit: {_some(too_long)}"
        advice = "a higher --max-model-len or another model; else cells fail"
        return problem("longest prompt", f"{said}; {some}", advice)
    cut = [name for name, cost in lengths if cost.longest_whole > context]
    if cut:
        some = f"replies to {_at_least(cut, lengths)} reports may be cut: {_some(cut)}"
        advice = "a higher --max-model-len, or fewer --max-reasoning-tokens"
        return warning("longest prompt", f"{said}; {some}", advice)
    return fine("longest prompt", said)


def _at_least(names: Sequence[str], of: Sequence[object]) -> str:
    return f"at least {len(names)}" if len(names) == len(of) > 1 else str(len(names))


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")


def cost_findings(found: Estimate, reports: int, how: str) -> list[Finding]:
    """Calls and tokens, for a report and for all."""
    least, most = found.least, found.most
    sampled = f"from {least.reports:,} of {reports:,} reports, without a model"

    def span(low: int, high: int, scale: float = 1.0) -> str:
        ends = [f"{value / max(1, least.reports) * scale:,.0f}" for value in (low, high)]
        return ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"

    calls = (least.calls, most.calls)
    prompt = (least.prompt_tokens, most.prompt_tokens)
    written = (least.generated_tokens, most.generated_tokens)
    return [
        fine("calls", f"{span(*calls)} a report, {span(*calls, reports)} in all ({sampled})"),
        fine(
            "tokens",
            f"a report: {span(*prompt)} of prompts, of which at least "
            f"{span(least.computed_tokens, most.computed_tokens)} have to be computed, and "
            f"{span(*written)} written{how}",
        ),
    ]


def hours_at(found: Estimate, reports: int, tokens_per_second: float) -> tuple[float, float]:
    """The least and the most hours for all reports at a rate of tokens computed and written."""
    least, most = found.least, found.most
    low = least.computed_tokens + least.generated_tokens
    high = most.prompt_tokens + most.generated_tokens
    scale = reports / max(1, least.reports) / tokens_per_second / 3600
    return low * scale, high * scale
