"""A PDF to sectioned text, by the same record as an e-print: for papers whose source is not there.

``convert`` turns the bytes into blocks in a process of its own, ``structure`` finds the headings,
and here the parts become a ``PaperText``: front matter and what gives away authors or the decision
are reported as leaks and left out, as are the reference list and the acknowledgments.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from cycledata.formats.section_titles import (
    is_about_authors,
    is_abstract,
    is_foreign_acknowledgments,
    is_keywords,
    is_printed_acknowledgments,
    is_references,
)
from cycledata.parse.author_names import ADDRESS, names_pattern
from cycledata.parse.pdf.authors import author_addresses, author_names, is_affiliation
from cycledata.parse.pdf.convert import PDF_LIMITS, Block, Converted, Converter, PdfLimits, convert
from cycledata.parse.pdf.groups import is_compound
from cycledata.parse.pdf.layout import rotated_pages
from cycledata.parse.pdf.leaks import (
    CONTACT,
    VENUE,
    front_leaks,
    is_margin,
    masked,
    section_leaks,
    tells_of_authors,
    venue_leaks,
    without_links,
)
from cycledata.parse.pdf.structure import Part, parts_of
from cycledata.parse.reviewer_orders import report_orders
from cycledata.records import Figure, PaperText, ParseWarning, Section

RULES_VERSION = 3
"""Moves when the same blocks of a converter would give another text."""

_ABSTRACT_INLINE = re.compile(r"(?:abstract|summary)\s{0,3}(?:[.:—–-]\s{0,3}|\Z)", re.IGNORECASE)
_MASTHEAD = re.compile(
    r"(?:the\s)?(?:(?:international|european|open)\s)?"
    r"(?:journal of|annals of|transactions on)\s[\w &]{3,50}"
    r"|(?:(?:original|open access|invited|research|review|survey|regular|full|short)\s){0,3}"
    r"(?:article|paper|communication|report|letter|note|perspective|review|research)"
    r"|highlights|graphical abstract|journal pre-?proofs?",
    re.IGNORECASE,
)
_CHAPTER = re.compile(r"(?:chapter|part)\s\w{1,5}", re.IGNORECASE)
_LEFT_OUT = re.compile(r"contents|table of contents|keywords|ccs concepts", re.IGNORECASE)
_KEYWORDS = re.compile(
    r"(?:\A|(?<=[.\n]))\s{0,3}"
    r"(?:Keywords|Key ?words|KEYWORDS|Index Terms|CCS Concepts|ACM Reference)"
    r"(?: and phrases)?\s{0,3}[:.—–•-]"
)
_FIGURE_CAPTION = re.compile(r"fig(?:ure|\.)\s{0,3}\w", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]++(?:-[^\W\d_]++)*+")


def parse_pdf(
    payload: bytes,
    *,
    file: str,
    converter: Converter = "pypdfium2",
    limits: PdfLimits = PDF_LIMITS,
    cut_hidden: bool = False,
) -> PaperText:
    """Parse a born-digital PDF into sectioned text.

    Args:
        payload: the PDF.
        file: name to report it under.
        converter: what turns it into blocks: ``pypdfium2`` comes with the extra ``pdf``,
            ``docvortex`` with the extra of that name; the others are commands on PATH.
        limits: bounds on size, pages, seconds and memory.
        cut_hidden: cut words that the page does not show, and orders to a reviewer.

    Returns:
        The text, with ``text_source`` "pdf-markdown" and the versions of converter and rules.
        Citations and the bibliography stay empty: a PDF's reference list is cut off, not read.

    Raises:
        ParseError: not a PDF, encrypted, damaged, without text, past a limit, or the converter is
            not installed.
    """
    document = convert(payload, converter=converter, limits=limits)
    paper = paper_of(document, file=file)
    return report_orders(without_hidden(paper, document) if cut_hidden else paper, cut=cut_hidden)


def paper_of(document: Converted, *, file: str) -> PaperText:
    """Return the record of a converted PDF; pure, see ``parse_pdf``."""
    parts = parts_of(document)
    whole = "\n\n".join(block.text for block in document.blocks)
    fixes = _hyphen_fixes(document.blocks)
    title, front = _title(parts[0].blocks)
    abstract, front = _abstract(front, parts)
    names = author_names(front, document.authors, _lower_words(whole))
    pattern = names_pattern([*names, *author_addresses(front, names, whole)])
    leaks = [
        *front_leaks(front, whole),
        *venue_leaks(document.blocks, whole),
        *section_leaks(parts, names, whole),
    ]

    def read(blocks: Iterable[Block]) -> str:
        text = _prose(_body(blocks, names), fixes)
        return masked(without_links(text, leaks, whole), pattern, leaks, whole)

    sections: list[Section] = []
    figures: list[Figure] = []
    for part in parts[1:]:
        if is_references(part.title) or is_printed_acknowledgments(part.title):
            continue
        if _is_left_out(part.title):
            continue
        figures += _figures(part.blocks, fixes)
        sections.append(
            Section(
                level=part.level,
                title=_mended(part.title, fixes),
                text=read(part.blocks),
                starred=part.starred,
                appendix=part.appendix,
            )
        )
    return PaperText(
        file=file,
        main_file=file,
        title=_mended(title, fixes),
        abstract=read(abstract),
        sections=tuple(sections),
        cited_keys=(),
        bibliography=(),
        figures=tuple(figures),
        leaks=tuple(sorted(leaks, key=lambda leak: (leak.start, leak.end, leak.rule))),
        warnings=(
            *_warnings(title, abstract, sections, parts),
            *_rotation_warning(document),
            *_font_warning(document),
            *_hidden_warnings(document),
        ),
        text_source="pdf-markdown",
        text_version=f"{document.version}+{RULES_VERSION}",
    )


def _is_left_out(title: str) -> bool:
    """Return whether a part is no section: its abstract, contents, or words on the authors."""
    kinds = (is_abstract, is_about_authors, is_foreign_acknowledgments)
    return bool(_LEFT_OUT.fullmatch(title)) or any(kind(title) for kind in kinds)


def _lower_words(text: str) -> Iterator[str]:
    """Yield the words in lower case, without those of addresses."""
    plain = re.sub(r"https?:\S+|www\.\S+", " ", ADDRESS.sub(" ", text))
    yield from re.findall(r"(?<![\w@./-])[a-z]{2,}(?![\w@])", plain)


def without_hidden(paper: PaperText, document: Converted) -> PaperText:
    """Return a paper without the words of its hidden texts, where they are found again."""
    words = [r"\s+".join(map(re.escape, span.text.split())) for span in document.hidden]
    if not words:
        return paper
    hidden = re.compile("|".join(sorted(words, key=len, reverse=True)))
    sections = (
        section.model_copy(update={"text": hidden.sub(" ", section.text)})
        for section in paper.sections
    )
    abstract = hidden.sub(" ", paper.abstract)
    return paper.model_copy(update={"abstract": abstract, "sections": tuple(sections)})


def _warnings(
    title: str, abstract: Sequence[Block], sections: Sequence[Section], parts: Sequence[Part]
) -> Iterator[ParseWarning]:
    if not title:
        yield ParseWarning(rule="no-title", detail="nothing on the first page is set as a title")
    if not abstract:
        yield ParseWarning(rule="no-abstract", detail="no heading or line says abstract")
    if not sections:
        yield ParseWarning(rule="no-sections", detail="no heading was recognized in the text")
    if not any(is_references(part.title) for part in parts):
        yield ParseWarning(rule="no-references", detail="no reference list was found to cut off")


def _rotation_warning(document: Converted) -> Iterator[ParseWarning]:
    pages = [str(page + 1) for page in rotated_pages(document)]
    if pages:
        detail = f"pages {', '.join(pages[:20])}: words may be missing or out of order"
        yield ParseWarning(rule="rotated-text", detail=detail)


def _font_warning(document: Converted) -> Iterator[ParseWarning]:
    pages = [str(page + 1) for page in document.unmapped]
    if pages:
        detail = f"pages {', '.join(pages[:20])}: fonts do not say which letters they have"
        yield ParseWarning(rule="unmapped-characters", detail=detail)


def _hidden_warnings(document: Converted) -> Iterator[ParseWarning]:
    """Yield a warning per text that the page does not show; the text itself is kept."""
    for span in document.hidden:
        detail = f"page {span.page + 1} does not show ({span.why}): {span.text}"
        yield ParseWarning(rule="hidden-text", detail=detail[:300])


# --- Front matter --------------------------------------------------------------------------------


def _title(front: Sequence[Block]) -> tuple[str, tuple[Block, ...]]:
    """Return title and rest of the front matter: what is marked so, else the largest type."""
    first = [block for block in front if block.page == front[0].page] if front else []
    sizes = [max((line.size for line in block.lines), default=0.0) for block in first]
    sizes = [0.0 if _is_masthead(b) else size for b, size in zip(first, sizes, strict=True)]
    marked = [at for at, block in enumerate(first) if block.kind == "title"]
    start = marked[0] if marked else sizes.index(max(sizes)) if any(sizes) else len(first)
    chosen: list[Block] = []
    for block, size in zip(first[start:], sizes[start:], strict=True):
        if chosen and (size < sizes[start] or not size or not _goes_on(chosen[-1], block)):
            break
        chosen.append(block)
    title = " ".join(" ".join(block.text.split()) for block in chosen)
    title = re.sub(r"(?<=[^\W\d_]-) (?=[^\W\d_])", "", title)
    return title, tuple(block for block in front if block not in chosen)


def _is_masthead(block: Block) -> bool:
    """Return whether a block at the head of page 1 names a journal or a kind of article."""
    return block.box[3] < 0.2 and bool(_MASTHEAD.fullmatch(block.text))


def _goes_on(before: Block, block: Block) -> bool:
    """Return whether a block in the size of the title is in its type and close below it."""
    if not before.lines or not block.lines or _CHAPTER.fullmatch(before.text):
        return True
    last, first = before.lines[-1], block.lines[0]
    if (last.bold, last.italic) != (first.bold, first.italic):
        return False
    return first.box[1] - last.box[3] < 2.2 * (last.box[3] - last.box[1])


def _abstract(
    front: tuple[Block, ...], parts: Sequence[Part]
) -> tuple[tuple[Block, ...], tuple[Block, ...]]:
    """Blocks of the abstract, and the front matter without it."""
    for part in parts[1:4]:
        if is_abstract(part.title):
            return _until_keywords(part.blocks), front
    for at, block in enumerate(front):
        said = _ABSTRACT_INLINE.match(block.text)
        if said:
            text = block.text[said.end() :]
            inside = Block("text", text, block.page, block.box, block.lines)
            return _until_keywords((inside, *front[at + 1 :])), front[:at]
    return _unmarked_abstract(front)


def _unmarked_abstract(
    front: tuple[Block, ...],
) -> tuple[tuple[Block, ...], tuple[Block, ...]]:
    """Return the paragraphs before the first heading that no word calls an abstract, and the rest.

    ACM's journals and REVTeX print an abstract without its heading.
    """
    long = [
        at
        for at, block in enumerate(front)
        if block.kind == "text"
        and len(block.text) > 150
        and not CONTACT.search(block.text)
        and not is_affiliation(block.text)
    ]
    first = long[:1]
    for at in long[1:]:
        if at != first[-1] + 1:
            break
        first.append(at)
    chosen = tuple(front[at] for at in first)
    if sum(len(block.text) for block in chosen) < 300:
        return (), front
    return _until_keywords(chosen), tuple(b for at, b in enumerate(front) if at not in first)


def _until_keywords(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """Return the blocks of an abstract up to the keywords, which are no part of it."""
    kept: list[Block] = []
    for block in blocks:
        if is_keywords(block.text) or (kept and _is_after_abstract(kept, block)):
            break
        if kept and block.kind == "footnote":
            continue
        found = _KEYWORDS.search(block.text)
        if found is None:
            kept.append(block)
            continue
        if before := block.text[: found.start()].strip():
            kept.append(Block(block.kind, before, block.page, block.box, block.lines))
        break
    return tuple(kept)


def _is_after_abstract(kept: Sequence[Block], block: Block) -> bool:
    """Return whether a paragraph is in larger type than the abstract that ends before it."""
    first = kept[0].lines[0] if kept[0].lines else None
    if first is None or not block.lines or block.kind != "text":
        return False
    long = sum(len(each.text) for each in kept) > 300
    return long and block.lines[0].size > first.size + 0.4


# --- Text ----------------------------------------------------------------------------------------


def _body(blocks: Iterable[Block], names: Sequence[str]) -> Iterator[Block]:
    """Blocks that belong to the text: no margins, no notes on the authors, no figures."""
    for block in blocks:
        if block.kind in ("header", "footer", "figure"):
            if block.kind == "header" and not VENUE.search(block.text):
                yield block
            continue
        if is_margin(block) or tells_of_authors(block, names):
            continue
        if block.kind == "caption" and _FIGURE_CAPTION.match(block.text):
            continue
        yield block


def _prose(blocks: Iterable[Block], fixes: Mapping[str, str]) -> str:
    """Paragraphs of Markdown; one that a column or page broke is joined again."""
    paragraphs: list[str] = []
    open_at = -1
    for block in blocks:
        text = block.text.strip()
        if not text:
            continue
        if block.kind == "equation":
            paragraphs.append(f"$$\n{text}\n$$")
            open_at = -1
        elif block.kind == "table":
            paragraphs.append(text if text.startswith("<") else f"```\n{text}\n```")
        elif block.kind in ("caption", "footnote", "header"):
            paragraphs.append(_mended(text, fixes))
        elif open_at >= 0 and text[0].islower() and paragraphs[open_at][-1] not in '.?!:;”"':
            before = paragraphs[open_at]
            broken = before.endswith("-") and not is_compound(before, text)
            glue = "" if before.endswith("-") else " "
            joined = (before[:-1] if broken else before) + glue + text
            paragraphs[open_at] = _mended(joined, fixes)
        else:
            open_at = len(paragraphs)
            paragraphs.append(_mended(text, fixes))
    return "\n\n".join(paragraphs)


def _runs_on(before: str, text: str) -> bool:
    """Return whether a paragraph goes on with a text that a column, page or footnote cut off."""
    return before[-1] not in '.?!:;”"' and (text[0].islower() or before[-1] in ",-(")


def _figures(blocks: Iterable[Block], fixes: Mapping[str, str]) -> Iterator[Figure]:
    for block in blocks:
        if block.kind == "caption" and _FIGURE_CAPTION.match(block.text):
            yield Figure(label=None, caption=_mended(block.text, fixes), files=())


def _hyphen_fixes(blocks: Sequence[Block]) -> dict[str, str]:
    """For each word broken at a line's end, how the paper itself writes it elsewhere."""
    lines = [line.text for block in blocks for line in block.lines]
    written = Counter(word for line in lines for word in _WORD.findall(line))
    folded = Counter[str]()
    for word, n in written.items():
        folded[word.lower()] += n
    fixes: dict[str, str] = {}
    for line, following in pairwise(lines):
        head = _WORD.fullmatch(line[:-1].rpartition(" ")[2]) if line.endswith("-") else None
        tail = _WORD.match(following)
        if not head or not tail:
            continue
        joined, hyphened = head[0] + tail[0], f"{head[0]}-{tail[0]}"
        if hyphened.isupper():  # of a title in capitals
            if folded[joined.lower()] > folded[hyphened.lower()]:
                fixes[hyphened] = joined
        elif written[joined] > written[hyphened]:
            fixes[hyphened] = joined
        elif written[hyphened] > written[joined]:
            fixes[joined] = hyphened
    return fixes


def _mended(text: str, fixes: Mapping[str, str]) -> str:
    """Text on one line with the broken words as the paper writes them."""
    flat = " ".join(text.split())
    return _WORD.sub(lambda found: fixes.get(found[0], found[0]), flat) if fixes else flat
