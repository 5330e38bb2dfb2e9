r"""Which member of an archive TeX is started on.

Every file with a document class is a candidate, and so is a wrapper that sets a switch and then
reads such a file. What another candidate reads, a figure made with ``standalone``, slides, a reply
to reviewers, a supplement or a venue's template is not the paper. Among full drafts the archive's
own word (00README) decides; then the habits weighed in ``_points``.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from posixpath import basename

from cycledata.errors import ParseError
from cycledata.parse.latex.file_versions import latest_versions, path_stem
from cycledata.parse.latex.includes import Includes
from cycledata.parse.latex.input_stack import is_style
from cycledata.parse.latex.known_commands import words
from cycledata.parse.latex.tokens import BEGIN_DOCUMENT, find_live, is_live
from cycledata.records import ParseWarning

_CLASS = re.compile(r"\\document(?:class|style)\s*+(?:\[[^\]]{0,2000}+\])?\s*+\{([^}]{0,200}+)\}")
_TITLE = re.compile(r"\\[A-Za-z]{0,10}title\s*+(?:\[[^\]]{0,300}+\])?\s*+\{([^\n]{0,200}+)")
_README_OLD = re.compile(r"^\s*+(\S{1,200}\.(?:tex|ltx))\s++toplevelfile", re.MULTILINE)
_README_FILE = re.compile(r"filename[\"']?\s*+:\s*+[\"']?([^\"'\s,}]{1,200}+)([^{}]{0,200})")
_ROOT_HINT = re.compile(r"%\s*+!\s*+T[eE]X\s++root\s*+=\s*+(\S{1,200}+)")
_NAME_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_TEMPLATE_TITLE = re.compile(
    r"formatting instructions|instructions for (?:authors|\*?acl|the)|submission and formatting|"
    r"author guidelines|style file|bare demo|sample (?:article|document)|sigplan.{0,20}template|"
    r"full title of article|title text|paper title\*?\s*\}|latex template|insert your title|"
    r"guidelines for preparing|the name of the title is hope|elsevier instructions|"
    r"^(?:article|contribution|paper|your|manuscript|full) title\W*$|"
    r"author response|rebuttal|response to (?:the )?review|"
    r"^[^A-Za-z]*(?:(?:online|electronic|web) )?(?:supplement|supporting information|appendix to|"
    r"appendices to|appendix for|appendices for|online appendix)",
    re.IGNORECASE,
)
_ASIDE = words(
    "supp suppl supplement supplementary supplemental appendix appendices rebuttal response reply "
    "responses review reviews reviewer cover letter poster slides talk presentation spotlight "
    "handout template example sample demo readme standalone figure figures tikz plot plots diff "
    "old archive archived backup bak note notes todo abstract checklist egreview test testing "
    "copy outline proposal summary short supmat supmaterial suppmat suppmaterial suppinfo "
    "supporting "
    "si sm esm addendum coverletter prev previous orig deprecated unused trash rejected "
    "translation translated translations marked markup tracked trackchanges changes highlighted "
    "latexdiff guidelines instructions corrections comments obsolete outdated ancien anciens "
    "anciennes vieux antiguo antiguos viejo viejos alt alte"
)
"""Parts of file names that say: beside the paper."""
_LANGUAGES = words(
    "zh cn chs cht chinese fr french francais de german deutsch es spanish ru russian ja jp "
    "japanese ko "
    "kr korean pt ptbr br portuguese ita italian pl polish tr turkish vi vn ar fa persian"
)
"""Parts of file names that say: a translation."""
_LATE = words(
    "final camera cameraready cr revised revision accepted published latest current updated"
)
"""Parts of file names that say: the last state of the text."""
_ABSTRACT = re.compile(r"\\(?:begin\s*+\{(?:abstract|Abstract)\}|(?:abstract|ABSTRACT)\s*+\{)")
_BIBLIOGRAPHY = re.compile(
    r"\\(?:(?:bibliography|printbibliography|addbibresource)(?![A-Za-z])|begin\{thebibliography\})"
)
_EAST_ASIAN = re.compile("[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]")
_USUAL = words("main ms paper article manuscript root top")
_SLIDES = words("beamer slides a0poster tikzposter beamerposter baposter powerdot letter exam")
_PARTS = words("standalone subfiles minimal tikzstandalone")
_LOADED = re.compile(
    r"\\(?:usepackage|documentclass|documentstyle)\s*+(?:\[([^\]]{0,500}+)\])?\s*+\{([^}]{0,500}+)\}"
)
_VENUE = re.compile(
    r"(?<![a-z])(iclr|icml|neurips|nips|cvpr|iccv|eccv|wacv|acl|emnlp|naacl|eacl|aaai|ijcai|aistats"
    r"|uai|colt|corl|kdd|interspeech|icassp|colm|mlsys|sigir|www)[_-]?(20\d\d)",
    re.IGNORECASE,
)
_VENUE_STYLES = words(
    "acl cvpr iccv eccv wacv bmvc2k aaai tmlr rlj jmlr jmlr2e spconf interspeech ismir colm "
    "acmart IEEEtran llncs"
)
"""Styles of venues without a year in their names."""
_DEADLINES = {
    "wacv": -0.4, "aaai": -0.4, "iclr": -0.25, "aistats": -0.2, "cvpr": -0.15, "naacl": -0.1,
    "ijcai": 0.05, "icml": 0.1, "acl": 0.1, "colt": 0.1, "kdd": 0.1, "uai": 0.15, "iccv": 0.2,
    "eccv": 0.2, "colm": 0.2, "neurips": 0.4, "nips": 0.4, "emnlp": 0.4, "corl": 0.5,
}  # fmt: skip
"""Usual deadline of a venue, in years from the start of the year in its name."""


@dataclass(frozen=True, slots=True)
class MainFile:
    """The choice, and what else could have been meant."""

    path: str
    warnings: tuple[ParseWarning, ...]


@dataclass(frozen=True, slots=True)
class _Draft:
    """What the choice among candidates depends on."""

    path: str
    document_class: str
    length: int
    """Characters of the file and all that it reads."""
    has_sections: bool
    is_template: bool
    """Its title is that of a venue's instructions, or of a reply to reviewers."""
    venue: float
    """Date of the venue whose style it loads, in years; 0 for none."""
    has_style: bool
    """It loads a venue's style, dated or not."""
    is_final: bool
    """It asks the style for the accepted form."""
    n_parts: int
    """How many of title, abstract and bibliography it has."""
    is_east_asian: bool
    is_comparison: bool
    """It was made by latexdiff, which marks what changed."""


