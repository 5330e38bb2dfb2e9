import datetime as dt
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cycledata.builds.runner import DATASETS, build
from cycledata.consent.policy import read_policy
from cycledata.errors import ParseError
from cycledata.sample import SNAPSHOT
from cycledata.snapshot.open import OpenSnapshot
from cycledata.snapshot.reply import Reply
from cycledata.snapshot.seal import seal
from cycleeval.human_ratings import read_human_ratings
from cycleeval.predictions import Prediction, PredictionFile
from cycleeval.proxy import leave_one_out_errors
from cycleeval.rating_changes import (
    mean_changes,
    rating_pairs,
    read_rating_pairs,
    score_changes,
    sign_matches,
)
from cycleeval.rating_states import rows_in_state
from cycleeval.scoring_config import ScoringConfig
from tests.command_line import cycleeval

CONFIG = ScoringConfig(resamples=200)
BEFORE, AFTER = "before-discussion", "final"


def state(
    paper: str, reviewer: str, rating: float, name: str | None, **more: Any
) -> dict[str, Any]:
    aspects = dict.fromkeys(("soundness", "presentation", "contribution", "confidence"))
    return {
        "paper_id": paper, "reviewer": reviewer, "rating": rating, "state": name,
        "observed": dt.date(2023, 11, 10), "source": "note", **aspects, **more,
    }  # fmt: skip


HISTORY = [
    *(state("a", f"R{i}", r, BEFORE) for i, r in enumerate((3, 5, 8), 1)),
    *(state("a", f"R{i}", r, AFTER) for i, r in enumerate((5, 5, 8), 1)),
    *(state("b", f"R{i}", r, BEFORE) for i, r in enumerate((6, 6), 1)),
    *(state("b", f"R{i}", r, AFTER) for i, r in enumerate((6, 3), 1)),
    *(state("c", f"R{i}", r, BEFORE) for i, r in enumerate((5, 6), 1)),
    *(state("c", f"R{i}", r, AFTER) for i, r in enumerate((5, 6), 1)),
    state("c", "R3", 8, AFTER),
    state("c", "R2", 1, "during-discussion"),
]


def model(**ratings: list[float]) -> PredictionFile:
    found = {paper: Prediction(paper_id=paper, ratings=tuple(r)) for paper, r in ratings.items()}
    return PredictionFile("m", found, ())


def test_what_changed_is_counted_and_measured_by_reviewer() -> None:
    report = score_changes(rating_pairs(HISTORY, name="h"), CONFIG)
    assert (report.n_papers, report.n_ratings, report.n_raised, report.n_lowered) == (3, 7, 1, 1)
    assert report.n_unpaired == 1
    values = {name: result.value for name, result in report.metrics.items()}
    initial, final = (
        np.mean([np.mean(leave_one_out_errors(r) ** 2) for r in lists])
        for lists in (([3, 5, 8], [6, 6], [5, 6]), ([5, 5, 8], [6, 3], [5, 6]))
    )
    assert values == pytest.approx(
        {
            "changed_share": (1 / 3 + 1 / 2) / 3,
            "mean_change": (2 / 3 - 3 / 2) / 3,
            "human_mse_n1_initial": initial,
            "human_mse_n1_final": final,
        }
    )
    assert report.model == {}


def test_a_model_is_measured_beside_no_change() -> None:
    pairs = rating_pairs(HISTORY, name="h")
    predicted = {"a": [17 / 3], "b": [6.0], "c": [5.5]}
    report = score_changes(pairs, CONFIG, model(**predicted))
    errors = np.array([1 / 3 - 2 / 3, 0 + 3 / 2, 0]) ** 2
    nothing = np.array([2 / 3, -3 / 2, 0]) ** 2
    values = {name: result.value for name, result in report.model.items()}
    assert values == pytest.approx(
        {
            "change_mse": errors.mean(),
            "change_mse_no_change": nothing.mean(),
            "change_skill": 1 - errors.sum() / nothing.sum(),
            "change_sign_accuracy": 2 / 3,
            "moved_sign_accuracy": 1 / 2,
        }
    )
    assert {str(result.signature).split("|")[1] for result in report.model.values()} == {
        "by:model",
        "by:constant",
    }


def test_papers_without_a_prediction_are_counted_and_left_out() -> None:
    report = score_changes(rating_pairs(HISTORY, name="h"), CONFIG, model(b=[3.0]))
    assert (report.n_missing, report.model["change_mse"].n_papers) == (2, 1)
    assert report.model["change_mse"].value == pytest.approx(1.5**2)
    with pytest.raises(ParseError, match="no prediction is of a paper of h"):
        score_changes(rating_pairs(HISTORY, name="h"), CONFIG, model(z=[3.0]))


