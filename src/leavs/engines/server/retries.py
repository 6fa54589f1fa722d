"""Retries questions within limits, and tells a question that fails from a server that is gone.

A question is sent again if the connection breaks, if no answer comes in time, after 408, 409, 429
and 5xx, and if the answer is no completion; the pauses grow, or are as long as the server says.
Each try waits for its turn at the server's pace, and that wait counts for no time limit. Before a
question counts as failed, the server is probed.
"""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import openai

from leavs.engines.server.completion import Completion, read_completion
from leavs.engines.server.options import ServerOptions
from leavs.engines.server.pace import Pace
from leavs.engines.server.waits import pause_before
from leavs.errors import EngineError, ServerError

REFUSALS = frozenset({400, 413, 422})  # caused by one question; other codes by the server
PASSING = frozenset({408, 409, 429})  # and 5xx: a later try may succeed
OVERLOADED = frozenset({408, 429, 503, 504, 524})  # the last two of a gateway that waited

RETRIES_FIRST = -1  # a question that waited before goes before others


class _RefusedError(ServerError):
    """The server refuses a question as it would refuse any: the key, the model, the address.

    It is not sent again, but the server is probed: some filters refuse a single question so.
    """


class RetryingClient:
    """Sends questions to a server, and sends them again within the limits of its options.

    Args:
        client: makes no tries of its own.
        ping: a request that any server answers.
        pace: how many requests may be under way.
    """

    def __init__(
        self,
        client: openai.AsyncOpenAI,
        ping: Mapping[str, Any],
        options: ServerOptions,
        pace: Pace,
    ) -> None:
        self._address = str(client.base_url).rstrip("/")
        self._client = client
        self._ping = ping
        self._options = options
        self._pace = pace
        self._limit_seconds = 2 * options.timeout_seconds + options.waits_seconds
        self._looking = asyncio.Lock()
        self._answers = self._faults_in_a_row = 0

    async def ask(self, request: Mapping[str, Any]) -> Completion:
        """Send a request, and return its completion.

        If all tries fail, the server is probed; if it answers, the request is sent once more.

        Raises:
            openai.APIStatusError: the server refuses the question.
            ServerError: the server fails at this question, and answers others.
            EngineError: the server no longer answers.
        """
        try:
            answer = await self._try(request, self._options.tries)
        except ServerError:
            await self._probe()
            answer = await self._try_last(request)
        self._faults_in_a_row = 0
        return answer

    async def _try_last(self, request: Mapping[str, Any]) -> Completion:
        try:
            return await self._try(request, 1)
        except ServerError as error:
            self._faults_in_a_row += 1
            if self._faults_in_a_row >= self._options.faults_in_a_row:
                raise self._gone(f"{self._faults_in_a_row} questions in a row: {error}") from error
            raise

    async def _probe(self) -> None:
        """Return once the server has answered anything; one of those that wait asks for all."""
        seen = self._answers
        async with self._looking:
            if self._answers > seen:
                return
            try:
                await self._try(self._ping, self._options.tries)
            except openai.APIStatusError:
                pass  # a server that refuses is running
            except ServerError as error:
                raise self._gone(str(error)) from error

    async def _try(self, request: Mapping[str, Any], tries: int) -> Completion:
        """Send a request until a completion comes, as often as allowed."""
        # The client's own limit is between two bytes: one that trickles would take for ever.
        left, longest = self._limit_seconds, self._options.timeout_seconds
        for number in range(1, tries + 1):
            async with self._pace.places.place(0 if number == 1 else RETRIES_FIRST):
                began = time.monotonic()
                try:
                    return await self._send(request, began, min(left, longest))
                except _RefusedError:
                    raise
                except ServerError as error:
                    failed, headers = error, _headers_of(error)
            pause = pause_before(number, self._options.pause_seconds, headers)
            left -= time.monotonic() - began + pause
            if left <= 0:
                break
            if number < tries:
                await asyncio.sleep(pause)
        raise failed

    async def _send(self, request: Mapping[str, Any], began: float, seconds: float) -> Completion:
        try:
            async with asyncio.timeout(seconds):
                answer = await self._client.chat.completions.with_raw_response.create(**request)
        except openai.APIStatusError as error:
            if error.status_code in OVERLOADED:
                self._pace.overloaded(began)
            if error.status_code in REFUSALS:
                self._answers += 1
                raise
            if error.status_code in PASSING or error.status_code >= 500:
                raise ServerError(f"the server gave no answer ({error.status_code})") from error
            raise _RefusedError(f"the server answers {error.status_code}") from error
        except (openai.APITimeoutError, TimeoutError) as error:
            self._pace.overloaded(began)
            raise ServerError("the server gave no answer in time (--request-timeout)") from error
        except openai.OpenAIError as error:
            raise ServerError(f"the server gave no answer ({_kind(error)})") from error
        completion = read_completion(answer.http_response.content)
        if completion is None:
            raise ServerError("the server's answer is no completion")
        self._answers += 1
        self._pace.answered(began, completion.generated_tokens or 1)
        return completion

    def _gone(self, why: str) -> EngineError:
        return EngineError(f"{self._address} stopped answering: {why}; the run can be resumed")


def _kind(error: openai.OpenAIError) -> str:
    """Name the kind of an error, without its message, which could quote anything."""
    return type(error.__cause__ or error).__name__


def _headers_of(error: ServerError) -> Mapping[str, str]:
    """The headers of the answer that caused an error, if there was one."""
    cause = error.__cause__
    return cause.response.headers if isinstance(cause, openai.APIStatusError) else {}
