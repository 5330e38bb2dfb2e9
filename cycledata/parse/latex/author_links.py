"""Links and addresses in the text that lead to the authors."""

import re
from collections.abc import Iterator

from cycledata.parse.author_names import ADDRESS
from cycledata.parse.latex.flat_text import FlatText, TextSpan

_HOSTS = {
    "github.": ("github.",),
    ".com/": (
        "gitlab.com/", "drive.google.com/", "sites.google.com/", "figshare.com/",
        "hub.docker.com/r/",
    ),
    "bitbucket.org/": ("bitbucket.org/",),
    "huggingface.co/": ("huggingface.co/",),
    "osf.io/": ("osf.io/",),
    "zenodo.": ("zenodo.org/", "10.5281/zenodo."),
}  # fmt: skip
"""Where authors put what belongs to a paper, by a part for which a text is searched."""
_OPEN = r"[^.!?]{0,60}\b(?:available|released|found|accessed|hosted|open.?sourced)\b[^.!?]{0,30}\Z"
_PROJECT = re.compile(
    r"\b(?:our|project|paper)[\s~](?:\w{1,20}[\s~]){0,2}(?:web[- ]?)?(?:page|site)\b[^.!?]{0,60}\Z"
    r"|(?:[.:{}]|\n\s{0,3}\n)\s{0,3}(?:(?:our|the|all)\s)?(?:source\s)?code\b"
    r"(?!\s(?:of|from|by|in|provided|for\s(?!this|our|the\spaper)))"
    + _OPEN
    + r"|\bour\s(?:\w{1,20}\s){0,3}(?:code|implementation|demo|videos?|data|dataset|models?)\b"
    + _OPEN,
    re.IGNORECASE,
)
"""A sentence that says that the address after it is the project's page or code."""
_MAY_CLAIM = ("page", "site", "available", "released", "found", "accessed", "hosted", "sourced")
_SHOWN = re.compile(
    r"\}\s?\{\s?(?:(?:our|the)\s)?project\s?(?:web)?\s?(?:page|site)\s?\}", re.IGNORECASE
)
_SHORT = ("git.io/", "bit.ly/", "tinyurl.com/", "goo.gl/")
"""Hosts of short addresses."""
_ADDRESS = re.compile(r"[^\s{}\\,;)\]]{0,300}+")
_MAY_REACH = ("ontact", "reach", "mail", "rite to", "orrespond")
_REACH = re.compile(
    r"\b(?:contact(?: us| the authors)|be (?:contacted|reached)|(?:e-?mail|write to|reach) us|"
    r"corresponding authors?|our e-?mail)\b[^.!?]{0,40}\Z",
    re.IGNORECASE,
)
_LETTERS = re.compile(r"[a-z]+")
_LINK_COMMAND = re.compile(
    r"\\(url|href|path|nolinkurl|texttt)\{\s?(?:\\(?:tiny|scriptsize|footnotesize|small)\s{0,2})?\Z"
)
_OPEN_NOTE = re.compile(r"\\footnote(?:text)?\s?(?:\[\d{1,3}\])?\{\s{0,9}\Z")
_CLOSE_NOTE = re.compile(r"\s{0,9}\.?\s{0,9}\}")
_SCHEME = re.compile(r"https?\Z")
_ADDRESS_BEFORE = re.compile(r"(?:https?://|www\.)?(?:[A-Za-z0-9-]{1,60}+\.){0,3}+\Z")
_OURS = re.compile(
    r"\b(?:our|we|available|availability|released?|code|project|website|open.?sourced?|source|implementation|"
    r"supplement\w*|demo|video|repository|dataset|data|models?|here|found)\b",
    re.IGNORECASE,
)
_VERB = re.compile(r"\\(?:lstinline|verb)([^\sA-Za-z0-9{\[*])\Z")
_FONT = re.compile(
    r"\\(?:emph|underline|text(?:bf|it|tt|sf|sc|color\{[^{}\\]{1,30}\}))\{\s?(?:\\[a-z]{2,12}\s)?\Z"
)
_WE = re.compile(r"\b(?:our|we)\b", re.IGNORECASE)
ANONYMOUS = re.compile(
    r"anonym(?!\w{0,9}+(?:\s{1,3}\w{1,12}+)?\s{1,3}(?:referee|reviewer|reader))", re.IGNORECASE
)
MAX_LEAKS = 200
"""Leaks of one kind."""
MAX_HOSTS = 3_000
"""Places of one host."""
MAX_LINK = 400
"""Characters of a link before its words."""


def links(flat: FlatText, last_names: frozenset[str]) -> list[tuple[TextSpan, str]]:
    """Links to the authors' own pages: a repository or site near words that claim it.

    What "we" or "our" claims once is the authors' own wherever it is linked, and so is an address
    with the last name of an author.
    """
    claimed: list[TextSpan] = []
    others: list[tuple[TextSpan, str]] = []
    owned: set[str] = set()
    text = flat.text
    limit = flat.bibliography_start
    for place in host_places(text, flat.body, limit):
        rest = _ADDRESS.match(text, place)
        end = rest.end() if rest else place
        before = _ADDRESS_BEFORE.search(text[max(0, place - 100) : place])
        start = place - (len(before[0]) if before else 0)
        if ANONYMOUS.search(text, start, end):
            continue
        parts = text[place:end].lower().removesuffix(".git").split("/")[:3]
        project = "/".join(parts).rstrip(".") if len(parts) == 3 and parts[2] else ""
        owner = parts[1] if len(parts) > 1 else ""
        if _OURS.search(text, max(0, start - 160), min(len(text), end + 60)) or any(
            name in owner for name in last_names
        ):
            claimed.append(TextSpan(start, end))
            if _WE.search(text, max(0, start - 160), start):
                owned.add(project)
        else:
            others.append((TextSpan(start, end), project))
    claimed += [span for span, project in others if project and project in owned]
    claimed += other_addresses(flat, last_names)
    return [(whole_note(flat, whole_link(flat, span)), "author-link") for span in claimed]


