import datetime as dt
import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cycledata.errors import ParseError
from cycledata.parse.openreview import FORMS, ParsedForum, parse_forum
from cycledata.parse.openreview.note import clean_text
from cycledata.records import Decision, Dropped, MetaReview, Review

ICLR_2024 = "ICLR.cc/2024/Conference"
ICLR_2023 = "ICLR.cc/2023/Conference"
TEXTS = {
    "summary": "It adds.",
    "strengths": "Short.",
    "weaknesses": "Slow.",
    "questions": "Why?",
    "rating": "6: marginally above the acceptance threshold",
}


def note_v2(
    kind: str = "Official_Review", note_id: str = "n1", venue: str = ICLR_2024, **changes: Any
) -> dict[str, Any]:
    """A reply as API v2 sends it; ``content`` is given plain and wrapped here."""
    content = changes.pop("content", TEXTS)
    return {
        "id": note_id,
        "forum": "p1",
        "replyto": "p1",
        "signatures": [f"{venue}/Submission7/Reviewer_aBcD"],
        "readers": ["everyone"],
        "invitations": [f"{venue}/Submission7/-/{kind}", f"{venue}/-/Edit"],
        "number": 1,
        "cdate": 1_698_000_000_000,
        "tmdate": 1_699_000_000_000,
        "license": "CC BY 4.0",
        "content": {k: v if isinstance(v, dict) else {"value": v} for k, v in content.items()},
        **changes,
    }


def note_v1(
    kind: str = "Official_Review", note_id: str = "n1", venue: str = ICLR_2023, **changes: Any
) -> dict[str, Any]:
    """A reply as API v1 sends it."""
    return {
        "id": note_id,
        "forum": "p1",
        "replyto": "p1",
        "signatures": [f"{venue}/Paper7/Reviewer_aBcD"],
        "readers": ["everyone"],
        "invitation": f"{venue}/Paper7/-/{kind}",
        "number": 1,
        "cdate": 1_666_000_000_000,
        "tmdate": 1_666_000_000_000,
        "ddate": None,
        "content": {"recommendation": "8: accept, good paper"},
        **changes,
    }


def head_v2(**content: Any) -> dict[str, Any]:
    return note_v2("x", "p1", content=content) | {
        "invitations": [f"{ICLR_2024}/-/Submission", f"{ICLR_2024}/-/Edit"],
        "replyto": None,
    }


def payload(*notes: Any) -> bytes:
    return json.dumps({"forum": "p1", "notes": notes}).encode()


def parsed(*notes: Any) -> ParsedForum:
    result = parse_forum(payload(*notes))
    assert isinstance(result, ParsedForum), result
    return result


def refused(*notes: Any) -> Dropped:
    result = parse_forum(payload(*notes))
    assert isinstance(result, Dropped), result
    return result


def only_review(*notes: Any) -> Review:
    (review,) = parsed(*notes).submission.reviews
    return review


def rules(result: ParsedForum) -> list[str]:
    assert {row.stage for row in result.dropped} <= {"notes"}
    return [row.rule for row in result.dropped]


