"""The process that reads one untrusted PDF: the PDF on standard input, JSON on standard output.

pypdfium2 gives characters, which our own rules make into blocks; DocVortex gives blocks with roles.
"""

import gc
import json
import math
import os
import re
import signal
import sys
from collections.abc import Iterator
from dataclasses import asdict, fields, replace
from operator import attrgetter
from typing import Any

from cycledata.errors import ParseError
from cycledata.parse.pdf.convert import Block, Box, Converted, Kind, PdfLimits, PdfLine
from cycledata.parse.pdf.hidden import hidden_spans
from cycledata.parse.pdf.pdfium import convert_with_pdfium

_KINDS: dict[str, Kind] = {
    "doc_title": "title",
    "paragraph_title": "heading",
    "caption": "caption",
    "header": "header",
    "footer": "footer",
    "page_number": "footer",
    "aside_text": "footer",
    "page_footnote": "footnote",
    "image": "figure",
    "chart": "figure",
    "table": "table",
    "code": "table",
    "algorithm": "table",
    "equation": "equation",
}


def _docvortex(payload: bytes) -> Converted:
    from docvortex import __version__
    from docvortex.analyzers.native import PdfModel
    from docvortex.document.pdf import PDFDocument
    from loguru import logger

    logger.remove()
    blocks: list[Block] = []
    with PDFDocument(payload) as document:
        for page, found in enumerate(PdfModel().predict(document)):
            lines = list(_styled_lines(document, page))
            for block in found:
                box: Box = tuple(block["bbox"])
                inside = tuple(line for line in lines if _holds(box, line.box))
                text = _span_text(block.get("content"))
                if not text and block["type"] == "equation":
                    text = " ".join(line.text for line in inside)
                blocks.append(Block(_KINDS.get(block["type"], "text"), text, page, box, inside))
        return Converted(f"docvortex/{__version__}", len(document), tuple(blocks))


def _span_text(content: Any) -> str:  # a tree of spans, each a dict with text or spans inside
    if isinstance(content, str):
        return content
    if isinstance(content, dict):
        inner = _span_text(content.get("content"))
        return f"${inner}$" if content.get("type") == "equation_inline" and inner else inner
    return "".join(map(_span_text, content or ()))


def _styled_lines(document: Any, page: int) -> Iterator[PdfLine]:
    """Upright lines of a page with their type; a watermark is not upright."""
    width, height = document.page_size(page)
    for line in document.get_page_lines(page):
        spans = [span for span in line["spans"] if span["text"].strip()]
        if not spans or abs(line["rotation"]) > 0.1:
            continue
        fonts = [(len(span["text"]), span["font"]) for span in spans]
        n_bold = sum(n for n, f in fonts if f["weight"] >= 600 or _BOLD.search(f["name"] or ""))
        n_italic = sum(n for n, f in fonts if _ITALIC.search(f["name"] or ""))
        left, top, right, bottom = line["bbox"].bbox
        box = (left / width, top / height, right / width, bottom / height)
        text = "".join(span["text"] for span in line["spans"])
        size = max(span["font"]["size"] for span in spans)
        half = len(text.strip()) / 2
        yield PdfLine(_clean(text), box, round(size, 1), n_bold > half, n_italic > half)


_ITALIC = re.compile(r"ital|obli|cmti|ptmri|slant|-it\b", re.IGNORECASE)
_BOLD = re.compile(r"bold|black|heavy|-medi|cmbx|sfbx|ecbx|ptmb|utmb", re.IGNORECASE)


def _clean(text: str) -> str:
    r"""One line of PDFium's text: ``\x02`` is a hyphen at its end, U+FFFE one taken back."""
    return " ".join(text.replace("\x02", "-").replace("\ufffe", "").split())


def _holds(outer: Box, inner: Box) -> bool:
    x, y = (inner[0] + inner[2]) / 2, (inner[1] + inner[3]) / 2
    return outer[0] <= x <= outer[2] and outer[1] - 0.002 <= y <= outer[3] + 0.002


