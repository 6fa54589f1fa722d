"""How much of its prompts an engine could take from a prefix cache that forgets nothing.

A token of a prompt need not be computed if an earlier request began with the same tokens up to it,
in its prompt or in what the engine wrote after it: a conversation that goes on reads its own reply
again. Two tokens are always computed: the last one of a prompt, from which the reply follows, and
the last one of a reply, which the engine wrote and has not read. Real caches keep whole blocks.

Pure functions; knows nothing of engines. bench_engine.py prints what share of this a run got.
"""

from collections.abc import Iterable, Sequence


def best_saving(requests: Iterable[tuple[Sequence[int], int]], block: int = 1) -> int:
    """Return how many prompt tokens of the requests need not be computed, at best.

    Walks each request down a trie of all that is known, in which a step is one block of tokens;
    the prompt tokens for which there is no way yet are the trie's distinct nodes.

    Args:
        requests: in the order of their replies; the tokens of prompt and reply, and how many of
            them are the prompt's.
        block: tokens that a cache keeps or forgets together.
    """
    trie: dict[tuple[int, tuple[int, ...]], int] = {}  # a node and the block behind it: a node
    saved = 0
    for tokens, prompt_tokens in requests:
        node, usable = 0, (prompt_tokens - 1) // block
        for place in range((len(tokens) - 1) // block):
            step = (node, tuple(tokens[place * block : (place + 1) * block]))
            if step in trie and place < usable:
                saved += block
            node = trie.setdefault(step, len(trie) + 1)
    return saved