def choose_main(texts: Mapping[str, str], *, main: str | None = None) -> MainFile:
    """Return the main file of an archive.

    Args:
        texts: decoded members by path.
        main: path of the main file if it is known; a unique file name is enough.

    Raises:
        ParseError: ``no-latex``, no member is LaTeX; ``no-main-file``, ``main`` is not there.
    """
    if main is not None:
        return _asked_for(texts, main)
    sources = [path for path, text in texts.items() if _has_class(path, text)]
    if not sources:
        return _largest(texts)
    includes = Includes(texts)
    candidates = _candidates(texts, sources, includes)
    if len(candidates) == 1:
        return MainFile(candidates[0], ())
    named = _readme_choice(texts)
    if named in candidates:
        return MainFile(named, ())
    reasons = _reasons(texts, candidates, includes)
    scores = {path: sum(points for points, _ in found) for path, found in reasons.items()}
    ranked = sorted(scores, key=lambda path: (-scores[path], path))
    others = [path for path in ranked[1:] if scores[path] >= 0]
    if not others:
        return MainFile(ranked[0], ())
    why = ", ".join(_differences(reasons[ranked[0]], reasons[others[0]])) or "first by name"
    detail = f"took {ranked[0]} ({why}); also {', '.join(others[:5])}"
    rule = "several-drafts" if scores[ranked[0]] - scores[others[0]] >= 0.5 else "tied-drafts"
    return MainFile(ranked[0], (ParseWarning(rule=rule, detail=detail),))


def _asked_for(texts: Mapping[str, str], main: str) -> MainFile:
    """Return the member with a path, or the only one with that file name."""
    if main in texts:
        return MainFile(main, ())
    found = [path for path in texts if basename(path) == main]
    if len(found) != 1:
        detail = f"expected one member {main}, found {len(found)}; name it with its folder"
        raise ParseError("no-main-file", detail)
    return MainFile(found[0], ())


