"""The published labels against the published annotations: the figures of the LEAVS paper."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kendalltau
from sklearn.metrics import f1_score, matthews_corrcoef, precision_score, recall_score

from leavs.evaluation import HUMANS, LABELER, Evaluation, evaluate_labels

ORGANS = ("spleen", "liver", "right kidney", "left kidney", "stomach", "pancreas", "gallbladder")
ORGANS += ("small bowel", "large bowel")
MERGED = {
    "postsurgical_absent": ["postsurgical", "absent"],
    "enlarged_atrophy": ["enlarged", "atrophy"],
    "diffuse": ["diffuse"],
    "focal": ["focal"],
}


@pytest.fixture(scope="module")
def paper(amos: Path) -> Evaluation:
    return evaluated(amos, "leavs")


@pytest.fixture(scope="module")
def strict(amos: Path) -> Evaluation:
    return evaluated(amos, "strict")


def evaluated(amos: Path, protocol: str) -> Evaluation:
    labels, annotations = amos / "published_test_labels.csv", amos / "human_annotations.csv"
    return evaluate_labels(labels, annotations, protocol=protocol, resamples=50)


def figure(done: Evaluation, comparison: str = "vote", **wanted: str) -> float:
    table = done.scores[done.scores["comparison"] == comparison]
    for column, value in {"labeler": LABELER, "scope": "all", **wanted}.items():
        table = table[table[column] == value]
    [value] = table["value"]
    return float(value)


@pytest.mark.parametrize(
    ("variant", "metric", "average", "expected"),
    [
        ("types", "f1", "micro", 0.8918918918918919),
        ("types", "f1", "macro-cells", 0.890868476318231),
        ("types", "f1", "macro-organs", 0.8944279716093138),
        ("organs", "f1", "micro", 0.931350114416476),
        ("joined-organs", "f1", "macro-cells", 0.9497114251625984),
    ],
)
def test_the_anchors(
    paper: Evaluation, variant: str, metric: str, average: str, expected: float
) -> None:
    value = figure(paper, variant=variant, metric=metric, average=average)
    assert value == pytest.approx(expected, abs=1e-12)


def test_the_anchor_of_urgency(paper: Evaluation) -> None:
    value = figure(paper, variant="organs", metric="tau_b", average="macro-cells")
    assert round(value, 6) == 0.620317


def test_how_many_cells_count(paper: Evaluation, strict: Evaluation) -> None:
    assert list(paper.cells.values()) == [(10, 36), (3, 36), (8, 9), (5, 9), (6, 7), (4, 7)]
    assert strict.cells["types", "labels"] == (31, 36)


@pytest.fixture(scope="module")
def tables(amos: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Published labels and annotations by scan id, another way than leavs reads them."""
    labels = pd.read_csv(amos / "published_test_labels.csv")
    humans = pd.read_csv(amos / "human_annotations.csv")
    labels["scan"] = labels["subjectid_studyid"].str.extract(r"(amos_\d+)")
    humans["scan"] = humans["image1"].str.extract(r"(amos_\d+)")
    return labels, humans


