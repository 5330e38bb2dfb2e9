import datetime as dt
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from cycledata.stages.split_by_time import split_by_time
from cycledata.stages.split_item import SplitItem


def item(paper_id: str, published: dt.date, likeness: tuple[str, ...] = ()) -> SplitItem:
    return SplitItem(paper_id, "none", likeness, published)


def day(n: int) -> dt.date:
    return dt.date(2023, 1, 1) + dt.timedelta(days=n)


items = st.lists(
    st.tuples(st.integers(0, 30), st.lists(st.sampled_from("abcdef"), max_size=2)),
    min_size=1,
    max_size=80,
).map(lambda rows: [item(f"p{i}", day(n), tuple(k)) for i, (n, k) in enumerate(rows)])


@settings(max_examples=100)
@given(items, st.randoms(use_true_random=False))
def test_test_is_later_than_train_likes_never_straddle_and_order_does_not_matter(
    papers: list[SplitItem], random: object
) -> None:
    found = split_by_time(papers, n_train=40, n_test=8, test_share=0.1)
    assert found.split_of.keys() == {p.paper_id for p in papers}
    train = [p for p in papers if found.split_of[p.paper_id] == "train"]
    test = [p for p in papers if found.split_of[p.paper_id] == "test"]
    assert found.last_train_day is not None
    assert all(p.published <= found.last_train_day for p in train)
    assert all(p.published > found.last_train_day for p in test)
    trained = {key for p in train for key in p.likeness}
    assert not any(trained & set(p.likeness) for p in test)
    shuffled = list(papers)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis types it as object
    assert split_by_time(shuffled, n_train=40, n_test=8, test_share=0.1) == found


def test_a_full_build_has_exactly_the_papers_two_numbers() -> None:
    papers = [item(f"p{i:05}", day(i // 9)) for i in range(14_000)]
    found = split_by_time(papers, n_train=12_696, n_test=802, test_share=0.06)
    assert Counter(found.split_of.values()) == {"train": 12_696, "test": 802, "reserve": 502}


def test_papers_of_one_day_all_train() -> None:
    found = split_by_time(
        [item(f"p{i}", day(0)) for i in range(9)], n_train=5, n_test=2, test_share=0.2
    )
    assert "test" not in found.split_of.values()


def month(paper_id: str, first: dt.date) -> SplitItem:
    last = (first.replace(day=28) + dt.timedelta(days=4)).replace(day=1) - dt.timedelta(days=1)
    return SplitItem(paper_id, "none", (), first, published_by=last)


mixed = st.lists(st.tuples(st.integers(0, 120), st.booleans()), min_size=1, max_size=60).map(
    lambda rows: [
        month(f"p{i}", day(n).replace(day=1)) if unknown else item(f"p{i}", day(n))
        for i, (n, unknown) in enumerate(rows)
    ]
)


@settings(max_examples=200)
@given(mixed, st.integers(0, 27))
def test_every_possible_day_of_a_paper_with_a_month_is_on_its_side_of_the_boundary(
    papers: list[SplitItem], offset: int
) -> None:
    found = split_by_time(papers, n_train=40, n_test=8, test_share=0.1)
    assert found.last_train_day is not None
    by_split = {
        s: [p for p in papers if found.split_of[p.paper_id] == s] for s in ("train", "test")
    }
    possible = dt.timedelta(days=offset)
    for paper in by_split["train"]:
        actual = min(paper.published + possible, paper.latest_day)
        assert actual <= found.last_train_day
    for paper in by_split["test"]:
        assert min(paper.published + possible, paper.latest_day) > found.last_train_day
    inside = [p for p in papers if p.published <= found.last_train_day < p.latest_day]
    assert found.n_undecided == len(inside)
    assert {found.split_of[p.paper_id] for p in inside} <= {"reserve"}


def test_months_alone_give_a_test_split_of_the_last_months() -> None:
    papers = [month(f"p{i:02}", dt.date(2023, 1 + i % 10, 1)) for i in range(60)]
    found = split_by_time(papers, n_train=500, n_test=50, test_share=0.1)
    assert found.last_train_day == dt.date(2023, 9, 30)
    assert Counter(found.split_of.values()) == {"train": 54, "test": 6}
    assert found.n_undecided == 0
