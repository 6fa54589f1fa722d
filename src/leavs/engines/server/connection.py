"""Connects to a server, so that texts of reports go there and nowhere else, and into no log."""

import logging
from urllib.parse import urlsplit

import openai

from leavs.engines.server.address import is_loopback
from leavs.engines.server.options import ServerOptions
from leavs.errors import EngineStartError


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