REVIEWS_BY_VENUE = {
    "ICLR.cc/2022/Conference": (
        note_v1(
            venue="ICLR.cc/2022/Conference",
            content={
                "summary_of_the_paper": "S",
                "main_review": "B",
                "summary_of_the_review": "R",
                "correctness": "3: Some claims have minor issues.",
                "technical_novelty_and_significance": "2: Marginal.",
                "empirical_novelty_and_significance": "Not applicable",
                "flag_for_ethics_review": ["NO."],
                "recommendation": "10: strong accept, should be highlighted at the conference",
                "confidence": "4: You are confident, but not absolutely certain.",
            },
        ),
        ("S", "B", "", "", None, None, None, 10, 4, "NO."),
    ),
    "ICLR.cc/2023/Conference": (
        note_v1(
            content={
                "summary_of_the_paper": "S",
                "strength_and_weaknesses": "B",
                "clarity,_quality,_novelty_and_reproducibility": "C",
                "summary_of_the_review": "R",
                "correctness": "4: Well supported.",
                "empirical_novelty_and_significance": "Not applicable",
                "flag_for_ethics_review": ["NO.", "Yes, Other reasons"],
                "recommendation": "8: accept, good paper",
                "confidence": "3: Fairly confident.",
            },
        ),
        ("S", "B", "", "", None, None, None, 8, 3, "NO.; Yes, Other reasons"),
    ),
    "ICLR.cc/2024/Conference": (
        note_v2(
            content={
                **TEXTS,
                "soundness": "3 good",
                "presentation": "4 excellent",
                "contribution": "1 poor",
                "confidence": "5: Absolutely certain.",
                "flag_for_ethics_review": ["No ethics review needed."],
                "first_time_reviewer": {"readers": [f"{ICLR_2024}/Program_Chairs"]},
                "code_of_conduct": "Yes",
            },
        ),
        ("It adds.", "Short.", "Slow.", "Why?", 3, 4, 1, 6, 5, "No ethics review needed."),
    ),
    "ICLR.cc/2025/Conference": (
        note_v2(
            venue="ICLR.cc/2025/Conference",
            content={**TEXTS, "soundness": 2, "presentation": 3, "contribution": 4, "rating": 10}
            | {"confidence": 4},
        ),
        ("It adds.", "Short.", "Slow.", "Why?", 2, 3, 4, 10, 4, None),
    ),
    "NeurIPS.cc/2021/Conference": (
        note_v1(
            venue="NeurIPS.cc/2021/Conference",
            content={
                "summary": "S",
                "main_review": "B",
                "limitations_and_societal_impact": "L",
                "needs_ethics_review": "No",
                "rating": "9: Top 15% of accepted NeurIPS papers, strong accept",
                "confidence": "3: Fairly confident.",
            },
        ),
        ("S", "B", "", "", None, None, None, 9, 3, "No"),
    ),
    "NeurIPS.cc/2022/Conference": (
        note_v1(
            venue="NeurIPS.cc/2022/Conference",
            content={
                "summary": "S",
                "strengths_and_weaknesses": "B",
                "questions": "Q",
                "limitations": "L",
                "soundness": "3 good",
                "presentation": "2 fair",
                "contribution": "3 good",
                "ethics_flag": "No",
                "rating": "4: Borderline reject: Technically solid paper, but: limited",
                "confidence": "2: Willing to defend.",
            },
        ),
        ("S", "B", "", "Q", 3, 2, 3, 4, 2, "No"),
    ),
    "NeurIPS.cc/2023/Conference": (
        note_v2(
            venue="NeurIPS.cc/2023/Conference",
            content={**TEXTS, "limitations": "L", "soundness": "3 good", "presentation": "3 good"}
            | {"contribution": "2 fair", "rating": "5: Borderline accept: Technically solid"},
        ),
        ("It adds.", "Short.", "Slow.", "Why?", 3, 3, 2, 5, None, None),
    ),
    "NeurIPS.cc/2024/Conference": (
        note_v2(
            venue="NeurIPS.cc/2024/Conference",
            content={**TEXTS, "limitations": "L", "soundness": 3, "rating": 7, "confidence": 3},
        ),
        ("It adds.", "Short.", "Slow.", "Why?", 3, None, None, 7, 3, None),
    ),
    "NeurIPS.cc/2025/Conference": (
        note_v2(
            venue="NeurIPS.cc/2025/Conference",
            content={
                "summary": "S",
                "strengths_and_weaknesses": "B",
                "questions": "Q",
                "limitations": "yes",
                "quality": 3,
                "clarity": 4,
                "significance": 2,
                "originality": 3,
                "rating": 6,
                "confidence": 4,
                "ethical_concerns": ["NO or VERY MINOR ethics concerns only"],
            },
        ),
        ("S", "B", "", "Q", None, None, None, 6, 4, "NO or VERY MINOR ethics concerns only"),
    ),
}


@pytest.mark.parametrize("venue", REVIEWS_BY_VENUE)
def test_each_venues_form_is_read_by_its_own_field_names(venue: str) -> None:
    note, expected = REVIEWS_BY_VENUE[venue]
    result = parsed(note)
    review = result.submission.reviews[0]
    assert tuple(review.model_dump(exclude={"reviewer", "fields"}).values()) == expected
    assert result.submission.venue == venue
    assert result.submission.year == int(venue[-15:-11])
    assert result.submission.rating_scale == FORMS[venue].rating_scale
    assert note["content"].keys() <= FORMS[venue].names
    assert result.dropped == ()


