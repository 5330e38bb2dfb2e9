"""PDF bytes to blocks and styled lines, in a process of its own with bounded time and memory.

Two converters run in the worker: pypdfium2 (PDFium's characters, to blocks by our own rules) and
DocVortex (its own blocks; no model weights). MinerU, PaddleOCR-VL and magic-pdf, most of which run
models on a GPU, are called as commands, in whatever environment they are installed in, so that
their pins and licenses stay there. PDFs are untrusted and the native libraries can crash, so
nothing here runs in the caller's process.
"""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from cycledata.errors import ParseError

Converter = Literal[
    "pypdfium2",
    "docvortex",
    "mineru",
    "mineru-basic",
    "mineru-standard",
    "mineru-advanced",
    "paddleocr-vl",
    "magic-pdf",
]
Kind = Literal["title", "heading", "text", "caption", "header", "footer", "footnote", "figure",
               "table", "equation"]  # fmt: skip
Box = tuple[float, float, float, float]
"""Left, top, right, bottom as shares of the page, from its top left corner."""


@dataclass(frozen=True, slots=True)
class PdfLimits:
    """Resource limits for parsing untrusted PDFs."""

    file_bytes: int = 64 * 2**20
    """Bytes of the PDF."""
    pages: int = 300
    """Pages."""
    seconds: float = 300.0
    """Seconds that the worker or an outside command may take."""
    memory_bytes: int = 2 * 2**30
    """Address space of the worker; a paper of 20 pages needs some 300 MiB of it."""
    output_bytes: int = 64 * 2**20
    """Bytes that the worker may answer with."""


PDF_LIMITS = PdfLimits()


@dataclass(frozen=True, slots=True)
class PdfLine:
    """One printed line."""

    text: str
    box: Box
    size: float
    """Size of its largest letters, in points."""
    bold: bool
    """Most of its letters are."""
    italic: bool = False
    """The same."""
    font: str = ""
    """Name of most letters' font; empty where the converter does not tell."""


@dataclass(frozen=True, slots=True)
class Block:
    """What a converter took for one unit, in reading order."""

    kind: Kind
    text: str
    page: int
    """From 0."""
    box: Box
    lines: tuple[PdfLine, ...] = ()
    """Empty where the converter gives no lines."""


@dataclass(frozen=True, slots=True)
class HiddenSpan:
    """A text in the file that a reader of the page cannot see."""

    page: int
    """From 0."""
    why: str
    """``"invisible"``, ``"tiny"``, ``"off-page"``, ``"clipped"`` or ``"color of its ground"``."""
    text: str


@dataclass(frozen=True, slots=True)
class Converted:
    """A whole PDF."""

    version: str
    """Converter and version, e.g. ``"docvortex/0.6.4"``."""
    n_pages: int
    blocks: tuple[Block, ...]
    hidden: tuple[HiddenSpan, ...] = ()
    """Texts that the page does not show; empty for outside commands."""
    ordered: bool = False
    """The blocks are in reading order already."""
    turned: tuple[int, ...] = ()
    """Pages, from 0, much of whose text is not in the page's main direction, and is left out."""
    unmapped: tuple[int, ...] = ()
    """Pages, from 0, with characters of fonts that do not say what they mean."""
    authors: tuple[str, ...] = ()
    """Authors by the PDF's metadata, which may be anything."""


_WORKER = "cycledata.parse.pdf.worker"


def convert(payload: bytes, *, converter: Converter, limits: PdfLimits = PDF_LIMITS) -> Converted:
    """Blocks of a PDF.

    Raises:
        ParseError: not a PDF, encrypted, damaged, without pages or text, past a limit, or the
            converter failed or is not installed.
    """
    if not hasattr(os, "killpg"):
        detail = "PDFs are read in a process with limits, which Windows does not have; use WSL"
        raise ParseError("unsupported-system", detail)
    if not payload.lstrip().startswith(b"%PDF-"):
        raise ParseError("not-a-pdf", "expected %PDF- at the start; fetch it again")
    if len(payload) > limits.file_bytes:
        raise ParseError("oversized-pdf", f"{len(payload)} bytes, more than {limits.file_bytes}")
    if converter in _COMMANDS:
        return _outside(payload, converter, limits)
    arguments = [converter, json.dumps(asdict(limits)), str(os.getpid())]
    command = [sys.executable, "-m", _WORKER, *arguments]
    output = _run(command, payload, limits)
    try:
        reply = json.loads(output)
    except ValueError as error:
        raise ParseError("converter-failed", f"{converter} gave no output: {error}") from error
    if "error" in reply:
        raise ParseError(*reply["error"])
    if "missing" in reply:
        extra = "pdf" if converter == "pypdfium2" else converter
        detail = f"{converter} is not installed; pip install 'cyclekit[{extra}]'"
        raise ParseError("no-pdf-converter", detail)
    blocks = tuple(
        Block(kind, text, page, tuple(box), tuple(map(_line, lines)))
        for kind, text, page, box, lines in reply["blocks"]
    )
    hidden = tuple(HiddenSpan(**span) for span in reply["hidden"])
    return Converted(
        version=reply["version"],
        n_pages=reply["n_pages"],
        blocks=blocks,
        hidden=hidden,
        ordered=reply["ordered"],
        turned=tuple(reply["turned"]),
        unmapped=tuple(reply["unmapped"]),
        authors=tuple(reply["authors"]),
    )


