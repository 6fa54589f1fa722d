"""Asks a server on this machine by the engine over HTTP."""

import asyncio
from collections.abc import Sequence
from typing import Any

from leavs.engines.engine import Choices, Constraint, Message, Reply
from leavs.engines.server.connection import connect
from leavs.engines.server.dialect import Dialect, Hold
from leavs.engines.server.engine import Served, open_server
from leavs.engines.server.options import ServerOptions
from leavs.engines.server.served import choose_served_model
from loopback_server import Server, running

MESSAGES = [Message("system", "You read reports."), Message("user", "CANARY: is it normal?")]
KEY = "sk-secret-of-this-test"

FREE = Served("some/model", Dialect(alternatives=10))  # holds no reply to a constraint
VLLM = Served("some/model", Dialect(hold=Hold.STRUCTURED_OUTPUTS, alternatives=10))


def options(server: Server, **more: Any) -> ServerOptions:
    return ServerOptions(server.base_url, **{"tries": 1, "timeout_seconds": 5.0, **more})


def ask_server(
    server: Server,
    constraint: Constraint | None = None,
    messages: Sequence[Message] = MESSAGES,
    served: Served = VLLM,
    **more: Any,
) -> Reply:
    async def run() -> Reply:
        async with open_server(options(server, **more), served) as engine:
            return await engine.reply(messages, max_tokens=7, constraint=constraint)

    with running(server):
        return asyncio.run(run())


def start(server: Server, **more: Any) -> str:
    with running(server):
        return asyncio.run(named(options(server, **more)))


async def named(options: ServerOptions) -> str:
    async with connect(options) as client:
        return await choose_served_model(client, options)


YES_NO = Choices(("Yes", "No"))
