import pytest

from cycledata.formats.rating_scales import (
    ICLR_RATING,
    NEURIPS_2021_RATING,
    NEURIPS_2022_RATING,
    NEURIPS_2025_RATING,
    RATING_WORDING,
    decision_kind,
    rating_label,
    read_mark,
)
from cycledata.records import RatingScale


@pytest.mark.parametrize(
    ("text", "mark"),
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
        pytest.param("5.5: between", None, id="decimal"),
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
def test_a_mark_is_the_whole_number_at_the_start(text: str, mark: int | None) -> None:
    assert read_mark(text) == mark


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
    "scale",
    [ICLR_RATING, NEURIPS_2021_RATING, NEURIPS_2022_RATING, NEURIPS_2025_RATING],
    ids=lambda scale: scale.name,
)
def test_every_value_has_a_wording_that_reads_back(scale: RatingScale) -> None:
    assert tuple(sorted(RATING_WORDING[scale.name])) == scale.values
    assert [read_mark(rating_label(value, scale)) for value in scale.values] == list(scale.values)
    assert scale.accept_threshold in scale.values


def test_a_scale_without_wording_gives_the_number() -> None:
    scale = RatingScale(name="another", values=(0, 2, 4), accept_threshold=4)
    assert rating_label(4, scale) == "4"
