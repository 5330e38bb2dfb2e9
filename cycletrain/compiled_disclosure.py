"""The disclosure on the compiled page: what pdflatex prints, read and looked at with pdfium.

Runs only where pdflatex and pypdfium2 are installed. The file is untrusted, so TeX runs in an empty
folder without shell escape, without access to other folders, and with limits on time and file size.
"""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Literal

from cycletrain.disclosure import DISCLOSURE, DisclosureCheck, check_disclosure

_TIMEOUT_S = 60
_MAX_FILE_BYTES = 100_000_000
_MAX_PAGES = 200
_MIN_FONT_POINTS = 4.0
_MIN_VISIBLE_SHARE = 0.9
"""Share of the sentence's letters whose pixels must differ from their surroundings."""
_PIXELS_PER_POINT = 2

Printed = Literal["printed", "not-printed", "not-compiled"]


def check_compiled(text: str) -> DisclosureCheck:
    """Check a text, and compile it if that can tell more.

    Compiling can only refute: a file that hides the sentence elsewhere may still print it here.
    """
    found = check_disclosure(text)
    if found.verdict not in ("present", "unverified") or "\\documentclass" not in text:
        return found
    printed = printed_by_tex(text)
    if printed == "not-printed":
        return DisclosureCheck("hidden", "pdflatex does not print the sentence legibly")
    if printed == "printed" and found.verdict == "unverified":
        return found._replace(
            detail=f"{found.detail}; pdflatex prints the sentence on this machine"
        )
    return found


def printed_by_tex(latex: str) -> Printed:
    """Compile a paper and look for the disclosure on its pages.

    Returns:
        ``not-compiled`` if pdflatex or pypdfium2 is missing, the file does not compile, or the
        system is Windows.
    """
    try:
        import pypdfium2  # type: ignore[import-untyped]  # ships no stubs
    except ImportError:
        return "not-compiled"
    if shutil.which("pdflatex") is None:
        return "not-compiled"
    if os.name != "posix":
        return "not-compiled"  # TeX would run without a limit on the size of its files
    with tempfile.TemporaryDirectory(prefix="cycletrain-") as folder:
        pdf = _compile(latex, Path(folder))
        if pdf is None:
            return "not-compiled"
        with pypdfium2.PdfDocument(pdf) as document:
            pages = range(min(len(document), _MAX_PAGES))
            return "printed" if any(_shows(document[n]) for n in pages) else "not-printed"


def _compile(latex: str, folder: Path) -> bytes | None:
    (folder / "paper.tex").write_text(latex, encoding="utf-8", errors="replace")
    command = ["pdflatex", "-interaction=batchmode", "-no-shell-escape", "paper.tex"]
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(folder),
        "openin_any": "p",
        "openout_any": "p",
    }
    for _ in range(2):  # the second run reads what the first wrote to auxiliary files
        try:
            subprocess.run(  # noqa: S603  fixed command, no shell
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=_TIMEOUT_S,
                check=False,
                preexec_fn=_limit,
            )
        except subprocess.TimeoutExpired:
            return None
    pdf = folder / "paper.pdf"
    return pdf.read_bytes() if pdf.is_file() else None


def _limit() -> None:
    import resource  # Windows has no such module

    resource.setrlimit(resource.RLIMIT_FSIZE, (_MAX_FILE_BYTES, _MAX_FILE_BYTES))


def _shows(page: Any) -> bool:
    """Return whether a page shows the sentence in letters that a reader can see."""
    import pypdfium2.raw as pdfium  # type: ignore[import-untyped]  # ships no stubs

    text_page = page.get_textpage()
    text = text_page.get_text_range().replace("\r", " ")
    letters = [(index, char.lower()) for index, char in enumerate(text) if char.isalnum()]
    joined = "".join(char for _, char in letters)
    wanted = re.sub(r"[^a-z0-9]", "", DISCLOSURE.lower())
    place = joined.find(wanted)
    if place < 0:
        return False
    width, height = page.get_size()
    pixels = page.render(scale=_PIXELS_PER_POINT).to_numpy()
    visible = 0
    for index, _ in letters[place : place + len(wanted)]:
        left, bottom, right, top = text_page.get_charbox(index)
        size = pdfium.FPDFText_GetFontSize(text_page.raw, index)
        inside = left >= 0 and bottom >= 0 and right <= width and top <= height
        if not inside or size < _MIN_FONT_POINTS:
            continue
        rows = slice(int((height - top) * _PIXELS_PER_POINT), int((height - bottom) * 2) + 1)
        columns = slice(int(left * _PIXELS_PER_POINT), int(right * _PIXELS_PER_POINT) + 1)
        box = pixels[rows, columns]
        visible += box.size > 0 and int(box.max()) - int(box.min()) > 64
    return visible >= _MIN_VISIBLE_SHARE * len(wanted)
