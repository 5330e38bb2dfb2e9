"""Bytes of an e-print to the record of what the paper says."""

from cycledata.errors import ParseError
from cycledata.formats.section_titles import is_acknowledgments, is_apart
from cycledata.parse.bibliography.read import read_bibliography
from cycledata.parse.latex.archive import Archive, open_eprint
from cycledata.parse.latex.citations import cited_keys
from cycledata.parse.latex.figures import MAX_VALUES, read_figures
from cycledata.parse.latex.flat_text import FlatText, TextSpan, merged_spans, visible
from cycledata.parse.latex.flatten import flatten
from cycledata.parse.latex.hidden_text import hidden_words
from cycledata.parse.latex.known_commands import APART, APPENDICES, CATALOGED
from cycledata.parse.latex.leaks import as_records, read_leaks, spans_of, without_nested
from cycledata.parse.latex.main_file import choose_main
from cycledata.parse.latex.named_authors import authors_again, read_authors, without_authors
from cycledata.parse.latex.strip_markup import MarkupStripper
from cycledata.parse.latex.structure import (
    MAX_HEADINGS,
    Heading,
    read_acknowledgments,
    read_headings,
)
from cycledata.parse.latex.title_abstract import (
    TitleAndAbstract,
    read_byline,
    read_front,
    read_title_block,
    unwrapped,
)
from cycledata.parse.reviewer_orders import report_orders
from cycledata.records import BibEntry, PaperText, ParseWarning, Section

_HEADS = ("\\shortauthor", "\\authorrunning", "\\runningauthor", "\\RUNAUTHOR", "\\titlerunning")
"""Commands for the heads of pages, which are given beside a byline."""
TEXT_VERSION = "cyclekit-latex/4"


def parse_eprint(
    payload: bytes,
    *,
    file: str,
    bibliography: bool = True,
    main: str | None = None,
    cut_hidden: bool = False,
) -> PaperText:
    """Parse an e-print into sectioned text.

    Args:
        payload: the e-print as the service sent it: a tar, gzipped or not, a zip, or one .tex.
        file: name under which it came, for the record.
        bibliography: read the bibliography's entries too, which takes longer than all the rest.
        main: path of the main file inside the archive, if it is known.
        cut_hidden: cut words that the page does not show, and orders to a reviewer.

    Raises:
        ParseError: nothing can be read; the rule says why.
    """
    archive = open_eprint(payload)
    if archive.kind == "pdf":
        raise ParseError("pdf-eprint", f"{file} is a PDF, not LaTeX; parse it as one")
    return parse_archive(
        archive, file=file, bibliography=bibliography, main=main, cut_hidden=cut_hidden
    )


def parse_archive(
    archive: Archive,
    *,
    file: str,
    bibliography: bool = True,
    main: str | None = None,
    cut_hidden: bool = False,
) -> PaperText:
    """Parse an opened e-print; see ``parse_eprint``."""
    chosen = choose_main(archive.texts, main=main)
    flat = flatten(archive.texts, chosen.path, archive.names)
    front = read_front(flat)
    headings = read_headings(flat)
    authors = read_authors(flat)
    thanks = read_acknowledgments(flat, headings, authors.names)
    leaks = read_leaks(flat, thanks, authors.last_names())
    if all(rule != "author-block" or flat.text.startswith(_HEADS, at) for (at, _), rule in leaks):
        byline = read_byline(flat, front)
        leaks = without_nested([*leaks, (byline, "author-block")]) if byline else leaks
    elif block := read_title_block(flat, front, [span for span, _ in leaks]):
        leaks = without_nested([*leaks, *((span, "author-block") for span in block)])
    unseen = list(hidden_words(flat))
    cut = [span for span, _ in unseen] if cut_hidden else []
    hidden = merged_spans([*(span for span, _ in leaks), *flat.notes, *cut])
    stripper = MarkupStripper(flat.own_names, flat.verbatim_names)
    outside = merged_spans([*hidden, *flat.environments(CATALOGED)])
    abstract = "\n\n".join(
        unwrapped(stripper.strip(visible(flat.text, part, outside))) for part in front.abstract
    )
    sections = read_sections(flat, front, headings, hidden, stripper)
    warnings = [*archive.warnings, *chosen.warnings, *flat.warnings, *front.warnings]
    if not flat.body:
        warnings.append(ParseWarning(rule="no-document", detail="no \\begin{document} was found"))
    if not headings:
        warnings.append(ParseWarning(rule="no-sections", detail="no sectioning command was found"))
    if len(headings) == MAX_HEADINGS:
        detail = f"read {MAX_HEADINGS} headings; whatever follows is in the last one's text"
        warnings.append(ParseWarning(rule="too-many-sections", detail=detail))
    warnings += [
        ParseWarning(rule="hidden-text", detail=f"the page does not show: {words}")
        for _, words in unseen
    ]
    figures = read_figures(flat, stripper)
    if not figures.whole:
        detail = f"read {MAX_VALUES} captions, labels and file names; later figures are left out"
        warnings.append(ParseWarning(rule="too-many-figures", detail=detail))
    cited = cited_keys(flat)
    entries: tuple[BibEntry, ...] = ()
    if bibliography:
        texts = {**flat.written, **archive.texts} if flat.written else archive.texts
        found = read_bibliography(flat.text, texts, main_file=chosen.path, cited=cited)
        entries = found.entries
        warnings += found.warnings
    paper = PaperText(
        file=file,
        main_file=file if archive.kind in ("tex", "gzip-tex") else chosen.path,
        title=front.title,
        abstract=abstract,
        sections=sections,
        cited_keys=cited,
        bibliography=entries,
        figures=figures.figures,
        leaks=as_records(flat, leaks),
        warnings=tuple(warnings),
        text_source="arxiv-latex",
        text_version=TEXT_VERSION,
    )
    again = authors_again(authors, paper)
    if again is not None:
        named = [(span, "author-block") for span in spans_of(flat, again)]
        paper = without_authors(paper, again).model_copy(
            update={"leaks": as_records(flat, without_nested([*leaks, *named]))}
        )
    return report_orders(paper, cut=cut_hidden)


def read_sections(
    flat: FlatText,
    front: TitleAndAbstract,
    headings: list[Heading],
    hidden: list[TextSpan],
    stripper: MarkupStripper,
) -> tuple[Section, ...]:
    """Sections with their text; references and acknowledgments left out."""
    outside = [*front.title_spans, *flat.environments(APART), *hidden]
    outside += flat.environment_tags(APPENDICES)
    if front.abstract_whole is not None:
        outside.append(front.abstract_whole)
    outside = merged_spans(outside)
    sections: list[Section] = []
    lead = Heading(1, "", False, flat.body, flat.body, False)
    for index, heading in enumerate((lead, *headings)):
        end = headings[index].start if index < len(headings) else len(flat.text)
        text = stripper.strip(visible(flat.text, TextSpan(heading.end, end), outside))
        text = text.replace("\\end{document}", "").strip()
        for char in flat.short_verbs:
            text = text.replace("\\verb" + char, char)
        if is_acknowledgments(heading.title):
            continue
        named = heading.level > 0 and heading.title and not is_apart(heading.title)
        if not named and not has_words(text):
            continue
        sections.append(
            Section(
                level=heading.level if named else 1,
                title=heading.title if named else "",
                text=text,
                starred=heading.starred or not named,
                appendix=heading.appendix,
            )
        )
    return tuple(sections)


def has_words(text: str) -> bool:
    """Return whether a piece between headings says something."""
    return len(text) > 200 and sum(map(str.isalpha, text[:2_000])) > 200
