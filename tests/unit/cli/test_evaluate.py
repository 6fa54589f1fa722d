"""`leavs evaluate`: what it says of good input, and of every kind of bad input, on one line."""

import html
import itertools
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from leavs import cli
from leavs.cli import exit_codes
from leavs.evaluation import evaluate_labels, sheets
from leavs.evaluation.items import Task, Variant
from leavs.evaluation.page import FILES
from places import ROOT

KEYS = "subjectid_studyid,organ,type_annotation"
TYPES = "absent,postsurgical,enlarged,atrophy,diffuse,focal"
HEAD = f"{KEYS},{TYPES}\n"
GOOD = HEAD + "".join(
    f"{report},{organ},labels,0,0,0,0,0,{focal}\n{report},{organ},urgency,-1,-1,-1,-1,-1,{urgency}\n"
    for report, organ in itertools.product("abc", ("liver", "spleen"))
    for focal, urgency in [(1, 2) if report != "c" else (0, -1)]
)
HUMAN_HEAD = (
    "subjectid_studyid,type_annotation,labeler,liver_postsurgical_absent,liver_enlarged_atrophy,"
    "liver_diffuse,liver_focal\n"
)


def human(annotators: dict[str, str]) -> str:
    """A wide file: each annotator reads some reports, and affirms a focal finding in all."""
    return HUMAN_HEAD + "".join(
        f"{report},labels,{who},0,0,0,1\n{report},urgency,{who},,,,2\n"
        for who, reports in annotators.items()
        for report in reports
    )


def evaluate(folder: Path, labels: str, annotations: str, *more: str) -> int:
    (folder / "labels.csv").write_text(labels)
    (folder / "annotations.csv").write_text(annotations)
    paths = [str(folder / "labels.csv"), "--annotations", str(folder / "annotations.csv")]
    where = [] if "--output-dir" in more else ["--output-dir", str(folder / "out")]
    where += [] if "--resamples" in more else ["--resamples", "20"]
    return cli.run(["evaluate", *paths, *where, *more])


def without(column: str, text: str = GOOD) -> str:
    lines = [line.split(",") for line in text.splitlines()]
    place = lines[0].index(column)
    return "".join(",".join(w for i, w in enumerate(x) if i != place) + "\n" for x in lines)


def numbered(text: str, end: str = "") -> str:
    """The table with 10001 and so on for the ids a, b and c."""
    head, *rows = text.splitlines()
    ids = {name: f"1000{number}{end}" for number, name in enumerate("abc", start=1)}
    return "\n".join([head, *(ids[row[0]] + row[1:] for row in rows), ""])


@pytest.mark.parametrize("annotations", [GOOD, human({"R1": "abc", "R2": "ab"})])
def test_annotations_may_have_been_saved_by_excel(tmp_path: Path, annotations: str) -> None:
    labels, plain = tmp_path / "labels.csv", numbered(annotations)
    labels.write_text(numbered(GOOD))
    files = {
        "plain": plain.encode(),
        "semicolons": plain.replace(",", ";").encode("utf-8-sig"),
        "sep": b"sep=,\r\n" + plain.encode(),
        "unicode": plain.replace(",", "\t").encode("utf-16"),
        "blank": plain.encode() + b",,,,,,\r\n" * 2 + b",,,,,,,,,,,,,\r\n",
        "floats": numbered(annotations, ".0").encode(),
    }
    scores = []
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
        baselines = {"saved": tmp_path / name} if annotations == GOOD else {}
        done = evaluate_labels(labels, tmp_path / name, baselines=baselines, resamples=0)
        scores.append(sheets.overall(done))
    assert len(scores[0].rows) > 0
    assert scores == scores[:1] * len(files)


