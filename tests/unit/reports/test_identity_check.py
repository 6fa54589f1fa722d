"""Which reports are searched for identities, for how long, by what, and what is said of it."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from leavs.domain import Report, Shard
from leavs.reports import CheckedSource
from leavs.reports.identities import Kind, kinds_in
from leavs.reports.identity_check import (
    NO_MODEL,
    NOT_INSTALLED,
    SAMPLE,
    Detector,
    IdentityCheck,
    check_reports,
    check_sample,
    installed_detector,
)
from leavs.reports.presidio import installed_model
from leavs.reports.sources import Entries, Entry

PATTERNS = Detector(kinds_in, "by patterns")
NAMED = "Name: Jane Roe\nThe liver is normal."
PLAIN = "The liver is normal."


@pytest.fixture(autouse=True)
def _without_presidio(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "presidio_analyzer", None)


def source_of(texts: int, text_of: Callable[[int], str], loaded: list[int]) -> CheckedSource:
    """Entries whose texts are loaded when they are needed, as those of files are."""

    def load(number: int) -> Entry:
        loaded.append(number)
        return Entry(number, f"r{number}", text_of(number))

    def read() -> Entries:
        for number in range(texts):
            yield Entry(number, f"r{number}", load=lambda number=number: load(number))

    return CheckedSource(read, str, lambda: texts)


def test_few_reports_are_all_searched() -> None:
    source = source_of(SAMPLE, lambda number: NAMED if number % 10 == 0 else PLAIN, [])
    checked = check_sample(source)
    assert (checked.looked_at, checked.total) == (SAMPLE, SAMPLE)
    assert checked.reports == {Kind.NAME: SAMPLE // 10}
    assert checked.found


def test_of_many_a_sample_is_loaded_from_all_over_the_input() -> None:
    loaded: list[int] = []
    checked = check_sample(source_of(10_000, lambda _: PLAIN, loaded))
    assert SAMPLE / 2 < checked.looked_at < SAMPLE * 1.5
    assert checked.total == 10_000
    assert not checked.found
    assert len(loaded) == checked.looked_at
    assert {number // 1_000 for number in loaded} == set(range(10))


def test_the_sample_of_a_shard_is_of_its_own_reports() -> None:
    loaded: list[int] = []
    shard = Shard(1, 3)
    source = source_of(3_000, lambda _: PLAIN, loaded)
    checked = check_sample(source, shard)
    assert checked.total == source.sharded(shard).count() < 1_200
    assert SAMPLE / 3 < checked.looked_at < SAMPLE * 1.5
    assert all(shard.includes(f"r{number}") for number in loaded)


def test_a_part_of_the_input_is_searched_in_that_part() -> None:
    loaded: list[int] = []
    source = replace(source_of(1_000, lambda _: PLAIN, loaded), start=900, limit=20)
    assert check_sample(source).looked_at == 20
    assert set(loaded) == set(range(900, 920))


def test_nothing_is_found_where_nothing_can_be_read() -> None:
    checked = check_sample(source_of(3, lambda _: " ", []))
    assert (checked.looked_at, checked.total, checked.found) == (0, 3, False)


def test_the_search_ends_in_time() -> None:
    reports = [Report(f"r{number}", NAMED) for number in range(5)]
    checked = check_reports(reports, 5, PATTERNS, seconds=-1)
    assert (checked.looked_at, checked.total) == (1, 5)


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        (
            {Kind.PHONE: 1_200, Kind.NAME: 3},
            "2,000 of 1,000,000 reports searched for identities: names in 3, phone numbers in 1,200"
            " (by patterns)",
        ),
        (
            {},
            "2,000 of 1,000,000 reports searched for identities: none found, which proves nothing"
            " (by patterns)",
        ),
    ],
)
def test_what_is_said_is_counts(counts: dict[Kind, int], said: str) -> None:
    everything = dict.fromkeys(Kind, 0) | counts
    assert str(IdentityCheck(2_000, 1_000_000, everything, "by patterns")) == said


def test_without_presidio_our_patterns_are_said_to_be_few() -> None:
    detector = installed_detector()
    assert detector.says == f"by a few patterns of our own; {NOT_INSTALLED}"
    assert detector.kinds_in(NAMED) == {Kind.NAME}


def test_without_a_language_model_presidio_is_not_even_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if installed_model() is not None:
        pytest.skip("a language model of spaCy is installed here")
    monkeypatch.delitem(sys.modules, "presidio_analyzer")
    (tmp_path / "presidio_analyzer.py").write_text("raise AssertionError('loaded')")
    monkeypatch.syspath_prepend(tmp_path)
    detector = installed_detector()
    assert detector.says == f"by a few patterns of our own; {NO_MODEL}"
    assert detector.kinds_in(NAMED) == {Kind.NAME}
