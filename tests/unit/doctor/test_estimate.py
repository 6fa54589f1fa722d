"""What reports cost, from a sample without a model, and how fast runs go, as measured."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from leavs.doctor import estimate, rates, reports
from leavs.doctor.findings import Verdict
from leavs.doctor.readers import least, most_with
from leavs.doctor.tokens import TokenCounter, by_length, counter_for
from leavs.domain import Filtration, OrganResult, Reasoning, Report, UnreadableReport, Usage
from leavs.engines.scripted import ScriptedEngine
from leavs.errors import UsageError
from leavs.journal.journal import Journal, OrganRecord
from leavs.method.ask import Ask
from leavs.method.chain import label_report
from leavs.method.options import Manner, MethodOptions
from leavs.method.pack import Pack
from leavs.method.steps.filtration import FILTERS
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


@pytest.mark.parametrize("filtration", Filtration)
@pytest.mark.parametrize("reasoning", Reasoning)
@pytest.mark.parametrize("two_turns", [False, True])
def test_no_reader_fails_a_question(
    pack: Pack, filtration: Filtration, reasoning: Reasoning, two_turns: bool
) -> None:
    organs = pack.ontology.organs[:3]
    for reader in (least, most_with(filtration)):
        ask = Ask(ScriptedEngine(reader), pack, Manner(reasoning, 100, two_turns=two_turns))
        results: list[OrganResult] = []
        asyncio.run(label_report(ask, SHIPPED[0], organs, FILTERS[filtration], results.append))
        assert [result.failed_cells for result in results] == [0, 0, 0]


@pytest.mark.parametrize("filtration", Filtration)
@pytest.mark.parametrize("reasoning", Reasoning)
def test_the_least_is_not_more_than_the_most(
    pack: Pack, filtration: Filtration, reasoning: Reasoning
) -> None:
    method = MethodOptions(filtration=filtration, reasoning=reasoning)
    found = estimate.estimate(SHIPPED, pack, pack.ontology.organs[:2], method, COUNTER)
    low, high = found.least, found.most
    assert low.reports == high.reports == 2
    assert 0 < low.questions <= high.questions
    assert 0 < low.calls <= high.calls
    assert 0 < low.computed_tokens <= low.prompt_tokens <= high.prompt_tokens
    assert 0 < low.generated_tokens <= high.generated_tokens


def test_what_a_reply_may_reason_is_counted(pack: Pack) -> None:
    organs = pack.ontology.organs[:1]

    def most(method: MethodOptions) -> estimate.Cost:
        return estimate.estimate(SHIPPED, pack, organs, method, COUNTER).most

    never, long = most(QUICK), most(MethodOptions(max_reasoning_tokens=1000))
    assert never.questions == long.questions
    assert long.generated_tokens >= never.questions * 1000 > never.generated_tokens


def test_the_longest_prompt_holds_the_whole_report(pack: Pack) -> None:
    organs = pack.ontology.organs
    short, long = report(1), report(2, "The liver is normal. " * 600)
    for filtration in Filtration:
        method = replace(QUICK, filtration=filtration)
        lengths = dict(estimate.longest_prompts([short, long], pack, organs, method, COUNTER))
        if filtration in (Filtration.THOROUGH, Filtration.JOINT):
            continue
        assert lengths["r2"].longest_prompt > by_length(long.text)
        assert lengths["r2"].longest_whole > lengths["r2"].longest_prompt
        assert lengths["r1"].longest_prompt < by_length(long.text)


def cost(prompt: int, whole: int) -> estimate.Cost:
    return estimate.Cost(longest_prompt=prompt, longest_whole=whole)


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
    lengths: list[tuple[str, estimate.Cost]], verdict: Verdict, words: str
) -> None:
    found = estimate.length_finding(lengths, 100, "")
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
    found = {one.check: one for one in reports.examine(seen, COUNTER)}
    assert "1 reports cannot be read" in found["input"].says
    assert "b.txt holds no text" in found["input"].says
    assert "read as cp1252" in found["encoding"].says


def test_where_nothing_can_be_read_it_is_said() -> None:
    seen = reports.survey(Source(UnreadableReport("b", "empty", 0)), sample=9)
    assert [one.check for one in reports.examine(seen, COUNTER)] == ["input", "reports"]


@pytest.mark.parametrize("content", [None, "", "{}", "no JSON"])
def test_without_a_tokenizer_tokens_are_estimated(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "tokenizer.json"
    if content is not None:
        path.write_text(content)
    counter = counter_for(path if content is not None else None)
    assert (counter.count("x" * 10), counter.exact) == (4, False)
    assert "estimated" in counter.how


def test_hours_follow_from_the_rate_given() -> None:
    found = estimate.Estimate(
        estimate.Cost(2, prompt_tokens=10**9, computed_tokens=6000, generated_tokens=1200),
        estimate.Cost(2, prompt_tokens=70_000, generated_tokens=2000),
    )
    assert estimate.hours_at(found, 1000, 1000.0) == (1.0, 10.0)


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