@given(
    st.lists(
        st.lists(st.tuples(st.integers(1, 10), st.integers(1, 10)), min_size=1, max_size=5),
        min_size=1,
        max_size=6,
    )
)
def test_the_truth_is_a_perfect_prediction_and_no_change_has_no_skill(
    papers: list[list[tuple[int, int]]],
) -> None:
    before = [[old for old, _ in paper] for paper in papers]
    after = [[new for _, new in paper] for paper in papers]
    changes = mean_changes(before, after)
    assert sign_matches(changes, changes).all()
    assert (mean_changes(before, before) == 0).all()
    assert (sign_matches(changes, 0 * changes) == (changes == 0)).all()


def test_reviewers_who_differ_before_and_after_are_refused() -> None:
    with pytest.raises(ValueError, match="expected the same reviewers"):
        mean_changes([[3, 5]], [[5]])
    with pytest.raises(ParseError, match="no reviewer has a rating before and after"):
        rating_pairs([state("a", "R1", 3, BEFORE)], name="h")


def test_rows_of_one_state_have_all_its_ratings_or_are_left_out() -> None:
    scores = [
        {"paper_id": p, "ratings": r, "ratings_state": s, "confidences": [1] * len(r)}
        for p, r, s in [
            ("a", [5, 5, 8], "final"), ("c", [5, 6, 8], None), ("d", [3], "final"), ("e", [3], None)
        ]
    ]  # fmt: skip
    initial = rows_in_state(scores, HISTORY, "initial")
    assert [(row["paper_id"], row["ratings"]) for row in initial.rows] == [("a", [3, 5, 8])]
    assert (initial.n_left_out, initial.rows[0]["confidences"]) == (3, [None] * 3)
    final = rows_in_state(scores, HISTORY, "final")
    assert [row["ratings"] for row in final.rows] == [[5, 5, 8], [5, 6, 8], [3]]


@pytest.fixture(scope="module")
def changed_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample, with a table of other ratings before the discussion."""
    from cycledata.snapshot.sealed import SealedSnapshot

    folder = tmp_path_factory.mktemp("changes")
    with OpenSnapshot(folder / "snapshot") as snapshot:
        for service in ("openreview", "sample"):
            snapshot.add_many(SealedSnapshot.open(SNAPSHOT).iter(service))
        row = {
            "paper_id": "SAMPLE5k06",
            "rating_20231111": [1, 1, 1],
            "reviewer_20231111": _reviewers(snapshot, "SAMPLE5k06"),
        }
        payload = json.dumps(row).encode()
        key = "ICLR.cc/2024/Conference/SAMPLE5k06"
        snapshot.add(Reply("ratings", key, "file:t", None, 200, "application/json", payload))
    seal(folder / "snapshot")
    build(
        DATASETS["review-5k"],
        folder / "snapshot",
        folder / "out",
        policy=read_policy(),
        allow_empty=True,
    )
    return folder / "out"


def _reviewers(snapshot: OpenSnapshot, paper_id: str) -> list[str]:
    reply = snapshot.get("openreview", f"forum/{paper_id}")
    assert reply is not None
    value = json.loads(reply.payload)
    found = value["notes"]
    return [
        note["signatures"][0].rpartition("/")[2]
        for note in found
        if note["invitations"][0].endswith("Official_Review")
    ][:3]


def test_ratings_of_a_state_are_read_from_a_build(changed_build: Path) -> None:
    now = read_human_ratings(str(changed_build), split="test")
    final = read_human_ratings(str(changed_build), split="test", ratings="final")
    assert now.ratings == final.ratings
    assert now.digest == final.digest
    initial = read_human_ratings(str(changed_build), split="test", ratings="initial")
    assert initial.name == f"{changed_build} (initial ratings)"
    assert read_rating_pairs(changed_build, split="test").paper_ids == initial.paper_ids


@pytest.mark.parametrize("arguments", [["human"], ["changes"]])
def test_the_commands_print_the_state(arguments: list[str], changed_build: Path) -> None:
    options = ["--ratings", "initial", "--no-baselines"] if arguments == ["human"] else []
    ran = cycleeval(*arguments, str(changed_build), *options, "--json")
    assert ran.exit_code == 0, ran.stderr
    metrics = json.loads(ran.stdout)["metrics"]
    assert {"proxy_mse_n1", "human_mse_n1_initial"} & metrics.keys()


def test_a_file_without_history_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(json.dumps({"paper_id": "a", "ratings": [3, 5], "decision": None}))
    with pytest.raises(
        ParseError, match="expected papers with initial ratings, found none among 1"
    ):
        read_human_ratings(str(path), ratings="initial")