@pytest.mark.parametrize(
    ("raw", "rating"),
    [
        pytest.param("10: strong accept, should be highlighted", 10, id="ten is ten"),
        pytest.param("1: strong reject", 1, id="one is one"),
        pytest.param(8, 8, id="plain integer"),
        pytest.param(8.0, 8, id="whole number written as a float"),
        pytest.param(" 5: marginally below: really", 5, id="two colons"),
        pytest.param("Not applicable", None, id="not applicable"),
        pytest.param("", None, id="empty"),
        pytest.param({"readers": ["everyone"]}, None, id="dict without value"),
        pytest.param({"value": None}, None, id="null"),
        pytest.param({"value": "6: x", "readers": ["PCs"]}, None, id="field not public"),
        pytest.param({"value": "6: x", "readers": ["everyone"]}, 6, id="field public"),
    ],
)
def test_a_rating_is_the_whole_number_it_starts_with(raw: Any, rating: int | None) -> None:
    assert only_review(note_v2(content={**TEXTS, "rating": raw})).rating == rating


@pytest.mark.parametrize(
    ("content", "rule", "detail"),
    [
        (
            {"rating": "7: between"},
            "rating-off-scale",
            "rating: expected one of 1, 3, 5, 6, 8, 10$",
        ),
        ({"rating": 5.5}, "rating-off-scale", "rating: expected one of 1, 3"),
        ({"rating": "5.5: x"}, "rating-off-scale", "rating: expected one of 1, 3"),
        (
            {"rating": "strong accept"},
            "unreadable-rating",
            "rating: expected a number first$",
        ),
        ({"rating": True}, "unreadable-rating", "rating: expected a number first$"),
        ({"rating": float("nan")}, "unreadable-rating", "rating: expected a number first$"),
        ({"rating": float("inf")}, "unreadable-rating", "rating: expected a number first$"),
        ({"rating": [6]}, "unreadable-rating", "rating: expected a number first$"),
        ({"soundness": "5 superb"}, "rating-off-scale", "soundness: expected one of"),
        ({"confidence": "0: none"}, "rating-off-scale", "confidence: expected one of"),
        ({"summary": 7}, "unreadable-field", "summary: expected a text, found int"),
    ],
)
def test_a_mark_off_its_scale_is_a_row_and_is_never_rounded(
    content: dict[str, Any], rule: str, detail: str
) -> None:
    bad = note_v2(note_id="n2", content={**TEXTS, **content})
    result = parsed(note_v2(), bad)
    assert rules(result) == [rule]
    with pytest.raises(AssertionError, match=detail):
        raise AssertionError(result.dropped[0].detail)
    assert len(result.submission.reviews) == 1


@pytest.mark.parametrize(
    ("note", "rule"),
    [
        pytest.param(note_v2("Camera_Ready_Revision"), "other-note", id="another kind"),
        pytest.param(note_v2(content={"comment": "c"}), "comment-in-review-slot", id="in slot"),
        pytest.param(note_v2(ddate=1_699_000_000_001), "deleted-note", id="deleted"),
        pytest.param(note_v2(readers=["PCs"]), "not-public", id="not public"),
        pytest.param(note_v2(readers=[]), "not-public", id="readable by nobody"),
        pytest.param(note_v2(forum="p2"), "other-forum", id="another forum's"),
        pytest.param(note_v2(id=7), "unreadable-note", id="no id"),
        pytest.param(note_v2(content=TEXTS) | {"content": "c"}, "unreadable-note", id="content"),
        pytest.param(note_v2(invitations=None), "unreadable-note", id="no invitation"),
        pytest.param("n1", "unreadable-note", id="not an object"),
    ],
)
def test_a_note_that_says_nothing_of_the_paper_is_a_row(note: Any, rule: str) -> None:
    result = parsed(head_v2(title="T"), note)
    assert rules(result) == [rule]
    assert result.submission.reviews == ()
    assert result.n_notes == 2


