"""Connects to a server, so that texts of reports go there and nowhere else, and into no log."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from itertools import count
from typing import TypeVar
from urllib.parse import urlsplit

import openai

from leavs.engines.server.address import is_loopback
from leavs.engines.server.options import ServerOptions
from leavs.engines.server.waits import pause_before
from leavs.errors import EngineStartError

T = TypeVar("T")

BUSY = frozenset({408, 429, 502, 503, 504})  # of a server that is busy, or about to start
FIRST_TRIES = 3


def connect(options: ServerOptions) -> openai.AsyncOpenAI:
    """Return a client that makes one try of each request.

    Raises:
        EngineStartError: `base_url` is no URL.
    """
    try:
        host = urlsplit(options.base_url).hostname or ""
        _ = urlsplit(options.base_url).port
    except ValueError as error:
        raise EngineStartError(f"{options.base_url} is no URL: {error}; check --base-url") from None
    _quieten_logs()
    # Texts of reports go to --base-url alone: no redirect is followed, and no proxy is used to
    # reach this machine itself.
    direct = {"http://": None, "https://": None} if is_loopback(host) else None
    return openai.AsyncOpenAI(
        base_url=options.base_url,
        api_key=options.api_key,
        timeout=options.timeout_seconds,
        max_retries=0,
        http_client=openai.DefaultAsyncHttpxClient(mounts=direct, follow_redirects=False),
    )


def _quieten_logs() -> None:
    """Raise the level of the client's logs: at debug level some versions log whole requests."""
    known = [name for name in logging.root.manager.loggerDict if name.startswith("openai.")]
    for name in ("openai", *known):
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.getEffectiveLevel(), logging.INFO))


async def first_answer(ask: Callable[[], Awaitable[T]], options: ServerOptions) -> T:
    """Ask before a run for what the run needs, again where the server is busy or about to start.

    Raises:
        openai.OpenAIError: what came of the last try.
    """
    for number in count(1):
        headers: Mapping[str, str] = {}
        is_last = number >= min(FIRST_TRIES, options.tries)
        try:
            return await ask()
        except openai.APITimeoutError:
            raise
        except openai.APIStatusError as error:
            if is_last or error.status_code not in BUSY:
                raise
            headers = error.response.headers
        except openai.APIConnectionError:
            if is_last:
                raise
        await asyncio.sleep(pause_before(number, options.pause_seconds, headers))
    raise AssertionError("the last try raises or returns")
