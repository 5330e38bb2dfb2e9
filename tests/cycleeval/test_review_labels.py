"""Human numbers with and without flagged reviews, against scores of a reference without them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cycledata.errors import ParseError
from cycleeval.human_ratings import human_ratings_of, read_human_ratings
from cycleeval.reference_texts import ReferencePaper, read_reference_papers
from cycleeval.result import MetricResult
from cycleeval.review_labels import (
    JoinedLabels,
    ReviewLabel,
    join_labels,
    score_without_flagged,
)
from cycleeval.scoring import score_humans
from cycleeval.scoring_config import ScoringConfig
from tests.command_line import cycleeval

QUICK = ScoringConfig(resamples=300)
N_PAPERS = 80


def planted() -> tuple[dict[str, list[float]], dict[str, frozenset[int]]]:
    """Three reviews that agree, and one at random places that says 10 about every paper."""
    dice = np.random.default_rng(2)
    ratings, flags = {}, {}
    for number in range(N_PAPERS):
        truth = dice.normal(5, 1.5)
        values = np.clip(dice.normal(truth, 0.5, 3).round(), 1, 9).tolist()
        if number % 2:
            place = int(dice.integers(0, 4))
            values.insert(place, 10.0)
            flags[f"p{number:02d}"] = frozenset({place})
        ratings[f"p{number:02d}"] = values
    return ratings, flags


def test_numbers_equal_those_of_references_with_and_without_the_reviews() -> None:
    ratings, flags = planted()
    decisions = {name: "accept" if sum(r) > 16 else "reject" for name, r in ratings.items()}
    humans = human_ratings_of(ratings, decisions)  # type: ignore[arg-type]  # literals of a dict
    report = score_without_flagged(humans, JoinedLabels(flags, 160, 0), QUICK)
    cleaned = {
        name: [v for place, v in enumerate(values) if place not in flags.get(name, ())]
        for name, values in ratings.items()
    }
    for side, reference in (("everyone", ratings), ("without", cleaned)):
        expected = score_humans(human_ratings_of(reference, decisions), QUICK).metrics  # type: ignore[arg-type]  # as above
        for name, row in report.rows.items():
            assert getattr(row, side).value == expected[name].value, (side, name)
    assert set(report.rows) == set(expected)
    assert (report.n_flagged, report.n_papers_left) == (N_PAPERS // 2, N_PAPERS)
    row = report.rows["proxy_mse_n1"]
    assert high_of(row.difference) < 0
    assert row.difference.value == pytest.approx(value_of(row.without) - value_of(row.everyone))
    assert low_of(report.rows["alpha_interval"].difference) > 0
    assert str(row.everyone.signature) != str(row.without.signature)


def value_of(result: MetricResult) -> float:
    assert result.value is not None
    return result.value


def low_of(result: MetricResult) -> float:
    assert result.low is not None
    return result.low


def high_of(result: MetricResult) -> float:
    assert result.high is not None
    return result.high


def test_nothing_flagged_changes_nothing_and_a_lost_paper_is_counted() -> None:
    ratings, _ = planted()
    humans = human_ratings_of(ratings)
    same = score_without_flagged(humans, JoinedLabels({}, 0, 0), QUICK)
    assert {row.difference.value for row in same.rows.values()} <= {0.0, None}
    one = humans.paper_ids[0]
    gone = score_without_flagged(
        humans, JoinedLabels({one: frozenset(range(len(ratings[one])))}, 3, 0), QUICK
    )
    assert (gone.n_papers, gone.n_papers_left) == (N_PAPERS, N_PAPERS - 1)
    assert low_of(gone.rows["proxy_mse_n1"].difference) <= 0


PAPER = ReferencePaper("a", ratings=(3.0, None, 8.0), reviewers=("R2", "R3", "R1"))


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        (ReviewLabel(paper_id="a", review=1, machine_written=True), {0}),
        (ReviewLabel(paper_id="a", review=3, machine_written=True), {1}),
        (ReviewLabel(paper_id="a", reviewer="R1", machine_written=True), {1}),
        (ReviewLabel(paper_id="a", review=2, machine_written=True), set()),
        (ReviewLabel(paper_id="a", review=1, machine_written=False), set()),
        (ReviewLabel(paper_id="a", review=1, score=0.8), {0}),
        (ReviewLabel(paper_id="a", review=1, score=0.7), set()),
    ],
)
def test_labels_join_by_place_or_pseudonym(label: ReviewLabel, expected: set[int]) -> None:
    humans = human_ratings_of({"a": [3, 8]})
    joined = join_labels([label], humans, {"a": PAPER}, flag_from=0.8)
    assert joined.flags.get("a", frozenset()) == expected


@pytest.mark.parametrize(
    ("label", "message"),
    [
        (ReviewLabel(paper_id="a", review=4, machine_written=True), "found 4; the paper has 3"),
        (ReviewLabel(paper_id="a", reviewer="R9", machine_written=True), "reviewers R2, R3, R1"),
        (ReviewLabel(paper_id="a", machine_written=True), "found None"),
        (ReviewLabel(paper_id="a", review=1), "found neither"),
        (ReviewLabel(paper_id="a", review=1, score=0.5), "found neither"),
    ],
)
def test_labels_that_fit_no_review_are_refused(label: ReviewLabel, message: str) -> None:
    with pytest.raises(ParseError, match=message):
        join_labels([label], human_ratings_of({"a": [3, 8]}), {"a": PAPER})


def test_the_command_reads_labels_of_a_table(tmp_path: Path) -> None:
    ratings, flags = planted()
    rows: list[dict[str, Any]] = [
        {"paper_id": name, "ratings": values, "decision": None} for name, values in ratings.items()
    ]
    labels: list[dict[str, Any]] = [
        {"paper_id": name, "review": place + 1, "machine_written": True}
        for name, places in flags.items()
        for place in places
    ]
    labels.append({"paper_id": "elsewhere", "review": 1, "machine_written": True})
    reference, file = tmp_path / "ref.jsonl", tmp_path / "labels.jsonl"
    for path, lines in ((reference, rows), (file, labels)):
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    shown = json.loads(
        cycleeval(
            "human", str(reference), "--labels", str(file), "--resamples", "200", "--json"
        ).stdout
    )["without_flagged"]
    assert (shown["n_flagged"], shown["n_unknown"]) == (40, 1)
    assert shown["metrics"]["proxy_mse_n1"]["difference"]["ci95"][1] < 0
    table = cycleeval("human", str(reference), "--labels", str(file), "--resamples", "200").stdout
    assert "40 of 280 reviews flagged, 40 labeled, 1 labels of unknown papers" in table
    assert "without flagged" in table
    papers = read_reference_papers(str(reference))
    assert papers["p01"].ratings == tuple(ratings["p01"])
    assert read_human_ratings(str(reference)).ratings[1] == tuple(ratings["p01"])
    file.write_text('{"paper_id": "p01", "machine": true}\n', "utf-8")
    wrong = cycleeval("human", str(reference), "--labels", str(file))
    assert wrong.exit_code == 1
    assert "labels.jsonl" in wrong.stderr
