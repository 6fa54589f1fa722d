import pytest

from leavs.engines.server.waits import MAX_PAUSE_SECONDS, pause_before


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "120"}, 120.0),
        ({"retry-after-ms": "x", "retry-after": "3"}, 3.0),
    ],
)
def test_a_server_says_how_long(headers: dict[str, str], seconds: float) -> None:
    assert pause_before(3, 0.5, headers) == seconds


@pytest.mark.parametrize("said", ["3600", "-1", "nan", "soon", "", "1e99"])
def test_what_makes_no_sense_is_passed_over(said: str) -> None:
    assert 0.375 <= pause_before(1, 0.5, {"retry-after": said}) <= 0.5


def test_pauses_grow_to_a_limit() -> None:
    assert 1.5 <= pause_before(3, 0.5, {}) <= 2.0
    assert pause_before(30, 0.5, {}) <= MAX_PAUSE_SECONDS
