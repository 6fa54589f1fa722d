"""Asks a server again within bounds, and tells a question that fails from a server that is gone.

The openai client asks again by itself: where the connection breaks and after 408, 409, 429 and
5xx, with exponential pauses and jitter, or when the server says (Retry-After, up to two minutes).
Here is what it does not do: answers that are no completions, one limit on it all, and, before a
question counts as failed, a look whether the server still answers at all.
"""

import asyncio
import random
from typing import Any

import openai

from leavs.engines.server.completion import Completion, read_completion
from leavs.engines.server.options import ServerOptions
from leavs.errors import EngineError, ServerError

REFUSALS = frozenset({400, 413, 422})  # the fault of one question; others are the server's
PASSING = frozenset({408, 409, 429})  # and 5xx: another time it may work
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
        """The answer to a request.

        A question that got none is put once more when the server answers another.

        Raises:
            openai.APIStatusError: the server refuses the question.
            ServerError: it fails at the question, and answers others.
            EngineError: it answers nothing any more.
        """
        try:
            answer = await self._try(self._client, request)
        except ServerError:
            await self._find_sign_of_life()
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

    async def _find_sign_of_life(self) -> None:
        """Return when the server answers something; one of those that wait asks for all."""
        seen = self._answers
        async with self._looking:
            if self._answers > seen:
                return
            try:
                await self._try(self._client, self._ping)
            except openai.APIStatusError:
                pass  # who refuses is alive
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
        """The answer; what is no completion is asked for again."""
        for retries in range(client.max_retries + 1):
            if retries:
                pause = min(self._pause_seconds * 2.0 ** (retries - 1), MAX_PAUSE_SECONDS)
                jitter = random.uniform(0.75, 1.0)  # noqa: S311 (so that not all ask at once)
                await asyncio.sleep(pause * jitter)
            answer = await client.chat.completions.with_raw_response.create(**request)
            completion = read_completion(answer.http_response.content)
            if completion is not None:
                return completion
        raise ServerError("the server's answer is no completion")

    def _gone(self, why: str) -> EngineError:
        return EngineError(f"{self._address} stopped answering: {why}; the run can be resumed")


def _kind(error: openai.OpenAIError) -> str:
    """What broke, without the error's own words, which could quote anything."""
    return type(error.__cause__ or error).__name__
