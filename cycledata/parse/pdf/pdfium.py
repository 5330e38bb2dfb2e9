"""A whole PDF to blocks in reading order, from PDFium's characters by our own rules."""

from collections import Counter

from cycledata.parse.pdf.blocks import blocks_of
from cycledata.parse.pdf.convert import Converted, HiddenSpan
from cycledata.parse.pdf.hidden import MAX_SPANS, HiddenTexts
from cycledata.parse.pdf.letters import known_ligatures, with_ligatures
from cycledata.parse.pdf.lines import line_numbers, page_lines, upright_share
from cycledata.parse.pdf.runs import Page, PageReader, is_bold

_TURNED = 0.7
"""Share of a page's characters in its main direction below which it is reported."""


def convert_with_pdfium(payload: bytes) -> Converted:
    """Return the blocks of a PDF; for untrusted PDFs in a process of its own, see ``convert``."""
    import pypdfium2  # type: ignore[import-untyped]  # ships no stubs

    pages: list[Page] = []
    hidden: list[HiddenSpan] = []
    with pypdfium2.PdfDocument(payload) as document:
        reader, finder = PageReader(pypdfium2.raw), HiddenTexts(pypdfium2.raw)
        for number in range(len(document)):
            page = document[number]
            text_page = page.get_textpage()
            pages.append(reader.read(page, text_page))
            hidden += finder.spans(page, text_page, number)
            text_page.close()
            page.close()
    pages = _with_plain_text(_with_ligatures(pages))
    numbers = line_numbers(pages)
    lines = [page_lines(page, found) for page, found in zip(pages, numbers, strict=True)]
    return Converted(
        version=f"pypdfium2/{pypdfium2.PYPDFIUM_INFO.version}",
        n_pages=len(pages),
        blocks=tuple(blocks_of(pages, lines)),
        hidden=tuple(hidden[:MAX_SPANS]),
        ordered=True,
        turned=tuple(at for at, page in enumerate(pages) if upright_share(page) < _TURNED),
        unmapped=tuple(at for at, page in enumerate(pages) if _is_unmapped(page)),
    )


def _with_ligatures(pages: list[Page]) -> list[Page]:
    """Return the pages with the ligatures of fonts that do not say what they are."""
    known = known_ligatures([(run.font, run.text) for page in pages for run in page.runs])
    if not known:
        return pages
    return [
        page._replace(
            runs=[
                run
                if run.text.isascii()
                else run._replace(text=with_ligatures(run.text, run.font, known))
                for run in page.runs
            ]
        )
        for page in pages
    ]


def _with_plain_text(pages: list[Page]) -> list[Page]:
    """Return the pages with the font of most letters not bold, however heavy it is.

    If its name does not say that it is bold, its weight is wrong, and that of other fonts may be.
    """
    letters = Counter[tuple[str, bool]]()
    for page in pages:
        for run in page.runs:
            letters[run.font, run.bold] += len(run.text)
    (font, bold), n = letters.most_common(1)[0] if letters else (("", False), 0)
    if not bold or n < 0.4 * letters.total():
        return pages
    by_name = is_bold(font)
    plain = {other for other, _ in letters if not by_name and not is_bold(other)} | {font}
    return [
        page._replace(
            runs=[run._replace(bold=False) if run.font in plain else run for run in page.runs]
        )
        for page in pages
    ]


def _is_unmapped(page: Page) -> bool:
    """Return whether most characters of a page are unknown; in formulas and plots many are."""
    n = sum(len(run.text) for run in page.runs)
    return page.n_unmapped > max(40, 0.5 * n)
