"""Spans that give away the decision or an author."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import islice

from cycledata.parse.author_names import ADDRESS, AFFILIATION
from cycledata.parse.latex.flat_text import FlatText, TextSpan
from cycledata.parse.latex.known_commands import (
    AUTHORS,
    BIOGRAPHIES,
    CONTRIBUTIONS,
    FINAL_SWITCHES,
    HEADINGS,
    STOCK_STYLES,
    words,
)
from cycledata.records import Leak

_FINAL_OPTIONS = words("final accepted camera cameraready camera-ready preprint nonanonymous")
_NO_VENUE = STOCK_STYLES | words(
    "graphics changes fixme minted ifdraft trackchanges easyreview pdfpages pdfcomment showlabels"
)
"""Packages to which ``final`` says something else than that the paper is accepted."""
_N_ARGUMENTS = {"\\authorinfo": 3, "\\twoauthors": 4, "\\threeauthors": 6} | dict.fromkeys(
    words(
        "\\icmlauthor \\icmlaffiliation \\icmlcorrespondingauthor "
        "\\mlsysauthor \\mlsysaffiliation \\mlsyscorrespondingauthor \\altaffiltext"
    ),
    2,
)
_SEVERAL_ARGUMENTS = words(
    "\\author \\Author \\affiliation \\correspondingauthor \\coltauthor \\altauthor"
)
r"""Commands that take more than one argument in some classes: ``\\affiliation{1}{Place}``."""
_CONTACT = re.compile(
    r"[\w.+\-{}]{1,60}@[A-Za-z0-9-]{1,40}\.[A-Za-z]|orresponding [Aa]uthor|orrespondence to"
)
_FOOTNOTE = re.compile(r"\\[A-Za-z]{0,6}footnote(?:text)?(?:\[[^\]]{0,20}\])?\{")
_HEADER_CUES = {
    "ublished as a": "camera-ready-header",
    "ccepted ": "camera-ready-header",
    "o appear ": "camera-ready-header",
    "ppearing in": "camera-ready-header",
    "n Proceedings of": "camera-ready-header",
    "amera-ready": "camera-ready-header",
    "nder review": "under-review-header",
    "ubmitted to": "under-review-header",
}
"""How such lines begin, less the letter that may be a capital."""
_AFTER_CUE = {
    "ccepted ": re.compile(r"(?:at|to|by|as|for)\b"),
    "o appear ": re.compile(r"(?:in|at)\b"),
}
_REST_OF_LINE = re.compile(r"[^\n{}\\]{0,120}+")
_NEXT_SENTENCE = re.compile(r"\.\s+(?=[A-Z][a-z]*,? [a-z]+ )")
_DECISION_HINT = re.compile(
    r"(?<![A-Za-z])(?:ICLR|ICML|NeurIPS|NIPS|CVPR|ICCV|ECCV|WACV|ACL|EMNLP|NAACL|EACL|AACL|AAAI|"
    r"IJCAI|AISTATS|UAI|COLT|CoRL|KDD|WWW|SIGIR|Interspeech|INTERSPEECH|ICASSP|COLM|TMLR|JMLR|MLSys|"
    r"TPAMI|TACL|iclr|icml|neurips|nips)(?![A-Za-z])"
    r"|(?<![A-Za-z])(?i:(?:double.)?blind|(?:under|peer) review|do not distribute)(?![A-Za-z])"
    r"|(?<![A-Za-z])(?i:conference|workshop|symposium|journal|transactions)s?"
    r"(?:\s+(?:papers?|tracks?|version|article|publication|proceedings|on|of|in|for)\b"
    r"|[\s,.(:']{0,4}(?:\d|\Z))"
)
_OPENS = re.compile(r"(?:\A|[\n{}\]\[*~]|\\\\|\\[A-Za-z@]{1,30})[ \t]*+[\[(]?\Z")
_SAYS_OF_ITSELF = re.compile(
    r"\b(?:this|our|the present) (?:paper|work|article|manuscript|preprint|version)"
    r"(?: (?:is|was|has been|will|will be|currently|has|appears?|been)){0,3} ?\Z",
    re.IGNORECASE,
)
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
_UAI = re.compile(r"\\documentclass\s*+(?:\[[^\]]{0,500}+\])?\s*+\{uai")
_WE = re.compile(r"\b(?:our|we)\b", re.IGNORECASE)
_ANONYMOUS = re.compile(
    r"anonym(?!\w{0,9}+(?:\s{1,3}\w{1,12}+)?\s{1,3}(?:referee|reviewer|reader))", re.IGNORECASE
)
MAX_LEAKS = 200
MAX_AUTHORS = 3_000
"""Leaks of all kinds together; collaborations have a thousand authors with several commands."""
MAX_LINK = 400
"""Characters of a link before its words."""
MAX_NOTE = 500
"""Characters of a footnote in which an address is looked for."""


def read_leaks(
    flat: FlatText, acknowledgments: list[TextSpan], last_names: frozenset[str]
) -> list[tuple[TextSpan, str]]:
    """Spans of the flat text that give something away, with their rule, in order."""
    found: list[tuple[TextSpan, str]] = []
    for offset, name in flat.marks:
        if name in FINAL_SWITCHES:
            found.append((TextSpan(offset, offset + len(name)), "final-copy-switch"))
        elif name in ("\\usepackage", "\\documentclass", "\\RequirePackage"):
            options, end = flat.option(offset + len(name))
            given = {option.strip().lower() for option in (options or "").split(",")}
            whole = flat.argument(end)
            loaded = {package.strip() for package in whole[0].split(",")} if whole else set()
            if given & _FINAL_OPTIONS and (name == "\\documentclass" or loaded - _NO_VENUE):
                found.append((TextSpan(offset, whole[1] if whole else end), "final-copy-switch"))
        elif name in AUTHORS:
            span = author_span(flat, offset, name)
            if span is not None:
                found.append((span, "author-block"))
        elif name == "\\thanks":
            whole = flat.argument(flat.option(offset + len(name))[1])
            if whole:
                found.append((TextSpan(offset, whole[1]), "author-block"))
    found += [(span, "author-block") for span in biographies(flat)]
    found += [(span, "acknowledgments") for span in acknowledgments]
    found += [(span, "author-block") for span in contact_notes(flat)]
    found += header_lines(flat)
    found += links(flat, last_names)
    found += [(span, "author-block") for span in author_ids(flat)]
    found += [(span, "author-block") for span in contacts(flat)]
    kept = sorted(without_nested(found), key=lambda leak: (leak[0].start, leak[0].end))
    return kept[:MAX_AUTHORS]


def author_span(flat: FlatText, offset: int, name: str) -> TextSpan | None:
    """Return an author command with its arguments, or None if it names no one."""
    _, first = flat.after_star(offset + len(name))
    _, first = flat.option(first)
    _, first = flat.option(first)
    end = first
    for _ in range(_N_ARGUMENTS.get(name, 1)):
        group = flat.group(end)
        if group is None:
            break
        end = group.end + 1
    if name in _SEVERAL_ARGUMENTS:
        while flat.text.startswith("{", end) and (group := flat.group(end)):
            end = group.end + 1
    named = flat.text[first:end]
    if _ANONYMOUS.search(named):
        return None
    _, end = flat.option(end)
    return TextSpan(offset, end) if named.strip(" {}\n\\&") else None


def contact_notes(flat: FlatText) -> Iterator[TextSpan]:
    """Yield the footnotes with an e-mail address, a corresponding author or, first, a place."""
    text, until = flat.text, flat.body
    first = next((at for at, name in flat.marks if at >= until and name in HEADINGS), until)
    for word in places(text, "footnote", until, flat.bibliography_start):
        note = _FOOTNOTE.search(text, max(until, word - 8), word + 60)
        group = flat.group(note.end() - 1) if note else None
        if note is None or group is None or group.start < word:
            continue
        note_text = text[group.start : min(group.end, group.start + MAX_NOTE)]
        is_contact = ("@" in note_text or "orrespond" in note_text) and _CONTACT.search(note_text)
        on_title_page = note[0].startswith("\\footnotetext") and note.start() < first
        if is_contact or (on_title_page and AFFILIATION.search(note_text)):
            until = group.end + 1
            yield TextSpan(note.start(), until)


def biographies(flat: FlatText) -> list[TextSpan]:
    r"""Return the spans that tell of the authors: environments, and ``\bio...\endbio``."""
    spans = flat.environments(BIOGRAPHIES)
    if _UAI.search(flat.text, 0, flat.body):
        spans += flat.environments(CONTRIBUTIONS)
    starts = [offset for offset, name in flat.marks if name == "\\bio"]
    ends = [offset for offset, name in flat.marks if name == "\\endbio"]
    for start in starts[:MAX_LEAKS]:
        at = bisect_right(ends, start)
        if at < len(ends):
            spans.append(TextSpan(start, ends[at] + len("\\endbio")))
    return spans


def header_lines(flat: FlatText) -> list[tuple[TextSpan, str]]:
    """Lines that name the decision or the state of review, bibliography left aside."""
    found = []
    limit = flat.bibliography_start
    for cue, rule in _HEADER_CUES.items():
        for place in places(flat.text, cue, 0, limit):
            after = _AFTER_CUE.get(cue)
            if after and not after.match(flat.text, place + len(cue)):
                continue
            rest = _REST_OF_LINE.match(flat.text, place)
            end = rest.end() if rest else place + len(cue)
            sentence = _NEXT_SENTENCE.search(flat.text, place, end)
            end = sentence.start() + 1 if sentence else end
            start = max(0, place - 1)
            before = flat.text[max(0, start - 80) : start]
            of_itself = _OPENS.search(before) or _SAYS_OF_ITSELF.search(before)
            if of_itself and _DECISION_HINT.search(flat.text, place, end):
                found.append((TextSpan(max(0, place - 1), end), rule))
    return found


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
        if _ANONYMOUS.search(text, start, end):
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
        for at in places(text, part, start, end, MAX_AUTHORS):
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
    if end <= place + len("://") or _ANONYMOUS.search(text, place, end):
        return False
    before = text[max(0, place - 180) : place]
    said = any(word in before for word in _MAY_CLAIM) and _PROJECT.search(before)
    return bool(said or _SHOWN.match(text, end))


def spans_of(flat: FlatText, pattern: re.Pattern[str]) -> Iterator[TextSpan]:
    """Yield the matches in the body before the bibliography, at most ``MAX_LEAKS``."""
    found = pattern.finditer(flat.text, flat.body, flat.bibliography_start)
    return (TextSpan(match.start(), match.end()) for match in islice(found, MAX_LEAKS))


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


_VERB = re.compile(r"\\(?:lstinline|verb)([^\sA-Za-z0-9{\[*])\Z")


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


_FONT = re.compile(
    r"\\(?:emph|underline|text(?:bf|it|tt|sf|sc|color\{[^{}\\]{1,30}\}))\{\s?(?:\\[a-z]{2,12}\s)?\Z"
)


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


def without_nested(found: list[tuple[TextSpan, str]]) -> list[tuple[TextSpan, str]]:
    """Leaks that do not lie within another."""
    kept: list[tuple[TextSpan, str]] = []
    reach = -1
    for span, rule in sorted(found, key=lambda leak: (leak[0].start, -leak[0].end)):
        if span.end > reach:
            kept.append((span, rule))
            reach = span.end
    return kept


def as_records(flat: FlatText, found: list[tuple[TextSpan, str]]) -> tuple[Leak, ...]:
    """Leaks with their places in the archive's files."""
    leaks = []
    for span, rule in found:
        file, start = flat.origin(span.start)
        last_file, last = flat.origin(max(span.start, span.end - 1))
        end = last + 1 if last_file == file and last >= start else start + (span.end - span.start)
        excerpt = " ".join(flat.text[span.start : span.end].split())[:120]
        leaks.append(Leak(rule=rule, file=file, start=start, end=end, excerpt=excerpt))
    return tuple(leaks)
