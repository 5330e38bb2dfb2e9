"""Lists of accepted papers: OpenReview, ACL Anthology, CVF open access, PMLR.

One function a site reads its list; the page itself is kept as ``list/<name>/<page>`` and every
paper on it as ``<name>/<entry id>``, both in one transaction.
"""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin

from cycledata.errors import GaveUpError, ParseError
from cycledata.files import canonical_json
from cycledata.parse.anthology import parse_volume
from cycledata.snapshot.open import OpenSnapshot
from cycledata.snapshot.reply import Reply
from cycledata.sources.http import HttpReply, origin, polite_session
from cycledata.sources.openreview import OpenReview
from cycledata.sources.schedule import Scheduler
from cycledata.sources.venues import Listing

Entry = dict[str, Any]
"""Fields entry, title and authors, and where the list has them abstract, url, arxiv_id, doi."""

_ARXIV_LINK = re.compile(r"https?://arxiv\.org/abs/(\d{4}\.\d{4,5})(?:v\d{1,3})?$")


class Proceedings:
    """Client of the sites with lists of accepted papers.

    Args:
        scheduler: paces and retries.
        acl_url: folder of the Anthology's XML files.
        cvf_url: e.g. ``"https://openaccess.thecvf.com"``.
        pmlr_url: e.g. ``"https://proceedings.mlr.press"``.
    """

    def __init__(self, scheduler: Scheduler, acl_url: str, cvf_url: str, pmlr_url: str) -> None:
        self._clock = scheduler.clock
        self._acl_url = acl_url
        self._cvf_url = cvf_url
        self._pmlr_url = pmlr_url
        self._adapter = polite_session(
            scheduler,
            lane=lambda _: "proceedings",
            check=_problem_of,
            origins=frozenset(origin(url) for url in (acl_url, cvf_url, pmlr_url)),
        )

    def fetch(self, snapshot: OpenSnapshot, listing: Listing, client: OpenReview | None) -> None:
        """Fetch one list unless the snapshot has it; `client` is used for lists on OpenReview.

        Raises:
            GaveUpError: a list that cannot be fetched, or one without papers.
        """
        for place in listing.places:
            if snapshot.mark(f"proceedings {listing.name} {place}"):
                continue
            page = None
            if listing.site == "openreview":
                if client is None:
                    raise ValueError(f"{listing.name}: an OpenReview list needs its client")
                url, notes = client.accepted(place)
                entries = [_from_note(note) for note in notes]
            else:
                page = self._page(snapshot, listing, place)
                url, entries = page.url, list(_READERS[listing.site](page, place))
            if not entries:
                raise GaveUpError(
                    f"{url}: a list without papers; has the layout of the page changed?"
                )
            with snapshot.transaction():
                if page is not None:
                    snapshot.add(page)
                for entry in entries:
                    snapshot.add(self._entry(listing.name, url, entry), replace=True)
                snapshot.set_mark(f"proceedings {listing.name} {place}", str(len(entries)))

    def _page(self, snapshot: OpenSnapshot, listing: Listing, place: str) -> Reply:
        """Return the page that has a list; volumes of the Anthology share one."""
        name = place.split("-")[0]
        key = f"list/{listing.name}/{name}"
        held = snapshot.get("proceedings", key)
        if held is not None:
            return held
        url = {
            "acl": f"{self._acl_url}/{name}.xml",
            "cvf": f"{self._cvf_url}/{name}?day=all",
            "pmlr": f"{self._pmlr_url}/{name}/",
        }[listing.site]
        self._adapter.session.get(url)
        page = self._adapter.last
        if page is None or page.status != 200:
            raise GaveUpError(f"{url}: status {page.status if page else 0}")
        moment = self._clock.utc()
        return Reply("proceedings", key, page.url, moment, 200, page.media_type, page.body)

    def _entry(self, name: str, url: str, entry: Entry) -> Reply:
        payload = canonical_json({"list": name, **entry}).encode("ascii")
        key = f"{name}/{entry['entry']}"
        return Reply("proceedings", key, url, self._clock.utc(), 200, "application/json", payload)


def _from_note(note: dict[str, Any]) -> Entry:
    """Return the entry of an OpenReview note of API v1 or v2."""

    def value(field: str) -> Any:
        found = note["content"].get(field)
        return found.get("value") if isinstance(found, dict) else found

    return {
        "entry": note["id"],
        "title": value("title"),
        "authors": value("authors") or [],
        "abstract": value("abstract"),
        "url": f"https://openreview.net/forum?id={note['id']}",
    }


def _read_acl(page: Reply, place: str) -> Iterator[Entry]:
    """Yield the papers of one volume of the ACL Anthology."""
    try:
        papers = parse_volume(page.payload, place)
    except ParseError as error:
        raise GaveUpError(f"{page.url}: {error.detail}; has the format changed?") from error
    for paper in papers:
        yield {
            "entry": paper.paper_id,
            "title": paper.title,
            "authors": list(paper.authors),
            "abstract": paper.abstract,
            "url": f"https://aclanthology.org/{paper.paper_id}/",
            "doi": paper.doi,
        }


def _read_cvf(page: Reply, _: str) -> Iterator[Entry]:
    """Yield the papers of a CVF listing: a title, a line of authors, a line of links."""
    from lxml import html

    for title in html.fromstring(page.payload).iterfind('.//dt[@class="ptitle"]'):
        link = title.find("a")
        if link is None:
            raise GaveUpError(
                f"{page.url}: a title without a link; has the layout of the page changed?"
            )
        lines = [line for line in title.itersiblings() if line.tag in {"dt", "dd"}][:2]
        authors, links = (line if line.tag == "dd" else None for line in (*lines, title, title)[:2])
        path = link.get("href") or ""
        targets = [] if links is None else [str(a.get("href")) for a in links.iter("a")]
        found = [match.group(1) for match in map(_ARXIV_LINK.match, targets) if match]
        yield {
            "entry": path.rsplit("/", 1)[-1].removesuffix(".html"),
            "title": _text(link),
            "authors": [] if authors is None else _names(_text(authors)),
            "url": urljoin(page.url, path),
            "arxiv_id": found[0] if found else None,
        }


def _read_pmlr(page: Reply, _: str) -> Iterator[Entry]:
    """Yield the papers of a PMLR volume."""
    from lxml import html

    for paper in html.fromstring(page.payload).iterfind('.//div[@class="paper"]'):
        title = paper.find('.//p[@class="title"]')
        authors = paper.find('.//span[@class="authors"]')
        pages = [str(a.get("href")) for a in paper.iter("a") if _text(a) == "abs"]
        if title is None or authors is None or not pages:
            raise GaveUpError(f"{page.url}: a paper without title, authors or page")
        url = urljoin(page.url, pages[0])
        yield {
            "entry": url.rsplit("/", 1)[-1].removesuffix(".html"),
            "title": _text(title),
            "authors": _names(_text(authors)),
            "url": url,
        }


_READERS = {"acl": _read_acl, "cvf": _read_cvf, "pmlr": _read_pmlr}


def _text(element: Any) -> str:
    return " ".join("".join(element.itertext()).split())


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _problem_of(answer: HttpReply) -> str | None:
    """Return why a list is incomplete, or None if its last element is closed."""
    end = answer.body[-400:].lower()
    whole = b"</collection>" in end or b"</html>" in end
    return None if whole else "the page ended early"
