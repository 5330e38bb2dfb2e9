import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cycledata.formats.rebuttal_messages import (
    AUTHORS,
    RebuttalTurn,
    parse_notes,
    parse_rebuttal,
    render_rebuttal,
)
from cycledata.formats.unreadable import Unreadable
from cycledata.records import Message

ROLES = st.sampled_from(["R1", "R2", "area-chair", "public", "authors"])
KINDS = st.sampled_from(["review", "rebuttal", "comment", "meta-review"])
PIECES = st.sampled_from(
    ["## R1: review", "**********", "***********", "\\", "\\## a: b", "## ", " ", "\n", "\t", "x"]
)
TEXTS = st.lists(PIECES, max_size=8).map("".join) | st.text(max_size=20)
TURNS = st.lists(st.builds(RebuttalTurn, role=ROLES, kind=KINDS, text=TEXTS), max_size=5)


def turn(role: str, kind: str, text: str = "t") -> RebuttalTurn:
    return RebuttalTurn(role=role, kind=kind, text=text)


@settings(max_examples=300, deadline=None)
@given(TURNS, TEXTS, TEXTS)
def test_a_branch_comes_back_from_its_messages(
    between: list[RebuttalTurn], first: str, last: str
) -> None:
    turns = (turn("R1", "review", first), *between, turn(AUTHORS, "rebuttal", last))
    assert parse_rebuttal(render_rebuttal(turns)) == turns


def test_neighbours_of_one_side_are_one_message() -> None:
    turns = [turn("R1", "review"), turn(AUTHORS, "rebuttal"), turn(AUTHORS, "rebuttal", "2/2")]
    messages = render_rebuttal([*turns, turn("R1", "comment", "and?"), turn(AUTHORS, "comment")])
    assert [message.role for message in messages] == ["system", *["user", "assistant"] * 2]
    assert messages[2].content == (
        "## authors: rebuttal\n\nt\n\n**********\n\n## authors: rebuttal\n\n2/2"
    )


@pytest.mark.parametrize(
    "turns",
    [[], [turn(AUTHORS, "comment")], [turn("R1", "review")], [turn(AUTHORS, "comment")] * 2],
    ids=["empty", "alone", "no response", "no question"],
)
def test_a_branch_without_question_and_response_is_refused(turns: list[RebuttalTurn]) -> None:
    with pytest.raises(ValueError, match="expected notes from another role to the authors"):
        render_rebuttal(turns)


@pytest.mark.parametrize(
    ("text", "where", "why"),
    [
        ("", "note 1", "expected a heading"),
        ("We thank R1.", "note 1", "expected a heading"),
        ("## authors\n\nx", "note 1", "expected a heading"),
        ("## authors: rebuttal\n\nx\n\n**********\n\ny", "note 2", "expected a heading"),
        ("## authors: rebuttal\n\nx\n## authors: comment\n\ny", "note 1", "expected a separator"),
    ],
    ids=["empty", "no heading", "no kind", "second", "no separator"],
)
def test_a_response_that_would_need_a_guess_is_unreadable(text: str, where: str, why: str) -> None:
    found = parse_notes(text)
    assert isinstance(found, Unreadable)
    assert found.where == where
    assert found.why.startswith(why)


def test_a_turn_of_the_wrong_side_and_other_roles_are_unreadable() -> None:
    good = render_rebuttal([turn("R1", "review"), turn(AUTHORS, "rebuttal")])
    swapped = (good[0], Message(role="user", content=good[2].content), good[2])
    assert parse_rebuttal(swapped) == Unreadable(
        "message 2", "expected no note of authors in this turn"
    )
    assert isinstance(parse_rebuttal(good[:2]), Unreadable)
    assert isinstance(parse_rebuttal((Message(role="system", content="?"), *good[1:])), Unreadable)
    bad = (good[0], good[1], Message(role="assistant", content="Thanks"))
    assert parse_rebuttal(bad) == Unreadable(
        "message 3, note 1", 'expected a heading "## ROLE: KIND" first'
    )
