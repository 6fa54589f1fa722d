"""Any OpenAI-compatible server, such as `vllm serve`, through the openai client."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import openai

from leavs.engines.engine import Constraint, Message, Reply
from leavs.engines.replies import room_for_reply
from leavs.engines.server.completion import Completion, as_reply
from leavs.engines.server.connection import connect
from leavs.engines.server.dialect import Dialect
from leavs.engines.server.options import ServerOptions
from leavs.engines.server.pace import Pace
from leavs.engines.server.prompt_length import PromptLengths
from leavs.engines.server.refusals import read_refusal
from leavs.engines.server.requests import build_request
from leavs.engines.server.retries import RetryingClient
from leavs.engines.server.served import choose_served_model
from leavs.engines.server.trial import find_dialect
from leavs.errors import ContextError, QuestionError

TYPICAL_REPLY = 400  # tokens; the longest reply is four times as long by default
PING = (Message("user", "Say A."),)


@dataclass(frozen=True, slots=True)
class Served:
    """A server's model, and how the server wants to be spoken to.

    Args:
        model: as the server calls it.
    """

    model: str
    dialect: Dialect


async def meet_server(options: ServerOptions) -> Served:
    """Find a server's model, and ask it trial questions, which hold no text of a report.

    Raises:
        EngineStartError: no run can work with this server and these options; the message says why.
    """
    async with connect(options) as client:
        model = await choose_served_model(client, options)
        return Served(model, await find_dialect(client, options, model))


@asynccontextmanager
async def open_server(
    options: ServerOptions, served: Served | None = None
) -> AsyncIterator["OpenAIEngine"]:
    """Connect to a server for the time of a `with` block.

    Args:
        served: what is known of it; None to meet it first.

    Raises:
        EngineStartError: as `meet_server`.
    """
    served = served or await meet_server(options)
    async with connect(options) as client:
        yield OpenAIEngine(client, options, served)


class OpenAIEngine:
    """An engine over chat completions.

    Args:
        client: makes one try of each request.
        served: the model that it asks for, and how.
    """

    def __init__(self, client: openai.AsyncOpenAI, options: ServerOptions, served: Served) -> None:
        self._client, self._options = client, options
        self.model, self.dialect = served.model, served.dialect
        self._pace = Pace(
            served.dialect.seconds_for(TYPICAL_REPLY), options.timeout_seconds, options.concurrency
        )
        self._lengths = PromptLengths(served.dialect.characters_a_token, options.context)
        ping = build_request(options, self.model, self.dialect, PING, 1)
        self._retrying = RetryingClient(client, ping, options, self._pace)

    @property
    def batch_size(self) -> int:
        """The requests that may be under way now; it changes with what the server keeps up with."""
        return self._pace.allowed

    async def reply(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        constraint: Constraint | None = None,
        follows: Reply | None = None,
        thought_tokens: int = 0,
    ) -> Reply:
        """See `Engine.reply`; a thought is as long as the options say."""
        max_tokens = self._lengths.room(messages, max_tokens)
        request = build_request(
            self._options, self.model, self.dialect, messages, max_tokens, constraint
        )
        try:
            completion = await self._retrying.ask(request)
        except openai.APIStatusError as error:
            room = await self._room(request, max_tokens, error)
            return await self.reply(messages, max_tokens=room, constraint=constraint)
        self._lengths.check(messages, completion, follows)
        return self._reply(completion, constraint)

    def _reply(self, completion: Completion, constraint: Constraint | None) -> Reply:
        held = bool(self.dialect.held(constraint))
        if completion.end_unsaid and self.dialect.says_end:
            completion = replace(completion, cut=True)
        return as_reply(completion, constraint, held=held, as_json=self.dialect.hold.as_json)

    async def _room(
        self, request: Mapping[str, Any], max_tokens: int, error: openai.APIStatusError
    ) -> int:
        """Count the tokens left for a reply, if the server did not shorten it by itself.

        Raises:
            ContextError: the prompt leaves none, or nothing is known of its length.
            QuestionError: the question was refused for something else.
        """
        too_long = read_refusal(error.message)
        if too_long is None:  # the server's own words could quote the prompt
            raise QuestionError(f"the server refused the question ({error.status_code})") from error
        tokens, limit = await self._count(request) or (too_long.tokens, too_long.limit)
        if tokens is None or limit is None:
            raise ContextError(tokens, limit) from error
        thought = self.dialect.thought_tokens(self._options.generation)
        room = room_for_reply(tokens + thought, limit, max_tokens)
        if room == max_tokens:  # it would be refused again
            raise ContextError(tokens, limit) from error
        return room

    async def _count(self, request: Mapping[str, Any]) -> tuple[int, int] | None:
        """Ask for the lengths of prompt and context, as vLLM can: a refusal may say "at least"."""
        url = f"{self._options.base_url.rstrip('/').removesuffix('/v1')}/tokenize"
        body = {name: request[name] for name in ("model", "messages")}
        try:
            counted = await self._client.post(url, cast_to=dict[str, Any], body=body)
            return int(counted["count"]), int(counted["max_model_len"])
        except (openai.OpenAIError, ValueError, TypeError, KeyError, OverflowError):
            return None

    async def close(self) -> None:
        """Close the connections; the engine takes no more questions."""
        await self._client.close()
