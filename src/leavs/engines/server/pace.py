"""How many requests are under way at a server at once: more while it keeps up, fewer when not.

A server does not tell how many it works on. What it cannot answer yet waits in its own queue, and a
request that waits there too long times out although nothing is wrong; so the queue is kept here,
where waiting costs nothing. Knows nothing of what is asked.
"""

import time

from leavs.system.places import Places

FIRST = 16
MOST = 256
GAIN = 1.1  # so many times the tokens a second, or twice the requests are not worth it
SAFE_SHARE = 0.25  # of the time limit that the slowest answer may take before the number grows
WINDOW = 3  # answers for each request under way, from which a rate is taken
REST = 12  # windows after which a greater number is tried again


class Pace:
    """Says how many requests may be under way, and learns from how they end.

    Args:
        seconds: of a typical answer, alone.
        timeout_seconds: the longest wait for one answer.
        fixed: so many, whatever happens; None to find out.
    """

    def __init__(self, seconds: float, timeout_seconds: float, fixed: int | None = None) -> None:
        self._timeout = timeout_seconds
        self._fixed = fixed
        # Even a server that answers one after the other then answers all in time.
        in_time = int(SAFE_SHARE * timeout_seconds / seconds) if seconds > 0 else FIRST
        self._allowed = fixed or max(1, min(FIRST, in_time))
        self._rate_before = 0.0  # answers a second with half as many
        self._rest = 0
        self._lowered = 0.0
        self.places = Places(lambda: self._allowed)
        self._since = self._slowest = self._tokens = 0.0
        self._answers = self._full = 0
        self._begin_window()

    @property
    def allowed(self) -> int:
        """The number of requests that may be under way at once."""
        return self._allowed

    def answered(self, began: float, tokens: float = 1.0) -> None:
        """Learn from an answer.

        Args:
            began: when its request was sent, by `time.monotonic`.
            tokens: generated for it; answers differ in length, so a rate is one of tokens.
        """
        now = time.monotonic()
        self._tokens += tokens
        self._slowest = max(self._slowest, now - began)
        self._answers += 1
        self._full += self.places.taken >= self._allowed
        if self._fixed is None and self._answers >= WINDOW * self._allowed:
            if self._full > self._answers / 2:
                self._judge(self._tokens / max(now - self._since, 1e-6))
            self._begin_window()

    def overloaded(self, began: float) -> None:
        """Learn from a request that timed out, or that the server had no place for."""
        if self._fixed is None and began >= self._lowered:  # not from each of those sent together
            self._lower(self._allowed // 2)

    def _judge(self, rate: float) -> None:
        """Change the number of requests by how the server answered the last ones."""
        if self._slowest > 2 * SAFE_SHARE * self._timeout:
            self._lower(self._allowed * 3 // 4)
        elif self._rest:
            self._rest -= 1
            if not self._rest:
                self._rate_before = 0.0
        elif self._rate_before and rate < GAIN * self._rate_before:
            self._lower(self._allowed // 2)
        elif self._slowest < SAFE_SHARE * self._timeout and self._allowed < MOST:
            self._rate_before = rate
            self._allowed = min(MOST, 2 * self._allowed)

    def _lower(self, allowed: int) -> None:
        self._allowed = max(1, allowed)
        self._lowered = time.monotonic()
        self._rest = REST
        self._begin_window()

    def _begin_window(self) -> None:
        self._since = time.monotonic()
        self._answers = self._full = 0
        self._slowest = self._tokens = 0.0
