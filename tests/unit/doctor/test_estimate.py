"""What reports cost, from a sample without a model, and how fast runs go, as measured."""

import asyncio
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from leavs.doctor import estimate, rates, reports
from leavs.doctor.findings import Verdict
from leavs.doctor.tokens import TokenCounter, by_length, counter_for
from leavs.domain import (
    CertaintyQuestions,
    Filtration,
    OrganResult,
    Preset,
    Reasoning,
    Report,
    UnreadableReport,
    Usage,
)
from leavs.engines.engine import Choices, Constraint, Message
from leavs.engines.scripted import ScriptedEngine
from leavs.errors import UsageError
from leavs.journal.journal import Journal, OrganRecord
from leavs.method.ask import Ask
from leavs.method.chain import label_report
from leavs.method.options import MethodOptions
from leavs.method.pack import Pack, load_pack
from leavs.method.steps.choice import chosen_steps
from leavs.reports import from_folder
from places import ROOT

COUNTER = TokenCounter(by_length, exact=False)
QUICK = MethodOptions(reasoning=Reasoning.NEVER)
SHIPPED = [one for one in from_folder(ROOT / "data" / "reports") if isinstance(one, Report)][:2]


def report(number: int, text: str = "") -> Report:
    return Report(f"r{number}", text or f"The liver is normal in case {number}.", number)


class Source:
    def __init__(self, *entries: Report | UnreadableReport) -> None:
        self.entries = entries

    def __iter__(self) -> Iterator[Report | UnreadableReport]:
        return iter(self.entries)

    def count(self) -> int:
        return len(self.entries)


@pytest.mark.parametrize(
    ("filtration", "questions"),
    [("none", 46), ("fast", 48), ("thorough", 52), ("both", 54), ("joint", 51), ("numbered", 48)],
)
def test_the_number_of_questions_is_bounded_by_the_filtration(
    filtration: str, questions: int
) -> None:
    asked = estimate.questions_at_most(Filtration(filtration), 3, 2, 11)
    assert sum(asked.values()) == questions


def lengths_of(pack: Pack, method: MethodOptions = QUICK) -> estimate.Lengths:
    return estimate.Lengths(pack, pack.ontology.organs[:2], method, COUNTER)


@pytest.mark.parametrize("filtration", Filtration)
@pytest.mark.parametrize("reasoning", Reasoning)
def test_no_prompt_of_a_run_is_longer_than_the_longest(
    pack: Pack, filtration: Filtration, reasoning: Reasoning
) -> None:
    longest = asked = 0

    def reader(messages: Sequence[Message], constraint: Constraint | None) -> str:
        nonlocal longest, asked
        if len(messages) == 2:
            asked += 1
            longest = max(longest, sum(by_length(one.content) + 8 for one in messages))
        if isinstance(constraint, Choices):
            return "Yes" if "Yes" in constraint.options else "D"
        if "[1] " in messages[1].content:
            return "1"
        return "none" if constraint is None or "informative" in str(constraint) else "(A)"

    method = MethodOptions(filtration=filtration, reasoning=reasoning)
    lengths = lengths_of(pack, method)
    ask = Ask(ScriptedEngine(reader), pack, method.manner())
    organs, steps = pack.ontology.organs[:2], chosen_steps(method.ways)
    asyncio.run(label_report(ask, SHIPPED[0], organs, steps, lambda result: None))
    assert 0 < longest <= lengths.longest(SHIPPED[0]).prompt
    if reasoning is Reasoning.NEVER:
        assert asked <= estimate.estimate(SHIPPED[:1], lengths).questions


def test_what_a_reply_may_reason_is_counted(pack: Pack) -> None:
    never = estimate.estimate(SHIPPED, lengths_of(pack))
    long = estimate.estimate(SHIPPED, lengths_of(pack, MethodOptions(max_reasoning_tokens=1000)))
    assert never.questions == long.questions
    assert long.tokens >= never.tokens + never.questions * 1000


def test_what_is_asked_at_once_first_is_counted_as_well(pack: Pack) -> None:
    tokens = {
        reasoning: estimate.estimate(
            SHIPPED, lengths_of(pack, MethodOptions(reasoning=reasoning, max_reasoning_tokens=50))
        ).tokens
        for reasoning in Reasoning
    }
    at_once, reasoned = tokens[Reasoning.NEVER], tokens[Reasoning.ALWAYS]
    assert tokens[Reasoning.AUTO] >= at_once + reasoned


def test_what_the_preset_asks_is_counted_and_said(pack: Pack) -> None:
    method = MethodOptions(preset=Preset.LEAN)
    lean = estimate.estimate(SHIPPED, lengths_of(pack, method))
    assert lean.questions == 2 * (2 + 2 + 22 + 22)
    every = replace(method, certainty=CertaintyQuestions.ALL)
    assert estimate.estimate(SHIPPED, lengths_of(pack, every)) == lean, "all may be mentioned"
    said = estimate.questions_finding(lean, 10, method.ways).says
    assert said.startswith("at most 48 a report, 480 in all")
    assert "preset lean: filtration numbered, certainty mentioned, reasoning auto" in said


def test_a_report_without_a_sentence_asks_nothing_by_number(pack: Pack) -> None:
    lengths = lengths_of(pack, replace(QUICK, filtration=Filtration.NUMBERED))
    assert "filtration_numbered" not in lengths.asked_at_most(report(1, "LIVER:"))
    assert lengths.longest(report(1, "LIVER:")).whole > 0


