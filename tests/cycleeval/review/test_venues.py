"""Three venues from notes to scores: the scale and threshold of each arrive in every command."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest

from cycledata.builds.runner import DATASETS, build
from cycledata.consent.policy import read_policy
from cycledata.errors import ParseError
from cycledata.formats.rating_scales import rating_label
from cycledata.formats.review_text import ReviewText, render_reviews
from cycledata.formats.unreadable import Unreadable
from cycledata.records import Review
from cycledata.snapshot.open import OpenSnapshot
from cycledata.snapshot.reply import Reply
from cycledata.snapshot.seal import seal
from cycleeval.review.form import form_of_build
from cycleeval.review.parsing import parse_review
from cycleeval.review.protocol import review_prompt
from tests.command_line import cycleeval

N_PAPERS = 24


class Server(Protocol):
    """The part of the fixture ``model`` that the tests use."""

    url: str
    asked: list[dict[str, Any]]


@dataclass(frozen=True)
class Venue:
    """A venue as its notes show it."""

    name: str
    ratings: tuple[float, ...]
    threshold: float
    numbers: dict[str, int]
    rating_field: str = "rating"
    invitation: tuple[str, ...] = ()
    """Options of the rating, for a venue that the package does not know."""


VENUES = [
    Venue("ICLR.cc/2026/Conference", (0, 2, 4, 6, 8, 10), 6,
          {"soundness": 3, "presentation": 2, "contribution": 3, "confidence": 4}),
    Venue("NeurIPS.cc/2025/Conference", (1, 2, 3, 4, 5, 6), 4,
          {"quality": 3, "clarity": 3, "significance": 2, "originality": 4, "confidence": 4}),
    Venue("Nobody.org/2033/Meeting", (-1, 0, 0.5, 1), 0.5,
          {"novelty_of_it": 2, "confidence": 3}, "verdict_of_it",
          ("-1: strong reject", "0: weak reject", "0.5: weak accept", "1: strong accept")),
]  # fmt: skip


def ratings_of(venue: Venue, number: int) -> list[float]:
    return [venue.ratings[(number + i) % len(venue.ratings)] for i in (0, 1, 3)]


def forum(venue: Venue, number: int) -> Reply:
    paper_id = f"paper{number:02}"

    def note(name: str, kind: str, **content: Any) -> dict[str, Any]:
        return {
            "id": name, "forum": paper_id, "readers": ["everyone"], "license": "CC BY 4.0",
            "invitations": [f"{venue.name}/Submission{number}/-/{kind}"], "cdate": 1, "mdate": 1,
            "content": {key: {"value": value} for key, value in content.items()},
        }  # fmt: skip

    texts = dict.fromkeys(("summary", "strengths", "weaknesses", "questions"), "It is so.")
    head = note(paper_id, "Submission", title=f"Invented matter number {number}", abstract="So.")
    head["invitations"] = [f"{venue.name}/-/Submission"]
    reviews = [
        note(f"{paper_id}r{i}", "Official_Review", **texts, **venue.numbers,
             **{venue.rating_field: rating})
        for i, rating in enumerate(ratings_of(venue, number))
    ]  # fmt: skip
    verdict = "Accept (poster)" if number % 3 == 0 else "Reject"
    notes = [head, *reviews, note(f"{paper_id}d", "Decision", decision=verdict)]
    payload = json.dumps({"forum": paper_id, "notes": notes}).encode()
    return Reply("openreview", f"forum/{paper_id}", "file:x", None, 200, "j", payload)


def invitation(venue: Venue) -> Reply:
    def field(options: list[dict[str, Any]]) -> dict[str, Any]:
        return {"value": {"param": {"type": "float", "enum": options, "input": "radio"}}}

    rating = [{"value": float(o.split(":")[0]), "description": o} for o in venue.invitation]
    content: dict[str, Any] = {
        name: field([{"value": n, "description": str(n)} for n in (1, 2, 3)])
        for name in venue.numbers
    }
    content[venue.rating_field] = field(rating)
    for name in ("summary", "strengths", "weaknesses", "questions"):
        content[name] = {"value": {"param": {"type": "string", "input": "textarea"}}}
    name = f"{venue.name}/-/Official_Review"
    value = {"id": name, "edit": {"invitation": {"edit": {"note": {"content": content}}}}}
    payload = json.dumps(value).encode()
    return Reply("openreview", f"invitation/{name}", "file:x", None, 200, "j", payload)


@pytest.fixture(scope="module", params=VENUES, ids=lambda venue: venue.name.split(".")[0])
def built(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Venue, Path]:
    venue: Venue = request.param
    folder = tmp_path_factory.mktemp("venue")
    with OpenSnapshot(folder / "snapshot") as snapshot:
        snapshot.add_many(forum(venue, number) for number in range(N_PAPERS))
        if venue.invitation:
            snapshot.add(invitation(venue))
    seal(folder / "snapshot")
    out = folder / "out"
    build(DATASETS["review-5k"], folder / "snapshot", out, policy=read_policy(), allow_empty=True)
    return venue, out


def scored(*words: str) -> dict[str, Any]:
    ran = cycleeval(*words, "--json")
    assert ran.exit_code == 0, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def test_human_ratings_are_scored_on_the_scale_of_the_venue(built: tuple[Venue, Path]) -> None:
    venue, out = built
    found = scored("human", str(out), "--split", "train")
    signature = found["metrics"]["decision_accuracy"]["signature"]
    low, high = venue.ratings[0], venue.ratings[-1]
    assert f"|decide:review>={venue.threshold:g}-given|" in signature
    assert f"|scale:{low:g}-{high:g}|" in signature
    assert found["n_papers"] >= N_PAPERS // 2


def papers_of(out: Path) -> list[dict[str, Any]]:
    import polars as pl

    files = sorted(out.glob("scores/train-*.parquet"))
    return [row for file in files for row in pl.read_parquet(file).to_dicts()]


def test_texts_and_numbers_give_one_score(built: tuple[Venue, Path], tmp_path: Path) -> None:
    venue, out = built
    rows = papers_of(out)
    form = form_of_build(out)
    assert form.scale.values == venue.ratings
    assert form.scale.accept_threshold == venue.threshold
    numbers, texts = [], []
    for row in rows:
        rating = form.scale.values[0]
        review = Review(
            reviewer="R1", summary="s", strengths="a", weaknesses="w", questions="q",
            soundness=None, presentation=None, contribution=None, rating=rating, confidence=None,
        )  # fmt: skip
        text = ReviewText(reviews=(review,), meta_review=None, decision=None)
        numbers.append({"paper_id": row["paper_id"], "ratings": [rating]})
        texts.append({"paper_id": row["paper_id"], "text": render_reviews(text, scale=form.scale)})
    for name, lines in (("numbers", numbers), ("texts", texts)):
        (tmp_path / name).write_text("".join(json.dumps(line) + "\n" for line in lines))
    by_number = scored("score", str(tmp_path / "numbers"), str(out), "--split", "train")
    by_text = scored("score", str(tmp_path / "texts"), str(out), "--split", "train")
    assert by_number["n_unreadable"] == by_text["n_unreadable"] == 0
    assert by_number["metrics"] == by_text["metrics"]
    low = venue.ratings[0]
    errors = [(low - sum(row["ratings"]) / 3) ** 2 for row in rows]
    expected = sum(errors) / len(errors)
    assert by_number["metrics"]["proxy_mse_n"]["value"] == pytest.approx(expected)
    off = [{**numbers[0], "ratings": [11]}, *numbers[1:]]
    (tmp_path / "off").write_text("".join(json.dumps(line) + "\n" for line in off))
    assert scored("score", str(tmp_path / "off"), str(out), "--split", "train")["n_unreadable"] == 1


def test_the_prompt_states_the_form_and_answers_are_read_on_it(built: tuple[Venue, Path]) -> None:
    venue, out = built
    form = form_of_build(out, venue.name)
    asked = review_prompt("The paper.", form)
    labels = [rating_label(value, form.scale).replace(": ", " ") for value in form.scale.values]
    assert f"- rating: {'; '.join(labels)}" in asked
    assert "ICLR would" not in asked
    assert "1|3|5|6|8|10" not in asked
    answer = {name: values[0] for name, values in form.numbers.items()}
    texts = dict.fromkeys(("summary", "strengths", "weaknesses", "questions"), "x")
    for rating in (*venue.ratings, 7, 0.25):
        value = json.dumps({**texts, **answer, "rating": rating, "decision": "reject"})
        found = parse_review(value, "stop", form)
        assert isinstance(found, Unreadable) == (rating not in venue.ratings)
    for name in form.numbers:
        wrong = {**texts, **answer, name: 99, "rating": venue.ratings[0], "decision": "reject"}
        assert isinstance(parse_review(json.dumps(wrong), "stop", form), Unreadable)


def test_review_asks_a_model_on_the_form_of_the_build(
    built: tuple[Venue, Path], tmp_path: Path, model: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    venue, out = built
    form = form_of_build(out)
    answer = {name: values[-1] for name, values in form.numbers.items()}
    texts = dict.fromkeys(("summary", "strengths", "weaknesses", "questions"), "x")
    reply = json.dumps({**texts, **answer, "rating": venue.ratings[1], "decision": "accept"})
    monkeypatch.setattr(type(model), "say", lambda *_: (reply, "stop"))
    papers = [{"paper_id": row["paper_id"], "text": "A paper."} for row in papers_of(out)[:2]]
    (tmp_path / "papers").write_text("".join(json.dumps(paper) + "\n" for paper in papers))
    ran = cycleeval(
        "review", str(tmp_path / "papers"), "--model", "m", "--endpoint", model.url,
        "--reference", str(out), "--ensemble", "1", "--reflections", "0",
        "--record", str(tmp_path / "record"), "--out", str(tmp_path / "predictions"),
    )  # fmt: skip
    assert ran.exit_code == 0, ran.stderr
    (first, _) = model.asked
    assert review_prompt("A paper.", form) == first["messages"][-1]["content"]
    found = scored("score", str(tmp_path / "predictions"), str(out), "--split", "train")
    assert (found["n_scored"], found["n_unreadable"]) == (2, 0)


def test_a_venue_that_the_build_lacks_is_refused(built: tuple[Venue, Path]) -> None:
    with pytest.raises(ParseError, match=r"expected Other\.org, found"):
        form_of_build(built[1], "Other.org")