REFUSED: dict[str, tuple[str, str, str]] = {
    "labels: empty file": ("", GOOD, "is empty"),
    "labels: header alone": (HEAD, GOOD, "has no rows"),
    "labels: no id column": (without("subjectid_studyid"), GOOD, "no column 'subjectid_studyid'"),
    "labels: no organ column": (without("organ"), GOOD, "no column 'organ'"),
    "labels: no kind column": (without("type_annotation"), GOOD, "no column 'type_annotation'"),
    "labels: a scored type missing": (without("atrophy"), GOOD, "no column 'atrophy'"),
    "labels: no type at all": (f"{KEYS}\na,liver,labels\n", GOOD, "no column for any finding type"),
    "labels: text for a code": (GOOD.replace(",1\n", ",yes\n"), GOOD, "what is no code"),
    "labels: a fraction": (GOOD.replace(",1\n", ",0.5\n"), GOOD, "what is no code"),
    "labels: an unknown code": (GOOD.replace(",1\n", ",7\n"), GOOD, "values that are no code"),
    "labels: an unknown urgency": (GOOD.replace(",2\n", ",4\n"), GOOD, "no code of urgency"),
    "labels: contradicting rows": (GOOD + "a,liver,labels,1,0,0,0,0,0\n", GOOD, "contradict"),
    "labels: another kind": (GOOD + "a,liver,other,1,0,0,0,0,0\n", GOOD, "is neither labels nor"),
    "labels: urgency alone": (
        HEAD + "a,liver,urgency,-1,-1,-1,-1,-1,-1\n",
        GOOD,
        "no row of labels",
    ),
    "labels: an empty id": (GOOD.replace("\na,", "\n,"), GOOD, "with nothing in the column"),
    "labels: a broken line": (GOOD + "a,b,c,d,e,f,g,h,i,j,k,l\n", GOOD, "has 12 fields,"),
    "labels: other ids": (
        GOOD.replace("\na,", "\nx,"),
        HUMAN_HEAD + "q,labels,0,0,0,0,1\n",
        "have",
    ),
    "labels: other organs": (GOOD.replace("liver", "x").replace("spleen", "y"), GOOD, "no organ"),
    "annotations: empty file": (GOOD, "", "is empty"),
    "annotations: header alone": (GOOD, HEAD, "has no rows"),
    "annotations: human header alone": (GOOD, HUMAN_HEAD, "has no rows"),
    "annotations: no organ of any kind": (
        GOOD,
        "subjectid_studyid,type_annotation,labeler\na,labels,0\n",
        "no column 'organ' and none such as 'liver_focal'",
    ),
    "annotations: half an organ": (
        GOOD,
        without("liver_diffuse", human({"0": "a"})),
        "no column 'liver_diffuse'",
    ),
    "annotations: no ids": (GOOD, without("subjectid_studyid", human({"0": "a"})), "no column"),
    "annotations: an unknown code": (
        GOOD,
        human({"0": "a"}).replace(",0,1\n", ",0,5\n"),
        "values that are no code of labels",
    ),
    "annotations: contradicting rows": (
        GOOD,
        human({"0": "a"}) + "a,labels,0,0,0,1,1\n",
        "contradict",
    ),
    "annotations: no overlap of ids": (
        GOOD,
        GOOD.replace("\na", "\nx").replace("\nb", "\ny").replace("\nc", "\nz"),
        "no report in common",
    ),
    "annotations: a labels file without types": (GOOD, without("focal"), "no column 'focal'"),
    "annotations: no kind column": (GOOD, without("type_annotation"), "no column"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_input_is_one_line_and_exit_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], case: str
) -> None:
    labels, annotations, complaint = REFUSED[case]
    assert evaluate(tmp_path, labels, annotations) == exit_codes.USAGE
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("leavs: ")
    assert complaint in err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--protocol", "loose"], "no protocol 'loose'; there are: strict, leavs"),
        (["--baseline", "x.csv"], "must be NAME=FILE"),
        (["--baseline", "labeler=x.csv"], "cannot be named 'labeler'"),
        (["--baseline", "a=x.csv", "a=y.csv"], "the same name"),
        (["--baseline", "a=nowhere.csv"], "nowhere.csv does not exist"),
        (["--resamples", "-1"], "must be 0 or more"),
        (["--seed", "-1"], "must be 0 or more"),
        (["--output-dir", "/dev/null/x"], "name another"),
        (["--output-dir", "/proc/x"], "name another"),
    ],
)
def test_bad_options_are_one_line_and_exit_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], complaint: str
) -> None:
    assert evaluate(tmp_path, GOOD, GOOD, *options) == exit_codes.USAGE
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert complaint in err


