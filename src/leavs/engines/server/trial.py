"""Trial questions: a handful that hold no text of a report, and find how a server is spoken to.

What a server takes, passes over or does of its own cannot be told from its name or its version:
proxies rename, and unknown fields are often passed over without a word. So each thing is tried with
a question that shows whether it worked.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product
from typing import Any

import openai

from leavs.engines.engine import Choices, Constraint, Message
from leavs.engines.options import Thinking
from leavs.engines.server.alignment import answer_of
from leavs.engines.server.completion import Completion, as_reply, read_completion
from leavs.engines.server.connection import BUSY, first_answer
from leavs.engines.server.dialect import Dialect, Hold, Thoughts
from leavs.engines.server.options import ServerOptions
from leavs.engines.server.requests import build_request
from leavs.engines.server.served import KEY_REFUSED, key_refused, not_there
from leavs.engines.server.trial_texts import (
    COUNTING,
    FREELY,
    INSTRUCTIONS,
    LETTERED,
    LONG,
    LONG_INSTRUCTIONS,
    OTHERWISE,
    PLAIN,
)
from leavs.errors import EngineStartError

SHORT_TOKENS = 512  # enough for an answer of one letter, and for most thoughts before it
ANSWER_TOKENS = 64  # of a short answer, as JSON; not enough for most thoughts
LONG_QUESTIONS = 2  # of which the second is known to a server that counts only what is new
FEWEST_TOKENS = 16  # of an answer whose speed is measured
LEAST_SHARE = 0.05  # of a text's characters that a server counts as tokens, if it read the text

LETTERS = Choices(("A", "B", "C"))
# What makes a model think or not, in the words of servers and of chat templates
SWITCHES: Mapping[Thinking, Sequence[Mapping[str, Any]]] = {
    Thinking.OFF: (
        {"chat_template_kwargs": {"enable_thinking": False, "thinking": False}},
        {"reasoning_effort": "none"},
        {"thinking": {"type": "disabled"}},
        {"reasoning": {"enabled": False}},
        {"think": False},
        {"enable_thinking": False},
    ),
    Thinking.ON: (
        {"chat_template_kwargs": {"enable_thinking": True, "thinking": True}},
        {"reasoning_effort": "medium"},
        {"thinking": {"type": "enabled"}},
        {"reasoning": {"enabled": True}},
        {"think": True},
        {"enable_thinking": True},
    ),
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """The server did not take a request.

    Args:
        words: the server's own; a trial question holds nothing that they could give away.
    """

    status: int
    words: str


async def find_dialect(client: openai.AsyncOpenAI, options: ServerOptions, model: str) -> Dialect:
    """Ask trial questions, and return how the server wants to be spoken to.

    Args:
        model: as the server calls it.

    Raises:
        EngineStartError: no run can work: nothing is answered, whatever the form; or the model
            thinks and is told not to, or the other way round, and that cannot be switched.
    """
    trials = Trials(client, options, model)
    dialect, first = await trials.find_form()
    dialect = await trials.find_switch(dialect, first)
    dialect = await trials.find_count(dialect, first)
    dialect = await trials.find_speed(dialect)
    dialect = await trials.find_hold(dialect)
    return await trials.find_alternatives(dialect)


class Trials:
    """Asks trial questions, one after the other."""

    def __init__(self, client: openai.AsyncOpenAI, options: ServerOptions, model: str) -> None:
        self._client, self._options, self._model = client, options, model
        self._has_answered = False

    async def find_form(self) -> tuple[Dialect, Completion]:
        """Find the fields that a plain question needs; return its completion, too."""
        refusals = []
        # Some servers refuse a length in which the model's own thought has no room.
        for max_tokens, dialect in product((ANSWER_TOKENS, SHORT_TOKENS), _forms()):
            answer = await self._ask(dialect, LETTERED, max_tokens)
            if isinstance(answer, Completion):
                if not dialect.temperature and self._options.generation.sampling.temperature:
                    raise self._unusable("takes no temperature; leave --temperature out")
                return replace(dialect, says_end=not answer.end_unsaid), answer
            refusals.append(answer)
        first = refusals[0]
        if first.status == 404:
            raise self._unusable(
                f"has no model {self._model!r}, or no chat completions (404: {first.words}); check "
                "--model and --base-url"
            )
        raise self._unusable(
            f"refuses a trial question in every form ({first.status}: {first.words}); look at the "
            "server's log, or add what it wants with --server-arg name=value"
        )

    async def find_switch(self, dialect: Dialect, first: Completion) -> Dialect:
        """Find where the model's own thought stands, and how it is switched as the run asks."""
        if first.cut and first.text and not first.thought:  # a thought without its mark so far?
            whole = replace(dialect, thoughts=Thoughts.UNSEEN)
            longer = await self._ask(whole, LETTERED, SHORT_TOKENS)
            first = longer if isinstance(longer, Completion) else first
        thoughts, wanted = thoughts_of(first), self._options.generation.thinking
        if (thoughts is not Thoughts.NONE) is (wanted is Thinking.ON):
            return replace(dialect, thoughts=thoughts)
        for switch in SWITCHES[wanted]:
            switched = replace(dialect, switch=switch)
            if wanted is Thinking.ON:
                switched = replace(switched, thoughts=Thoughts.UNSEEN)
            # A thought that is not shown is seen by the answer for which it leaves no room.
            is_unseen = wanted is Thinking.OFF and thoughts is Thoughts.UNSEEN
            longest = ANSWER_TOKENS if is_unseen else SHORT_TOKENS
            answer = await self._ask(switched, LETTERED, longest)
            if isinstance(answer, Completion) and _is_switched(answer, wanted):
                return replace(switched, thoughts=thoughts_of(answer))
        if wanted is Thinking.ON:
            raise self._unusable(
                f"shows no thought of the model {self._model!r}; leave --thinking on out"
            )
        raise self._unusable(
            f"serves a model that thinks before it answers, {self._model!r} (thought "
            f"{thoughts}), and nothing tried switches that off; give --thinking on, or what "
            "switches it off with --server-arg or --chat-template-arg"
        )

    async def find_count(self, dialect: Dialect, first: Completion) -> Dialect:
        """Find how many characters the server counts as a token, and how soon it answers.

        A system turn that it takes and leaves out of the prompt shows here.
        """
        began = time.monotonic()
        found = await self._characters_a_token(dialect, first.prompt_tokens)
        dialect = replace(dialect, seconds=(time.monotonic() - began) / LONG_QUESTIONS)
        if found is None and dialect.system_role and first.prompt_tokens is not None:
            merged = replace(dialect, system_role=False)
            short = await self._ask(merged, LETTERED, 1)
            if isinstance(short, Completion):
                found = await self._characters_a_token(merged, short.prompt_tokens)
                dialect = dialect if found is None else merged
        if found is None and self._options.context is not None:
            raise self._unusable(
                "counts no tokens of a prompt, so that --max-model-len cannot be kept; leave it out"
            )
        return replace(dialect, characters_a_token=found)

    async def _characters_a_token(self, dialect: Dialect, short: int | None) -> float | None:
        once, again = [await self._prompt_tokens(dialect) for _ in range(LONG_QUESTIONS)]
        if short is None or once is None or again is None or again < once:
            return None
        characters = len(LONG_INSTRUCTIONS) - len(INSTRUCTIONS)
        tokens = once - short
        return characters / tokens if tokens >= LEAST_SHARE * characters else None

    async def _prompt_tokens(self, dialect: Dialect) -> int | None:
        """How many tokens the server counts of a long prompt."""
        answer = await self._ask(replace(dialect, thoughts=Thoughts.NONE), LONG, 1)
        return answer.prompt_tokens if isinstance(answer, Completion) else None

    async def find_speed(self, dialect: Dialect) -> Dialect:
        """Find how long the server takes for each token of an answer."""
        began = time.monotonic()
        asked = replace(dialect, thoughts=Thoughts.NONE)
        answer = await self._ask(asked, COUNTING, ANSWER_TOKENS)
        counted = answer.generated_tokens if isinstance(answer, Completion) else 0
        each = (time.monotonic() - began) / max(FEWEST_TOKENS, counted)
        return replace(dialect, seconds_a_token=each)

    async def find_hold(self, dialect: Dialect) -> Dialect:
        """Find a constraint that is obeyed, by a question whose free answer differs from it."""
        for hold in Hold:
            held = replace(dialect, hold=hold)
            if hold is Hold.NONE:
                break
            answer = await self._ask(held, FREELY, ANSWER_TOKENS, OTHERWISE)
            if isinstance(answer, Completion) and _obeys(answer, held):
                return held
        return dialect

    async def find_alternatives(self, dialect: Dialect) -> Dialect:
        """Find for how many alternatives of the answer's token the server gives probabilities."""
        for alternatives in (10, 5):
            asked = replace(dialect, alternatives=alternatives)
            answer = await self._ask(asked, LETTERED, ANSWER_TOKENS, LETTERS)
            if isinstance(answer, Completion):
                tokens = answer_of(answer.tokens, answer.text)
                weighed = any(len(token.alternatives) > 1 for _, token in tokens)
                return asked if weighed else dialect
        return dialect

    async def _ask(
        self,
        dialect: Dialect,
        messages: Sequence[Message],
        max_tokens: int,
        constraint: Constraint | None = None,
    ) -> Completion | Refusal:
        request = build_request(
            self._options, self._model, dialect, messages, max_tokens, constraint
        )
        ask = self._client.chat.completions.with_raw_response.create
        try:
            answer = await first_answer(lambda: ask(**request), self._options)
        except openai.APIStatusError as error:
            status, words = error.status_code, self._plain(error.message)
            if status in KEY_REFUSED and not self._has_answered:
                raise EngineStartError(key_refused(self._options, status)) from error
            if status in BUSY:
                raise self._unusable(
                    f"answers a trial question with {status} ({words}); try again when it is less "
                    "busy, or look at its log"
                ) from error
            return Refusal(status, words)
        except openai.APITimeoutError as error:
            raise self._unusable("gave no answer in time (--request-timeout)") from error
        except openai.OpenAIError as error:
            raise EngineStartError(not_there(self._options, error)) from error
        completion = read_completion(answer.http_response.content)
        self._has_answered = self._has_answered or completion is not None
        return completion or Refusal(200, "its answer is no completion")

    def _plain(self, message: str) -> str:
        """A server's words on one line, not too long, and without the key."""
        key = self._options.api_key
        return " ".join(message.replace(key, "…").split())[:200]

    def _unusable(self, why: str) -> EngineStartError:
        return EngineStartError(f"{self._options.base_url} {why}")


