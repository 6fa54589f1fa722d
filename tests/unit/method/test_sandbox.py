"""A pack may come from a stranger: no template of it can run Python, read a file or go on for ever,
and what tries is refused when the pack is loaded."""

import shutil
from pathlib import Path

import pytest

from leavs.domain import Prompt
from leavs.errors import PackError
from leavs.method.pack import load_pack
from leavs.method.sandbox import PROMPTS, compile_prompt, context_of, rendered
from places import ROOT

ESCAPES = [
    "{{ cycler.__init__.__globals__.os.popen('touch ran').read() }}",
    "{{ joiner.__init__.__globals__ }}",
    "{{ namespace['__init__'] }}",
    "{{ self.__class__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ ''['__class__'] }}",
    "{{ '' | attr('__class__') }}",
    "{{ '' | attr('__cl' ~ 'ass__') }}",
    "{{ ''['__cl' ~ 'ass__'] }}",
    "{{ ['', ''] | map(attribute='__class__') | join }}",
    "{{ ['', 'a'] | sort(attribute='__class__') }}",
    "{{ '{0.__class__}'.format('') }}",
    "{{ ('{0.__class__}' | attr('format'))('') }}",
    "{{ ['{0.__class__}'.format] | map('call') | list }}",
    "{{ ''.format_map({}).__class__ }}",
    "{% if false %}{{ cycler.__init__ }}{% endif %}",
    "{% for _ in [] %}{{ ''['__class__'] }}{% endfor %}",
    "{% macro m() %}{{ caller.__globals__ }}{% endmacro %}",
    "{% include 'ontology.toml' %}",
    "{% include '/etc/passwd' ignore missing %}",
    "{% import 'urgency.jinja' as other %}",
    "{% from 'urgency.jinja' import other %}",
    "{% if false %}{% include 'ontology.toml' %}{% endif %}",
    "{% for _ in range(10 ** 9) %}{% endfor %}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{{ lipsum.__globals__ }}",
    "{{ 1 / 0 }}",
    "{{ [] + 1 }}",
    "{{ 'a' | nosuchfilter }}",
]
IN_PROMPTS = [
    "{{ evidence.append('x') }}",
    "{{ choices.clear() }}",
    "{{ choices[0].update(name='x') }}",
    "{{ evidence.__class__ }}",
    "{{ evidence | attr('__class__') }}",
]


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copytree(ROOT / "prompts" / "leavs", tmp_path / "mine"))


def refusal(folder: Path, file: str, before: str, escape: str) -> str:
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, before + escape, 1), encoding="utf-8")
    with pytest.raises(PackError) as error:
        load_pack(folder)
    return str(error.value)


@pytest.mark.parametrize(
    ("block", "escape"),
    [
        *(("question", escape) for escape in ESCAPES),
        ("instructions", ESCAPES[0]),
        ("answer", ESCAPES[0]),
    ],
)
def test_a_prompt_that_reaches_out_is_refused(copy: Path, block: str, escape: str) -> None:
    said = refusal(copy, "certainty.jinja", f"{{% block {block} %}}", escape)
    assert said.startswith(str(copy / "certainty.jinja"))
    assert "\n" not in said
    assert not Path("ran").exists()


@pytest.mark.parametrize("escape", IN_PROMPTS)
def test_a_prompt_cannot_change_or_open_what_it_is_shown(copy: Path, escape: str) -> None:
    said = refusal(copy, "certainty.jinja", "{% block question %}", escape)
    assert said.startswith(str(copy / "certainty.jinja"))
    assert "\n" not in said


@pytest.mark.parametrize(
    ("key", "escape"),
    [
        *(("meaning", escape) for escape in ESCAPES),
        ("statement", ESCAPES[0]),
        ("traps", ESCAPES[0]),
    ],
)
def test_an_ontology_that_reaches_out_is_refused(copy: Path, key: str, escape: str) -> None:
    said = refusal(copy, "ontology.toml", f'\n{key} = "', escape.replace("'", "\\u0027"))
    assert said.startswith(f"{copy / 'ontology.toml'}: {key} of ")
    assert "\n" not in said
    assert not Path("ran").exists()


def test_a_prompt_cannot_stand_on_another_file(copy: Path) -> None:
    path = copy / "urgency.jinja"
    path.write_text("{% extends 'certainty.jinja' %}" + path.read_text())
    with pytest.raises(PackError, match=r"urgency\.jinja line 1: .*extends are refused"):
        load_pack(copy)


def test_where_it_fails_only_with_a_report_no_text_of_the_report_is_said(copy: Path) -> None:
    path = copy / "filtration_fast.jinja"
    fails = "{% if report | length > 1 %}{{ {}[report] }}{% endif %}"
    path.write_text(
        path.read_text().replace("{% block question %}", "{% block question %}" + fails)
    )
    pack = load_pack(copy)
    with pytest.raises(PackError, match=r"block question: cannot be rendered \(Undef") as error:
        pack.question(
            Prompt.FILTRATION_FAST, organ="x", covers="x", report="CANARY", reasoning=False
        )
    assert "CANARY" not in str(error.value)


@pytest.mark.parametrize(
    ("block", "says"),
    [
        ("{{ word }} {{ words | join(',') }}", "x a,b"),
        ("{{ self.other() }}", "other x"),
        ("{% for one in words %}{{ loop.index }}{{ one }}{{ word }}{% endfor %}", "1ax2bx"),
        ("{% set word = 'y' %}{{ word }} {{ self.other() }}", "y other x"),
        ("{% set n = namespace(x=1) %}{% set n.x = range(3) | sum %}{{ n.x }}", "3"),
        ("{{ dict(a=word).a }}{{ joiner(',')() }}", "x"),
        ("{{ missing }}", None),
        ("{{ self.nothing() }}", None),
    ],
)
def test_a_block_says_what_jinja_itself_would_have_it_say(block: str, says: str | None) -> None:
    blocks = "{% block it %}" + block + "{% endblock %}"
    template = compile_prompt(blocks + "{% block other %}other {{ word }}{% endblock %}", "here")
    values = {"word": "x", "words": ["a", "b"]}
    for context in (context_of(template, values), template.new_context(dict(values))):
        if says is None:
            with pytest.raises(PackError, match="here: cannot be rendered"):
                rendered(template.blocks["it"](context), "here")
        else:
            assert rendered(template.blocks["it"](context), "here") == says
    assert values == {"word": "x", "words": ["a", "b"]}


@pytest.mark.parametrize(
    ("harmless", "says"),
    [
        ("{% for n in range(3) %}{{ n }}{% endfor %}", "012"),
        ("{% set n = namespace(x=1) %}{% set n.x = 2 %}{{ n.x }}", "2"),
        ("{% macro m(a) %}<{{ a }}>{% endmacro %}{{ m('b') }}", "<b>"),
        ("{{ 'a_b'.split('_') | join(' ') }} {{ '%s' % 1 }} {{ '{}'.format(2) }}", "a b 1 2"),
        ("{{ {'name': 'x'}['name'] }} {{ {'a_': 1}.a_ }}", "x 1"),
    ],
)
def test_what_templates_are_for_goes_on(harmless: str, says: str) -> None:
    template = compile_prompt(harmless, "here")
    assert rendered(template.generate(), "here") == says
    assert PROMPTS.loader is None
