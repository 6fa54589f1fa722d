"""Ids of two files agree where they mean the same scan."""

import pytest

from leavs.tables.report_ids import common_form, undoubled, without_extensions, without_folders


@pytest.mark.parametrize(
    ("given", "plain", "no_extensions", "no_folders"),
    [
        ("amos_5001", "amos_5001", "amos_5001", "amos_5001"),
        ("./a/x_1.nii.gz_./a/x_1.nii.gz", "./a/x_1.nii.gz", "./a/x_1", "x_1"),
        ("x.nii.gz.txt_x.nii.gz.txt", "x.nii.gz.txt", "x", "x"),
        ("a_b", "a_b", "a_b", "a_b"),
        ("a_a", "a", "a", "a"),
        ("1_1_1_1", "1_1", "1_1", "1_1"),
        (".txt", ".txt", ".txt", ".txt"),
        ("", "", "", ""),
    ],
)
def test_the_forms_of_an_id(given: str, plain: str, no_extensions: str, no_folders: str) -> None:
    assert undoubled(given) == plain
    assert without_extensions(given) == no_extensions
    assert without_folders(given) == no_folders


@pytest.mark.parametrize(
    ("left", "right", "shared"),
    [
        (["a", "b"], ["b", "c"], ["b"]),
        (["x.txt"], ["d/x.nii.gz_d/x.nii.gz"], ["x"]),
        (["a/x", "b/x"], ["a/x.txt", "b/x.txt"], ["a/x", "b/x"]),
        (["10001", "10002"], ["10001.0", "10002.0"], ["10001", "10002"]),
        (["1", "1.0"], ["1.0", "2"], ["1.0"]),
        (["1", "2", "v1.0"], ["1.0", "v1"], ["1"]),
    ],
)
def test_the_form_in_which_most_agree(left: list[str], right: list[str], shared: list[str]) -> None:
    form = common_form(left, right)
    assert form is not None
    assert sorted({form(one) for one in left} & {form(one) for one in right}) == shared


@pytest.mark.parametrize(("left", "right"), [(["a"], ["b"]), (["a/x", "b/x"], ["x"]), ([], ["a"])])
def test_ids_that_have_nothing_in_common(left: list[str], right: list[str]) -> None:
    assert common_form(left, right) is None
