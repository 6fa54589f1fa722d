"""A server on this machine that speaks as an OpenAI-compatible one, by a plan."""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import log
from typing import Any

from trial_answers import is_trial, trial_choice

MODELS = [("some/model", "vllm")]
Answer = tuple[int, str, str]  # status, content type, body
Deed = Callable[[BaseHTTPRequestHandler], None]  # what else can be done with a request


def answer_of(body: object, status: int = 200) -> Answer:
    return status, "application/json", json.dumps(body)


def completion(text: str | None, **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}}
    usage = {"prompt_tokens": 40, "completion_tokens": 2, "total_tokens": 42}
    return {
        "id": "1",
        "object": "chat.completion",
        "created": 1,
        "model": "some/model",
        "choices": [choice | {"finish_reason": "stop", "logprobs": None} | more],
        "usage": usage,
    }


def top_logprobs(**probabilities: float) -> dict[str, Any]:
    tops = [
        {"token": token, "logprob": log(value), "bytes": None}
        for token, value in probabilities.items()
    ]
    return {"content": [tops[0] | {"top_logprobs": tops}]}


def error_body(message: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": "BadRequestError", "code": 400}}


class Server:
    """Serves models, gives the planned answers in order (the last one again and again).

    Args:
        models: names and owners; or the whole answer to the question for them.
        counted: the answer to how many tokens a prompt has; None where the server cannot say.
    """

    def __init__(
        self,
        *plan: Answer | Deed,
        models: Sequence[tuple[str, str]] | Answer = MODELS,
        counted: Answer | None = None,
    ) -> None:
        self.plan = list(plan) or [answer_of(completion("A"))]
        self.models = models
        self.counted = counted
        self.bodies: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.headers: dict[str, str] = {}  # of every answer, beside those that it needs
        self.base_url = ""
        self.answers_trials = True

    def list_models(self) -> Answer:
        if isinstance(self.models, tuple):
            return self.models
        data = [{"id": name, "object": "model", "owned_by": by} for name, by in self.models]
        return answer_of({"object": "list", "data": data})

    def tried(self, body: bytes) -> Answer | None:
        """The answer to a trial question, which is none of the plan's; None to any other."""
        asked = json.loads(body)
        if not self.answers_trials or not is_trial(asked):
            return None
        obeys = isinstance(self.models, list) and all(by == "vllm" for _, by in self.models)
        # Without a count, for those of the planned answers are made up.
        return answer_of(completion("", **trial_choice(asked, obeys=obeys)) | {"usage": None})

    def complete(self, body: bytes) -> Answer | Deed:
        self.bodies.append(json.loads(body))
        return self.plan.pop(0) if len(self.plan) > 1 else self.plan[0]


def handler_for(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(server.list_models() if self.path == "/v1/models" else (404, "", ""))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/v1/chat/completions":
                self._answer(server.tried(body) or server.complete(body))
            else:
                counted = server.counted if self.path == "/tokenize" else None
                self._answer(counted or (404, "", ""))

        def _answer(self, answer: Answer | Deed) -> None:
            server.keys.append(self.headers["Authorization"])
            if callable(answer):
                answer(self)
                return
            status, content_type, body = answer
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            for name, value in server.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: Any) -> None:
            """Nothing: tests are quiet."""

    return Handler


class Listener(ThreadingHTTPServer):
    request_queue_size = 512  # of 5, a busy machine turns some away


@contextmanager
def running(server: Server, port: int = 0) -> Iterator[Server]:
    http = Listener(("127.0.0.1", port), handler_for(server))
    server.base_url = f"http://127.0.0.1:{http.server_address[1]}/v1"
    thread = threading.Thread(target=http.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        thread.join()
        http.server_close()