def host_places(text: str, start: int, end: int) -> Iterator[int]:
    """Yield the places of the hosts of repositories, data and pages."""
    for part, hosts in _HOSTS.items():
        for at in places(text, part, start, end, MAX_HOSTS):
            for host in hosts:
                place = at - host.index(part)
                if place >= start and text.startswith(host, place, end):
                    yield place


def other_addresses(flat: FlatText, last_names: frozenset[str]) -> Iterator[TextSpan]:
    """Yield the addresses with the last name of an author, and short ones that are claimed."""
    text = flat.text
    for place in places(text, "://", flat.body, flat.bibliography_start):
        rest = _ADDRESS.match(text, place)
        end = rest.end() if rest else place
        named = not last_names.isdisjoint(_LETTERS.findall(text[place:end].lower()))
        short = text.startswith(_SHORT, place + len("://"))
        if (
            named
            or claims_address(text, place, end)
            or (short and _OURS.search(text, max(0, place - 160), end + 60))
        ):
            scheme = _SCHEME.search(text, max(0, place - 5), place)
            yield TextSpan(scheme.start() if scheme else place, end)


def claims_address(text: str, place: int, end: int) -> bool:
    """Return whether the words around an address call it the project's page or its code."""
    if end <= place + len("://") or ANONYMOUS.search(text, place, end):
        return False
    before = text[max(0, place - 180) : place]
    said = any(word in before for word in _MAY_CLAIM) and _PROJECT.search(before)
    return bool(said or _SHOWN.match(text, end))


def author_ids(flat: FlatText) -> Iterator[TextSpan]:
    """Yield the addresses of authors in the register of researchers, with their links."""
    for place in places(flat.text, "orcid.org/", flat.body, flat.bibliography_start):
        rest = _ADDRESS.match(flat.text, place)
        before = _ADDRESS_BEFORE.search(flat.text[max(0, place - 100) : place])
        start = place - (len(before[0]) if before else 0)
        yield whole_link(flat, TextSpan(start, rest.end() if rest else place))


def contacts(flat: FlatText) -> Iterator[TextSpan]:
    """Yield the e-mail addresses at which the authors want to be contacted."""
    text = flat.text
    for place in places(text, "@", flat.body, flat.bibliography_start):
        start = max(flat.body, place - 70)
        around = text[max(flat.body, place - 150) : place]
        if not any(cue in around for cue in _MAY_REACH):
            continue
        for address in ADDRESS.finditer(text, start, place + 80):
            before = text[max(flat.body, address.start() - 80) : address.start()]
            if address.start() < place < address.end() and _REACH.search(before):
                yield whole_link(flat, TextSpan(address.start(), address.end()))


def places(text: str, cue: str, start: int, end: int, limit: int = MAX_LEAKS) -> Iterator[int]:
    """Every place of a literal, at most ``limit``."""
    at = text.find(cue, start, end)
    for _ in range(limit):
        if at < 0:
            return
        yield at
        at = text.find(cue, at + len(cue), end)


def whole_link(flat: FlatText, span: TextSpan) -> TextSpan:
    r"""Return a link with the ``\url{...}`` or ``\href{...}{...}`` around it."""
    text = flat.text
    opening = _LINK_COMMAND.search(text, max(0, span.start - 40), span.start)
    if opening and text.startswith("}", span.end):
        end = span.end + 1
        if opening[1] == "href":
            shown = flat.argument(end)
            end = shown[1] if shown else end
        return _with_bare_group(text, TextSpan(opening.start(), end))
    verbatim = _VERB.search(text, max(0, span.start - 12), span.start)
    close = text.find(verbatim[1], span.start, span.end + 200) if verbatim else -1
    if verbatim and close >= 0:
        return TextSpan(verbatim.start(), close + 1)
    before = text.rfind("\\href{", max(0, span.start - MAX_LINK), span.start)
    target = flat.group(before + len("\\href")) if before >= 0 else None
    words_of_link = flat.group(target.end + 1) if target else None
    if words_of_link is not None and words_of_link.start <= span.start < words_of_link.end:
        return TextSpan(before, words_of_link.end + 1)
    return span


def _with_bare_group(text: str, span: TextSpan) -> TextSpan:
    r"""Return a span with braces around it that have nothing else: ``at {...}``, ``\emph{...}``."""
    font = _FONT.search(text, max(0, span.start - 60), span.start)
    if font and text.startswith("}", span.end):
        return TextSpan(font.start(), span.end + 1)
    opening = text[max(0, span.start - 2) : span.start]
    if opening in {" {", "\n{", "~{", "({"} and text.startswith("}", span.end):
        return TextSpan(span.start - 1, span.end + 1)
    return span


def whole_note(flat: FlatText, span: TextSpan) -> TextSpan:
    """Return a link with the footnote that has nothing else."""
    opening = _OPEN_NOTE.search(flat.text, max(0, span.start - 40), span.start)
    closing = _CLOSE_NOTE.match(flat.text, span.end)
    return TextSpan(opening.start(), closing.end()) if opening and closing else span
