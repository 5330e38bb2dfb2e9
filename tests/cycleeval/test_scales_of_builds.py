"""Builds of venues with other rating scales, from recorded notes to every command."""

import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cycledata.builds import runner
from cycledata.consent.policy import read_policy
from cycledata.datasets.review5k import REVIEW_5K
from cycledata.snapshot.open import OpenSnapshot
from cycledata.snapshot.reply import Reply
from cycledata.snapshot.seal import seal
from cycleeval.cli import app
from cycleeval.human_ratings import read_human_ratings

NEURIPS, ICLR = "NeurIPS.cc/2025/Conference", "ICLR.cc/2026/Conference"
ARR = "aclweb.org/ACL/ARR/2026/May"
DAY = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
N_PAPERS = 24
RATINGS: dict[str, list[tuple[float, float, float]]] = {
    NEURIPS: [(2, 3, 3), (4, 5, 4), (6, 5, 5), (1, 2, 3)],
    ICLR: [(0, 2, 4), (6, 8, 8), (10, 8, 6), (0, 0, 2)],
    ARR: [(1, 2, 2.5), (3.5, 4, 4.5), (5, 4.5, 4), (2.5, 1.5, 1)],
}
"""By turns; every second and third paper is accepted."""
FORMS: dict[str, dict[str, Any]] = {
    NEURIPS: {"quality": 3, "clarity": 3, "significance": 2, "originality": 3},
    ICLR: {"soundness": 3, "presentation": 3, "contribution": 2},
    ARR: {"soundness": 4.5, "excitement": 3.5},
}


