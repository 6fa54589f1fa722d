"""Retries questions within limits, and tells a question that fails from a server that is gone.

The openai client retries by itself if the connection breaks and after 408, 409, 429 and 5xx, with
exponential pauses and jitter, or when the server says (Retry-After, up to two minutes). This module
adds what the client lacks: a retry of answers that are no completions, one time limit on all tries,
and a probe of the server before a question counts as failed.
"""

import asyncio
import random
from typing import Any

import openai

from leavs.engines.server.completion import Completion, read_completion
from leavs.engines.server.options import ServerOptions
from leavs.errors import EngineError, ServerError

REFUSALS = frozenset({400, 413, 422})  # caused by one question; other codes by the server
PASSING = frozenset({408, 409, 429})  # and 5xx: a later try may succeed
MAX_PAUSE_SECONDS = 8.0  # the client's own


class RetryingClient:
    """Sends questions to a server, and sends them again within the limits of its options.

    Args:
        client: asks `max_retries` times more by itself.
        model: as the server calls it.
    """

    def __init__(self, client: openai.AsyncOpenAI, model: str, options: ServerOptions) -> None:
        self._address = str(client.base_url).rstrip("/")
        self._client, self._once = client, client.with_options(max_retries=0)
        self._ping: dict[str, Any] = {
            "model": model,
            "messages": [{"role": "user", "content": "Say A."}],
            "max_tokens": 1,
        }
        self._pause_seconds = options.pause_seconds
        self._limit_seconds = 2 * options.timeout_seconds + options.waits_seconds
        self._most_in_a_row = options.faults_in_a_row
        self._looking = asyncio.Lock()
        self._answers = self._faults_in_a_row = 0

    async def ask(self, request: dict[str, Any]) -> Completion:
        """Send a request, and return its completion.

        If all tries fail, the server is probed; if it answers, the request is sent once more.

        Raises:
            openai.APIStatusError: the server refuses the question.
            ServerError: the server fails at this question, and answers others.
            EngineError: the server no longer answers.
        """
        try:
            answer = await self._try(self._client, request)
        except ServerError:
            await self._probe()
            answer = await self._try_last(request)
        self._faults_in_a_row = 0
        return answer

    async def _try_last(self, request: dict[str, Any]) -> Completion:
        try:
            return await self._try(self._once, request)
        except ServerError as error:
            self._faults_in_a_row += 1
            if self._faults_in_a_row >= self._most_in_a_row:
                raise self._gone(f"{self._faults_in_a_row} questions in a row: {error}") from error
            raise

    async def _probe(self) -> None:
        """Return once the server has answered anything; one of those that wait asks for all."""
        seen = self._answers
        async with self._looking:
            if self._answers > seen:
                return
            try:
                await self._try(self._client, self._ping)
            except openai.APIStatusError:
                pass  # a server that refuses is running
            except ServerError as error:
                raise self._gone(str(error)) from error

    async def _try(self, client: openai.AsyncOpenAI, request: dict[str, Any]) -> Completion:
        try:
            async with asyncio.timeout(self._limit_seconds):
                answer = await self._completion(client, request)
        except openai.APIStatusError as error:
            if error.status_code in REFUSALS:
                self._answers += 1
                raise
            if error.status_code in PASSING or error.status_code >= 500:
                raise ServerError(f"the server gave no answer ({error.status_code})") from error
            raise self._gone(f"the server answers {error.status_code}") from error
        except (openai.APITimeoutError, TimeoutError) as error:
            raise ServerError("the server gave no answer in time (--request-timeout)") from error
        except openai.OpenAIError as error:
            raise ServerError(f"the server gave no answer ({_kind(error)})") from error
        self._answers += 1
        return answer

    async def _completion(self, client: openai.AsyncOpenAI, request: dict[str, Any]) -> Completion:
        """Send a request until a completion comes."""
        for retries in range(client.max_retries + 1):
            if retries:
                pause = min(self._pause_seconds * 2.0 ** (retries - 1), MAX_PAUSE_SECONDS)
                jitter = random.uniform(0.75, 1.0)  # noqa: S311 (so that not all retry at once)
                await asyncio.sleep(pause * jitter)
            answer = await client.chat.completions.with_raw_response.create(**request)
            completion = read_completion(answer.http_response.content)
            if completion is not None:
                return completion
        raise ServerError("the server's answer is no completion")

    def _gone(self, why: str) -> EngineError:
        return EngineError(f"{self._address} stopped answering: {why}; the run can be resumed")


def _kind(error: openai.OpenAIError) -> str:
    """Name the kind of an error, without its message, which could quote anything."""
    return type(error.__cause__ or error).__name__
