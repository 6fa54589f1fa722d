"""Asks a server on this machine by the engine over HTTP."""

import asyncio
from collections.abc import Sequence
from typing import Any

from leavs.engines.engine import Choices, Constraint, Message, Reply
from leavs.engines.server.engine import open_server, served_model
from leavs.engines.server.options import ServerOptions
from loopback_server import Server, running

MESSAGES = [Message("system", "You read reports."), Message("user", "CANARY: is it normal?")]
KEY = "sk-secret-of-this-test"


def options(server: Server, **more: Any) -> ServerOptions:
    return ServerOptions(server.base_url, **{"tries": 1, "timeout_seconds": 5.0, **more})


def ask_server(
    server: Server, constraint: Constraint | None = None, messages: Sequence[Message] = MESSAGES
) -> Reply:
    async def run() -> Reply:
        async with open_server(options(server)) as engine:
            return await engine.reply(messages, max_tokens=7, constraint=constraint)

    with running(server):
        return asyncio.run(run())


def start(server: Server, **more: Any) -> str:
    with running(server):
        return asyncio.run(served_model(options(server, **more)))


YES_NO = Choices(("Yes", "No"))