def notes_of(venue: str, paper: int) -> list[dict[str, Any]]:
    """Return a submission, its reviews and its decision as OpenReview gives them."""
    short, year = venue.split(".")[0], venue.split("/")[1]
    forum = f"{short}{paper:03d}"
    is_accepted = paper % 4 in (1, 2)
    shared: dict[str, Any] = {
        "forum": forum,
        "readers": ["everyone"],
        "tmdate": 1,
        "cdate": 1_747_000_000_000,
    }
    submission: dict[str, Any] = {
        "id": forum,
        "number": paper,
        "invitations": [f"{venue}/-/Submission"],
        "content": {
            "title": {"value": f"Paper {paper}"},
            "venueid": {"value": venue if is_accepted else f"{venue}/Rejected_Submission"},
            "venue": {"value": f"{short} {year} poster" if is_accepted else "Rejected"},
        },
    }
    reviews: list[dict[str, Any]] = [
        {
            "id": f"{forum}r{i}",
            "invitations": [f"{venue}/Submission{paper}/-/Official_Review"],
            "content": {
                name: {"value": value}
                for name, value in {
                    **FORMS[venue],
                    "summary": "S",
                    "overall_assessment" if venue == ARR else "rating": rating,
                    "confidence": 4,
                }.items()
            },
        }
        for i, rating in enumerate(RATINGS[venue][paper % 4])
    ]
    decision: dict[str, Any] = {
        "id": f"{forum}d",
        "invitations": [f"{venue}/Submission{paper}/-/Decision"],
        "content": {"decision": {"value": "Accept (poster)" if is_accepted else "Reject"}},
    }
    return [{**shared, **note} for note in (submission, *reviews, decision)]


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One build per venue, and one of both."""
    folder = tmp_path_factory.mktemp("builds")
    made = {}
    for name, venues in {
        "neurips": [NEURIPS],
        "iclr": [ICLR],
        "arr": [ARR],
        "both": [NEURIPS, ICLR],
    }.items():
        with OpenSnapshot(folder / f"{name}-snapshot") as snapshot:
            for venue in venues:
                for paper in range(N_PAPERS):
                    notes = notes_of(venue, paper)
                    payload = json.dumps({"forum": notes[0]["id"], "notes": notes}).encode()
                    key = f"forum/{notes[0]['id']}"
                    snapshot.add(
                        Reply("openreview", key, f"f:{key}", DAY, 200, "application/json", payload)
                    )
        seal(folder / f"{name}-snapshot")
        made[name] = folder / name
        runner.build(
            REVIEW_5K,
            folder / f"{name}-snapshot",
            made[name],
            policy=read_policy(None),
            allow_empty=True,
        )
    return made


def predictions(path: Path, build: Path, venue: str, shift: float, *, as_text: bool) -> Path:
    """Write the human mean plus a shift as ratings, or as a review text."""
    humans = read_human_ratings(str(build), venue=venue)
    assert humans.scale is not None
    low, high = humans.scale
    lines = []
    for paper_id, ratings in zip(humans.paper_ids, humans.ratings, strict=True):
        rating = min(max(round(sum(ratings) / len(ratings) + shift), low), high)
        line: dict[str, Any] = {"paper_id": paper_id, "ratings": [rating]}
        if as_text:
            text = f"## Reviewer\n\n### Rating\n\n{rating:g}/{high:g}\n"
            line = {"paper_id": paper_id, "text": text}
        lines.append(json.dumps(line))
    path.write_text("\n".join(lines), "utf-8")
    return path


def said(*arguments: str | Path, fails: bool = False) -> str:
    result = CliRunner().invoke(app, [*map(str, arguments)])
    assert (result.exit_code != 0) == fails, result.output
    return str(result.exception) if fails else result.output


def as_json(*arguments: str | Path) -> Any:
    return json.loads(said(*arguments, "--json", "--resamples", "100"))


THRESHOLDS = {"neurips": (NEURIPS, "1-6", "4"), "iclr": (ICLR, "0-10", "6")}


@pytest.mark.parametrize("name", THRESHOLDS)
def test_people_are_judged_on_the_venues_own_scale(name: str, builds: dict[str, Path]) -> None:
    _, _, threshold = THRESHOLDS[name]
    card = as_json("human", builds[name])
    accuracy = card["metrics"]["decision_accuracy"]
    # Every single review above is on the side of its paper's decision.
    assert accuracy["value"] == 1
    assert f"decide:review>={threshold}-given" in accuracy["signature"]


@pytest.mark.parametrize("as_text", [False, True], ids=["ratings", "text"])
@pytest.mark.parametrize("name", THRESHOLDS)
def test_a_model_is_read_and_judged_on_that_scale(
    name: str, as_text: bool, builds: dict[str, Path], tmp_path: Path
) -> None:
    venue, scale, threshold = THRESHOLDS[name]
    path = predictions(tmp_path / "m.jsonl", builds[name], venue, 0, as_text=as_text)
    card = as_json("score", path, builds[name])
    assert card["n_unreadable"] == 0
    assert card["metrics"]["decision_accuracy"]["value"] == 1
    assert f"decide:mean>={threshold}-given" in card["metrics"]["decision_accuracy"]["signature"]
    assert f"scale:{scale}" in card["metrics"]["proxy_mse_n"]["signature"]


def test_a_rating_off_the_scale_is_unreadable(builds: dict[str, Path], tmp_path: Path) -> None:
    ids = read_human_ratings(str(builds["neurips"])).paper_ids
    rows: list[dict[str, Any]] = [{"paper_id": paper_id, "ratings": [4]} for paper_id in ids]
    rows[0] = {"paper_id": ids[0], "ratings": [8]}
    rows[1] = {"paper_id": ids[1], "text": "## Reviewer\n\n### Rating\n\n8: accept\n"}
    path = tmp_path / "m.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    card = as_json("score", path, builds["neurips"])
    assert [line["rule"] for line in card["invalid_lines"]] == ["out-of-scale", "out-of-scale"]
    assert "expected a number from 1 to 6" in card["invalid_lines"][1]["detail"]


@pytest.mark.parametrize("as_text", [False, True], ids=["ratings", "text"])
def test_a_form_without_a_threshold_takes_it_from_the_decisions_and_has_its_own_aspects(
    as_text: bool, builds: dict[str, Path], tmp_path: Path
) -> None:
    """ARR words no acceptance, and its soundness goes to 5 in halves."""
    human = as_json("human", builds["arr"])["metrics"]["decision_accuracy"]
    assert human["value"] == 1
    assert "decide:review>=" in human["signature"]
    assert "-train" in human["signature"]
    text = "## Reviewer\n\n### Soundness\n\n5\n\n### Rating\n\n4.5\n\n### Confidence\n\n5\n"
    line: dict[str, Any] = {"ratings": [4.5], "soundness": [5], "confidence": [5]}
    humans = read_human_ratings(str(builds["arr"]))
    rows = [{"paper_id": i, **({"text": text} if as_text else line)} for i in humans.paper_ids]
    path = tmp_path / "m.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    card = as_json("score", path, builds["arr"])
    assert (card["n_scored"], card["n_unreadable"]) == (len(rows), 0)
    soundness = card["metrics"]["proxy_mse_n_soundness"]
    assert soundness["value"] == pytest.approx(0.25)
    assert "scale:1-5" in soundness["signature"]


def test_aspects_of_a_file_are_on_the_scale_that_people_used(tmp_path: Path) -> None:
    rows = [{"paper_id": f"p{i}", "ratings": [3, 5], "soundness": [i, 9]} for i in range(3)]
    path = tmp_path / "r.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    assert read_human_ratings(str(path)).aspect_scale == (0, 9)
    path.write_text(json.dumps({"paper_id": "p", "ratings": [3, 5], "soundness": [2, 4]}), "utf-8")
    assert read_human_ratings(str(path)).aspect_scale is None


def test_0_is_a_rating_of_iclr_2026(builds: dict[str, Path], tmp_path: Path) -> None:
    humans = read_human_ratings(str(builds["iclr"]))
    assert humans.scale is not None
    assert list(humans.scale) == [0, 10]
    assert min(map(min, humans.ratings)) == 0
    rows = [{"paper_id": paper_id, "ratings": [0]} for paper_id in humans.paper_ids]
    path = tmp_path / "zero.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    card = as_json("score", path, builds["iclr"])
    assert (card["n_scored"], card["n_unreadable"]) == (len(rows), 0)


def test_two_models_are_compared_on_that_scale(builds: dict[str, Path], tmp_path: Path) -> None:
    near = predictions(tmp_path / "near.jsonl", builds["neurips"], NEURIPS, 0, as_text=False)
    far = predictions(tmp_path / "far.jsonl", builds["neurips"], NEURIPS, 2, as_text=False)
    compared = as_json("compare", near, far, builds["neurips"])
    difference = compared["pairs"][0]["metrics"]["proxy_mse_n"]
    assert difference["a"] < difference["b"]
    assert "scale:1-6" in difference["signature"]


@pytest.mark.parametrize("command", ["human", "score", "compare"])
def test_several_scales_are_refused_and_scored_by_venue(
    command: str, builds: dict[str, Path], tmp_path: Path
) -> None:
    files: Sequence[Path] = [
        predictions(tmp_path / f"{shift}.jsonl", builds["both"], NEURIPS, shift, as_text=False)
        for shift in (0, 1)
    ]
    given = {"human": files[:0], "score": files[:1], "compare": files}[command]
    refused = said(command, *given, builds["both"], fails=True)
    assert "expected papers on one rating scale, found 2" in refused
    assert "--venue" in refused
    of_venue = said(command, *given, builds["both"], "--venue", NEURIPS, "--resamples", "100")
    assert "proxy_mse_n" in of_venue