def scored(folder: Path, labels: str, annotations: str, **more: str) -> Callable[..., float]:
    """The value of one figure or count, of the variant types against the vote."""
    (folder / "l.csv").write_text(labels)
    (folder / "a.csv").write_text(annotations)
    done = evaluate_labels(folder / "l.csv", folder / "a.csv", resamples=0, **more)
    table = done.scores.query(
        "variant == 'types' and comparison == 'vote' and scope == 'all' and average == 'micro'"
    )

    def value(metric: str, task: str = "labels") -> float:
        [found] = table[(table["metric"] == metric) & (table["task"] == task)]["value"]
        return float(found)

    return value


def test_one_annotator_alone_is_the_truth(tmp_path: Path) -> None:
    value = scored(tmp_path, GOOD, GOOD)
    assert (value("f1"), value("positives")) == (1, 4)


def test_an_annotator_who_skipped_a_report_does_not_vote_there(tmp_path: Path) -> None:
    annotations = human({"0": "abc", "1": "abc", "2": "ab"})
    for who in "012":
        annotations = annotations.replace(f"b,urgency,{who},,,,2", f"b,urgency,{who},,,,3")
    value = scored(tmp_path, GOOD, annotations)
    assert (value("items"), value("positives")) == (3, 3)
    # of a and b, where all three affirm it; in c, where the labels have none, only two could
    assert (value("items", "urgency"), value("no_urgency", "urgency")) == (2, 0)


def test_a_tie_of_two_is_positive(tmp_path: Path) -> None:
    annotations = human({"0": "ab"}) + "a,labels,1,0,0,0,0\nb,labels,1,0,0,0,0\n"
    assert scored(tmp_path, GOOD, annotations)("positives") == 2


def test_a_blank_cell_is_no_answer(tmp_path: Path) -> None:
    annotations = human({"0": "ab"}) + "a,labels,1,,,,\nc,labels,1,,,,\n"
    value = scored(tmp_path, GOOD, annotations)
    assert (value("positives"), value("true_positives")) == (2, 2)


def test_reports_and_organs_that_only_one_file_has_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(tmp_path, GOOD, human({"0": "abx"})) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "1 annotated reports are not among the labels of labeler" in out
    assert "not in all files and not scored: spleen" in out


def test_a_missing_label_is_an_abstention_or_negative(tmp_path: Path) -> None:
    labels = GOOD.replace("a,liver,labels,0,0,0,0,0,1", "a,liver,labels,0,0,0,0,0,")
    value = scored(tmp_path, labels, human({"0": "abc"}))
    assert (value("no_label_of_positives"), value("false_negatives")) == (1, 1)
    folder = tmp_path / "2"
    folder.mkdir()
    many = "".join(f"r{n},liver,labels,0,0,0,0,0,{'' if n < 2 else 1}\n" for n in range(12))
    value = scored(folder, HEAD + many, HEAD + many.replace(",\n", ",1\n"), protocol="leavs")
    assert (value("false_negatives"), value("positives")) == (2, 12)


def test_good_input_gives_a_table_and_four_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "other.csv").write_text(GOOD)
    baseline = f"other={tmp_path / 'other.csv'}"
    assert evaluate(tmp_path, GOOD, human(dict.fromkeys("012", "abc")), "--baseline", baseline) == 0
    out = capsys.readouterr().out
    assert "3 reports, 3 annotators, labels of labeler, other" in out
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(FILES)
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "out").iterdir()} == {0o600}
    scores = pd.read_csv(tmp_path / "out" / "evaluation.csv")
    assert set(scores["labeler"]) == {"labeler", "other", "annotators"}
    assert set(scores["variant"]) == {"types", "organs"} | {"joined-organs"}
    equal = scores.query("labeler == 'other' and metric == 'f1' and comparison == 'vote'")
    assert (equal["p_value"] == 1).all()


