"""The errors that leavs raises on purpose."""

import pickle

import pytest

from leavs.errors import ContextError


@pytest.mark.parametrize("lengths", [(18_204, 16_384), (None, 16_384), (None, None)])
def test_a_prompt_that_is_too_long_is_the_same_error_in_another_process(
    lengths: tuple[int | None, int | None],
) -> None:
    error = ContextError(*lengths)
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert (str(copy), copy.tokens, copy.limit) == (str(error), *lengths)
