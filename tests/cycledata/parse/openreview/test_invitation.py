"""Invitations of made-up venues, in every shape of the service, become forms."""

import json
from pathlib import Path
from typing import Any

import pytest

from cycledata.errors import ParseError
from cycledata.parse.openreview import (
    FORMS,
    VenueForm,
    find_form,
    forms_from_invitations,
    infer_form,
    parse_forum,
    read_form_file,
)
from cycledata.parse.openreview.answers import leans_to
from cycledata.parse.openreview.forum import ParsedForum
from cycledata.records import Dropped

VENUE = "Somewhere.org/2031/Conference"


def numbers(*words: tuple[float, str], type_: str = "integer") -> dict[str, Any]:
    enum = [{"value": value, "description": text} for value, text in words]
    return {"value": {"param": {"type": type_, "enum": enum, "input": "radio"}}}


def words(*texts: str) -> dict[str, Any]:
    return {"value": {"param": {"type": "string", "enum": list(texts), "input": "radio"}}}


TEXT = {"value": {"param": {"type": "string", "maxLength": 5000, "input": "textarea"}}}
RATING = numbers((4, "4: Accept"), (3, "3: Weak accept (i.e., could also be rejected)"),
                 (2, "2: Weak reject"), (1, "1: Reject"))  # fmt: skip
CONFIDENCE = numbers((3, "3: sure"), (2, "2: fairly sure"), (1, "1: a guess"))


def invitation(content: dict[str, Any], *, shape: str = "super", **extra: Any) -> dict[str, Any]:
    note = {"note": {"content": content}}
    shapes = {
        "super": ("", {"edit": {"invitation": {"edit": note}}}),
        "per paper": ("/Submission7", {"edit": note}),
        "v1": ("", {"reply": {"content": content}}),
    }
    place, body = shapes[shape]
    return {"id": f"{VENUE}{place}/-/Official_Review", "tmdate": 1, **body, **extra}


def form(content: dict[str, Any], **extra: Any) -> VenueForm:
    return forms_from_invitations([invitation(content, **extra)])[VENUE]


def test_the_texts_of_a_meta_review_are_those_of_its_form() -> None:
    content = {"synthesis": TEXT, "advice": words("Accept", "Reject"), "outlook": TEXT}
    meta = invitation(content) | {"id": f"{VENUE}/-/Meta_Review"}
    forms = forms_from_invitations([invitation({"rating": RATING}), meta])
    assert forms[VENUE].meta_texts == ("synthesis", "outlook")

    def read(**texts: str) -> str | None:
        note = {
            "id": "m1",
            "forum": "p1",
            "readers": ["everyone"],
            "invitations": [f"{VENUE}/Submission7/-/Meta_Review"],
            "content": {name: {"value": text} for name, text in texts.items()},
        }
        payload = json.dumps({"forum": "p1", "notes": [note]}).encode()
        found = parse_forum(payload, forms=forms)
        assert isinstance(found, ParsedForum)
        meta = found.submission.meta_review
        return None if meta is None else meta.text

    assert read(synthesis="Good.", advice="Accept") == "Good."
    assert read(synthesis="S", outlook="O") == "### Synthesis\n\nS\n\n### Outlook\n\nO"
    assert read(metareview="M", synthesis="S") == "M"
    assert read(advice="Accept") is None


def test_a_rating_without_numbers_is_named() -> None:
    found = form({"summary": TEXT, "recommendation": words("A: accept", "B: reject")})
    assert found.rating_scale is None
    stated = "recommendation offers words without numbers: A: accept; B: reject"
    assert found.evidence.endswith(stated)


def test_a_rating_without_a_list_of_values_is_named() -> None:
    score = {"value": {"param": {"type": "float", "minimum": 0, "maximum": 5}}}
    found = form({"summary": TEXT, "score": score})
    assert found.rating_scale is None
    assert found.evidence.endswith("score takes any number (float) and lists no values")


@pytest.mark.parametrize("shape", ["super", "per paper", "v1"])
def test_the_form_is_found_in_every_shape(shape: str) -> None:
    found = form({"summary": TEXT, "rating": RATING, "confidence": CONFIDENCE}, shape=shape)
    assert found.rating_scale is not None
    assert found.rating_scale.values == (1, 2, 3, 4)
    assert found.rating_scale.words[0] == "Reject"
    assert found.rating_scale.accept_threshold == 3
    assert found.by_role["confidence"].values == (1, 2, 3)
    assert found.by_role["summary"].name == "summary"
    assert "3 reads 'Weak accept" in found.evidence


