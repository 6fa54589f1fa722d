"""Reads what vLLM answers: the text, what it cost, and how probable it was.

Imports neither vllm nor torch; vLLM's outputs are taken as they are.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from math import exp
from typing import Any

from leavs.engines.constraints import grammar_of
from leavs.engines.engine import Choices, Constraint, Pattern, Reply
from leavs.engines.replies import completed_choice, probabilities_of_choices, shares_of
from leavs.engines.thoughts import split_thought

Decode = Callable[[Sequence[int]], str]  # the text of token ids


def as_reply(
    output: Any,
    prompt: Sequence[int],
    constraint: Constraint | None,
    answers: Mapping[int, str],
    decode: Decode,
) -> Reply:
    """Make the reply to a question.

    Args:
        output: vLLM's RequestOutput.
        prompt: the token ids of the question.
        answers: the choice that each allowed token stands for; empty if the reply could be longer
            than one token.
    """
    completion = output.outputs[0]
    ids, cut = completion.token_ids, completion.finish_reason == "length"
    probabilities: Mapping[str, float] = {}
    if answers:
        text, cut = answers[ids[0]], False
        probabilities = _of_tokens(completion, answers)
    else:
        text = decode(ids)
        if isinstance(constraint, Choices):
            text, cut = completed_choice(text, cut, constraint.options)
            probabilities = _of_beginnings(completion, constraint.options, decode)
    return Reply(
        text,
        cut=cut,
        probabilities=probabilities,
        probability=_of_reply(completion, constraint),
        grammar=not answers and bool(grammar_of(constraint)),
        prompt_tokens=len(prompt),
        cached_tokens=output.num_cached_tokens or 0,
        generated_tokens=len(ids),
        token_ids=[*prompt, *ids],
    )


def without_thought(reply: Reply, marked: str, constraint: Constraint | None) -> Reply:
    """Cut the thought from a reply in which there are marks of one.

    Where the reply was left free it is the reasoning before an answer; of a thought that was cut
    off, the words are all the reasoning that there is.

    Args:
        marked: the text of the reply, with the marks.
    """
    split = split_thought(marked)
    if split.unfinished and constraint is None:
        return replace(reply, text=split.thought, token_ids=())
    # What follows is encoded anew, without the thought.
    return replace(
        reply,
        text=split.answer,
        thought=split.thought,
        probability=None if split.thought else reply.probability,  # it is that of all tokens
        token_ids=(),
    )


def _of_tokens(completion: Any, answers: Mapping[int, str]) -> dict[str, float]:
    """The probability of each choice among all; empty if vLLM gives none."""
    mass = dict.fromkeys(answers.values(), 0.0)
    for token, logprob in _at_first(completion):
        if token in answers:
            mass[answers[token]] += exp(logprob)
    return shares_of(mass)


def _of_beginnings(completion: Any, options: Sequence[str], decode: Decode) -> dict[str, float]:
    return probabilities_of_choices(
        options, ((decode([token]), logprob) for token, logprob in _at_first(completion))
    )


def _at_first(completion: Any) -> Iterable[tuple[int, float]]:
    """The tokens with which the reply could begin, and their log-probabilities."""
    logprobs = completion.logprobs
    if not logprobs:
        return ()
    if hasattr(logprobs, "end_indices"):  # vLLM's FlatLogprobs, which would make objects of them
        end = logprobs.end_indices[0]
        return zip(logprobs.token_ids[:end], logprobs.logprobs[:end], strict=True)
    return ((token, one.logprob) for token, one in logprobs[0].items())


def _of_reply(completion: Any, constraint: Constraint | None) -> float | None:
    """The probability of the whole reply, where a weighed Pattern asks for it."""
    if not isinstance(constraint, Pattern) or not constraint.weighed:
        return None
    return None if completion.cumulative_logprob is None else exp(completion.cumulative_logprob)
