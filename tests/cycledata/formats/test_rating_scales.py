import pytest

from cycledata.formats.rating_scales import (
    SCALES,
    KnownScale,
    decision_kind,
    rating_label,
    read_number,
    scale_of,
)
from cycledata.records import RatingScale


@pytest.mark.parametrize(
    ("text", "number"),
    [
        pytest.param("10: strong accept, should be highlighted", 10, id="two digits"),
        pytest.param("1: strong reject", 1, id="one"),
        pytest.param("3 good", 3, id="no colon"),
        pytest.param("5: Borderline accept: Technically solid paper", 5, id="two colons"),
        pytest.param("6", 6, id="bare"),
        pytest.param(" 8 \n", 8, id="white space"),
        pytest.param("**6: weak accept**", 6, id="bold"),
        pytest.param("6/10", 6, id="of ten"),
        pytest.param("6.0", 6, id="whole decimal"),
        pytest.param("6.", 6, id="full stop"),
        pytest.param("11: off any scale", 11, id="reads what it says"),
        pytest.param("-1: minus", -1, id="negative"),
        pytest.param("5.5: between", 5.5, id="decimal"),
        pytest.param("2.5 = Borderline Findings", 2.5, id="equals sign"),
        pytest.param("0: strong reject", 0, id="zero is a rating"),
        pytest.param("4.5 ", 4.5, id="nothing behind"),
        pytest.param("4 out of 5", None, id="of another scale"),
        pytest.param("4 (out of 5)", None, id="of another scale, in brackets"),
        pytest.param("**4**/5", None, id="of another scale, bold"),
        pytest.param("4 / 5", None, id="of another scale, with blanks"),
        pytest.param("8 out of 10", 8, id="of its own scale"),
        pytest.param("8 / 10: accept", 8, id="of its own scale, with blanks"),
        pytest.param("8 / 100", None, id="longer denominator"),
        pytest.param("6 - 8", None, id="range with blanks"),
        pytest.param("6 or 7", None, id="two numbers"),
        pytest.param("6 to 7", None, id="from, to"),
        pytest.param("5,5", None, id="decimal comma"),
        pytest.param("6 of them agree", 6, id="of, without a number"),
        pytest.param("60%", None, id="per cent"),
        pytest.param("6-8", None, id="range"),
        pytest.param("6th", None, id="ordinal"),
        pytest.param("6/7", None, id="fraction"),
        pytest.param("Not applicable", None, id="not applicable"),
        pytest.param("rating: 6", None, id="number not at the start"),
        pytest.param("９: full width", None, id="full-width digit"),
        pytest.param("", None, id="empty"),
        pytest.param("9" * 5000, None, id="endless digits"),
    ],
)
def test_a_rating_is_the_number_at_the_start(text: str, number: float | None) -> None:
    assert read_number(text) == number


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Accept (poster)", "accept"),
        ("Accept (Poster)", "accept"),
        ("Accept (oral)", "accept"),
        ("Accept (spotlight)", "accept"),
        ("Accept: notable-top-5%", "accept"),
        ("Accept: notable-top-25%", "accept"),
        ("Accept: poster", "accept"),
        ("Accepted", "accept"),
        ("**accept**", "accept"),
        ("Reject", "reject"),
        ("Rejected.", "reject"),
        ("Reject (out of the scope of this venue)", "reject"),
        ("Reject (not acceptable in its current form)", "reject"),
        ("Desk Reject", "reject"),
        ("Desk_Rejected_Submission", "reject"),
        ("Desk-rejected", "reject"),
        ("Withdrawn", "withdrawn"),
        ("Withdraw", "withdrawn"),
        ("Acceptance is out of the question", None),
        ("Not accepted", None),
        ("Borderline", None),
        ("", None),
    ],
)
def test_a_decision_is_what_its_wording_starts_with(text: str, kind: str | None) -> None:
    assert decision_kind(text) == kind


@pytest.mark.parametrize(
    "text",
    ["Accept/Reject", "Accept or reject", "**Accept** / Reject", "Reject | Accept", "Accept?"],
)
def test_a_decision_that_is_left_open_is_none(text: str) -> None:
    assert decision_kind(text) is None


@pytest.mark.parametrize("known", SCALES.values(), ids=lambda known: known.scale.name)
def test_every_value_of_a_scale_reads_back_from_its_label(known: KnownScale) -> None:
    scale = known.scale
    assert scale.values == tuple(sorted(scale.values))
    labels = [rating_label(value, scale) for value in scale.values]
    assert [read_number(label, highest=scale.values[-1]) for label in labels] == list(scale.values)
    assert scale.accept_threshold is None or scale.accept_threshold in scale.values
    assert known.evidence


def test_a_scale_without_wording_gives_the_number() -> None:
    scale = RatingScale(name="another", values=(0, 2, 4), accept_threshold=4)
    assert rating_label(4, scale) == "4"


def test_a_scale_states_one_wording_for_each_value() -> None:
    with pytest.raises(ValueError, match="3 values have 1 wordings"):
        RatingScale(name="another", values=(0, 2, 4), words=("no",), accept_threshold=4)


def test_halves_stay_floats_and_whole_values_are_integers() -> None:
    known = scale_of({"name": "h", "words": {"2.5": "b", "1": "a", "3.0": "c"}})
    assert [repr(value) for value in known.scale.values] == ["1", "2.5", "3"]
    assert known.scale.words == ("a", "b", "c")