def _forms() -> Iterator[Dialect]:
    """The forms of a plain question, those with the fewest changes first."""
    changes: Sequence[Mapping[str, Any]] = (
        {"system_role": False},
        {"length_field": "max_completion_tokens"},
        {"temperature": False},
    )
    for count in range(len(changes) + 1):
        for chosen in combinations(changes, count):
            yield replace(Dialect(), **{name: one[name] for one in chosen for name in one})


def thoughts_of(completion: Completion) -> Thoughts:
    """Return where the model's own thought stands in a completion."""
    if completion.thought_in_text:
        return Thoughts.IN_TEXT
    if completion.thought:
        return Thoughts.IN_FIELD
    unseen = completion.thought_tokens or (completion.cut and not completion.text.strip())
    return Thoughts.UNSEEN if unseen else Thoughts.NONE


def _is_switched(completion: Completion, wanted: Thinking) -> bool:
    thinks = thoughts_of(completion) is not Thoughts.NONE
    if wanted is Thinking.ON:
        return thinks
    return not thinks and not completion.cut and bool(completion.text.strip())


def _obeys(completion: Completion, held: Dialect) -> bool:
    """Whether a reply is one of the choices, and the constraint did not keep it from a thought."""
    if held.thoughts is not Thoughts.NONE and thoughts_of(completion) is Thoughts.NONE:
        return False
    reply = as_reply(completion, OTHERWISE, held=True, as_json=held.hold.as_json)
    if not held.hold.as_json:
        return reply.text.strip() in OTHERWISE.options
    return PLAIN.fullmatch(reply.text.strip()) is not None
