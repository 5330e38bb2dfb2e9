"""Submission deadlines of venues, and the version of an arXiv paper that was reviewed."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from cycledata.parse.arxiv_metadata import ArxivVersion


@dataclass(frozen=True, slots=True)
class Deadline:
    """Deadline of the full paper of a venue."""

    day: dt.date
    """Day, anywhere on Earth; some venues end a few hours earlier."""
    source: str | None
    """Page that states it; None if it was not found on any."""


def _deadline(year: int, month: int, day: int, source: str | None = None) -> Deadline:
    return Deadline(dt.date(year, month, day), source)


_ICLR = "https://iclr.cc/Conferences/"
_NEURIPS = "https://neurips.cc/Conferences/"
_ICML = "https://icml.cc/Conferences/"
_CCFDDL = "https://github.com/ccfddl/ccf-deadlines/blob/main/conference/AI/"
DEADLINES: Mapping[str, Deadline] = {
    "ICLR.cc/2018/Conference": _deadline(2017, 10, 27),
    "ICLR.cc/2019/Conference": _deadline(2018, 9, 27),
    "ICLR.cc/2020/Conference": _deadline(2019, 9, 25, f"{_ICLR}2020/CallForPapers"),
    "ICLR.cc/2021/Conference": _deadline(2020, 10, 2, f"{_ICLR}2021/AuthorGuide"),
    "ICLR.cc/2022/Conference": _deadline(2021, 10, 5, f"{_ICLR}2022/CallForPapers"),
    "ICLR.cc/2023/Conference": _deadline(2022, 9, 28, f"{_ICLR}2023/AuthorGuide"),
    "ICLR.cc/2024/Conference": _deadline(2023, 9, 28, f"{_ICLR}2024/CallForPapers"),
    "ICLR.cc/2025/Conference": _deadline(2024, 10, 1, f"{_ICLR}2025/CallForPapers"),
    "ICLR.cc/2026/Conference": _deadline(2025, 9, 24, f"{_ICLR}2026/AuthorGuide"),
    "NeurIPS.cc/2021/Conference": _deadline(
        2021, 5, 28, "https://neuripsconf.medium.com/neurips-2021-deadline-extension-c348d8e55c0c"
    ),
    "NeurIPS.cc/2022/Conference": _deadline(2022, 5, 19, f"{_NEURIPS}2022/CallForPapers"),
    "NeurIPS.cc/2023/Conference": _deadline(
        2023, 5, 17, "https://www.itsoc.org/event/neurips-2023"
    ),
    "NeurIPS.cc/2024/Conference": _deadline(2024, 5, 22, f"{_NEURIPS}2024/CallForPapers"),
    "NeurIPS.cc/2025/Conference": _deadline(2025, 5, 15, f"{_NEURIPS}2025/CallForPapers"),
    "ICML.cc/2023/Conference": _deadline(2023, 1, 26, f"{_ICML}2023/Dates"),
    "ICML.cc/2024/Conference": _deadline(2024, 2, 1, f"{_ICML}2024/CallForPapers"),
    "ICML.cc/2025/Conference": _deadline(2025, 1, 30, f"{_CCFDDL}icml.yml"),
}
"""Deadline by venue id, each with the page where it was read on 28 November 2026."""

VersionRule = Literal[
    "last-before-deadline", "first-after-deadline", "latest", "stated", "unknown-versions"
]


@dataclass(frozen=True, slots=True)
class ChosenVersion:
    """Version of an arXiv paper that a dataset uses."""

    number: int | None
    """None if no version qualifies, or if the versions are not known."""
    rule: VersionRule
    day: dt.date | None = None
    """Day of that version, UTC; None if unknown."""
    deadline: dt.date | None = None
    """Day that it was compared with; None if there was none."""


def deadline_of(venue: str, submitted: dt.date | None) -> dt.date | None:
    """Return the deadline of a venue, or the day of the submission note if it is not known.

    Venues without a deadline, such as TMLR, receive each paper on a day of its own.
    """
    known = DEADLINES.get(venue)
    return known.day if known else submitted


def choose_version(
    versions: Sequence[ArxivVersion], deadline: dt.date | None, *, only_before: bool = False
) -> ChosenVersion:
    """Choose the version that was reviewed.

    The last version up to the deadline; if all are later, the first one, which is the nearest to
    what was submitted; without a deadline or dates, the last one.

    Args:
        versions: in ascending order; empty if they are not known.
        deadline: a day, anywhere on Earth, so it ends at noon UTC of the next day.
        only_before: choose no version if all are later than the deadline.

    >>> v = [ArxivVersion(number=n, created=dt.datetime(2023, n, 1)) for n in (1, 6)]
    >>> choose_version(v, dt.date(2023, 5, 17)).number
    1
    """
    if not versions:
        return ChosenVersion(None, "unknown-versions", deadline=deadline)
    if deadline is None or any(version.created is None for version in versions):
        last = versions[-1]
        return ChosenVersion(last.number, "latest", last.created and last.created.date())
    end = dt.datetime.combine(deadline, dt.time(12)) + dt.timedelta(days=1)
    before = [v for v in versions if v.created and v.created.replace(tzinfo=None) <= end]
    if not before and only_before:
        return ChosenVersion(None, "last-before-deadline", deadline=deadline)
    rule: VersionRule = "last-before-deadline" if before else "first-after-deadline"
    chosen = before[-1] if before else versions[0]
    return ChosenVersion(chosen.number, rule, chosen.created and chosen.created.date(), deadline)
