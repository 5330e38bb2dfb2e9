"""Which member of an archive TeX is started on.

Every file with a document class is a candidate. What is read by another candidate, a figure made
with ``standalone``, slides, a reply to reviewers, a supplement or a venue's template is not the
paper; among the rest the archive's own word (00README, a .bbl's name), the venue's date and the
amount of text decide.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from posixpath import basename, dirname, normpath

from cycledata.errors import ParseError
from cycledata.parse.latex.definitions import is_style
from cycledata.parse.latex.scan import BEGIN_DOCUMENT, find_live, is_live
from cycledata.records import Warned

_CLASS = re.compile(r"\\document(?:class|style)\s*+(?:\[[^\]]{0,2000}+\])?\s*+\{([^}]{0,200}+)\}")
_INPUT = re.compile(
    r"\\(?:input|include|subfile|subfileinclude|InputIfFileExists)\s*+(?:\{([^{}]*+)\}|([^\s{}\\%]++))"
    r"|\\(?:sub)?(?:import|inputfrom|includefrom)\*?\s*+\{([^{}]*+)\}\s*+\{([^{}]*+)\}"
)
_TITLE = re.compile(r"\\(?:title|icmltitle|aistatstitle)\s*+(?:\[[^\]]*+\])?\s*+\{([^\n]{0,200})")
_README = re.compile(r"^\s*+(\S+\.(?:tex|ltx))\s++toplevelfile", re.MULTILINE)
_TEMPLATE_TITLE = re.compile(
    r"formatting instructions|instructions for (?:authors|\*?acl|the)|submission and formatting|"
    r"author guidelines|style file|bare demo|sample (?:article|document)|sigplan.{0,20}template|"
    r"full title of article|title text|paper title\*?\s*\}|latex template|insert your title|"
    r"author response|rebuttal|response to reviewers",
    re.IGNORECASE,
)
_ASIDE_NAME = re.compile(
    r"supp|appendi|rebuttal|response|reply|review|cover|letter|poster|slides|talk|present|spotlight|"
    r"handout|template|example|sample|demo|readme|standalone|figure|tikz|plot|diff|old|archive|"
    r"backup|notes?(?![a-z])|to_?do|abstract|camera_ready_check|checklist|egreview|test",
    re.IGNORECASE,
)
_USUAL_NAME = re.compile(
    r"^(?:main|ms|paper|article|manuscript|arxiv|root|top|thesis)", re.IGNORECASE
)
_LOADED = re.compile(
    r"\\(?:usepackage|documentclass|documentstyle)\s*+(?:\[[^\]]{0,500}+\])?\s*+\{([^}]{0,500}+)\}"
)
_VENUE = re.compile(
    r"(?<![a-z])(iclr|icml|neurips|nips|cvpr|iccv|eccv|wacv|acl|emnlp|naacl|eacl|aaai|ijcai|aistats|uai|"
    r"colt|corl|kdd|interspeech|icassp|colm|mlsys|sigir|www)[_-]?(20\d\d)",
    re.IGNORECASE,
)
_DEADLINES = {
    "wacv": -0.4, "aaai": -0.4, "iclr": -0.25, "aistats": -0.2, "cvpr": -0.15, "naacl": -0.1,
    "ijcai": 0.05, "icml": 0.1, "acl": 0.1, "colt": 0.1, "kdd": 0.1, "uai": 0.15, "iccv": 0.2,
    "eccv": 0.2, "neurips": 0.4, "nips": 0.4, "emnlp": 0.4, "corl": 0.5,
}  # fmt: skip
"""Usual deadline of a venue, in years from the start of the year in its name."""
_FINAL = re.compile(
    r"^[^%\n]*?(?:\[[^\]\n]*\b(?:final|accepted)\b|\\[a-z]++finalcopy)", re.MULTILINE
)
_SLIDES = frozenset(
    {
        "beamer",
        "slides",
        "a0poster",
        "tikzposter",
        "beamerposter",
        "powerdot",
        "letter",
        "baposter",
        "exam",
    }
)
_PARTS = frozenset({"standalone", "subfiles", "minimal", "tikzstandalone"})


@dataclass(frozen=True, slots=True)
class MainFile:
    """The choice, and what else could have been meant."""

    path: str
    others: tuple[str, ...]
    """Other full drafts, best first."""
    warnings: tuple[Warned, ...]


@dataclass(frozen=True, slots=True)
class _Candidate:
    path: str
    document_class: str
    length: int
    """Characters of the file and all that it reads."""
    headings: int
    template: bool
    """Its title is one of the venues' instructions to authors."""
    venue: float
    """Date of the venue whose style it loads, in years; 0 for none."""
    final: bool
    """It asks the style for the accepted form."""


def choose_main(texts: Mapping[str, str]) -> MainFile:
    """The main file of an archive.

    Raises:
        ParseError: ``no-latex``, no member holds LaTeX.
    """
    sources = {path: text for path, text in texts.items() if _may_be_main(path, text)}
    if not sources:
        fallback = [
            path
            for path, text in texts.items()
            if not is_style(path) and "\\" in text and _looks_like_tex(path)
        ]
        if not fallback:
            raise ParseError("no-latex", f"none of {len(texts)} text members has a document class")
        best = max(fallback, key=lambda path: len(texts[path]))
        return MainFile(
            best, (), (Warned(rule="no-document-class", detail=f"took {best}, the largest .tex"),)
        )
    if len(sources) > 1 or not find_live(BEGIN_DOCUMENT, next(iter(sources.values()))):
        sources = _with_body(texts, sources) or sources
    if len(sources) == 1:
        return MainFile(next(iter(sources)), (), ())
    return _choose(texts, sources)


