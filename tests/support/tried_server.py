"""A server on this machine that answers trial questions, and differs as a test wants."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from math import log
from typing import Any

from asked_server import options
from leavs.engines.options import Generation, Thinking
from leavs.engines.server.dialect import Dialect
from leavs.engines.server.engine import Served, meet_server
from leavs.engines.server.trial_texts import LETTERED
from loopback_server import Answer, Deed, Server, answer_of, completion, error_body, running

Body = dict[str, Any]
THINK = "<think>\nThe note says so.\n</think>\n\n"


class TriedServer(Server):
    """Answers any question, in its own way.

    Args:
        holds: says which answer it gives in place of its free one; None for the free one.
        refuses: says what it refuses a request for, with a status; None if it takes it.
        thinks: whether it thinks about a request.
    """

    def __init__(
        self,
        holds: Callable[[Body], str | None] = lambda _: None,
        refuses: Callable[[Body], tuple[int, str] | None] = lambda _: None,
        thinks: Callable[[Body], bool] = lambda _: False,
        **more: Any,
    ) -> None:
        super().__init__(**more)
        self.answers_trials = False
        self.holds, self.refuses, self.thinks = holds, refuses, thinks
        self.in_text = True
        self.counts = True
        self.reads: Callable[[Body], list[str]] = texts_of
        self.logprobs: int | None = None

    def complete(self, body: bytes) -> Answer | Deed:
        asked = json.loads(body)
        self.bodies.append(asked)
        if refused := self.refuses(asked):
            return answer_of(error_body(refused[1]), refused[0])
        letters = asked["messages"][-1]["content"].endswith(LETTERED[-1].content)
        text = self.holds(asked) or ("C" if letters else "tomato")
        message: Body = {"role": "assistant", "content": text}
        if self.thinks(asked):
            beside = {} if self.in_text else {"reasoning_content": "The note says so."}
            message |= {"content": THINK + text} if self.in_text else beside
        answer = completion(text, message=message, logprobs=self._logprobs(asked, text))
        read = sum(map(len, self.reads(asked)))
        answer["usage"] = {"prompt_tokens": 12 + read // 4} if self.counts else None
        return answer_of(answer)

    def _logprobs(self, asked: Body, text: str) -> Body | None:
        wanted = asked.get("top_logprobs") if asked.get("logprobs") else None
        if self.logprobs is None or wanted is None:
            return None
        pairs = [(text, 0.9), ("another", 0.05)][: self.logprobs]
        tops = [{"token": token, "logprob": log(one)} for token, one in pairs]
        return {"content": [tops[0] | {"top_logprobs": tops}]}


def texts_of(body: Body) -> list[str]:
    return [message["content"] for message in body["messages"]]


def met(server: Server, thinking: Thinking = Thinking.OFF, **more: Any) -> Served:
    more = {"generation": Generation(thinking=thinking), "pause_seconds": 0.001, **more}
    with running(server):
        return asyncio.run(meet_server(options(server, **more)))


def found(server: Server, thinking: Thinking = Thinking.OFF, **more: Any) -> Dialect:
    return replace(met(server, thinking, **more).dialect, seconds=0.0, seconds_a_token=0.0)


def choice(body: Body) -> str | None:
    held = body.get("structured_outputs")
    return held["choice"][0] if held else None


def named(name: str, value: object) -> Callable[[Body], bool]:
    return lambda body: body.get("chat_template_kwargs", body).get(name) == value
