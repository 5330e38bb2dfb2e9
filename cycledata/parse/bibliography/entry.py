"""One bibliography entry out of its fields or its printed text: title, year, arXiv id, DOI."""

import re
from collections.abc import Mapping

from cycledata.formats.accents import LETTERS, PUNCTUATION, accented
from cycledata.formats.braces import balanced
from cycledata.records import BibEntry

MAX_VALUE = 20_000
"""Characters of a value that are looked at; abstracts in real entries stay far below."""

_ARXIV = re.compile(
    r"(?:arxiv(?:\.org)?|\babs|\bpdf|10\.48550)[\s:/.a-z\[\]]{0,24}?"
    r"(\d{4}\.\d{4,5}|[a-z\-]{2,12}(?:\.[a-z]{2})?/\d{7})(?!\d)",
    re.IGNORECASE,
)
_BARE_ARXIV = re.compile(
    r"(?:arxiv:)?(\d{4}\.\d{4,5}|[a-z\-]{2,12}(?:\.[A-Z]{2})?/\d{7})(?:v\d{1,2})?", re.IGNORECASE
)
_DOI = re.compile(r"\b(10\.\d{4,9}/[^\s{}\"<>,\\]{1,200})", re.IGNORECASE)
_MAY_NAME_ARXIV = (
    *("eprint", "journal", "journaltitle", "volume", "note", "howpublished", "url", "doi"),
    *("booktitle", "pages", "number", "publisher", "ee", "link", "biburl"),
)
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")

_SYMBOLS = LETTERS | PUNCTUATION | {"i": "i", "j": "j", "ldots": "…", "dots": "…"}
_LATEX = re.compile(
    r"(?P<math>\$[^$\n]{0,200}\$)"
    r"|\\(?P<accent>[`'^\"~=.]|[uvHcdbrk](?![A-Za-z]))\s{0,3}(?P<open>\{?)\s{0,3}"
    r"(?P<base>\\[ij](?![A-Za-z])|[A-Za-z])(?(open)\s{0,3}\}?)"
    r"|\\(?P<link>href)\s*+\{[^{}]{0,500}\}"
    r"|\\(?P<word>[A-Za-z]++)\*?+[ \t]*+"
    r"|\\(?P<sign>[&%$#_{}\-\s/,;!]|$)"
    r"|(?P<dash>---?)|(?P<space>[\s~]++|\\\\)|(?P<quote>``|'')|(?P<brace>[{}])"
)


def plain_text(latex: str) -> str:
    r"""Return a value as printed: accents composed, commands and braces removed, mathematics kept.

    >>> plain_text(r"{\"U}ber {BERT} \& \emph{G\'eza}'s $k$-means")
    "Über BERT & Géza's $k$-means"
    """
    return " ".join(_LATEX.sub(_plain, latex[:MAX_VALUE]).split())


def _plain(found: re.Match[str]) -> str:
    if found["math"]:
        return found["math"]
    if found["accent"]:
        return accented(found["base"].lstrip("\\"), found["accent"])
    if found["word"]:
        return _SYMBOLS.get(found["word"], "")
    if found["sign"]:
        return (
            "" if found["sign"] in "-/!" else " " if found["sign"] in ",; \n\t" else found["sign"]
        )
    if found["dash"]:
        return "–" if found["dash"] == "--" else "—"
    if found["quote"]:
        return "“" if found["quote"] == "``" else "”"
    return " " if found["space"] else ""


def arxiv_id_in(text: str) -> str | None:
    """Return the arXiv id that a text names as such, without version.

    >>> arxiv_id_in("arXiv preprint arXiv:1706.03762v5"), arxiv_id_in("pages 1234.56789")
    ('1706.03762', None)
    """
    found = _ARXIV.search(text[:MAX_VALUE])
    return found[1] if found else None


def doi_in(text: str) -> str | None:
    r"""Return the DOI in a text, in lower case.

    >>> doi_in(r"https://doi.org/10.18653/V1/N19\_1423.")
    '10.18653/v1/n19_1423'
    """
    found = _DOI.search(text[:MAX_VALUE].replace("\\_", "_").replace("\\", ""))
    return found[1].lower().rstrip(".;:)]'") if found else None


def dois_in(text: str) -> tuple[str, ...]:
    """Return the DOIs of a text that lists several, in lower case.

    >>> dois_in("10.1000/A 10.1000/b; 10.1000/c")
    ('10.1000/a', '10.1000/b', '10.1000/c')
    """
    found = (match[1] for match in _DOI.finditer(text[:MAX_VALUE]))
    return tuple(doi for text in found if (doi := doi_in(text)))


def year_in(text: str) -> int | None:
    """Return the last year from 1900 to 2099 in a text: venues and dates end with it."""
    years = _YEAR.findall(text[:MAX_VALUE])
    return int(years[-1]) if years else None


def entry_of_fields(key: str, fields: Mapping[str, str], bibtex: str) -> BibEntry:
    """Return a record from an entry's fields.

    Args:
        key: citation key.
        fields: values without their delimiters, by field name in lower case.
        bibtex: the entry itself.
    """
    title = plain_text(fields.get("title", ""))
    if fields.get("subtitle"):
        title = f"{title}: {plain_text(fields['subtitle'])}"
    # Those who write `booktitle = {CVPR 2016}` often leave the year out.
    stated = (fields.get(name, "") for name in ("year", "date", "booktitle"))
    year = next((found[0] for found in map(_YEAR.findall, stated) if found), None)
    return BibEntry(
        key=key,
        title=title or None,
        year=int(year) if year else None,
        arxiv_id=_arxiv_id(fields),
        doi=doi_in(fields.get("doi", "")) or doi_in(fields.get("url", "")),
        bibtex=bibtex,
    )


def _arxiv_id(fields: Mapping[str, str]) -> str | None:
    """From ``eprint`` first, else wherever the entry says arXiv."""
    archive = fields.get("archiveprefix") or fields.get("eprinttype") or "arxiv"
    bare = _BARE_ARXIV.fullmatch(fields.get("eprint", "").strip())
    if bare and archive.strip().lower() == "arxiv":
        return bare[1]
    for name in _MAY_NAME_ARXIV:
        if name in fields and (found := arxiv_id_in(fields[name])):
            return found
    return None


def entry_of_text(key: str, title: str | None, year: int | None, printed: str) -> BibEntry:
    """Return a record from what a .bbl prints, with a @misc entry made for it.

    Args:
        key: citation key.
        title: the title as LaTeX, if it was found.
        year: year of publication, if it was found.
        printed: the whole printed entry as LaTeX.
    """
    note = " ".join(printed.split())
    fields = {"title": title, "year": str(year) if year else None, "note": note}
    return BibEntry(
        key=key,
        title=(plain_text(title) or None) if title else None,
        year=year,
        arxiv_id=arxiv_id_in(plain_text(printed)) or arxiv_id_in(printed),
        doi=doi_in(printed),
        bibtex=bibtex_of("misc", key, {k: v for k, v in fields.items() if v}),
    )


def bibtex_of(kind: str, key: str, fields: Mapping[str, str]) -> str:
    """Return an entry as BibTeX, one field per line, values in braces."""
    lines = [f"  {name} = {{{balanced(value)}}}," for name, value in fields.items()]
    return "\n".join([f"@{kind}{{{key},", *lines, "}"])
