from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cycledata.stages.duplicates import likeness_keys
from cycledata.stages.split_item import SplitItem
from cycledata.stages.splits import Split, assign_splits, zone_position


def item(paper_id: str, stratum: str = "reject", likeness: tuple[str, ...] = ()) -> SplitItem:
    return SplitItem(paper_id, stratum, likeness)


def assign(items: list[SplitItem], *, n_test: int = 781, full_size: int = 4970) -> dict[str, Split]:
    return assign_splits(items, salt="s", test_zone=0.17, n_test=n_test, full_size=full_size)


def many(n: int) -> list[SplitItem]:
    strata = ["reject"] * 5 + ["accept"] * 3 + ["withdrawn"]
    return [item(f"p{i}", strata[i % len(strata)]) for i in range(n)]


def test_a_full_build_has_exactly_781_test_papers() -> None:
    for n in (4970, 5200):
        assert Counter(assign(many(n)).values())["test"] == 781


def test_a_full_build_draws_test_papers_from_every_decision_by_its_share() -> None:
    items = many(5400)
    sides = assign(items)
    shares = Counter(item.stratum for item in items if sides[item.paper_id] == "test")
    # Largest remainder: each stratum is within one paper of its exact share.
    for stratum, parts in (("reject", 5), ("accept", 3), ("withdrawn", 1)):
        assert abs(shares[stratum] - 781 * parts / 9) < 1


def test_a_small_build_puts_its_whole_zone_in_test() -> None:
    items = many(300)
    sides = assign(items)
    for item in items:
        expected = "test" if zone_position(item.paper_id, salt="s") < 0.17 else "train"
        assert sides[item.paper_id] == expected


@settings(max_examples=20)
@given(st.sets(st.integers(0, 599), max_size=599), st.randoms(use_true_random=False))
def test_no_paper_changes_sides_when_others_leave_or_come_or_are_shuffled(
    gone: set[int], random: object
) -> None:
    everyone = many(600)
    kept = [item for i, item in enumerate(everyone) if i not in gone]
    random.shuffle(kept)  # type: ignore[attr-defined]  # hypothesis types it as object
    before = assign(everyone, n_test=60, full_size=400)
    after = assign(kept, n_test=60, full_size=400)
    for item in kept:
        assert {before[item.paper_id], after[item.paper_id]} != {"train", "test"}


@settings(max_examples=50)
@given(st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=3), min_size=1, max_size=60))
def test_near_identical_papers_never_stand_on_two_sides(keys: list[list[str]]) -> None:
    items = [item(f"p{i}", likeness=tuple(k)) for i, k in enumerate(keys)]
    sides = assign(items)
    for first in items:
        for second in items:
            if set(first.likeness) & set(second.likeness):
                assert {sides[first.paper_id], sides[second.paper_id]} != {"train", "test"}


def test_the_same_id_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="share one paper_id"):
        assign([item("a"), item("a")])


@pytest.mark.parametrize(
    ("first", "second", "alike"),
    [
        ("A Study of Things", "a study of  THINGS!", True),
        ("Élan Vital Again", "Elan Vital again", True),
        ("A Study of Things", "A Study of Thingss", False),
        ("test", "test", False),
        (None, None, False),
        ("", "", False),
    ],
    ids=["case", "accents", "other-letter", "too-short-to-tell", "absent", "empty"],
)
def test_likeness_compares_letters_and_digits(
    first: str | None, second: str | None, alike: bool
) -> None:
    shared = set(likeness_keys(first, None)) & set(likeness_keys(second, None))
    assert bool(shared) is alike
