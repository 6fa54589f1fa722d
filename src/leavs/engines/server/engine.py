"""Any OpenAI-compatible server, such as `vllm serve`, through the openai client.

The server gets text, not token ids, and so control tokens in a report are neutralised first.
"""

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import openai

from leavs.engines.constraints import grammar_of, logprobs_wanted
from leavs.engines.control_tokens import neutralise
from leavs.engines.engine import Constraint, Message, Reply
from leavs.engines.options import GREEDY, Sampling
from leavs.engines.replies import decided_at_once, room_for_reply
from leavs.engines.server.address import is_loopback
from leavs.engines.server.completion import as_reply, sendable
from leavs.engines.server.options import ServerOptions
from leavs.engines.server.refusals import read_refusal
from leavs.engines.server.retries import RetryingClient
from leavs.errors import ContextError, EngineStartError, QuestionError

BATCH_SIZE = 256  # a server does not tell its own; more would time out while they wait


def _client(options: ServerOptions) -> openai.AsyncOpenAI:
    try:
        _ = urlsplit(options.base_url).port
    except ValueError as error:
        raise EngineStartError(f"{options.base_url} is no URL: {error}; check --base-url") from None
    _quieten_logs()
    # Texts of reports go to --base-url alone: no redirect is followed, and no proxy is used to
    # reach this machine itself.
    direct = {"http://": None, "https://": None} if is_loopback(_host_of(options)) else None
    return openai.AsyncOpenAI(
        base_url=options.base_url,
        api_key=options.api_key,
        timeout=options.timeout_seconds,
        max_retries=options.tries - 1,
        http_client=openai.DefaultAsyncHttpxClient(mounts=direct, follow_redirects=False),
    )


def _host_of(options: ServerOptions) -> str:
    return urlsplit(options.base_url).hostname or ""


def _quieten_logs() -> None:
    """Raise the level of the client's logs: at debug level some versions log whole requests."""
    known = [name for name in logging.root.manager.loggerDict if name.startswith("openai.")]
    for name in ("openai", *known):
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.getEffectiveLevel(), logging.INFO))


async def served_model(options: ServerOptions) -> str:
    """Ask a server for the name of the model that it will be asked for.

    Raises:
        EngineStartError: the server does not answer, refuses the key, or lacks the model.
    """
    async with _client(options) as client:
        return (await _choose_model(client, options))[0]


@asynccontextmanager
async def open_server(
    options: ServerOptions, sampling: Sampling = GREEDY
) -> AsyncIterator["OpenAIEngine"]:
    """Connect to a server for the time of a `with` block.

    Raises:
        EngineStartError: the server does not answer, refuses the key, or lacks the model.
    """
    client = _client(options)
    try:
        model, is_vllm = await _choose_model(client, options)
        yield OpenAIEngine(client, options, sampling, model, is_vllm)
    finally:
        await client.close()


async def _choose_model(client: openai.AsyncOpenAI, options: ServerOptions) -> tuple[str, bool]:
    """The model's name, and whether the server is vLLM and so can constrain replies."""
    try:
        models = [model async for model in client.with_options(max_retries=1).models.list()]
    except openai.OpenAIError as error:
        raise EngineStartError(
            f"no answer from {options.base_url} ({type(error).__name__}); "
            "check --base-url and that the server is running"
        ) from error
    except (AttributeError, ValueError) as error:  # raised by the client for a web page
        raise EngineStartError(
            f"{options.base_url} does not answer as an OpenAI-compatible server; check --base-url"
        ) from error
    names = [model.id for model in models]
    if options.model is None and len(names) != 1:
        raise EngineStartError(
            f"{options.base_url} serves {', '.join(names) or 'no model'}; choose with --model"
        )
    name = options.model or names[0]
    if name not in names:
        raise EngineStartError(
            f"{options.base_url} has no model {name!r}; it has: {', '.join(names)}"
        )
    return name, any(model.id == name and model.owned_by == "vllm" for model in models)


class OpenAIEngine:
    """An engine over chat completions.

    Args:
        constrains: the server is vLLM, which holds replies to a constraint; other servers are
            asked without one, and their replies are read strictly.
    """

    def __init__(
        self,
        client: openai.AsyncOpenAI,
        options: ServerOptions,
        sampling: Sampling,
        model: str,
        constrains: bool,
    ) -> None:
        self._client = client
        self._base_url = options.base_url
        self._sampling = sampling
        self.model = model
        self.constrains = constrains
        self.batch_size = BATCH_SIZE
        self._gives_log_probabilities = True
        self._retrying = RetryingClient(client, model, options)

    async def reply(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        constraint: Constraint | None = None,
        follows: Reply | None = None,
    ) -> Reply:
        """See `Engine.reply`."""
        request: dict[str, Any] = {
            "model": self.model,
            "messages": [
                {"role": one.role, "content": neutralise(sendable(one.content))} for one in messages
            ],
            "max_tokens": 1 if self.constrains and decided_at_once(constraint) else max_tokens,
            "temperature": self._sampling.temperature,
        }
        grammar = grammar_of(constraint) if self.constrains else {}
        if grammar:
            request["extra_body"] = {"structured_outputs": grammar}
        if self._sampling.temperature:
            request["seed"] = self._sampling.seed
        logprobs = logprobs_wanted(constraint) if self._gives_log_probabilities else None
        if logprobs is not None:
            request |= {"logprobs": True, "top_logprobs": logprobs}
        try:
            return as_reply(await self._retrying.ask(request), constraint, bool(grammar))
        except openai.APIStatusError as error:
            if logprobs is not None and "logprobs" in error.message:
                self._gives_log_probabilities = False  # from now on labels have no probabilities
                return await self.reply(messages, max_tokens=max_tokens, constraint=constraint)
            room = await self._room(request, error)
            return await self.reply(messages, max_tokens=room, constraint=constraint)

    async def _room(self, request: Mapping[str, Any], error: openai.APIStatusError) -> int:
        """Count the tokens left for a reply, if the server did not shorten it by itself.

        Raises:
            ContextError: the prompt leaves none, or nothing is known of its length.
            QuestionError: the question was refused for something else.
        """
        too_long = read_refusal(error.message)
        if too_long is None:  # the server's own words could quote the prompt
            raise QuestionError(f"the server refused the question ({error.status_code})") from error
        tokens, limit = too_long.tokens, too_long.limit
        if self.constrains:
            tokens, limit = await self._count(request) or (tokens, limit)
        if tokens is None or limit is None:
            raise ContextError(tokens, limit) from error
        room = room_for_reply(tokens, limit, request["max_tokens"])
        if room == request["max_tokens"]:  # it would be refused again
            raise ContextError(tokens, limit) from error
        return room

    async def _count(self, request: Mapping[str, Any]) -> tuple[int, int] | None:
        """Ask vLLM for the lengths of prompt and context: a refusal may say "at least"."""
        url = f"{self._base_url.rstrip('/').removesuffix('/v1')}/tokenize"
        body = {name: request[name] for name in ("model", "messages")}
        once = self._client.with_options(max_retries=0)
        try:
            counted = await once.post(url, cast_to=dict[str, Any], body=body)
            return int(counted["count"]), int(counted["max_model_len"])
        except (openai.OpenAIError, ValueError, TypeError, KeyError):
            return None

    async def close(self) -> None:
        """Close the connections; the engine takes no more questions."""
        await self._client.close()
