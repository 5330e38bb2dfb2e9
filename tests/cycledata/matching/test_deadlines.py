"""Which version of an arXiv paper was reviewed."""

import datetime as dt

import pytest

from cycledata.matching.deadlines import DEADLINES, choose_version, deadline_of
from cycledata.parse.arxiv_metadata import ArxivVersion

DEADLINE = dt.date(2023, 9, 28)


def versions(*days: str) -> list[ArxivVersion]:
    moments = [dt.datetime.fromisoformat(day).replace(tzinfo=dt.UTC) for day in days]
    return [ArxivVersion(number=n, created=m) for n, m in enumerate(moments, start=1)]


@pytest.mark.parametrize(
    ("days", "number", "rule"),
    [
        (["2023-05-01", "2023-09-20", "2024-02-01"], 2, "last-before-deadline"),
        (["2023-09-29T11:59:00", "2023-09-29T12:01:00"], 1, "last-before-deadline"),
        (["2023-10-05", "2024-02-01"], 1, "first-after-deadline"),
        (["2023-01-01"], 1, "last-before-deadline"),
    ],
    ids=["between", "anywhere-on-earth", "all-later", "only-one"],
)
def test_the_last_version_before_the_deadline_is_chosen(
    days: list[str], number: int, rule: str
) -> None:
    found = choose_version(versions(*days), DEADLINE)
    assert (found.number, found.rule, found.deadline) == (number, rule, DEADLINE)


def test_without_dates_or_a_deadline_the_last_version_is_used_and_said_so() -> None:
    dated = versions("2023-05-01", "2023-10-01")
    undated = [ArxivVersion(number=n, created=None) for n in (1, 2)]
    assert choose_version(dated, None).rule == choose_version(undated, DEADLINE).rule == "latest"
    assert choose_version(undated, DEADLINE).number == 2
    unknown = choose_version((), DEADLINE)
    assert (unknown.number, unknown.rule) == (None, "unknown-versions")
    strict = choose_version(versions("2023-10-05"), DEADLINE, only_before=True)
    assert (strict.number, strict.rule) == (None, "last-before-deadline")


def test_a_venue_without_a_deadline_uses_the_day_of_the_submission() -> None:
    day = dt.date(2025, 3, 3)
    assert deadline_of("TMLR", day) == day
    assert deadline_of("ICLR.cc/2024/Conference", day) == DEADLINE
    for venue, deadline in DEADLINES.items():
        assert int(venue.split("/")[1]) - deadline.day.year in {0, 1}
        assert deadline.source is None or deadline.source.startswith("https://")