def test_the_longest_prompt_holds_the_whole_report(pack: Pack) -> None:
    short, long = report(1), report(2, "The liver is normal. " * 600)
    for filtration in Filtration:
        lengths = lengths_of(pack, replace(QUICK, filtration=filtration))
        found = lengths.longest(long)
        assert found.whole > found.prompt > by_length(long.text)
        assert lengths.longest(short).prompt < by_length(long.text)


def test_a_pack_may_name_its_tags_as_it_likes(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(ROOT / "prompts" / "leavs", tmp_path / "mine"))
    path = folder / "filtration_fast.jinja"
    path.write_text(path.read_text().replace("report>", "befund>"))
    lengths = lengths_of(load_pack(folder), replace(QUICK, filtration=Filtration.FAST))
    assert lengths.longest(SHIPPED[0]).prompt > by_length(SHIPPED[0].text)


def cost(prompt: int, whole: int) -> estimate.Length:
    return estimate.Length(prompt, whole)


@pytest.mark.parametrize(
    ("lengths", "verdict", "words"),
    [
        ([("a", cost(90, 100)), ("b", cost(10, 20))], Verdict.OK, "90 tokens, 100 with its reply"),
        ([("a", cost(100, 101)), ("b", cost(10, 20))], Verdict.WARNING, "1 reports may be cut: a"),
        ([("a", cost(101, 150)), ("b", cost(10, 20))], Verdict.PROBLEM, "1 do not fit: a"),
        ([("a", cost(101, 150)), ("b", cost(102, 150))], Verdict.PROBLEM, "at least 2 do not"),
        ([(f"r{n}", cost(200, 300)) for n in range(9)], Verdict.PROBLEM, "r0, r1, r2, r3, r4, ..."),
    ],
)
def test_prompts_that_do_not_fit_are_named(
    lengths: list[tuple[str, estimate.Length]], verdict: Verdict, words: str
) -> None:
    found = estimate.length_finding(dict(lengths), 100, "")
    assert found.verdict is verdict
    assert words in found.says


def test_the_sample_is_spread_and_the_longest_are_kept() -> None:
    entries = [report(n, "x" * (n % 7 + 1)) for n in range(100)]
    seen = reports.survey(Source(*entries), sample=4, longest=3)
    assert [one.id for one in seen.sample] == ["r0", "r25", "r50", "r75"]
    assert [one.id for one in seen.longest] == ["r6", "r13", "r20"]
    assert (seen.entries, seen.readable) == (100, 100)
    assert seen.characters == sum(len(one.text) for one in entries)


def test_what_cannot_be_read_is_counted_and_passed_over() -> None:
    bad = UnreadableReport("b", "b.txt holds no text", 0)
    stray = UnreadableReport("", "line 3 has no id", 1)
    odd = replace(report(9), encoding="cp1252")
    seen = reports.survey(Source(bad, stray, report(2), odd), sample=9)
    assert [one.id for one in seen.sample] == ["r2", "r9"]
    assert (seen.readable, seen.unreadable, seen.strays) == (2, 1, 1)
    found = {one.check: one for one in reports.examine_reports(seen, COUNTER)}
    assert "1 reports cannot be read" in found["input"].says
    assert "b.txt holds no text" in found["input"].says
    assert "read as cp1252" in found["encoding"].says


def test_where_nothing_can_be_read_it_is_said() -> None:
    seen = reports.survey(Source(UnreadableReport("b", "empty", 0)), sample=9)
    assert [one.check for one in reports.examine_reports(seen, COUNTER)] == ["input", "reports"]


@pytest.mark.parametrize("content", [None, "", "{}", "no JSON"])
def test_without_a_tokenizer_tokens_are_estimated(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "tokenizer.json"
    if content is not None:
        path.write_text(content)
    counter = counter_for(path if content is not None else None)
    assert (counter.count("x" * 10), counter.exact) == (4, False)
    assert "estimated" in counter.how


def test_the_most_hours_follow_from_the_rate_given() -> None:
    found = estimate.Estimate(2, 100, 72_000)
    assert estimate.hours_at_most(found, 1000, 1000.0) == 10.0


def test_hours_and_disk_follow_from_the_sample() -> None:
    usage = Usage(40, 1000, 400, 200)
    found = rates.Measured(4, 8.0, usage, 0, 3_000_000, 1_000_000)
    assert found.hours(1800) == 1.0
    assert found.gigabytes(1000) == 1.0
    says = " ".join(one.says for one in rates.measured_findings(found, 1800))
    assert "2.00 s a report on 4 reports: 10 calls" in says
    assert "100 tokens/s" in says
    failed = rates.measured_findings(replace(found, failed_cells=3), 1800)
    assert failed[0].verdict is Verdict.WARNING


def test_an_earlier_part_of_the_run_says_how_long_the_rest_takes(tmp_path: Path) -> None:
    assert rates.earlier(tmp_path) is None
    for first in (0, 2):
        journal = Journal(tmp_path, {})
        for number in (first, first + 1):
            usage = {"certainty": Usage(1, 100, 40, 10)}
            result = OrganResult(f"r{number}", "liver", {}, (), usage=usage)
            journal.add_result(OrganRecord(result, number, "x"))
        assert (rates.earlier(tmp_path) is None) == (first == 0)  # none has come to its end
        journal.close(complete=True, seconds=36.0)
    found = rates.earlier(tmp_path)
    assert found == rates.Earlier(2, 4, 72.0, 4 * 70, 4)
    [finding] = rates.earlier_findings(found, reports=104, organs=1)
    assert "about 0.50 for the 100 reports that are left" in finding.says


def test_too_small_a_sample_is_refused() -> None:
    from leavs.cli.doctor import doctor

    with pytest.raises(UsageError, match="--sample 0"):
        doctor(sample=0)
