"""Known conferences, the sites with their lists of papers, and the expected numbers.

Numbers of papers are as announced by the venues, some of them rounded; estimates use them until the
list itself is in the snapshot.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Listing:
    """One conference of one year and its list of accepted papers."""

    name: str
    """For example `"acl/2023"`; prefix of the keys of its entries."""
    site: Literal["openreview", "acl", "cvf", "pmlr"]
    """Site with the list."""
    places: tuple[str, ...]
    """Venue id, volumes of the Anthology, page or PMLR volume."""
    n_papers: int
    """Approximate number of accepted papers."""


def _openreview(name: str, year: int, host: str, n_papers: int) -> Listing:
    return Listing(f"{name}/{year}", "openreview", (f"{host}/{year}/Conference",), n_papers)


LISTINGS: tuple[Listing, ...] = (
    _openreview("iclr", 2022, "ICLR.cc", 1094),
    _openreview("iclr", 2023, "ICLR.cc", 1573),
    _openreview("iclr", 2024, "ICLR.cc", 2260),
    _openreview("neurips", 2022, "NeurIPS.cc", 2671),
    _openreview("neurips", 2023, "NeurIPS.cc", 3218),
    _openreview("neurips", 2024, "NeurIPS.cc", 4035),
    Listing("icml/2022", "pmlr", ("v162",), 1233),
    _openreview("icml", 2023, "ICML.cc", 1828),
    _openreview("icml", 2024, "ICML.cc", 2610),
    Listing("acl/2022", "acl", ("2022.acl-long", "2022.acl-short"), 701),
    Listing("acl/2023", "acl", ("2023.acl-long", "2023.acl-short"), 1074),
    Listing("acl/2024", "acl", ("2024.acl-long", "2024.acl-short"), 940),
    Listing("emnlp/2022", "acl", ("2022.emnlp-main",), 828),
    Listing("emnlp/2023", "acl", ("2023.emnlp-main",), 1047),
    Listing("emnlp/2024", "acl", ("2024.emnlp-main",), 1268),
    Listing("cvpr/2022", "cvf", ("CVPR2022",), 2074),
    Listing("cvpr/2023", "cvf", ("CVPR2023",), 2353),
    Listing("cvpr/2024", "cvf", ("CVPR2024",), 2716),
    # ICCV meets in odd years: of 2022 to 2024 there is one.
    Listing("iccv/2023", "cvf", ("ICCV2023",), 2156),
)

SUBMISSIONS = {
    "ICLR.cc/2022/Conference": 3407,
    "ICLR.cc/2023/Conference": 4955,
    "ICLR.cc/2024/Conference": 7404,
    "ICLR.cc/2026/Conference": 19630,
    "NeurIPS.cc/2022/Conference": 2824,
    "NeurIPS.cc/2023/Conference": 3395,
    "NeurIPS.cc/2024/Conference": 4236,
}
"""Approximate number of public forums on 28 November 2026, where known: NeurIPS shows accepted
papers and those that opted in. The size of any other venue is unknown until its list is fetched."""


def find_listings(names: tuple[str, ...]) -> tuple[Listing, ...]:
    """Return listings by name (``acl/2023``), conference (``acl``) or venue id; by default all.

    Raises:
        ValueError: nothing of that name; lists what there is.
    """
    if not names:
        return LISTINGS
    found = []
    for name in names:
        hits = [
            listing
            for listing in LISTINGS
            if name.lower() in {listing.name, listing.name.split("/")[0]} or name in listing.places
        ]
        if not hits:
            known = ", ".join(listing.name for listing in LISTINGS)
            raise ValueError(f"no accepted-paper list {name!r}; there are {known}")
        found += hits
    return tuple(dict.fromkeys(found))