@pytest.mark.parametrize(
    "nest", [{"details": {"replies": []}}, {"details": {"directReplies": []}}], ids=str
)
def test_replies_nested_in_the_submission_are_read(nest: dict[str, Any]) -> None:
    (name,) = nest["details"]
    head = head_v2(title="T") | {"details": {name: [note_v2(), note_v2("Official_Comment", "c")]}}
    result = parsed(head)
    assert [r.rating for r in result.submission.reviews] == [6]
    assert (result.n_notes, rules(result)) == (3, [])
    assert [(note.id, note.kind) for note in result.replies] == [
        ("c", "Official_Comment"),
        ("n1", "Official_Review"),
    ]


def test_a_reply_sent_as_direct_reply_too_is_one_note() -> None:
    review, comment = note_v2(), note_v2("Official_Comment", "c")
    details = {"replies": [review, comment], "directReplies": [review]}
    result = parsed(head_v2(title="T") | {"details": details})
    assert (result.n_notes, rules(result), len(result.replies)) == (3, [], 2)
    changed = {"replies": [comment], "directReplies": [review]}
    assert parsed(head_v2(title="T") | {"details": changed}).n_notes == 3


def test_of_one_id_the_latest_version_is_used_in_any_order() -> None:
    versions = [
        note_v2(content={**TEXTS, "rating": f"{rating}: x"}, tmdate=tmdate)
        for rating, tmdate in ((3, 1), (8, 3), (5, 2))
    ]
    for order in ([0, 1, 2], [2, 1, 0], [1, 2, 0]):
        result = parsed(*(versions[i] for i in order))
        assert [r.rating for r in result.submission.reviews] == [8]
        assert rules(result) == ["duplicate-note", "duplicate-note"]
        assert [note.value("rating") for note in result.earlier] == ["3: x", "5: x"]


def test_a_note_deleted_in_its_latest_version_is_not_brought_back() -> None:
    result = parsed(head_v2(title="T"), note_v2(), note_v2(tmdate=1_699_000_000_001, ddate=1))
    assert sorted(rules(result)) == ["deleted-note", "duplicate-note"]
    assert result.submission.reviews == ()
    assert result.earlier == result.replies == ()


@pytest.mark.parametrize(
    "note",
    [
        note_v2("Official_Comment", content={"comment": "c"}),
        note_v1("Official_Comment", venue=ICLR_2024),
        note_v2("Public_Comment", signatures=["~Ann_Other1"]),
        note_v2("Rebuttal"),
        note_v2("Ethics_Review"),
    ],
    ids=["v2", "v1", "public", "rebuttal", "ethics"],
)
def test_a_note_of_the_discussion_is_a_reply_and_no_review(note: dict[str, Any]) -> None:
    result = parsed(head_v2(title="T"), note)
    assert [reply.id for reply in result.replies] == ["n1"]
    assert result.replies[0].signatures == tuple(note["signatures"])
    assert (result.submission.reviews, result.dropped, result.n_notes) == ((), (), 2)