def test_v1_lists_of_words_are_read() -> None:
    content = {
        "review": {"order": 1, "value-regex": "[\\S\\s]{1,200000}"},
        "rating": {"order": 2, "value-dropdown": ["8: Accept", "6: Weak Accept", "3: Reject"]},
        "confidence": {"order": 3, "value-radio": ["2: sure", "1: not"]},
    }
    found = form(content, shape="v1")
    assert found.rating_scale is not None
    assert found.rating_scale.values == (3, 6, 8)
    assert found.rating_scale.accept_threshold == 6
    assert found.by_role["strengths"].name == "review"


@pytest.mark.parametrize(
    ("options", "values", "threshold"),
    [
        pytest.param(words("10: Award", "8: Accept", "1: Reject"), (1, 8, 10), 8, id="words"),
        pytest.param(
            numbers((2.5, "2.5 = Borderline accept"), (2, "2 = Reject"), type_="float"),
            (2, 2.5),
            2.5,
            id="halves",
        ),
        pytest.param(numbers((0, "0: reject"), (2, "2: accept")), (0, 2), 2, id="zero"),
        pytest.param(
            words("Strong accept (4)", "Weak accept (3)", "Reject (1)"), (1, 3, 4), 3, id="behind"
        ),
        pytest.param(words("−1: weak reject", "1: weak accept"), (-1, 1), 1, id="minus sign"),
        pytest.param(
            {"value": {"param": {"type": "integer", "enum": [1, 2, 3]}}}, (1, 2, 3), None, id="bare"
        ),
        pytest.param(
            {"value": {"param": {"type": "integer", "minimum": 1, "maximum": 5}}},
            (1, 2, 3, 4, 5),
            None,
            id="bounds",
        ),
        pytest.param(
            {"value": {"param": {"type": "integer", "items": [{"value": 1}, {"value": 2}]}}},
            (1, 2),
            None,
            id="items",
        ),
        pytest.param(
            numbers((3, "3: Reject"), (2, "2: Accept"), (1, "1: Strong accept")),
            (1, 2, 3),
            None,
            id="words that fall",
        ),
    ],
)
def test_scale_and_threshold_come_from_the_options(
    options: dict[str, Any], values: tuple[float, ...], threshold: float | None
) -> None:
    scale = form({"summary": TEXT, "rating": options}).rating_scale
    assert scale is not None
    assert (scale.values, scale.accept_threshold) == (values, threshold)


def test_a_rating_under_any_name_is_found_by_its_words() -> None:
    found = form({"pros": TEXT, "gut_feeling": RATING, "reviewer_confidence": CONFIDENCE})
    assert found.by_role["rating"].name == "gut_feeling"
    assert found.by_role["confidence"].name == "reviewer_confidence"
    assert found.by_role["strengths"].name == "pros"


def test_settings_of_the_invitation_name_the_fields() -> None:
    content = {"rating": numbers((1, "1: a"), (2, "2: b")), "mark": RATING, "trust": CONFIDENCE}
    named = {"rating_field_name": {"value": "mark"}, "confidence_field_name": {"value": "trust"}}
    found = forms_from_invitations([{**invitation(content), "content": named}])[VENUE]
    assert found.by_role["rating"].name == "mark"
    assert found.by_role["confidence"].name == "trust"


def test_two_possible_ratings_are_refused_with_their_names() -> None:
    with pytest.raises(ParseError, match="expected one rating, found first, second"):
        form({"first": RATING, "second": RATING})


def test_the_invitation_for_all_papers_wins_then_the_latest() -> None:
    one = invitation({"rating": numbers((1, "1: reject"), (9, "9: accept"))}, shape="per paper")
    old = invitation({"rating": numbers((1, "1: reject"), (2, "2: accept"))})
    new = invitation({"rating": RATING}, tmdate=5)
    for order in ([one, old, new], [new, one, old]):
        scale = forms_from_invitations(order)[VENUE].rating_scale
        assert scale is not None
        assert scale.values == (1, 2, 3, 4)


@pytest.mark.parametrize(
    ("text", "lean"),
    [
        ("Marginally above acceptance threshold", True),
        ("marginally below the acceptance threshold. But would not mind if accepted", False),
        ("Weak accept (i.e., leaning towards accept, but could also be rejected)", True),
        ("Weak reject (i.e., leaning towards reject, but could also be accepted)", False),
        ("Borderline accept: reasons to accept outweigh reasons to reject", True),
        ("Ok but not good enough - rejection", False),
        ("Top 5% of accepted papers, seminal paper", True),
        ("I would not accept this paper", False),
        ("Leaning to Reject", False),
        ("Borderline Conference", None),
        ("Trivial or wrong", None),
        ("", None),
    ],
)
def test_wording_leans_by_its_head(text: str, lean: bool | None) -> None:
    assert leans_to(text) is lean


