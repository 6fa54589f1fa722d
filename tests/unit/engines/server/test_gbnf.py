import pytest

from leavs.engines.server.gbnf import gbnf_of


@pytest.mark.parametrize(
    ("regex", "grammar"),
    [
        ("A|B", 'root ::= "A" | "B"'),
        ("Yes|No", 'root ::= "Y" "e" "s" | "N" "o"'),
        (r"\([AB]\)(, \([AB]\)){0,3}", 'root ::= "(" [AB] ")" ( "," " " "(" [AB] ")" ) {0,3}'),
        ('"[^"\\n]+": (?:x|y)', 'root ::= "\\"" [^"\\n] + "\\"" ":" " " ( "x" | "y" )'),
        (r"a\n?b*", 'root ::= "a" "\\n" ? "b" *'),
        (r"[1-9][0-9]-\\", 'root ::= [1-9] [0-9] "-" "\\\\"'),
    ],
)
def test_an_expression_is_written_as_a_grammar(regex: str, grammar: str) -> None:
    assert gbnf_of(regex) == grammar
