"""How many requests are under way at servers that work on so many at once."""

import heapq

import pytest

from leavs.engines.server import pace as pace_module
from leavs.engines.server.pace import FIRST, MOST, Pace


class Simulation:
    """A server that works on `slots` requests at once, and a clock of its own."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, slots: int, seconds: float, timeout: float
    ) -> None:
        self.now = 1000.0
        monkeypatch.setattr(pace_module.time, "monotonic", lambda: self.now)
        self.pace = Pace(seconds, timeout)
        self.slots, self.seconds, self.timeout = slots, seconds, timeout
        self.timeouts = self.most = 0

    def run(self, answers: int) -> None:
        """Keep as many requests under way as allowed until so many were answered."""
        places = self.pace.places
        free = [self.now] * self.slots
        under_way: list[tuple[float, float]] = []
        given = 0
        while given < answers:
            while places.taken < self.pace.allowed:
                places._taken += 1
                starts = max(heapq.heappop(free), self.now)
                heapq.heappush(free, starts + self.seconds)
                heapq.heappush(under_way, (starts + self.seconds, self.now))
            ends, began = heapq.heappop(under_way)
            self.now = max(self.now, min(ends, began + self.timeout))
            if ends - began > self.timeout:
                self.timeouts += 1
                self.pace.overloaded(began)
            else:
                self.pace.answered(began)
                given += 1
            self.most = max(self.most, self.pace.allowed)
            places._taken -= 1
        places._taken = 0


@pytest.mark.parametrize("timeout", [0.5, 1.0, 10.0, 600.0])
def test_a_server_with_one_slot_is_never_given_more_than_it_answers_in_time(
    monkeypatch: pytest.MonkeyPatch, timeout: float
) -> None:
    server = Simulation(monkeypatch, slots=1, seconds=0.05, timeout=timeout)
    server.run(3000)
    assert server.timeouts == 0
    assert server.most <= 2 * FIRST


@pytest.mark.parametrize(("slots", "least"), [(64, 64), (256, MOST), (1000, MOST)])
def test_a_server_that_keeps_up_is_given_more(
    monkeypatch: pytest.MonkeyPatch, slots: int, least: int
) -> None:
    server = Simulation(monkeypatch, slots, seconds=1.0, timeout=600.0)
    server.run(4000)
    assert least <= server.most <= MOST
    assert server.pace.allowed >= least / 2
    assert server.timeouts == 0


def test_a_server_that_becomes_slow_is_given_less(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Simulation(monkeypatch, slots=64, seconds=0.1, timeout=10.0)
    server.run(2000)
    before = server.pace.allowed
    server.slots, server.seconds = 1, 2.0
    server.run(200)
    assert server.pace.allowed <= 5 < before


def test_requests_that_were_sent_together_lower_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(pace_module.time, "monotonic", lambda: now)
    pace = Pace(0.01, 10.0)
    for now, allowed in ((1001.0, FIRST // 2), (1002.0, FIRST // 4)):
        for _ in range(16):
            pace.overloaded(began=now - 0.5)
        assert pace.allowed == allowed


def test_a_number_that_the_user_gives_stays() -> None:
    pace = Pace(1.0, 1.0, fixed=40)
    pace.overloaded(1e12)
    for _ in range(1000):
        pace.answered(0.0)
    assert pace.allowed == 40


def test_there_is_always_one() -> None:
    assert Pace(100.0, 10.0).allowed == 1
