"""Reports in text files: from a folder, from a list, one by one."""

import os
import tracemalloc
from pathlib import Path

import pytest

from any_source import put
from leavs.domain import Report, UnreadableReport
from leavs.errors import InputError
from leavs.reports import from_files, from_folder, from_list
from report_inputs import make, problems, texts


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"caf\x81\xe9", "neither UTF-8 nor cp1252"),
        (b"abc\0def", "holds NUL bytes"),
        ("Normal.".encode("utf-16-le"), "holds NUL bytes"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "holds NUL bytes"),
        (b"\xff\xfeabc", "not valid UTF-16"),
        (b"\xff\xfe\x00\xd8a\0", "neither UTF-8 nor cp1252"),
        (b"", "holds no text"),
        (b"\xef\xbb\xbf", "holds no text"),
        (b" \r\n\t\xc2\xa0\n", "holds no text"),
    ],
)
def test_text_files_that_hold_no_report(tmp_path: Path, data: bytes, reason: str) -> None:
    ((report_id, why),) = problems(from_files([make(tmp_path / "a.txt", data)]))
    assert report_id == "a"
    assert reason in why
    assert str(tmp_path / "a.txt") in why


def test_files_with_one_stem_are_told_of_input_dir(tmp_path: Path) -> None:
    paths = [make(tmp_path / name / "ct.txt") for name in ("one", "two")]
    ((report_id, reason),) = problems(from_files(paths))
    assert report_id == ""
    assert str(paths[0]) in reason
    assert str(paths[1]) in reason
    assert "--input-dir" in reason


def test_a_folder_gives_its_text_files_sorted_with_paths_as_ids(tmp_path: Path) -> None:
    for name in ("b.txt", "2/a.TXT", "10/c.d.txt", "10/notes.md", "z.text", "2/.txt"):
        make(tmp_path / name, name)
    source = from_folder(tmp_path)
    assert texts(source) == {"10/c.d": "10/c.d.txt", "2/a": "2/a.TXT", "b": "b.txt"}
    assert list(texts(source)) == ["10/c.d", "2/a", "b"]
    assert [entry.position for entry in source] == [0, 1, 2]


def test_odd_file_names_do_not_break_a_message(tmp_path: Path) -> None:
    make(tmp_path / "line\nbreak.txt")
    make(Path(os.fsdecode(os.fsencode(tmp_path) + b"/byte\x81.txt")))
    make(tmp_path / "normal.txt")
    entries = list(from_folder(tmp_path))
    assert [entry.id for entry in entries if isinstance(entry, UnreadableReport)] == ["", ""]
    for entry in entries:
        line = entry.source + getattr(entry, "reason", "")
        assert line.encode().isascii()
        assert line.isprintable()


def test_a_list_looks_beside_itself_then_in_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path / "lists" / "both.txt", "beside")
    make(tmp_path / "work" / "both.txt", "working directory")
    make(tmp_path / "work" / "here.txt", "working directory")
    absolute = make(tmp_path / "elsewhere" / "far.txt", "absolute")
    names = f"# reports\r\n\r\n both.txt \r\nhere.txt\n{absolute}\ngone.txt\n../work\n\0.txt\n"
    monkeypatch.chdir(tmp_path / "work")
    source = from_list(make(tmp_path / "lists" / "list", names))
    assert texts(source) == {
        "both": "beside",
        "here": "working directory",
        "far": "absolute",
    }
    gone, folder, no_path = problems(source)
    assert gone == ("gone", f"{tmp_path}/lists/gone.txt does not exist; check the path")
    assert folder[0] == "work"
    assert "is a folder" in folder[1]
    assert no_path[0] == ""
    assert source.count() == 6


def test_one_bad_file_of_many_does_not_stop_the_others(tmp_path: Path) -> None:
    good = make(tmp_path / "good.txt")
    os.mkfifo(tmp_path / "pipe.txt")
    bad = [tmp_path / "gone.txt", tmp_path, tmp_path / "pipe.txt", good / "below.txt"]
    source = from_files([*bad, good])
    assert list(texts(source)) == ["good"]
    reasons = [reason for _, reason in problems(source)]
    parts = ["does not exist", "is a folder", "not a regular file", "Not a directory"]
    assert all(part in reason for part, reason in zip(parts, reasons, strict=True))


