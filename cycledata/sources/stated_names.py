"""Names of papers as people write them in tables and file names: ids, URLs, arXiv ids, venues."""

import re
from collections.abc import Mapping

from cycledata.consent.works import read_work_id

_BEFORE_ID = re.compile(
    r"(?:https?://)?(?:www\.|export\.)?arxiv\.org/(?:abs|pdf|html|format|src|e-print)/"
    r"|(?:https?://)?(?:ar5iv(?:\.labs)?\.arxiv\.org|ar5iv\.org|huggingface\.co|(?:www\.)?alphaxiv\.org)"
    r"/(?:abs|html|papers)/|(?:(?:https?://)?(?:dx\.)?doi\.org/|doi:\s*)?10\.48550/arxiv\.|arxiv\s*:\s*|arxiv[-_]",
    re.IGNORECASE,
)
_NEW_ID = re.compile(r"(\d\d(?:0[1-9]|1[0-2]))\.(\d{4,5})(?:v(\d{1,3}))?", re.IGNORECASE)
_OLD_ID = re.compile(
    r"([a-z]+(?:-[a-z]+)*(?:\.[A-Z]{2})?)[/_]?(\d\d(?:0[1-9]|1[0-2])\d{3})(?:v(\d{1,3}))?",
    re.IGNORECASE,
)
_SUBJECT = re.compile(r"\s+\[[A-Za-z.-]{2,20}\]$")
"""Primary category after an id, such as `[cs.LG]`."""
_FIVE_DIGITS_FROM = 15_01
"""Year and month from which arXiv's numbers have five digits."""
_VENUE_COLUMNS = ("venue_id", "venueid", "venue")
_STATES = (
    "/Submission",
    "/Withdrawn_Submission",
    "/Rejected_Submission",
    "/Desk_Rejected_Submission",
)
_FORUM = re.compile(r"(?:https?://)?(?:www\.)?openreview\.net/(?:forum|pdf)\?", re.IGNORECASE)
_UNDERSCORE = re.compile(r"(?<=\b\d{4})_(?=\d{4,5}(?:v\d{1,3})?$)")
_COPY = re.compile(r"\s*\(\d{1,2}\)$")
_ENDINGS = (".gz", ".xz", ".zst", ".tgz", ".tar", ".zip", ".pdf", ".tex")


def read_arxiv_id(text: str) -> tuple[str, int | None]:
    """Return the arXiv id and version that a text states.

    Raises:
        ValueError: not an arXiv id.

    >>> read_arxiv_id("arXiv:2310.01234v2"), read_arxiv_id("https://arxiv.org/pdf/2310.01234.pdf")
    (('2310.01234', 2), ('2310.01234', None))
    >>> read_arxiv_id("hep-th9901001"), read_arxiv_id("10.48550/arXiv.2310.01234")
    (('hep-th/9901001', None), ('2310.01234', None))
    """
    bare = _SUBJECT.sub("", text.strip())
    if start := _BEFORE_ID.match(bare):
        bare = bare[start.end() :]
        bare = re.split("[?#]", bare, maxsplit=1)[0]
    bare = bare.rstrip("/").removesuffix(".pdf")
    if new := _NEW_ID.fullmatch(bare):
        if int(new[1]) >= _FIVE_DIGITS_FROM and len(new[2]) == 4:
            raise ValueError(
                f"expected an arXiv id with five digits after the point, found {text[:60]!r}; a"
                " spreadsheet may have removed a zero, so store the column as text"
            )
        return f"{new[1]}.{new[2]}", int(new[3]) if new[3] else None
    if old := _OLD_ID.fullmatch(bare):
        archive, dot, category = old[1].partition(".")
        name = f"{archive.lower()}{dot}{category.upper()}/{old[2]}"
        return name, int(old[3]) if old[3] else None
    raise ValueError(f"expected an arXiv id such as 2310.01234v2, found {text[:60]!r}")


def read_paper_id(text: str) -> str:
    """Return the paper id that a text is, or that the URL of a forum names.

    Raises:
        ValueError: a URL that names no paper.

    >>> read_paper_id(" https://openreview.net/forum?id=abc12&noteId=x"), read_paper_id("acl-7")
    ('abc12', 'acl-7')
    """
    text = text.strip()
    if "://" not in text and not text.startswith(("openreview.net/", "www.openreview.net/")):
        return text
    found = read_work_id(text)
    if found is None or ":" in found:
        raise ValueError(f"expected a paper id or the URL of a forum, found {text[:80]!r}")
    return found


def forum_in_url(cell: object) -> str | None:
    """Return the paper id that the URL of an OpenReview forum or PDF names, or None.

    >>> forum_in_url("https://openreview.net/pdf?id=abc12"), forum_in_url("https://acl.org/?id=abc12")
    ('abc12', None)
    """
    if not isinstance(cell, str) or not _FORUM.match(cell.strip()):
        return None
    found = read_work_id(cell.strip())
    return None if found is None or ":" in found else found


def stated_venue(row: Mapping[str, object]) -> str | None:
    """Return the venue id that a row states, or None; a name such as "ICLR 2024" is no id.

    >>> stated_venue({"venue": "ICLR 2024 poster", "venueid": "ICLR.cc/2024/Conference"})
    'ICLR.cc/2024/Conference'
    """
    for column in _VENUE_COLUMNS:
        cell = row.get(column)
        if isinstance(cell, str) and "/" in cell and " " not in cell.strip():
            venue = cell.strip()
            return next((venue.removesuffix(s) for s in _STATES if venue.endswith(s)), venue)
    return None


def eprint_name(file_name: str) -> str:
    """Return the arXiv id or paper id that a file is named by.

    >>> [eprint_name(name) for name in ("2310.01234v2.tar.gz", "2310.01234v2", "ali.gz")]
    ['2310.01234v2', '2310.01234v2', 'ali']
    >>> [eprint_name(name) for name in ("cs_0112017v1.gz", "arXiv-2310.01234v2 (1).tar.gz")]
    ['cs/0112017v1', '2310.01234v2']
    >>> eprint_name("2310_01234v2.tar.gz")
    '2310.01234v2'
    """
    for ending in _ENDINGS:
        if file_name.lower().endswith(ending):
            file_name = file_name[: -len(ending)]
    name = _COPY.sub("", file_name)
    try:
        arxiv_id, version = read_arxiv_id(_UNDERSCORE.sub(".", name))
    except ValueError:
        return name
    return f"{arxiv_id}v{version}" if version else arxiv_id


def pdf_name(file_name: str) -> str:
    """Return the paper id that a PDF is named by.

    >>> [pdf_name(name) for name in ("abC_1.pdf", "abC_1.PDF", "abC_1 (2).pdf", "pdf?id=abC_1")]
    ['abC_1', 'abC_1', 'abC_1', 'abC_1']
    """
    if file_name.lower().endswith(".pdf"):
        file_name = file_name[:-4]
    return _COPY.sub("", file_name).removeprefix("pdf?id=").removeprefix("forum?id=")