def forum(reviews: list[dict[str, Any]], *, venue: str = VENUE) -> bytes:
    notes = [
        {
            "id": f"r{i}",
            "forum": "p1",
            "readers": ["everyone"],
            "invitations": [f"{venue}/Submission1/-/Official_Review"],
            "content": {name: {"value": value} for name, value in content.items()},
        }
        for i, content in enumerate(reviews)
    ]
    return json.dumps({"forum": "p1", "notes": notes}).encode()


def test_an_unheard_of_venue_is_read_by_its_invitation_alone() -> None:
    content = {
        "what_it_says": TEXT,
        "strong_points": TEXT,
        "verdict": numbers((0, "0: reject"), (0.5, "0.5: weak accept"), (1, "1: accept")),
        "originality": numbers((1, "1: low"), (2, "2: high")),
        "remarks": TEXT,
    }
    forms = forms_from_invitations([invitation(content)])
    answers = [
        {"what_it_says": "S", "verdict": 0, "originality": 2, "remarks": "R"},
        {"what_it_says": "S", "verdict": 0.5, "originality": "1: low"},
        {"what_it_says": "S", "verdict": 0.7},
    ]
    parsed = parse_forum(forum(answers), forms=forms)
    assert isinstance(parsed, ParsedForum)
    submission = parsed.submission
    assert submission.year == 2031
    assert [review.rating for review in submission.reviews] == [0, 0.5]
    assert submission.rating_scale is not None
    assert submission.rating_scale.accept_threshold == 0.5
    carried = {field.name: (field.text, field.value) for field in submission.reviews[0].fields}
    assert carried == {
        "what_it_says": ("S", None),
        "originality": (None, 2),
        "remarks": ("R", None),
    }
    assert submission.reviews[1].fields[1].value == 1
    assert [row.rule for row in parsed.dropped] == ["rating-off-scale"]


def test_a_form_is_inferred_from_reviews() -> None:
    contents = [
        {"summary": "S", "overall_recommendation": f"{n}: {text}", "confidence": 3, "clarity": 2}
        for n, text in ((1, "Reject"), (3, "Weak accept"), (4, "Accept"))
    ]
    found = infer_form(VENUE, contents)
    assert found is not None
    assert found.source == "notes"
    assert found.rating_scale is not None
    assert found.rating_scale.values == (1, 3, 4)
    assert found.rating_scale.accept_threshold == 3
    assert "inferred from 3 reviews" in found.evidence


@pytest.mark.parametrize(
    "contents",
    [
        pytest.param([{"summary": "S"}], id="no rating"),
        pytest.param([{"rating": "good"}, {"rating": "6: x"}], id="words"),
        pytest.param([{"rating": 1}, {"summary": "a"}, {"summary": "b"}], id="rarely answered"),
        pytest.param([{"rating": n} for n in range(40)], id="no scale"),
        pytest.param([], id="no reviews"),
    ],
)
def test_without_a_clear_rating_nothing_is_inferred(contents: list[dict[str, Any]]) -> None:
    assert infer_form(VENUE, contents) is None


def test_an_unknown_venue_is_refused_with_its_fields() -> None:
    dropped = parse_forum(forum([{"views": "V", "stars": 3}]))
    assert isinstance(dropped, Dropped)
    assert dropped.rule == "unknown-form"
    assert "reviews with the fields stars, views" in dropped.detail


def test_a_form_file_names_fields_and_scale(tmp_path: Path) -> None:
    path = tmp_path / "form.toml"
    path.write_text(
        f'[[form]]\nvenues = ["{VENUE}"]\nscale = {{ name = "stars", accept_threshold = 3,'
        ' words = { "1" = "no", "3" = "yes" } }\n'
        'fields = { views = "summary", stars = "rating", luck = "other" }\n'
    )
    parsed = parse_forum(forum([{"views": "V", "stars": 3}]), forms=read_form_file(path))
    assert isinstance(parsed, ParsedForum)
    assert parsed.submission.reviews[0].rating == 3
    assert parsed.submission.reviews[0].summary == "V"


def test_a_saved_invitation_is_a_form_file(tmp_path: Path) -> None:
    path = tmp_path / "review.json"
    path.write_text(json.dumps(invitation({"summary": TEXT, "rating": RATING})))
    assert read_form_file(path)[VENUE].source == "file"