def _check(payload: bytes, limits: PdfLimits) -> tuple[str, ...]:
    """Refuse what no converter can read, by name; return the authors by the metadata."""
    import pypdfium2  # type: ignore[import-untyped]  # ships no stubs

    try:
        document = pypdfium2.PdfDocument(payload)
    except pypdfium2.PdfiumError as error:
        locked = "password" in str(error).lower()
        # PDFium refuses a document without pages, and then names no error.
        rule = "encrypted-pdf" if locked else "damaged-pdf"
        rule = "empty-pdf" if "Success" in str(error) else rule
        raise ParseError(rule, f"{error}; fetch it again or ask for an open copy") from error
    n_pages = len(document)
    if n_pages == 0:
        raise ParseError("empty-pdf", "the PDF has no pages")
    if n_pages > limits.pages:
        raise ParseError("too-many-pages", f"{n_pages} pages, more than {limits.pages}")
    looked_at = range(0, n_pages, 1 + n_pages // 10)
    if not any(document[page].get_textpage().count_chars() > 20 for page in looked_at):
        raise ParseError("no-text-layer", f"{n_pages} pages without text: scanned? It needs OCR")
    authors = document.get_metadata_value("Author")[:10_000]
    document.close()
    return tuple(re.split(r"[,;&\n]|\band\b", authors))[:200]


def _limit_memory_and_time(limits: PdfLimits) -> None:
    import resource  # Windows has no such module

    # The parent ends a worker in time; this is for a worker whose parent was killed.
    n_seconds = math.ceil(limits.seconds) * (os.cpu_count() or 1)
    resource.setrlimit(resource.RLIMIT_CPU, (n_seconds, n_seconds + 5))
    try:
        resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
    except (ValueError, OSError):
        if sys.platform != "darwin":  # macOS does not limit the memory of a process
            raise


def exit_with_parent(parent: int) -> None:
    """Exit soon after the parent process, given by its id, even if it is killed."""

    def look(_number: int, _frame: object) -> None:
        if os.getppid() != parent:
            os._exit(1)

    # A thread would take a good part of the memory that the worker may have.
    signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, 1, 1)


def _work(converter: str, limits: PdfLimits) -> dict[str, Any]:
    payload = sys.stdin.buffer.read()
    _limit_memory_and_time(limits)
    try:
        authors = _check(payload, limits)
        if converter == "docvortex":
            found = replace(_docvortex(payload), hidden=tuple(hidden_spans(payload)))
        else:
            found = convert_with_pdfium(payload)
    except ParseError as error:
        return {"error": [error.rule, error.detail]}
    except ModuleNotFoundError as error:
        return {"missing": str(error)}
    except RuntimeError as error:  # PDFium's, for example of a page that it cannot load
        return {"error": ["damaged-pdf", f"{error} Fetch it again or ask for another copy"]}
    except (MemoryError, ImportError) as error:
        # A library that does not fit into the limit fails to import.
        needed = f"more than {limits.memory_bytes} bytes of memory needed: {error}"
        return {"error": ["pdf-memory", needed]}
    return _reply(replace(found, authors=authors))


def _reply(found: Converted) -> dict[str, Any]:
    """Return a document as JSON; blocks and lines by position, since there are thousands."""
    return {
        "version": found.version,
        "n_pages": found.n_pages,
        "blocks": [
            (block.kind, block.text, block.page, block.box, [*map(_line_fields, block.lines)])
            for block in found.blocks
        ],
        "hidden": [asdict(span) for span in found.hidden],
        "ordered": found.ordered,
        "turned": found.turned,
        "unmapped": found.unmapped,
        "authors": found.authors,
    }


_line_fields = attrgetter(*(field.name for field in fields(PdfLine)))


def main() -> None:
    """Entry of the worker: converter, limits and the parent's id; the PDF on standard input."""
    # Libraries below print; the answer has the real standard output to itself.
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    exit_with_parent(int(sys.argv[3]))
    gc.disable()  # one PDF's objects have few cycles
    reply = _work(sys.argv[1], PdfLimits(**json.loads(sys.argv[2])))
    answer.write(json.dumps(reply).encode())
    answer.close()
    sys.stderr.flush()
    # At its end, Python takes the handler away and the timer would kill the process.
    os._exit(0)


if __name__ == "__main__":
    main()
