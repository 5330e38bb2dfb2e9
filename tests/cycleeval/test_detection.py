"""Detection: scikit-learn and exhaustive search as oracles, exact intervals, strict input."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score

from cycledata.errors import ParseError
from cycleeval.detection import (
    Criterion,
    auroc,
    choose_threshold,
    decision_counts,
    detect,
    read_detection,
    threshold_at_false_positive_rate,
)
from cycleeval.intervals import exact_interval
from tests.command_line import cycleeval

CRITERIA = st.lists(
    st.tuples(st.sampled_from([-2.0, -0.5, 0.0, 0.1, 1.0, 3.0]), st.booleans()),
    min_size=2,
    max_size=40,
).filter(lambda rows: len({label for _, label in rows}) == 2)


def _table(tmp_path: Path, n: int = 40, *, seed: int = 3, shift: float = 2.0) -> Path:
    rng = np.random.default_rng(seed)
    path = tmp_path / "criteria.jsonl"
    rows = [
        {
            "text_id": f"{split}-{i}",
            "format": "paper",
            "source": source,
            "split": split,
            "criterion": float(rng.normal(0 if source is None else shift)),
        }
        for split in ("calibration", "test")
        for source in (None, "model-a", "model-b")
        for i in range(n)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


@given(CRITERIA)
@settings(max_examples=60, deadline=None)
def test_auroc_agrees_with_scikit_learn(rows: list[tuple[float, bool]]) -> None:
    criteria, labels = zip(*rows, strict=True)
    assert auroc(criteria, labels)[0] == pytest.approx(roc_auc_score(labels, criteria))


def test_the_error_of_auroc_is_delongs_by_its_definition() -> None:
    ours, theirs = [0.9, 0.4, 0.4, 2.0], [0.1, 0.4, 0.8]
    wins = [np.mean([(a > b) + 0.5 * (a == b) for b in theirs]) for a in ours]
    held = [np.mean([(a > b) + 0.5 * (a == b) for a in ours]) for b in theirs]
    expected = math.sqrt(np.var(wins, ddof=1) / 4 + np.var(held, ddof=1) / 3)
    assert auroc(ours + theirs, [True] * 4 + [False] * 3)[1] == pytest.approx(expected)


@given(CRITERIA)
@settings(max_examples=60, deadline=None)
def test_no_threshold_is_more_accurate_than_the_chosen_one(rows: list[tuple[float, bool]]) -> None:
    criteria, labels = (np.array(column) for column in zip(*rows, strict=True))
    chosen = choose_threshold(criteria, labels).value
    tried = [-math.inf, *np.unique(criteria)]
    accuracies = [accuracy_score(labels, criteria > t) for t in tried]
    assert accuracy_score(labels, criteria > chosen) == pytest.approx(max(accuracies))
    higher = [a for t, a in zip(tried, accuracies, strict=True) if t > chosen]
    assert all(a < max(accuracies) for a in higher), "the highest of the best is taken"


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=30), st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_a_false_positive_target_is_met_and_not_wasted(human: list[float], rate: float) -> None:
    values = np.array(human)
    threshold = threshold_at_false_positive_rate(values, rate).value
    assert np.mean(values > threshold) <= rate + 1e-9
    lower = values[values < threshold]
    if len(lower):  # the next lower threshold flags everything tied at this one, and is too much
        assert np.mean(values > lower.max()) > rate - 1e-9


def test_f1_and_accuracy_agree_with_scikit_learn(tmp_path: Path) -> None:
    path = _table(tmp_path)
    report = read_detection(path)
    assert [row.source for row in report.rows] == ["model-a", "model-b"]
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    for row in report.rows:
        test = [r for r in rows if r["split"] == "test" and r["source"] in (None, row.source)]
        truth = [r["source"] is not None for r in test]
        said = [r["criterion"] > row.threshold.value for r in test]
        found = {metric.name: metric for metric in row.metrics}
        assert found["accuracy"].value == pytest.approx(accuracy_score(truth, said))
        assert found["f1"].value == pytest.approx(f1_score(truth, said))
        for metric in row.metrics:
            assert metric.value is not None
            assert metric.low is not None
            assert metric.high is not None
            assert metric.low <= metric.value <= metric.high
            assert metric.low < metric.high


def test_the_threshold_never_sees_the_test_split() -> None:
    calibration = [
        Criterion(text_id=f"c{i}", format="paper", source=s, split="calibration", criterion=c)
        for i, (s, c) in enumerate([(None, 0.0), (None, 1.0), ("m", 2.0), ("m", 3.0)])
    ]
    reversed_test = [
        Criterion(text_id=f"t{i}", format="paper", source=s, split="test", criterion=c)
        for i, (s, c) in enumerate([(None, 9.0), ("m", -9.0)])
    ]
    (row,) = detect([*calibration, *reversed_test])
    assert row.threshold.value == 1.5
    assert row.metrics[0].value == 0.0


def test_a_criterion_at_the_threshold_is_called_human() -> None:
    counts = decision_counts([1.0, 1.0, 2.0], [True, False, True], threshold=1.0)
    assert (counts.true_positives, counts.false_positives) == (1, 0)
    assert (counts.false_negatives, counts.true_negatives) == (1, 1)


def test_a_share_of_zero_still_has_an_interval() -> None:
    assert exact_interval(0, 100).low == 0
    assert exact_interval(0, 100).high == pytest.approx(1 - 0.025 ** (1 / 100))


def test_complete_separation_says_that_there_is_no_interval(tmp_path: Path) -> None:
    report = read_detection(_table(tmp_path, shift=50.0))
    area = report.rows[0].metrics[2]
    assert (area.value, area.low, area.high) == (1.0, None, None)
    assert area.why is not None
    assert "separation" in area.why


Line = dict[str, object]
GOOD: Line = {
    "text_id": "x", "format": "paper", "source": None, "split": "test", "criterion": 0.5,
}  # fmt: skip


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        pytest.param(json.dumps({**GOOD, "criterion": None}), "not-a-record", id="no number"),
        pytest.param('{"text_id": "x", "criterion": NaN}', "not-a-record", id="NaN"),
        pytest.param(json.dumps(GOOD).replace("0.5", "1e999"), "not-a-record", id="infinite"),
        pytest.param(json.dumps({**GOOD, "split": "train"}), "not-a-record", id="unknown split"),
        pytest.param(json.dumps({**GOOD, "extra": 1}), "not-a-record", id="unknown field"),
        pytest.param("[" * 100_000, "not-a-record", id="deep nesting"),
        pytest.param("\x00\x01", "not-a-record", id="not JSON"),
        pytest.param('{"text_id": "test-0", "format": "paper", "source": null, "split": '
                     '"calibration", "criterion": 1}', "duplicate", id="text in both splits"),
    ],
)  # fmt: skip
def test_a_bad_line_is_counted_and_changes_no_number(tmp_path: Path, line: str, rule: str) -> None:
    path = _table(tmp_path)
    clean = read_detection(path)
    path.write_text(path.read_text("utf-8") + line + "\n", "utf-8")
    report = read_detection(path)
    assert [problem.rule for problem in report.unreadable] == [rule]
    assert report.unreadable[0].line == 241
    assert [m.value for m in report.rows[0].metrics] == [m.value for m in clean.rows[0].metrics]
    assert all(m.n_unreadable == 1 for m in report.rows[0].metrics)


def _drop(kind: str) -> Callable[[Line], bool]:
    return {
        "calibration humans": lambda r: r["split"] == "calibration" and r["source"] is None,
        "test models": lambda r: r["split"] == "test" and r["source"] is not None,
        "models": lambda r: r["source"] is not None,
        "everything": lambda _: True,
    }[kind]


@pytest.mark.parametrize(
    ("dropped", "message"),
    [
        pytest.param("calibration humans", "human and generated texts in the calibration", id="a"),
        pytest.param("test models", "human and generated texts in the test split", id="b"),
        pytest.param("models", "texts of at least one model", id="c"),
        pytest.param("everything", "an empty file", id="d"),
    ],
)
def test_no_number_is_printed_where_there_is_nothing_to_judge(
    tmp_path: Path, dropped: str, message: str
) -> None:
    path = _table(tmp_path)
    lines = path.read_text("utf-8").splitlines(keepends=True)
    path.write_text("".join(x for x in lines if not _drop(dropped)(json.loads(x))), "utf-8")
    with pytest.raises(ParseError, match=message):
        read_detection(path)
    shown = cycleeval("detection", str(path))
    assert (shown.exit_code, shown.stdout) == (1, "")
    assert message in shown.stderr


@given(st.binary(max_size=400))
@settings(max_examples=100, deadline=None)
def test_no_bytes_crash_the_command(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("fuzz") / "x.jsonl"
    path.write_bytes(data)
    for command in ("detection", "generated"):
        shown = cycleeval(command, str(path))
        assert shown.exit_code == 1, shown.output
        assert not any(character.isdigit() for character in shown.stdout)


def test_the_command_judges_given_thresholds_and_speaks_json(tmp_path: Path) -> None:
    path = _table(tmp_path)
    arguments = ["detection", str(path), "--threshold", "1.0", "--json"]
    shown = cycleeval(*arguments)
    assert shown.exit_code == 0, shown.output
    rows = json.loads(shown.stdout)["rows"]
    fixed = {point["threshold"]["chosen"]: point for point in rows[0]["fixed"]}
    assert set(fixed) == {"calibration-fpr:0.01", "calibration-fpr:0.05", "given"}
    assert fixed["given"]["threshold"]["value"] == 1.0
    refused = cycleeval("detection", str(path), "--threshold", "nan")
    assert refused.exit_code == 1
    assert "finite thresholds" in refused.stderr