def _reasons(
    texts: Mapping[str, str], candidates: list[str], includes: Includes
) -> dict[str, list[tuple[float, str]]]:
    """Return points and reasons by candidate; the sizes of points order habits, no more."""
    drafts = [_draft(texts, path, includes) for path in candidates]
    hints = {
        hint[1].rpartition("/")[2]
        for text in texts.values()
        if "root" in text[:300] and (hint := _ROOT_HINT.search(text[:300]))
    }
    stems = {path_stem(path) for path in texts if path.endswith(".bbl")}
    papers = [draft for draft in drafts if not draft.is_template]
    most = max(draft.length for draft in drafts)
    latest = max((draft.venue for draft in papers), default=0.0)
    parts = max((draft.n_parts for draft in papers), default=0)
    mixed = any(not draft.is_east_asian for draft in papers)
    styled = any(draft.has_style for draft in papers)
    versions = latest_versions(candidates)
    found: dict[str, list[tuple[float, str]]] = {}
    for draft in drafts:
        found[draft.path] = [
            *_points(draft, most=most, latest=latest, parts=parts),
            (2.0 * (path_stem(draft.path) in stems), "has a .bbl of its name"),
            (2.0 * (basename(draft.path) in hints), "named as root by a part"),
            (-5.0 * (draft.is_east_asian and mixed), "a translation"),
            (-0.6 * (styled and not draft.has_style), "style of a venue"),
            (versions.get(draft.path, 0.0), "version number"),
        ]
    return found


def _differences(first: list[tuple[float, str]], second: list[tuple[float, str]]) -> list[str]:
    """Return the reasons that speak most for the first of two candidates."""
    gaps = [(one - two, why) for (one, why), (two, _) in zip(first, second, strict=True)]
    return [why for gap, why in sorted(gaps, reverse=True)[:3] if gap > 0.2]


def _has_class(path: str, text: str) -> bool:
    if is_style(path) or path.endswith((".bbl", ".bib", ".bst", ".dtx", ".ins", ".txt", ".md")):
        return False
    return "\\document" in text and find_live(_CLASS, text) is not None


def _largest(texts: Mapping[str, str]) -> MainFile:
    fallback = [path for path, text in texts.items() if _is_tex(path) and "\\" in text]
    if not fallback:
        raise ParseError("no-latex", f"none of {len(texts)} text members is LaTeX")
    best = max(fallback, key=lambda path: len(texts[path]))
    detail = f"no file has a document class; took {best}, the largest"
    return MainFile(best, (ParseWarning(rule="no-document-class", detail=detail),))


def _is_tex(path: str) -> bool:
    return path.lower().endswith((".tex", ".ltx", ".latex")) or "." not in basename(path)


def _candidates(texts: Mapping[str, str], sources: list[str], includes: Includes) -> list[str]:
    r"""Files that could be compiled on their own and that no other of them reads.

    A class without a body (a preamble in a separate file) represents the file that reads it, and
    a whole document that another file reads, for that file: two ``\input`` may be a main file.
    """
    roots: dict[str, None] = {}
    others = [path for path in texts if _is_tex(path) and path not in sources]
    for path in sources:
        name = basename(path_stem(path))
        parents = [
            other for other in others if name in texts[other] and path in includes.read_by(other)
        ]
        if not parents:
            roots[path] = None
        for parent in parents:
            roots[parent] = None
    whole = [path for path in roots if _has_body(texts, path, includes)] or list(roots)
    if len(whole) == 1:
        return whole
    return [
        path
        for path in whole
        if not any(
            path in includes.read_by(other) and other not in includes.read_by(path)
            for other in whole
        )
    ] or whole


def _has_body(texts: Mapping[str, str], path: str, includes: Includes) -> bool:
    if find_live(BEGIN_DOCUMENT, texts[path]):
        return True
    return any(find_live(BEGIN_DOCUMENT, texts[part]) for part in includes.read_by(path))


def _readme_choice(texts: Mapping[str, str]) -> str:
    """Return the top-level file that arXiv's 00README names, in its old form or its new one."""
    for path, text in texts.items():
        if not basename(path).upper().startswith("00README"):
            continue
        old = _README_OLD.search(text)
        if old:
            return old[1]
        for entry in _README_FILE.finditer(text):
            if "toplevel" in entry[2]:
                return entry[1]
    return ""