def test_the_variant_types_by_another_route(
    paper: Evaluation, tables: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    labels, humans = tables
    votes = humans[humans["type_annotation"] == "labels"].groupby("scan").mean(numeric_only=True)
    said = labels[labels["type_annotation"] == "labels"].set_index(["scan", "organ"])
    positive = said.drop(columns=["subjectid_studyid", "type_annotation"]).isin([1, -1])
    compared, cells = [], {}
    for organ in ORGANS:
        for name, types in MERGED.items():
            truth = votes[f"{organ}_{name}"] >= 0.5
            answer = positive.xs(organ, level="organ")[types].any(axis=1).reindex(truth.index)
            if truth.sum() > 10:
                compared.append((truth, answer))
                cells[organ, name] = (truth, answer)
    truth, answer = (pd.concat(part) for part in zip(*compared, strict=True))
    for metric, expected in (
        ("f1", f1_score(truth, answer)),
        ("precision", precision_score(truth, answer)),
        ("recall", recall_score(truth, answer)),
        ("specificity", recall_score(~truth, ~answer)),
        ("mcc", matthews_corrcoef(truth, answer)),
    ):
        value = figure(paper, variant="types", metric=metric, average="micro")
        assert value == pytest.approx(expected, abs=1e-12)
    for (organ, name), (truth, answer) in cells.items():
        where = {"scope": "cell", "organ": organ, "finding_type": name, "average": "micro"}
        value = figure(paper, variant="types", metric="f1", **where)
        assert value == pytest.approx(f1_score(truth, answer), abs=1e-12)


def test_urgency_of_organs_by_another_route(
    paper: Evaluation, tables: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    labels, humans = tables
    given = {kind: humans[humans["type_annotation"] == kind] for kind in ("labels", "urgency")}
    said = labels[labels["type_annotation"] == "urgency"].set_index(["scan", "organ"])
    taus = []
    for organ in ORGANS:
        columns = [f"{organ}_{name}" for name in MERGED]
        positive = given["labels"].set_index(["scan", "labeler"])[columns].max(axis=1)
        urgency = given["urgency"].set_index(["scan", "labeler"])[columns].max(axis=1).fillna(0)
        everyone = positive.groupby("scan").min() == 1
        truth = urgency.groupby("scan").mean()[everyone]
        types = [one for parts in MERGED.values() for one in parts]
        answer = said.xs(organ, level="organ")[types].max(axis=1).reindex(truth.index)
        truth, answer = truth[answer >= 0], answer[answer >= 0]
        if len(truth) and (truth.round(6) != truth.round(6).mode()[0]).sum() > 10:
            taus.append(kendalltau(truth.round(6), answer).statistic)
    value = figure(paper, variant="organs", metric="tau_b", average="macro-cells")
    assert value == pytest.approx(np.mean(taus), abs=1e-12)


def test_humans_by_another_route(
    paper: Evaluation, tables: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    _, humans = tables
    rows = humans[humans["type_annotation"] == "labels"].set_index(["scan", "labeler"])
    own, others = [], []
    for organ in ORGANS:
        columns = [f"{organ}_{name}" for name in MERGED]
        positive = rows[columns].max(axis=1).unstack()
        for annotator in positive.columns:
            column = positive[annotator].dropna()
            rest = positive.drop(columns=annotator).loc[column.index]
            agree = rest.min(axis=1) == rest.max(axis=1)
            truth = rest.max(axis=1)[agree]
            if truth.sum() > 10:
                own.append(column[agree])
                others.append(truth)
    expected = f1_score(pd.concat(others), pd.concat(own))
    value = figure(paper, "humans", variant="organs", labeler=HUMANS, metric="f1", average="micro")
    assert value == pytest.approx(expected, abs=1e-12)


def test_strict_shows_abstentions_and_rare_cells(strict: Evaluation) -> None:
    codes = strict.codes.sum(axis=1)
    table = strict.scores.query(
        "variant == 'types' and comparison == 'vote' and scope == 'cell' and task == 'labels'"
    )
    assert table[table["metric"] == "positives"]["value"].min() == 1
    assert 0 < table[table["metric"].str.startswith("unsure_of")]["value"].sum() <= codes[-1]
    assert not paper_metrics(strict) & {"tau_a"}


def paper_metrics(done: Evaluation) -> set[str]:
    return set(done.scores["metric"])


def test_the_leavs_protocol_has_no_abstentions(paper: Evaluation) -> None:
    assert "unsure_of_positives" not in paper_metrics(paper)


def test_the_same_seed_gives_the_same_intervals(amos: Path, strict: Evaluation) -> None:
    pd.testing.assert_frame_equal(evaluated(amos, "strict").scores, strict.scores)
