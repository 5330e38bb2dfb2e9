"""Tables of generated papers: by-hand numbers, and best-of-k against every possible draw."""

import json
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cycledata.errors import ParseError
from cycleeval.generated import RatedPaper, best_of_k, rate_sources, read_generated
from tests.command_line import cycleeval

PAPERS: list[dict[str, object]] = [
    {
        "paper_id": "p1", "source": "model", "ratings": [3, 5, 8], "soundness": [1, 3, 3],
        "decision": "reject", "n_references": 30,
    },
    {
        "paper_id": "p2", "source": "model", "ratings": [6, 6, 8], "soundness": [2, 2, 4],
        "decision": "accept", "n_references": 45,
    },
    {"paper_id": "p1", "source": "people", "ratings": [5], "decision": "reject"},
]  # fmt: skip


def _write(tmp_path: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    path = tmp_path / "records.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def test_each_column_is_a_mean_over_papers(tmp_path: Path) -> None:
    report = read_generated(_write(tmp_path, PAPERS))
    model, people = report.rows
    found = {metric.name: metric.value for metric in model.metrics}
    assert found == pytest.approx(
        {
            "rating_min": 4.5, "rating_max": 8.0, "rating_mean": 6.0,
            "soundness_min": 1.5, "soundness_max": 3.5, "soundness_mean": 2.5,
            "accept_rate": 0.5, "references": 37.5,
        }
    )  # fmt: skip
    assert [metric.name for metric in people.metrics] == [
        "rating_min", "rating_max", "rating_mean", "accept_rate",
    ]  # fmt: skip
    assert all(m.low is None for m in people.metrics if m.name != "accept_rate")


def test_a_mark_that_some_papers_lack_is_averaged_over_the_others() -> None:
    papers = [
        RatedPaper(paper_id=str(i), source="m", ratings=(5.0,), n_references=n)
        for i, n in enumerate([10, None, 20])
    ]
    (row,) = rate_sources(papers)
    references = {metric.name: metric for metric in row.metrics}["references"]
    assert (references.value, references.n_papers) == (15.0, 2)
    assert "without:1" in str(references.signature)


@given(
    st.lists(
        st.tuples(st.sampled_from([1.0, 3.0, 4.5, 6.0]), st.floats(1, 10)), min_size=1, max_size=7
    ),
    st.data(),
)
@settings(max_examples=60, deadline=None)
def test_best_of_k_is_the_mean_over_every_draw(
    papers: list[tuple[float, float]], data: st.DataObject
) -> None:
    k = data.draw(st.integers(1, len(papers)))
    picked = []
    for drawn in combinations(papers, k):
        best = max(rating for rating, _ in drawn)
        picked.append(np.mean([other for rating, other in drawn if rating == best]))
    ratings, others = zip(*papers, strict=True)
    assert best_of_k(ratings, k, of=others) == pytest.approx(np.mean(picked))


def test_best_of_k_is_the_mean_at_one_and_the_best_at_all() -> None:
    ratings = np.random.default_rng(0).normal(5, 1, 1000)
    curve = [best_of_k(ratings, k) for k in (1, 5, 10, 50, 100, 1000)]
    assert curve[0] == pytest.approx(ratings.mean())
    assert curve[-1] == pytest.approx(ratings.max())
    assert curve == sorted(curve)


@pytest.mark.parametrize("k", [0, 4, -1])
def test_more_papers_than_there_are_cannot_be_picked_from(k: int) -> None:
    with pytest.raises(ValueError, match="k: expected a whole number from 1 to 3"):
        best_of_k([1.0, 2.0, 3.0], k)


def test_an_interval_covers_the_mean_about_as_often_as_it_says() -> None:
    """Coverage by simulation: 60 sources of 60 papers; below 50 covers has odds of 1 in 3,000."""
    rng = np.random.default_rng(5)
    covered = 0
    for _ in range(60):
        papers = [
            RatedPaper(paper_id=str(i), source="m", ratings=(float(r),))
            for i, r in enumerate(rng.choice([3, 5, 6, 8], 60, p=[0.4, 0.3, 0.2, 0.1]))
        ]
        (row,) = rate_sources(papers, ks=())
        mean = row.metrics[2]
        assert mean.low is not None
        assert mean.high is not None
        covered += mean.low <= 3 * 0.4 + 5 * 0.3 + 6 * 0.2 + 8 * 0.1 <= mean.high
    assert covered >= 50


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"ratings": []}, id="no ratings"),
        pytest.param({"ratings": [11]}, id="rating above the scale"),
        pytest.param({"ratings": [0]}, id="rating below the scale"),
        pytest.param({"ratings": ["6"]}, id="rating as text"),
        pytest.param({"ratings": [True]}, id="a truth value"),
        pytest.param({"soundness": [5]}, id="aspect above its scale"),
        pytest.param({"decision": "maybe"}, id="unknown decision"),
        pytest.param({"n_references": -1}, id="negative references"),
        pytest.param({"n_references": 1.5}, id="half a reference"),
        pytest.param({"source": ""}, id="nameless source"),
    ],
)
def test_a_line_outside_the_format_is_counted_and_left_out(
    tmp_path: Path, change: dict[str, object]
) -> None:
    good = PAPERS[0]
    report = read_generated(_write(tmp_path, [good, {**good, "paper_id": "p9", **change}]))
    assert [problem.line for problem in report.unreadable] == [2]
    assert [(row.source, row.n_papers) for row in report.rows] == [("model", 1)]


def test_a_line_may_state_another_scale(tmp_path: Path) -> None:
    lines = [
        {"paper_id": "a", "source": "m", "ratings": [0, 10], "rating_scale": [0, 10]},
        {"paper_id": "b", "source": "m", "ratings": [0.5, 11], "rating_scale": [0, 10]},
        {"paper_id": "c", "source": "m", "ratings": [3], "rating_scale": [6, 1]},
    ]
    report = read_generated(_write(tmp_path, lines))
    assert [problem.line for problem in report.unreadable] == [2, 3]
    (row,) = report.rows
    assert [metric.value for metric in row.metrics] == [0, 10, 5]
    assert "scale:0-10" in str(row.metrics[0].signature)
    other = {"paper_id": "d", "source": "m", "ratings": [3]}
    with pytest.raises(ParseError, match="m: expected one rating scale, found 0 to 10 and 1 to 10"):
        read_generated(_write(tmp_path, [lines[0], other]))


def test_a_file_of_nothing_readable_gives_no_number(tmp_path: Path) -> None:
    with pytest.raises(ParseError, match="1 invalid line, the first on line 1"):
        read_generated(_write(tmp_path, [{"paper_id": "x"}]))


def test_the_command_prints_a_curve_with_intervals(tmp_path: Path) -> None:
    path = _write(tmp_path, PAPERS)
    shown = cycleeval("generated", str(path), "--best-of", "2", "--json")
    assert shown.exit_code == 0, shown.output
    model = json.loads(shown.stdout)["sources"]["model"]
    assert model["best_of"]["2"]["rating_mean"]["value"] == pytest.approx(20 / 3)
    assert "best-of:2" in model["best_of"]["2"]["rating_mean"]["signature"]
    assert cycleeval("generated", str(path), "--best-of", "0").exit_code == 2