def _draft(texts: Mapping[str, str], path: str, includes: Includes) -> _Draft:
    parts = [texts[part] for part in sorted(includes.read_by(path))]
    whole = [texts[path], *parts]
    text = next((part for part in whole if _CLASS.search(part)), texts[path])
    begin = BEGIN_DOCUMENT.search(text)
    preamble = text[: begin.start() if begin else 20_000]
    document_class = find_live(_CLASS, text)
    title = find_live(_TITLE, text)
    loaded = [match for match in _LOADED.finditer(preamble) if is_live(preamble, match.start())]
    options = {option.strip() for match in loaded for option in (match[1] or "").split(",")}
    return _Draft(
        path=path,
        document_class=document_class[1].strip().rpartition("/")[2] if document_class else "",
        length=sum(map(len, whole)),
        has_sections=any("\\section" in part for part in whole),
        is_template=bool(title and _TEMPLATE_TITLE.search(title[1])),
        venue=_venue_date([path, *(match[2] for match in loaded)]),
        has_style=any(
            _VENUE.search(match[2]) or not _VENUE_STYLES.isdisjoint(match[2].split(","))
            for match in loaded
        ),
        is_final=bool(options & {"final", "accepted"}),
        n_parts=sum(any(map(has_part, whole)) for has_part in _HAS_PART),
        is_east_asian=sum(map(_n_east_asian, whole)) > 500,
        is_comparison="\\DIFadd" in preamble,
    )


def _n_east_asian(text: str) -> int:
    """Return how many characters are Chinese, Japanese or Korean."""
    # Each takes three bytes in UTF-8; texts with a few accents need not be searched.
    if text.isascii() or len(text.encode("utf-8", "surrogatepass")) - len(text) < 100:
        return 0
    return len(_EAST_ASIAN.findall(text))


def _has_title(text: str) -> bool:
    return "title" in text and _TITLE.search(text) is not None


def _has_abstract(text: str) -> bool:
    return ("bstract" in text or "ABSTRACT" in text) and _ABSTRACT.search(text) is not None


def _has_bibliography(text: str) -> bool:
    return "bib" in text and _BIBLIOGRAPHY.search(text) is not None


_HAS_PART = (_has_title, _has_abstract, _has_bibliography)


def _venue_date(names: Iterable[str]) -> float:
    """When the venue of a style takes submissions, in years; 0 where no dated style is loaded.

    >>> _venue_date(["nips_2018"]) > _venue_date(["icml2018"]) > _venue_date(["iclr2018"])
    True
    """
    return max(
        (
            int(match[2]) + _DEADLINES.get(match[1].lower(), 0.0)
            for name in names
            for match in _VENUE.finditer(name)
        ),
        default=0.0,
    )


def _points(draft: _Draft, *, most: int, latest: float, parts: int) -> Iterator[tuple[float, str]]:
    """Yield points for or against a draft with the reason, always in the same order."""
    name_parts = [part.lower() for part in _NAME_PART.findall(basename(path_stem(draft.path)))]
    folders = [part.lower() for part in _NAME_PART.findall(draft.path.rpartition("/")[0])]
    yield 4 * draft.length / max(most, 1), "longest"
    # Instructions, replies, slides and figures are documents, but not the paper.
    yield -8.0 * (draft.is_template or draft.document_class in _SLIDES | _PARTS), "is a paper"
    yield -6.0 * (not _is_tex(draft.path)), "ends in .tex"
    is_aside = any(part in _ASIDE for part in name_parts) and name_parts[-2:] != ["for", "review"]
    yield -4.0 * is_aside, "name"
    yield -4.0 * any(part in _ASIDE for part in folders), "not in a folder of old files"
    yield -5.0 * any(part in _LANGUAGES for part in name_parts + folders), "no translation"
    yield -5.0 * basename(draft.path).startswith(("_", ".", "~", "#")), "no hidden name"
    yield -3.0 * (not draft.has_sections), "has sections"
    yield -4.0 * draft.is_comparison, "no comparison of two versions"
    yield 1.0 * (draft.n_parts - parts), "has title, abstract and bibliography"
    # Older copies are put into folders.
    yield -1.0 * draft.path.count("/"), "highest folder"
    # A draft named for arXiv is the one that was sent there.
    yield 8.0 if "arxiv" in name_parts else 4.0 * ("arxiv" in folders), "named for arXiv"
    # The last venue tried is the last state of the text; its accepted form the last of all.
    yield 3.0 * (0 < latest == draft.venue), "latest venue"
    is_late = not _LATE.isdisjoint(name_parts)
    asks_for_it = draft.is_final or not _LATE.isdisjoint(folders)
    yield 2.0 if is_late else 1.0 * asks_for_it, "accepted form"
    yield 0.6 * max(name_parts.count("final") - 1, 0), "final of the finals"
    yield 1.0 * (bool(name_parts) and name_parts[0] in _USUAL), "usual name"