def test_reviews_go_from_the_lowest_rating_to_the_highest_and_the_unrated_last() -> None:
    ratings = {"a": 8, "b": None, "c": 3, "d": 8, "e": 10}
    numbers = {"a": 4, "b": 1, "c": 5, "d": 2, "e": 3}
    notes = [
        note_v2(note_id=i, number=numbers[i], content={"summary": i, "rating": r})
        for i, r in ratings.items()
    ]
    for seed in range(5):
        random.Random(seed).shuffle(notes)
        reviews = parsed(*notes).submission.reviews
        assert [r.summary for r in reviews] == ["c", "d", "a", "e", "b"]
        assert [r.reviewer for r in reviews] == ["R1", "R2", "R3", "R4", "R5"]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.builds(
            note_v2,
            st.sampled_from(["Official_Review", "Decision", "Meta_Review", "Withdrawal"]),
            st.sampled_from(["n1", "n2", "n3", "n4"]),
            content=st.fixed_dictionaries(
                {"summary": st.just("S"), "decision": st.sampled_from(["Accept", "Reject", "?"])},
                optional={"rating": st.sampled_from([3, 5, 7]), "metareview": st.just("M")},
            ),
            number=st.sampled_from([1, 2]),
            tmdate=st.sampled_from([1, 2]),
            readers=st.sampled_from([["everyone"], ["PCs"]]),
            ddate=st.sampled_from([None, 1]),
        ),
        max_size=6,
    ),
    st.randoms(),
)
def test_the_order_of_arrival_changes_nothing(
    notes: list[dict[str, Any]], rng: random.Random
) -> None:
    first = parse_forum(payload(*notes))
    rng.shuffle(notes)
    assert parse_forum(payload(*notes)) == first


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([1, 3, 5, 6, 8, 10]), min_size=1, max_size=6), st.randoms())
def test_nothing_links_a_reviewer_across_papers(ratings: list[int], rng: random.Random) -> None:
    """Whoever signs the reviews, and under whichever name, the record is the same bytes."""

    def record(signatures: list[str]) -> str:
        notes = [
            note_v2(
                note_id=f"n{i}",
                number=i,
                content={**TEXTS, "rating": rating},
                signatures=[f"{ICLR_2024}/Submission7/{who}"],
                writers=[ICLR_2024, who],
                tauthor=who,
            )
            for i, (rating, who) in enumerate(zip(ratings, signatures, strict=True))
        ]
        result = parsed(*notes, note_v2("Official_Comment", "c", signatures=signatures))
        return result.submission.model_dump_json() + repr(result.dropped)

    names = [f"Reviewer_{rng.randrange(36**4):04x}" for _ in ratings]
    others = [f"~Jane_Doe{rng.randrange(9)}" for _ in ratings]
    assert record(names) == record(others)
    assert not any(name in record(names) for name in names)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        pytest.param("a &amp; b &lt;SEG&gt; &#8594; &nbsp;c", "a & b <SEG> → \xa0c", id="entities"),
        pytest.param("&amp;lt;", "&lt;", id="decoded once"),
        pytest.param("a & b; AT&T; $x &= y$ \\\\&lt", "a & b; AT&T; $x &= y$ \\\\&lt", id="LaTeX"),
        pytest.param("&unknown; &#x1F600;", "&unknown; 😀", id="unknown kept"),
        pytest.param("<SEG> <b>x</b> <1", "<SEG> <b>x</b> <1", id="no HTML is stripped"),
        pytest.param("Soft\x02ware\x00 \x7f\x9f\x0b", "Software", id="control characters"),
        pytest.param("a\r\nb\rc\n\td", "a\nb\nc\n\td", id="line ends"),
        pytest.param("a\u2028b\u2029c", "a\u2028b\u2029c", id="line separators stay"),
        pytest.param("&#0;&#2;x", "\ufffdx", id="entities of control characters"),
        pytest.param("\ud800x", "\ufffdx", id="half a surrogate"),
        pytest.param(" \n x \n", "x", id="outer white space"),
    ],
)
def test_texts_are_what_their_reader_saw(raw: str, text: str) -> None:
    assert clean_text(raw) == text
    assert only_review(note_v2(content={**TEXTS, "summary": raw})).summary == text


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.characters() | st.sampled_from("&;#xamplt\ud800\x00\r")))
def test_a_cleaned_text_can_be_stored(text: str) -> None:
    cleaned = clean_text(text)
    cleaned.encode()
    assert not any(ord(c) < 32 and c not in "\n\t" for c in cleaned)


DECISION_NOTE = note_v2("Decision", "d1", content={"decision": "Accept (poster)"})


