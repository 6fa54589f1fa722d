"""Serves the reader that stands in for a model, as `vllm serve` serves one: for docs/tutorial.md.

No model is asked, and no GPU is needed. It answers on the reports in data/ and the items of the
exam alone.

    PYTHONPATH=tests/support python scripts/stand_in_server.py --port 8000
"""

import argparse
import json
import threading
from collections.abc import Sequence
from typing import Any

from leavs.engines.engine import Message
from leavs.method.pack import find_pack, load_pack
from loopback_server import Answer, Server, answer_of, completion, error_body, running, top_logprobs
from stand_in_reader import StandInReader
from trial_answers import is_trial, trial_choice

MODEL = "scripted-reader"
CHARACTERS_A_TOKEN = 4  # there is no tokenizer; about as in English text


class StandInServer(Server):
    """Answers what the reader answers, with the probabilities that it gives to its answers."""

    def __init__(self) -> None:
        """Make the reader, which takes a moment."""
        super().__init__(models=[(MODEL, "vllm")])
        self.reader = StandInReader(load_pack(find_pack("leavs")))

    def tried(self, body: bytes) -> Answer | None:
        """Answer a trial question as a server that obeys constraints; None to any other."""
        asked = json.loads(body)
        return _answer(asked, **trial_choice(asked, obeys=True)) if is_trial(asked) else None

    def complete(self, body: bytes) -> Answer:
        """Answer a question of leavs."""
        asked = json.loads(body)
        messages = [Message(one["role"], one["content"]) for one in asked["messages"]]
        try:
            reply = self.reader(messages)
        except (KeyError, IndexError, ValueError):
            return answer_of(error_body("only the reports in data/ and the exam are known"), 400)
        message = {"role": "assistant", "content": reply.text}
        shares = reply.probabilities or {reply.text: 1.0}  # of a thought nobody asks for any
        return _answer(asked, message=message, logprobs=top_logprobs(**shares))


def _answer(asked: dict[str, Any], **choice: Any) -> Answer:
    read = sum(len(one["content"]) for one in asked["messages"]) // CHARACTERS_A_TOKEN
    written = len(choice["message"]["content"]) // CHARACTERS_A_TOKEN + 1
    usage = {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}
    answer = completion(None, **choice) | {"model": MODEL, "usage": usage}
    return answer_of(answer)


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--port", type=int, default=8000)
    options = parser.parse_args(arguments)
    with running(StandInServer(), options.port) as server:
        print(f"{MODEL} at {server.base_url}, until Ctrl-C", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print("ended")


if __name__ == "__main__":
    main()