def test_the_shipped_annotations_agree_with_themselves(tmp_path: Path) -> None:
    path = str(ROOT / "data" / "annotations.csv")
    options = ["--output-dir", str(tmp_path), "--resamples", "0"]
    assert cli.run(["evaluate", path, "--annotations", path, *options]) == 0
    scores = pd.read_csv(tmp_path / "evaluation.csv", keep_default_na=False)
    f1 = scores.query("metric == 'f1' and scope == 'all'")["value"].astype(float)
    assert len(f1) == 12
    assert f1.tolist() == pytest.approx([1] * 12)


def test_baselines_may_have_any_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "b.csv").write_text(GOOD)
    names = ("[/old]", "[old]", "$\\x$", "_hidden", "<b>")
    more = [word for name in names for word in ("--baseline", f"{name}={tmp_path / 'b.csv'}")]
    assert evaluate(tmp_path, GOOD, human({"0": "abc", "1": "abc", "2": "abc"}), *more) == 0
    out, shown = capsys.readouterr().out, (tmp_path / "out" / "evaluation.html").read_text()
    for name in names:
        assert name in out
        assert shown.count(html.escape(name, quote=False)) > 3


def test_one_kidney_alone_is_scored_and_not_joined(tmp_path: Path) -> None:
    one = GOOD.replace("spleen", "right kidney")
    (tmp_path / "l.csv").write_text(one)
    done = evaluate_labels(tmp_path / "l.csv", tmp_path / "l.csv", resamples=0)
    assert "of the kidney there is only the right kidney; it is not joined" in done.notes
    (tmp_path / "l.csv").write_text("".join(x for x in one.splitlines(True) if "liver" not in x))
    done = evaluate_labels(tmp_path / "l.csv", tmp_path / "l.csv", resamples=0)
    assert set(done.scores["variant"]) == {"types", "organs"}


def joined(tmp_path: Path, protocol: str) -> dict[str, float]:
    """Of the joined kidney, where the right one is unsure and the left one denied."""
    head = GOOD.splitlines(True)[0]
    rows = []
    for number in range(12):
        rows += [
            f"r{number},right kidney,labels,0,0,0,0,0,-1\n",
            f"r{number},right kidney,urgency,-1,-1,-1,-1,-1,1\n",
            f"r{number},left kidney,labels,0,0,0,0,0,0\n",
            f"r{number},left kidney,urgency,-1,-1,-1,-1,-1,-1\n",
        ]
    labels, truth = tmp_path / "l.csv", tmp_path / "t.csv"
    labels.write_text(head + "".join(rows))
    truth.write_text(head + "".join(rows).replace(",0,-1\n", ",0,1\n"))
    done = evaluate_labels(labels, truth, protocol=protocol, resamples=0)
    table = done.scores.query("variant == 'joined-organs' and task == 'labels' and scope == 'all'")
    return dict(zip(table["metric"], table["value"], strict=False))


def test_an_unsure_kidney_is_not_hidden_by_the_other_under_strict(tmp_path: Path) -> None:
    strict, paper = (joined(tmp_path, name) for name in ("strict", "leavs"))
    assert (strict["unsure_of_positives"], strict["false_negatives"]) == (12, 0)
    assert paper["false_negatives"] == 12


def test_a_blank_cell_is_no_vote_under_strict_and_negative_in_the_paper(tmp_path: Path) -> None:
    annotations = human({"0": "abc"}) + "".join(
        f"{report},labels,1,0,0,0,0\n{report},labels,2,0,0,0,\n" for report in "abc"
    )
    assert scored(tmp_path, GOOD, annotations)("positives") == 3  # one of two
    done = evaluate_labels(tmp_path / "l.csv", tmp_path / "a.csv", protocol="leavs", resamples=0)
    assert done.cells[Variant.TYPES, Task.LABELS] == (0, 4)  # one of three: no positive at all
