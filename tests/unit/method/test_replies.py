"""How strictly replies are read: tables of what models say, what it is for, and what it says."""

import json
from typing import Any

import pytest

from leavs.engines.constraints import schema_of
from leavs.engines.engine import Pattern, Reply
from leavs.errors import AnswerError
from leavs.method.reply_form import (
    ReplyForm,
    list_of_numbers,
    one_of,
    several_of,
)
from replies_in_prose import IN_PROSE
from replies_read import READ
from replies_refused import REFUSED
from reply_forms import CERTAINTY, CUT, FORMS, JSON, TYPES

FAILS = None
TABLE = [*READ, *((reply, kind, FAILS) for reply, kind in [*REFUSED, *IN_PROSE])]


def as_reply(told: str) -> Reply:
    as_json = told.startswith(JSON)
    told = told.removeprefix(JSON)
    return Reply(told.removeprefix(CUT), cut=told.startswith(CUT), as_json=as_json)


def answer_in(told: str, kind: str) -> object:
    found = FORMS[kind].read(as_reply(told))
    return getattr(found, "choice", found)


@pytest.mark.parametrize(
    ("told", "kind", "answer"), TABLE, ids=[f"{kind}-{told[:40]!r}" for told, kind, _ in TABLE]
)
def test_a_reply_is_read_as_what_it_says_or_not_at_all(
    told: str, kind: str, answer: object
) -> None:
    if answer is FAILS:
        with pytest.raises(AnswerError):
            answer_in(told, kind)
    else:
        assert answer_in(told, kind) == answer


def test_the_table_is_large_and_at_least_half_of_it_fails() -> None:
    assert len(TABLE) == len({(told, kind) for told, kind, _ in TABLE}), "a row stands twice"
    assert len(TABLE) >= 140
    assert len(REFUSED) >= len(READ)


@pytest.mark.parametrize("kind", FORMS)
@pytest.mark.parametrize("way", ["", CUT, JSON, JSON + CUT])
def test_no_error_holds_text_of_the_reply(kind: str, way: str) -> None:
    for text in (
        "CANARY",
        "Answer: CANARY",
        '{"CANARY": 1}',
        '{"answer": "CANARY"}',
        '{"answer": [{"CANARY": 1, "CANARY": 2}]}',
        '"CANARY": maybe\n"CANARY": maybe',
    ):
        with pytest.raises(AnswerError) as error:
            answer_in(way + text, kind)
        assert "CANARY" not in repr(error.value)
        assert error.value.__cause__ is None
        assert error.value.__suppress_context__ or error.value.__context__ is None


SCHEMAS = [
    (several_of(TYPES), {"type": "array", "items": {"type": "string", "enum": list("ABCDE")}}, 5),
    (
        list_of_numbers(12),
        {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 12}},
        12,
    ),
]


@pytest.mark.parametrize(("form", "schema", "most"), SCHEMAS)
def test_a_list_has_a_schema(form: ReplyForm[Any], schema: dict[str, Any], most: int) -> None:
    told = schema_of(form.enforced)
    assert told["properties"]["answer"] == {**schema, "maxItems": most}
    assert schema_of(form.constraint) == {}, "a schema is told only where the form is enforced"


def test_quotes_have_a_schema() -> None:
    constraint = FORMS["quotes"].constraint
    assert isinstance(constraint, Pattern)
    items = json.loads(constraint.schema)["items"]
    assert items["required"] == list(items["properties"]) == ["quote", "informative"]
    assert items["additionalProperties"] is False


def length(text: str) -> int:
    """More tokens than a usual vocabulary takes: each sign is one, and four letters are."""
    return sum(1 if not word.isalnum() else len(word) // 4 + 1 for word in _pieces(text))


def _pieces(text: str) -> list[str]:
    pieces, word = [], ""
    for sign in text:
        if sign.isalnum():
            word += sign
        else:
            pieces += [word, sign] if word else [sign]
            word = ""
    return [*pieces, word] if word else pieces


EVERY = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
AS_JSON: list[tuple[ReplyForm[Any], object]] = [
    (one_of("ABCDEF", CERTAINTY), "A"),
    (several_of(EVERY[:2]), list(EVERY[:2])),
    (several_of(EVERY), list(EVERY)),
    (list_of_numbers(1), [1]),
    (list_of_numbers(137), list(range(1, 138))),
]


@pytest.mark.parametrize(("form", "answer"), AS_JSON, ids=lambda value: str(value)[:20])
def test_there_is_room_for_the_longest_answer_as_json(form: ReplyForm[Any], answer: object) -> None:
    assert length(json.dumps({"answer": answer})) <= form.max_tokens