def test_permissions(tmp_path: Path) -> None:
    locked = make(tmp_path / "locked.txt")
    locked.chmod(0)
    if os.access(locked, os.R_OK):
        pytest.skip("root may read everything")
    good = make(tmp_path / "good.txt")
    assert problems(from_files([locked, good])) == [
        ("locked", f"{locked} cannot be read: Permission denied")
    ]
    with pytest.raises(InputError, match="Permission denied"):
        from_files([locked])
    make(tmp_path / "sub" / "a.txt")
    (tmp_path / "sub").chmod(0)
    with pytest.raises(InputError, match="cannot be listed"):
        from_folder(tmp_path)
    (tmp_path / "sub").chmod(0o700)


def test_other_refusals(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no files are named"):
        from_files([])
    with pytest.raises(InputError, match="does not exist"):
        from_files([tmp_path / "gone.txt"])
    with pytest.raises(InputError, match="is a folder"):
        from_files([tmp_path])
    with pytest.raises(InputError, match=r"holds no \.txt files"):
        from_folder(tmp_path)
    with pytest.raises(InputError, match="No such file"):
        from_folder(tmp_path / "gone")


def test_a_folder_is_listed_in_the_order_of_ids_however_deep(tmp_path: Path) -> None:
    names = ["b", "a/z", "a-b", "a/b/c", "a", "a.b", "ä", "B", "a b/c"]
    for name in names:
        make(tmp_path / f"{name}.txt")
    make(tmp_path / "a" / "notes.md")
    (tmp_path / "linked").symlink_to(tmp_path / "a")  # as before: not followed
    (tmp_path / "c.txt").symlink_to(tmp_path / "b.txt")
    assert list(texts(from_folder(tmp_path))) == sorted([*names, "c"])


def test_many_names_are_not_kept_in_memory(tmp_path: Path) -> None:
    names = [f"{'long' * 20}{number:05d}.txt" for number in range(5_000)]
    for name in names:
        (tmp_path / name).touch()
    make(tmp_path / "list.lst", "\n".join(names))
    # pathlib interns the parts of a path; the table of those is Python's, and grows by itself.
    others = [
        tracemalloc.Filter(False, "*pathlib*"),
        tracemalloc.Filter(False, tracemalloc.__file__),
    ]
    for read in (lambda: from_folder(tmp_path), lambda: from_list(tmp_path / "list.lst")):
        tracemalloc.start()
        source = read()
        held = tracemalloc.take_snapshot().filter_traces(others).statistics("filename")
        tracemalloc.stop()
        assert source.count() == 5_000
        assert sum(one.size for one in held) < 200_000, "the names alone are half a megabyte"


def test_a_file_whose_name_is_dots_has_an_id(tmp_path: Path) -> None:
    put(tmp_path / "..txt", b"Normal.")
    put(tmp_path / "...txt", b"Normal.")
    found = [one.id for one in from_folder(tmp_path)]
    assert found in ([".", ".."], ["."], [".."]), "Path.with_suffix refuses them since Python 3.13"


@pytest.mark.parametrize("name", ["a\0b", "a\ud800b"])
def test_a_path_that_can_be_no_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="is not a path"):
        from_folder(Path(name))
    first, second = from_files([Path(f"{name}.txt"), put(tmp_path / "b.txt", b"Normal.")])
    assert isinstance(first, UnreadableReport)
    assert isinstance(second, Report)


def test_one_bad_name_in_a_utf16_list_does_not_stop_the_others(tmp_path: Path) -> None:
    put(tmp_path / "b.txt", b"Normal.")
    names = "a\ud800.txt\nb.txt\n".encode("utf-16", "surrogatepass")
    first, second = from_list(put(tmp_path / "a.lst", names))
    assert isinstance(first, UnreadableReport)
    assert isinstance(second, Report)