def _line(line: list[Any]) -> PdfLine:
    text, box, *rest = line
    return PdfLine(text, tuple(box), *rest)


def _run(command: list[str], payload: bytes | None, limits: PdfLimits) -> bytes:
    """Run a command with a time limit, killing its children too; return its standard output."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(  # noqa: S603  our own worker, or a fixed command with our paths
            command, stdin=subprocess.PIPE, stdout=out, stderr=err, start_new_session=True
        )
        try:
            process.communicate(payload, timeout=limits.seconds)
        except subprocess.TimeoutExpired:
            detail = f"{Path(command[0]).name} took more than {limits.seconds} s"
            raise ParseError("pdf-timeout", detail) from None
        finally:
            _end_group(process)
        if process.returncode < 0:
            name = signal.Signals(-process.returncode).name
            detail = f"{Path(command[0]).name} ended by {name}: out of memory, or a crash"
            raise ParseError(
                "converter-failed", f"{detail}; the limit is {limits.memory_bytes} bytes"
            )
        if process.returncode != 0:
            err.seek(0, os.SEEK_END)
            err.seek(max(err.tell() - 400, 0))
            last = err.read().decode("utf-8", "replace").strip().rpartition("\n")[2]
            raise ParseError("converter-failed", f"exit {process.returncode}: {last}")
        out.seek(0)
        return out.read(limits.output_bytes)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """Kill what a command may have left running in its session."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


# --- Commands outside ----------------------------------------------------------------------------

_MINERU = ("mineru-kit", "parse", "{pdf}", "-o", "{out}/paper.md", "--tier")
_COMMANDS: dict[str, tuple[str, ...]] = {
    "mineru": (*_MINERU, "flash"),
    "mineru-basic": (*_MINERU, "basic"),
    "mineru-standard": (*_MINERU, "standard"),
    "mineru-advanced": (*_MINERU, "advanced"),
    "paddleocr-vl": ("paddleocr", "doc_parser", "-i", "{pdf}", "--save_path", "{out}"),
    "magic-pdf": ("magic-pdf", "-p", "{pdf}", "-o", "{out}", "-m", "txt"),
}


def _outside(payload: bytes, converter: Converter, limits: PdfLimits) -> Converted:
    """Run an installed command line and read the Markdown it writes."""
    template = _COMMANDS[converter]
    program_name = template[0]
    program = shutil.which(program_name)
    if program is None:
        detail = f"{program_name} is not on PATH; install {converter} in its own environment"
        raise ParseError("no-pdf-converter", detail)
    number = _version_of(program, limits)
    with tempfile.TemporaryDirectory() as folder:
        pdf, out = Path(folder, "paper.pdf"), Path(folder, "out")
        pdf.write_bytes(payload)
        out.mkdir()
        _run([program, *(part.format(pdf=pdf, out=out) for part in template[1:])], None, limits)
        # PaddleOCR-VL writes one file per page: paper_0.md to paper_11.md.
        written = sorted(out.rglob("*.md"), key=lambda path: (len(path.name), path.name))
        if not written:
            raise ParseError(
                "converter-failed", f"{program_name} ended without an error but wrote no Markdown"
            )
        pages = [path.read_text("utf-8", "replace") for path in written[: limits.pages]]
        text = "\n\n".join(pages)[: limits.output_bytes]
    blocks = tuple(_markdown_blocks(text))
    return Converted(f"{converter}/{number}", 0, blocks)


def _version_of(program: str, limits: PdfLimits) -> str:
    """Return the version that a command states; ``"unknown"`` if it has no such option."""
    try:
        said = _run([program, "--version"], None, limits).decode("utf-8", "replace")
    except ParseError as error:
        if error.rule != "converter-failed":
            raise
        return "unknown"
    number = re.search(r"\d{1,4}(?:\.\d{1,4}){1,3}", said[:1_000])
    return number[0] if number else "unknown"


_PICTURE = re.compile(r"!\[[^\[\]\n]*+\]\([^()\n]*+\)|<img\b[^<>]*+>")
_WRAPPER = re.compile(r"</?(?:div|center|html|body)\b[^<>]*+>")
"""PaddleOCR-VL wraps captions, pictures and tables in these."""


def _markdown_blocks(text: str) -> Iterator[Block]:
    """Paragraphs and headings of Markdown without its pictures; the first heading is the title."""
    seen_title = False
    for paragraph in re.split(r"\n[ \t]*+\n", _WRAPPER.sub("", _PICTURE.sub("", text))):
        stripped = paragraph.strip()
        heading = re.match(r"#{1,6}[ \t]++([^\n]*+)", stripped)
        if heading:
            yield Block("heading" if seen_title else "title", heading[1].strip(" #*"), 0, _NOWHERE)
            seen_title = True
            stripped = stripped[heading.end() :].strip()
        if stripped:
            is_caption = re.match(r"(?:Figure|Fig\.|Table) \d", stripped)
            kind: Kind = (
                "caption" if is_caption else "table" if stripped.startswith("<table") else "text"
            )
            yield Block(kind, stripped, 0, _NOWHERE)


_NOWHERE: Box = (0.0, 0.5, 1.0, 0.5)
