"""The commands of a page are read out of its fences, and outputs put back under them."""

from page_commands import Shown, shown_commands, with_outputs

PAGE = """# A page
```console
$ leavs one \\
> --two
first line

last line
$ export A=B
```
Words, and `leavs three` among them.
<!-- not run: it needs a GPU -->
```sh
vllm serve x
```
```sh
# a comment
leavs four # another
leavs five \\
  --six
```
```python
print("no command")
```
<!-- not run: nor this -->
```sh
vllm serve y
```
"""


def test_each_command_comes_with_its_output_and_place() -> None:
    assert shown_commands(PAGE) == [
        Shown("leavs one \\\n--two", "first line\n\nlast line", 3),
        Shown("export A=B", "", 8),
        Shown("vllm serve x", None, 13, "it needs a GPU"),
        Shown("leavs four # another", None, 17),
        Shown("leavs five \\\n  --six", None, 18),
        Shown("vllm serve y", None, 26, "nor this"),
    ]


def test_outputs_are_put_under_their_commands_and_nothing_else_changes() -> None:
    page = with_outputs(PAGE, {3: "one\ntwo", 8: "exported"})
    assert [one.output for one in shown_commands(page)][:2] == ["one\ntwo", "exported"]
    assert with_outputs(page, {3: "first line\n\nlast line", 10: "x", 7: ""}) == PAGE
