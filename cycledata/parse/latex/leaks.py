"""Spans that give away the decision or an author."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import islice

from cycledata.parse.author_names import AFFILIATION
from cycledata.parse.latex.author_links import (
    ANONYMOUS,
    MAX_LEAKS,
    author_ids,
    contacts,
    links,
    places,
)
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
_UAI = re.compile(r"\\documentclass\s*+(?:\[[^\]]{0,500}+\])?\s*+\{uai")
MAX_AUTHORS = 3_000
"""Leaks of all kinds together; collaborations have a thousand authors with several commands."""
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
    if ANONYMOUS.search(named):
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


def spans_of(flat: FlatText, pattern: re.Pattern[str]) -> Iterator[TextSpan]:
    """Yield the matches in the body before the bibliography, at most ``MAX_LEAKS``."""
    found = pattern.finditer(flat.text, flat.body, flat.bibliography_start)
    return (TextSpan(match.start(), match.end()) for match in islice(found, MAX_LEAKS))


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
