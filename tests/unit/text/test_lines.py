"""What ends a line, and what does not."""

import pytest

from leavs.text.lines import lines_of

LINES: list[tuple[str, list[str]]] = [
    ("", []),
    (" \n\t\n ", []),
    ("a\nb\r\nc\rd", ["a", "b", "c", "d"]),
    ("a\x0bb\x0cc\x85d\u2028e", ["a", "b", "c", "d", "e"]),
    # Escapes of HL7, JSON, HTML, Excel, RTF.
    ("a\\.br\\b\\.sp\\c\\.in+4\\d", ["a", "b", "c", "d"]),
    ("a\\E\\.br\\E\\b", ["a", "b"]),
    ("a\\X0D0A\\b\\X0A\\c", ["a", "b", "c"]),
    ("a\\nb\\r\\nc\\\\nd", ["a", "b", "c", "d"]),
    ("a<br>b<BR/>c<br />d&lt;br&gt;e", ["a", "b", "c", "d", "e"]),
    ("<p>a</p><p>b</p><ul><li>c</li></ul>", ["a", "b", "c"]),
    ("a&#10;b&#xA;c&#13;&#10;d&#x0D;e", ["a", "b", "c", "d", "e"]),
    ("a_x000D_\nb_x000a_c", ["a", "b", "c"]),
    ("a\\par b\\line\nc", ["a", "b", "c"]),
    ("Liver normal~Spleen large~~No ascites", ["Liver normal", "Spleen large", "No ascites"]),
    ("Findings:~1. Cyst~2. Stone~8 mm node", ["Findings:", "1. Cyst", "2. Stone", "8 mm node"]),
    ("Liver normal|Spleen large|No cyst|No stone",
     ["Liver normal", "Spleen large", "No cyst", "No stone"]),
    ("Liver normal¶Spleen large¶No stone", ["Liver normal", "Spleen large", "No stone"]),
    # No line ends.
    ("A cyst of ~6 cm and ~7 mm", ["A cyst of ~6 cm and ~7 mm"]),
    ("Liver ~ spleen", ["Liver ~ spleen"]),
    ("one~a\ntwo~b\nthree\nfour", ["one~a", "two~b", "three", "four"]),
    ("Liver | cyst\nSpleen | normal", ["Liver | cyst", "Spleen | normal"]),
    ("x10^9 and 2^3 and 4^5", ["x10^9 and 2^3 and 4^5"]),
    ("Fat &amp; fluid &lt; 3 cm, &#181;m", ["Fat &amp; fluid &lt; 3 cm, &#181;m"]),
    ("CT <3 mm and >5 mm, <body>", ["CT <3 mm and >5 mm, <body>"]),
    ("on the \\right side", ["on the \\right side"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), LINES)
def test_lines(text: str, expected: list[str]) -> None:
    assert [text[line.start : line.end] for line in lines_of(text)] == expected


@pytest.mark.parametrize(
    "doubled", ["a\r\nb", "a\r\r\nb", "a<br>\nb", "a\\.br\\\r\nb", "a_x000D_\nb", "a&#13;&#10;b"]
)
def test_two_signs_for_one_line_end_make_no_blank_line(doubled: str) -> None:
    assert [line.blanks for line in lines_of(doubled)] == [0, 0]


def test_a_line_knows_its_columns_its_blank_lines_and_its_page() -> None:
    first, second, third = lines_of("ab\n\n \n\tcd e\n\f\nf")
    assert (first.indent, first.width, first.blanks, first.new_page) == (0, 2, 0, False)
    assert (second.indent, second.width, second.blanks, second.new_page) == (8, 12, 2, False)
    assert (third.blanks, third.new_page) == (1, True)