@pytest.mark.parametrize(
    ("notes", "decision"),
    [
        pytest.param(
            [DECISION_NOTE], Decision(kind="accept", text="Accept (poster)"), id="v2 note"
        ),
        pytest.param(
            [note_v1("Decision", "d1", content={"decision": "Accept: notable-top-5%"})],
            Decision(kind="accept", text="Accept: notable-top-5%"),
            id="v1 note",
        ),
        pytest.param([head_v2(title="T"), note_v2()], None, id="none"),
        pytest.param(
            [head_v2(venueid=f"{ICLR_2024}/Withdrawn_Submission", venue="ICLR 2024 W S")],
            Decision(kind="withdrawn", text="ICLR 2024 W S"),
            id="v2 withdrawn",
        ),
        pytest.param(
            [head_v2(venueid=f"{ICLR_2024}/Withdrawn_Submission"), DECISION_NOTE],
            Decision(kind="withdrawn", text="Withdrawn Submission"),
            id="withdrawn after acceptance",
        ),
        pytest.param(
            [head_v2(venueid=f"{ICLR_2024}/Desk_Rejected_Submission", venue="ICLR 2024 D R S")],
            Decision(kind="reject", text="ICLR 2024 D R S"),
            id="v2 desk-rejected",
        ),
        pytest.param(
            [head_v2(venueid=f"{ICLR_2024}/Rejected_Submission", venue="Submitted to ICLR 2024")],
            Decision(kind="reject", text="Submitted to ICLR 2024"),
            id="v2 rejected without a note",
        ),
        pytest.param(
            [head_v2(venueid=ICLR_2024, venue="ICLR 2024 poster")],
            Decision(kind="accept", text="ICLR 2024 poster"),
            id="accepted without a note",
        ),
        pytest.param(
            [head_v2(venueid=ICLR_2024, venue="Submitted to ICLR 2024")], None, id="under review"
        ),
        pytest.param(
            [head_v2(venueid=f"{ICLR_2024}/Submission"), note_v2("Withdrawal", "w")],
            None,
            id="withdrawal taken back",
        ),
        pytest.param(
            [note_v2(), note_v2("Withdrawal", "w", content={"withdrawal_confirmation": "Yes"})],
            Decision(kind="withdrawn", text="Withdrawn Submission"),
            id="withdrawal note alone",
        ),
        pytest.param(
            [note_v2(), note_v2("Desk_Rejection", "w")],
            Decision(kind="reject", text="Desk Rejected Submission"),
            id="desk rejection note alone",
        ),
        pytest.param(
            [note_v1("x", "p1", content={}, invitation=f"{ICLR_2023}/-/Withdrawn_Submission")],
            Decision(kind="withdrawn", text="Withdrawn Submission"),
            id="v1 withdrawn",
        ),
        pytest.param(
            [note_v1("x", "p1", content={}, invitation=f"{ICLR_2023}/-/Desk_Rejected_Submission")],
            Decision(kind="reject", text="Desk Rejected Submission"),
            id="v1 desk-rejected",
        ),
        pytest.param(
            [note_v1(), note_v1("Withdraw", "w")],
            Decision(kind="withdrawn", text="Withdrawn Submission"),
            id="v1 withdrawal note alone",
        ),
    ],
)
def test_a_decision_is_read_wherever_the_forum_states_it(
    notes: list[Any], decision: Decision | None
) -> None:
    result = parsed(*notes)
    assert result.submission.decision == decision
    assert result.dropped == ()


def test_an_unreadable_decision_is_a_row_and_no_guess() -> None:
    result = parsed(note_v2(), note_v2("Decision", "d1", content={"decision": "Borderline"}))
    assert rules(result) == ["unreadable-decision"]
    assert result.submission.decision is None


def test_of_two_decisions_the_last_modified_counts() -> None:
    early = note_v2("Decision", "d1", content={"decision": "Reject"}, tmdate=1)
    result = parsed(early, note_v2("Decision", "d0", content={"decision": "Accept"}, tmdate=2))
    assert result.submission.decision == Decision(kind="accept", text="Accept")
    assert rules(result) == ["superseded"]


HIGHER, LOWER = "justification_for_why_not_higher_score", "justification_for_why_not_lower_score"


