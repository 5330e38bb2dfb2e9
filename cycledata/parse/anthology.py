"""XML of the ACL Anthology: the papers of one volume."""

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from cycledata.errors import ParseError
from cycledata.parse.payload import read_xml

_NEW_STYLE = 4
"""Collections since 2020 begin with a year of four digits."""


@dataclass(frozen=True, slots=True)
class AnthologyPaper:
    """One paper of a volume; front matter is not a paper."""

    paper_id: str
    """Anthology id, e.g. ``"2023.acl-long.5"`` or ``"P19-1005"``."""
    title: str
    """Title without markup; mathematics stays LaTeX between dollar signs."""
    authors: tuple[str, ...]
    """Names, first name first."""
    abstract: str | None
    """Abstract, None if it has none."""
    doi: str | None
    """DOI in lower case, None if it has none."""


def parse_volume(payload: bytes, volume_id: str) -> tuple[AnthologyPaper, ...]:
    """Return the papers of one volume of a collection, in order.

    Args:
        payload: XML of the collection, e.g. of ``2023.acl``.
        volume_id: e.g. ``"2023.acl-long"``.

    Raises:
        ParseError: not XML, not a collection, no such volume, or a paper without id or title.
    """
    root = read_xml(payload)
    collection, _, name = volume_id.partition("-")
    if root.tag != "collection" or root.get("id") != collection:
        raise ParseError("not-anthology", f"expected the collection {collection}")
    for volume in root.iterfind("volume"):
        if volume.get("id") == name:
            return tuple(_papers(volume, collection, name))
    raise ParseError("not-anthology", f"no volume {volume_id}")


def _papers(volume: ET.Element, collection: str, name: str) -> Iterator[AnthologyPaper]:
    for paper in volume.iterfind("paper"):
        number, title = paper.get("id") or "", _text(paper.find("title"))
        if not (number.isascii() and number.isdigit() and title):
            raise ParseError("not-anthology", f"{collection}-{name}: a paper without id or title")
        doi = _text(paper.find("doi"))
        yield AnthologyPaper(
            paper_id=_full_id(collection, name, number),
            title=title,
            authors=tuple(filter(None, map(_name, paper.iterfind("author")))),
            abstract=_text(paper.find("abstract")),
            doi=doi.lower() if doi else None,
        )


def _full_id(collection: str, volume: str, number: str) -> str:
    """Return the id of a paper; ids before 2020 have four digits of volume and paper together."""
    if collection[:_NEW_STYLE].isdigit():
        return f"{collection}-{volume}.{number}"
    if collection.startswith("W") or collection in {"C69", "D19"}:
        return f"{collection}-{int(volume):02}{int(number):02}"
    return f"{collection}-{volume}{int(number):03}"


def _name(author: ET.Element) -> str | None:
    # Direct children only: a <variant> repeats the name in another script.
    parts = (_text(author.find(part)) for part in ("first", "last"))
    return " ".join(filter(None, parts)) or None


def _text(element: ET.Element | None) -> str | None:
    """Return the words of an element without markup, or None if it is absent or empty."""
    if element is None:
        return None
    return " ".join("".join(_pieces(element)).split()) or None


def _pieces(element: ET.Element) -> Iterator[str]:
    is_math = element.tag == "tex-math"
    yield "$" if is_math else " " if element.tag in {"par", "br"} else ""
    yield element.text or ""
    for child in element:
        yield from _pieces(child)
        yield child.tail or ""
    if is_math:
        yield "$"
