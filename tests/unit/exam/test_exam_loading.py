"""Items are read strictly: what is wrong in one is told in one line."""

from pathlib import Path

import pytest

from leavs.domain import Certainty, Step
from leavs.errors import InputError
from leavs.exam.items import STEPS, Item, in_words, items_digest, load_fitting, load_items
from leavs.method.pack import Pack

ITEMS = {
    "filtration": """id = "f"
trap = "ducts"
organ = "liver"
why = "It is."
report = '''LIVER:
Large. Smooth. No cyst.'''
answer = [1, 3]
either = [2]""",
    "finding_types": """id = "t"
trap = "ducts"
organ = "liver"
why = "It is."
evidence = ["The liver is large."]
answer = ["enlarged"]
either = ["normal"]""",
    "certainty": """id = "c"
trap = "hedges"
organ = "liver"
why = "It is."
evidence = ["The liver may be large."]
finding_type = "enlarged"
mentioned = true
answer = "possible\"""",
    "urgency": """id = "u"
trap = "urgency levels"
organ = "liver"
why = "It is."
evidence = ["The liver may be large."]
finding_type = "enlarged"
certainty = "possible"
answer = 1""",
}


def write(folder: Path, **changed: str) -> Path:
    for step, item in (ITEMS | changed).items():
        (folder / f"{step}.toml").write_text(f"[[items]]\n{item}\n", encoding="utf-8")
    return folder


def load(folder: Path, pack: Pack) -> dict[str, Item]:
    return {item.id: item for item in load_items(folder, pack)}


def test_what_stands_in_the_files_is_what_is_asked(tmp_path: Path, pack: Pack) -> None:
    items = load(write(tmp_path), pack)
    assert [item.step for item in items.values()] == list(STEPS)
    assert items["f"].answer == {"1", "3"}
    assert items["f"].either == {"2"}
    assert items["f"].offered == ("1", "2", "3"), "the bare heading has no number"
    assert items["t"].answer == {"enlarged"}
    assert items["c"].offered[2:4] == ("possible", "affirmed")
    assert items["u"].certainty is Certainty.UNSURE
    assert {item.organ.name for item in items.values()} == {"liver"}


@pytest.mark.parametrize(
    ("named", "right"), [("1 3", True), ("1 2 3", True), ("1", False), ("1 2", False), ("", False)]
)
def test_a_list_is_right_if_it_has_all_and_nothing_that_it_may_not(
    named: str, right: bool, tmp_path: Path, pack: Pack
) -> None:
    assert load(write(tmp_path), pack)["f"].accepts(frozenset(named.split())) is right


def test_chance_is_that_of_a_random_answer(tmp_path: Path, pack: Pack) -> None:
    certainty = ITEMS["certainty"].replace("true", "false").replace("possible", "broad")
    items = load(write(tmp_path, certainty=certainty), pack)
    chances = {name: item.chance for name, item in items.items()}
    assert chances == {"f": 0.25, "t": 0.5**10, "c": 0.25, "u": 0.25}


@pytest.mark.parametrize(
    ("step", "old", "new", "says"),
    [
        ("filtration", "trap =", "trapp =", "unknown key 'trapp'; there are: id, trap"),
        ("certainty", 'why = "It is."', "", "lacks why"),
        ("certainty", "mentioned = true", "either = []", "unknown key 'either'"),
        ("urgency", '"urgency levels"', '"levels"', "no trap 'levels'; there are: negation"),
        ("urgency", '"liver"', '"heart"', "no organ 'heart'; there are: spleen, liver"),
        ("urgency", '"enlarged"', '"big"', "no finding type 'big'; there are: normal"),
        ("urgency", "answer = 1", "answer = 4", "answer 4 is not offered; there are: 0, 1, 2, 3"),
        ("urgency", "answer = 1", "answer = true", "answer True is not offered"),
        ("urgency", "answer = 1", "answer = [1]", "answer must be one answer"),
        ("urgency", 'certainty = "possible"', 'certainty = "denied"', "no certainty 'denied'"),
        ("filtration", "[1, 3]", "[1, 4]", "answer 4 is not offered; there are: 1, 2, 3"),
        ("filtration", "[1, 3]", "1", "answer must be a list"),
        ("filtration", "either = [2]", "either = [3]", "3 stands in answer and in either"),
        ("finding_types", '["enlarged"]', '["large"]', "answer 'large' is not offered"),
        ("finding_types", '["The liver is large."]', "[]", "must be a list of sentences"),
        ("finding_types", '["The liver is large."]', '[" "]', "each sentence of evidence must be"),
        ("certainty", "mentioned = true", "mentioned = 1", "mentioned must be true or false"),
        ("certainty", "mentioned = true", "mentioned = false", "answer 'possible' is not offered"),
        ("certainty", 'id = "c"', 'id = "f"', "two items have the id f"),
        ("certainty", 'id = "c"', "id = 3", "item 1: id must be text"),
        ("certainty", 'id = "c"', "id =", "not TOML"),
        ("certainty", 'id = "c"', '[x]\nid = "c"', "it must hold [[items]] and nothing else"),
    ],
)
def test_an_error_is_one_line_with_its_place(
    step: str, old: str, new: str, says: str, tmp_path: Path, pack: Pack
) -> None:
    assert old in ITEMS[step]
    write(tmp_path, **{step: ITEMS[step].replace(old, new)})
    with pytest.raises(InputError) as caught:
        load_items(tmp_path, pack)
    assert str(caught.value).startswith(f"{tmp_path / step}.toml: ")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("step", "old", "new"),
    [
        ("filtration", '"liver"', '"heart"'),
        ("finding_types", '["enlarged"]', '["large"]'),
        ("finding_types", '["normal"]', '["usual"]'),
        ("certainty", '"enlarged"', '"large"'),
        ("urgency", '"enlarged"', '"large"'),
    ],
)
def test_what_another_pack_lacks_is_left_out_and_counted(
    step: str, old: str, new: str, tmp_path: Path, pack: Pack
) -> None:
    write(tmp_path, **{step: ITEMS[step].replace(old, new)})
    items, left_out = load_fitting(tmp_path, pack)
    assert ([item.step for item in items], left_out) == ([one for one in STEPS if one != step], 1)


def test_what_is_wrong_in_every_pack_is_still_refused(tmp_path: Path, pack: Pack) -> None:
    write(tmp_path, urgency=ITEMS["urgency"].replace("answer = 1", "answer = 4"))
    with pytest.raises(InputError, match="answer 4 is not offered"):
        load_fitting(tmp_path, pack)


def test_a_missing_file_is_named(tmp_path: Path, pack: Pack) -> None:
    write(tmp_path)
    (tmp_path / "urgency.toml").unlink()
    with pytest.raises(InputError, match=r"urgency\.toml: cannot be read \(FileNotFoundError\)"):
        load_items(tmp_path, pack)


def test_another_item_is_another_hash(tmp_path: Path) -> None:
    before = items_digest(write(tmp_path))
    assert items_digest(write(tmp_path)) == before
    changed = ITEMS["urgency"].replace("answer = 1", "answer = 2")
    assert items_digest(write(tmp_path, urgency=changed)) != before


@pytest.mark.parametrize(
    ("answer", "words"),
    [({"10", "9", "2"}, "2, 9, 10"), ({"focal", "absent"}, "absent, focal"), (set(), "none")],
)
def test_an_answer_in_words(answer: set[str], words: str) -> None:
    assert in_words(frozenset(answer)) == words


def test_steps_are_those_that_ask() -> None:
    assert set(STEPS) == set(Step) - {Step.INPUT, Step.ENGINE}
