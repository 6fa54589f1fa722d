"""How many cells may fail, and what is no answer to that."""

import pytest

from leavs.errors import FailureLimitError, UsageError
from leavs.run.failure_limit import parse_failure_limit


@pytest.mark.parametrize(
    ("limit", "failed", "recorded", "is_passed"),
    [
        ("0", 0, 99, False),
        ("0", 1, 1, True),
        ("5", 5, 10**6, False),
        ("5", 6, 6, True),
        ("2%", 2, 100, False),
        ("2%", 3, 100, True),
        ("2%", 99, 99, False),  # of too few cells
        ("2%", 20_000, 10**6, False),
        ("2%", 20_001, 10**6, True),
        ("0.5%", 1, 200, False),
        ("0.5%", 2, 200, True),
        ("0%", 0, 100, False),
        ("0%", 1, 100, True),
        ("100%", 100, 100, False),
        ("100%", 253, 253, False),  # 253 / 100 * 100 is less than 253
    ],
)
def test_the_limit(limit: str, failed: int, recorded: int, is_passed: bool) -> None:
    try:
        parse_failure_limit(limit).check(failed, recorded)
    except FailureLimitError as error:
        assert is_passed
        assert limit in str(error)
        assert "\n" not in str(error)
    else:
        assert not is_passed


NONSENSE = ["", "%", "-1", "+1", "1.5", "1e3", "5 %", " 5", "5\n", "5%%", "100.1%", "nan", "inf%"]


@pytest.mark.parametrize("text", [*NONSENSE, "1_000", "٥", "½", ".5%", "5.%", "9" * 99])
def test_what_is_neither_a_number_nor_a_percentage(text: str) -> None:
    with pytest.raises(UsageError) as error:
        parse_failure_limit(text)
    assert f"--max-failures {text!r}" in str(error.value)
    assert "\n" not in str(error.value)
