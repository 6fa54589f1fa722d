"""Ids and texts of reports that somebody might write, as strategies of hypothesis."""

from hypothesis import strategies as st

NASTY_IDS = [
    *("../../x", "a/b", "..", ".", "/etc/passwd", "~", "CON", "A", "a", "é", "e\u0301", "ß", "ẞ"),
    *("NA", "nan", "null", "None", "01", "1e5", "=1+1", "-1", "@x", '"', "'", ",", "\t", "1,5"),
    *("a\u202eb", "\ufeffa", "\u200b", "🫀", "肝", "x" * 400, "x" * 401, "a\nb", "a\rb", "\x07"),
    *("", " ", "a ", " a", "\u2028", "a\u2028b", "\x85", "a\0b"),
]


NASTY_TEXTS = [
    *(
        "",
        " ",
        "\r",
        "\n",
        "a\rb",
        "a\r\nb\n",
        '"',
        '""',
        '",\n"',
        "\\",
        "\\n",
        "\0",
        "a\0",
        "\ufeff",
    ),
    *("\u2028", "\x85", "\x1a", "\x0c", "'", "{", "}", '{"id": 1}', "=1+1", "é 肝 🫀", "\ufffe"),
]


ids = st.one_of(st.sampled_from(NASTY_IDS), st.text(max_size=8))


texts = st.one_of(st.sampled_from(NASTY_TEXTS), st.text(max_size=30), st.text('",;\t\r\n\0 a'))


records = st.lists(st.tuples(ids, texts), min_size=1, max_size=8)