@pytest.mark.parametrize(
    ("notes", "meta_review"),
    [
        pytest.param(
            [note_v2("Meta_Review", "m", content={"metareview": "M", HIGHER: "H", LOWER: "N/A"})],
            MetaReview(text="M", why_not_higher="H", why_not_lower="N/A"),
            id="ICLR 2024",
        ),
        pytest.param(
            [
                note_v1(
                    "Decision",
                    "d",
                    content={
                        "decision": "Reject",
                        "metareview:_summary,_strengths_and_weaknesses": "M",
                        HIGHER: "H",
                        LOWER: "L",
                    },
                )
            ],
            MetaReview(text="M", why_not_higher="H", why_not_lower="L"),
            id="ICLR 2023, in the decision",
        ),
        pytest.param(
            [note_v1("Decision", "d", content={"decision": "Accept (Oral)", "comment": "M"})],
            MetaReview(text="M", why_not_higher=None, why_not_lower=None),
            id="comment of the decision",
        ),
        pytest.param(
            [
                note_v2("Meta_Review", "m", content={"metareview": "M"}),
                note_v2("Decision", "d", content={"decision": "Reject", "comment": "C"}),
            ],
            MetaReview(text="M", why_not_higher=None, why_not_lower=None),
            id="the meta-review wins over the decision's comment",
        ),
        pytest.param(
            [note_v2("Decision", "d", content={"decision": "Reject", "comment": " "})],
            None,
            id="empty comment",
        ),
    ],
)
def test_a_meta_review_is_read_from_its_note_or_the_decisions(
    notes: list[Any], meta_review: MetaReview | None
) -> None:
    assert parsed(*notes).submission.meta_review == meta_review


def test_the_submission_note_gives_what_is_known_of_the_paper() -> None:
    head = head_v2(
        title="On &amp; Off",
        abstract=" A ",
        authors=["Ann A", "Bo B"],
        keywords=["x", "", "y"],
        venueid=f"{ICLR_2024}/Submission",
    )
    submission = parsed(head).submission
    assert (submission.paper_id, submission.venue, submission.year) == ("p1", ICLR_2024, 2024)
    assert (submission.title, submission.abstract) == ("On & Off", "A")
    assert submission.authors == ("Ann A", "Bo B")
    assert submission.keywords == ("x", "y")
    assert submission.license == "CC BY 4.0"
    assert submission.submitted == dt.date(2023, 10, 22)


@pytest.mark.parametrize(
    "authors",
    [
        pytest.param({"value": ["Ann A"], "readers": [ICLR_2024]}, id="v2 readable by chairs"),
        pytest.param(["Anonymous"], id="v1 blind"),
        pytest.param({}, id="no value"),
    ],
)
def test_hidden_authors_stay_unknown(authors: Any) -> None:
    assert parsed(head_v2(title="T", authors=authors)).submission.authors is None


def test_a_forum_without_its_submission_note_knows_only_the_reviews() -> None:
    submission = parsed(note_v2()).submission
    known = submission.model_dump(exclude={"reviews", "rating_scale"})
    assert known == {
        "paper_id": "p1",
        "venue": ICLR_2024,
        "year": 2024,
        "title": None,
        "abstract": None,
        "authors": None,
        "keywords": None,
        "license": None,
        "submitted": None,
        "review_license": "CC BY 4.0",
        "meta_review_license": None,
        "public": True,
        "meta_review": None,
        "decision": None,
    }


@pytest.mark.parametrize(
    ("licences", "expected"),
    [
        (["CC BY 4.0", "CC BY 4.0"], "CC BY 4.0"),
        (["CC BY 4.0", "CC BY-NC 4.0"], None),
        (["CC BY 4.0", None], None),
        ([None, None], None),
        ([], None),
    ],
)
def test_reviews_have_a_licence_only_where_all_state_the_same(
    licences: list[str | None], expected: str | None
) -> None:
    notes = [note_v2(note_id=f"n{i}", license=stated) for i, stated in enumerate(licences)]
    assert parsed(head_v2(title="T"), *notes).submission.review_license == expected


def test_a_note_that_does_not_say_who_may_read_it_makes_no_paper_public() -> None:
    silent = {k: v for k, v in note_v2().items() if k != "readers"}
    assert parsed(silent).submission.public is False
    assert parsed(note_v2()).submission.public is True