def _looks_like_tex(path: str) -> bool:
    return path.endswith((".tex", ".ltx")) or "." not in basename(path)


def _may_be_main(path: str, text: str) -> bool:
    if is_style(path) or path.endswith((".bbl", ".bib", ".bst", ".dtx", ".ins", ".txt", ".md")):
        return False
    if "\\documentclass" not in text and "\\documentstyle" not in text:
        return False
    return find_live(_CLASS, text) is not None


def _choose(texts: Mapping[str, str], sources: dict[str, str]) -> MainFile:
    named = _readme_choice(texts)
    reads = {path: _inputs(texts, path) for path in sources}
    candidates = [
        _candidate(texts, path, reads[path])
        for path in sources
        if path == named
        or not any(path in reads[other] and other not in reads[path] for other in sources)
    ]
    stems = {path.rsplit(".", 1)[0] for path in texts if path.endswith(".bbl")}
    most = max(candidate.length for candidate in candidates)
    latest = max(candidate.venue for candidate in candidates if not candidate.template)
    scores = {each.path: _score(each, stems, most, latest) for each in candidates}
    ranked = sorted(scores, key=lambda path: (path != named, -scores[path], path))
    others = tuple(path for path in ranked[1:] if scores[path] >= 0)
    warnings: tuple[Warned, ...] = ()
    if others and ranked[0] != named:
        detail = f"took {ranked[0]}; also {', '.join(others[:5])}"
        warnings = (Warned(rule="several-drafts", detail=detail),)
    return MainFile(ranked[0], others, warnings)


def _with_body(texts: Mapping[str, str], sources: dict[str, str]) -> dict[str, str]:
    """Files that open a document; a preamble of its own stands for the file that reads it."""
    whole: dict[str, str] = {}
    for path, text in sources.items():
        if ("\\begin" in text and find_live(BEGIN_DOCUMENT, text)) or any(
            find_live(BEGIN_DOCUMENT, texts[part]) for part in _inputs(texts, path)
        ):
            whole[path] = text
        else:
            stem = basename(path).rsplit(".", 1)[0]
            whole |= {
                parent: body
                for parent, body in texts.items()
                if stem in body and _looks_like_tex(parent) and path in _inputs(texts, parent)
            }
    return whole


def _readme_choice(texts: Mapping[str, str]) -> str | None:
    for path, text in texts.items():
        if basename(path).upper().startswith("00README"):
            match = _README.search(text)
            if match and match[1] in texts:
                return match[1]
    return None


def _candidate(texts: Mapping[str, str], path: str, read: set[str]) -> _Candidate:
    text = texts[path]
    match = find_live(_CLASS, text)
    title = _TITLE.search(text)
    preamble = text[: max(0, text.find("\\begin{document}")) or 20_000]
    whole = [text, *(texts[part] for part in sorted(read))]
    return _Candidate(
        path,
        match[1].strip().rpartition("/")[2] if match else "",
        sum(len(part) for part in whole),
        sum(part.count("\\section") for part in whole),
        bool(title and _TEMPLATE_TITLE.search(title[1])),
        _venue_date(preamble),
        _FINAL.search(preamble) is not None,
    )


def _venue_date(preamble: str) -> float:
    r"""When the style's venue takes submissions, in years; 0 where no dated style is loaded.

    >>> _venue_date(r"\usepackage{nips_2018}") > _venue_date(r"\usepackage{icml2018}")
    True
    """
    dates = [
        int(match[2]) + _DEADLINES.get(match[1].lower(), 0.0)
        for loaded in _LOADED.finditer(preamble)
        if is_live(preamble, loaded.start())
        for match in _VENUE.finditer(loaded[1])
    ]
    return max(dates, default=0.0)


def _score(candidate: _Candidate, bbl_stems: set[str], most: int, latest: float) -> float:
    stem = basename(candidate.path).rsplit(".", 1)[0]
    score = 4 * candidate.length / max(most, 1) - candidate.path.count("/")
    if candidate.template:
        score -= 8
    if candidate.document_class in _SLIDES or candidate.document_class in _PARTS:
        score -= 8
    if _ASIDE_NAME.search(stem):
        score -= 4
    if _USUAL_NAME.match(stem):
        score += 1
    if "arxiv" in stem.lower():
        score += 8
    if candidate.path.rsplit(".", 1)[0] in bbl_stems:
        score += 2
    if candidate.venue and candidate.venue == latest:
        score += 3
    if candidate.final:
        score += 1
    if not candidate.headings:
        score -= 3
    return score


def _inputs(texts: Mapping[str, str], main: str) -> set[str]:
    """Members that a file reads, directly or through others."""
    found: set[str] = set()
    queue = [main]
    root = dirname(main)
    while queue and len(found) < 500:
        path = queue.pop()
        text = texts[path]
        if "\\in" not in text and "\\sub" not in text and "\\import" not in text:
            continue
        for match in _INPUT.finditer(text):
            if not is_live(text, match.start()):
                continue
            name = match[1] or match[2] or f"{match[3] or ''}/{match[4] or ''}"
            for folder in dict.fromkeys((root, dirname(path), "")):
                joined = normpath(
                    f"{folder}/{name.strip()}" if folder else name.strip().lstrip("/")
                )
                hit = next(
                    (joined + suffix for suffix in (".tex", "") if joined + suffix in texts), None
                )
                if hit is not None:
                    if hit not in found and hit != main:
                        found.add(hit)
                        queue.append(hit)
                    break
    return found