@pytest.mark.parametrize("text", ["", "[[form]]", "form = 3", "venues ="])
def test_a_file_without_a_form_is_an_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "form.toml"
    path.write_text(text)
    with pytest.raises(ParseError, match=r"form\.toml"):
        read_form_file(path)


FORM_FILE = """
[[form]]
venues = ["X.org/2030"]
fields = { verdict = "rating", sure = "confidence", depth = "other" }
values = { confidence = [0, 1, 2], depth = [1, 5] }
scale = { name = "x", accept_threshold = 3, words = { "1" = "no", "3" = "yes" } }
"""


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('["X.org/2030"]', '"X.org/2030"', "venues: Input should be a valid tuple"),
        ("X.org/2030", "", "at least 1 character"),
        ('"rating"', '"ratting"', "fields.verdict: Input should be 'rating'"),
        ('sure = "confidence"', 'sure = "rating"', "one field of each role, found two rating"),
        ('"rating"', '"other"', "scale and a field with the role rating need each other"),
        ("confidence = [", "confidense = [", "a field or a role of it, found 'confidense'"),
        ("[0, 1, 2]", "[2, 1, 0]", "expected ascending numbers, found confidence"),
        ("threshold = 3", "threshold = 2", "accept_threshold: expected one of"),
        ("accept_threshold", "acept_threshold", "acept_threshold: Extra inputs"),
        ('"3" = "yes"', '"three" = "yes"', "words: expected a number before each wording"),
        (', "3" = "yes"', "", "at least 2 items"),
        ("venues", "venue", "venues: Field required"),
    ],
)
def test_a_mistake_in_a_form_file_is_named(
    old: str, new: str, problem: str, tmp_path: Path
) -> None:
    path = tmp_path / "form.toml"
    path.write_text(FORM_FILE)
    found = read_form_file(path)["X.org/2030"]
    assert [field.values for field in found.fields] == [(1, 3), (0, 1, 2), (1, 5)]
    assert FORM_FILE.count(old) == 1
    path.write_text(FORM_FILE.replace(old, new))
    with pytest.raises(ParseError) as raised:
        read_form_file(path)
    assert problem in str(raised.value)


def test_a_json_file_without_a_review_invitation_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "comment.json"
    path.write_text(json.dumps(invitation({"a": TEXT}) | {"id": f"{VENUE}/-/Official_Comment"}))
    with pytest.raises(ParseError, match="expected an invitation of reviews"):
        read_form_file(path)


def test_a_parent_venue_gives_the_form_of_every_cycle() -> None:
    found = find_form("aclweb.org/ACL/ARR/2025/May", FORMS)
    assert found is not None
    assert found.venue == "aclweb.org/ACL/ARR/2025/May"
    assert found.rating_scale is not None
    assert 2.5 in found.rating_scale.values


@pytest.mark.shared_data
def test_every_review_form_that_was_collected_is_read(shared_data: Path) -> None:
    folder = shared_data / "shapes" / "openreview_forms"
    rows = {}
    for path in sorted(folder.glob("*.review.*.json")):
        content = json.loads(path.read_text("utf-8"))
        shape = "v1" if path.name.endswith("v1.json") else "super"
        found = form(content, shape=shape)
        scale = found.rating_scale
        rating = found.by_role.get("rating")
        rows[path.name.split(".review.")[0]] = (
            rating and rating.name,
            scale and f"{scale.values[0]}-{scale.values[-1]}",
            scale and scale.accept_threshold,
        )
    assert rows == {
        "DMLR": ("recommendation", "1-4", 3),
        "EMNLP-2025-System_Demonstrations": ("overall_assessment", "1-10", 6),
        "ICML.cc-2023-Conference": ("rating", "1-10", 5),
        "NeurIPS.cc-2023-Conference": ("rating", "1-10", 5),
        "TMLR": (None, None, None),
        "aclweb.org-ACL-ARR": ("overall_assessment", "1-5", None),
    }


@pytest.mark.shared_data
@pytest.mark.parametrize("shape", ["super.v2", "per_submission.v2", "v1"])
def test_whole_invitations_that_were_collected_are_read(shared_data: Path, shape: str) -> None:
    path = shared_data / "shapes" / "openreview_forms" / f"_whole_invitation.{shape}.json"
    (found,) = read_form_file(path).values()
    scale = found.rating_scale
    assert scale is not None
    assert (scale.values, scale.accept_threshold) == (tuple(range(1, 11)), 6)
    assert found.by_role["strengths"].name == "review"