@pytest.mark.parametrize(
    ("notes", "rule", "detail"),
    [
        pytest.param([], "no-usable-notes", "found no note at all", id="empty forum"),
        pytest.param(
            [note_v2("Official_Comment"), note_v2(note_id="n2", readers=["PCs"])],
            "no-usable-notes",
            "found 1 not-public",
            id="nothing usable",
        ),
        pytest.param(
            [head_v2(title="T") | {"ddate": 1}, note_v2()],
            "deleted-submission",
            "p1: the submission note has a deletion date",
            id="deleted",
        ),
        pytest.param(
            [note_v2(), note_v2(note_id="n2", venue="ICLR.cc/2025/Conference")],
            "mixed-venues",
            "found ICLR.cc/2024/Conference, ICLR.cc/2025/Conference",
            id="two venues",
        ),
        pytest.param(
            [note_v2(venue="ICML.cc/2024/Conference")],
            "unknown-form",
            "ICML.cc/2024/Conference: expected a known form",
            id="unknown venue",
        ),
        pytest.param(
            [note_v2(venue="ICLR.cc/2024/Workshop/X")], "unknown-form", "Workshop/X", id="workshop"
        ),
        pytest.param([head_v2(title=7)], "unreadable-field", "title: expected a text", id="title"),
    ],
)
def test_a_paper_without_a_record_has_one_row(notes: list[Any], rule: str, detail: str) -> None:
    row = refused(*notes)
    assert (row.paper_id, row.rule, row.stage) == ("p1", rule, "parse")
    assert detail in row.detail


NESTED_TOO_DEEP: dict[str, Any] = {"details": {"replies": []}}
for _ in range(20):
    NESTED_TOO_DEEP = {"details": {"replies": [NESTED_TOO_DEEP]}}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(b"", "bad-json", id="empty"),
        pytest.param(b"{", "bad-json", id="cut"),
        pytest.param(b"\xff", "bad-json", id="not UTF-8"),
        pytest.param(b"[" * 200_000, "nested-too-deep", id="brackets without end"),
        pytest.param(b"[]", "bad-forum", id="not an object"),
        pytest.param(b'{"notes": []}', "bad-forum", id="no forum"),
        pytest.param(b'{"forum": "", "notes": []}', "bad-forum", id="empty id"),
        pytest.param(b'{"forum": "p1", "notes": {}}', "bad-forum", id="notes are no list"),
        pytest.param(payload(NESTED_TOO_DEEP), "nested-too-deep", id="nested without end"),
        pytest.param(b'{"forum": "p1", "n": ' + b"9" * 5000 + b"}", "bad-json", id="huge number"),
    ],
)
def test_a_payload_that_is_no_forum_raises(data: bytes, message: str) -> None:
    with pytest.raises(ParseError, match=message):
        parse_forum(data)


@pytest.mark.parametrize("depth", [100, 300, 900, 950, 5000])
@pytest.mark.parametrize("field", ["rating", "summary", "other"])
def test_content_of_any_depth_is_read_or_refused(field: str, depth: int) -> None:
    deep = b"[" * depth + b"]" * depth
    note = json.dumps(note_v2(content={**TEXTS, field: "?"})).encode().replace(b'"?"', deep)
    data = b'{"forum": "p1", "notes": [%b, %b]}' % (note, note.replace(b"Short", b"Long"))
    try:
        result = parse_forum(data)
        rules = str(result.dropped if isinstance(result, ParsedForum) else result.detail)
    except ParseError as error:
        rules = error.rule
    assert "duplicate-note" in rules or rules == "nested-too-deep"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["value", "readers", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)
FIELDS = ["rating", "summary", "confidence", "soundness", "decision", "title", "abstract"]
FIELDS += ["authors", "keywords", "venueid", "venue", "flag_for_ethics_review", "comment"]
KEYS = ["id", "forum", "readers", "invitations", "invitation", "number", "cdate", "tmdate"]
KEYS += ["ddate", "license", "details", "content"]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["Official_Review", "Decision", "Meta_Review", "Official_Comment"]),
            st.sampled_from(["p1", "n1", "n2"]),
            st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=4),
            st.dictionaries(st.sampled_from(KEYS), JSON, max_size=2),
        ),
        max_size=4,
    )
)
def test_any_forum_is_read_or_refused_and_no_note_vanishes(
    notes: list[tuple[str, str, dict[str, Any], dict[str, Any]]],
) -> None:
    raw = [note_v2(kind, i, content={**TEXTS, **c}) | keys for kind, i, c, keys in notes]
    try:
        result = parse_forum(json.dumps({"forum": "p1", "notes": raw}).encode())
    except ParseError:
        return
    if isinstance(result, ParsedForum):
        assert len(result.submission.reviews) + len(result.dropped) <= result.n_notes
