"""Write the sample's PDFs from the Markdown files next to them.

Run ``python -m cycledata.sample.typeset`` after changing the Markdown; the PDFs are committed. The
same text and reportlab version give the same bytes: no dates, random ids or compression.
"""

import io
import re
from pathlib import Path

from cycledata.sample import SOURCE

_HEAD = "^ "
_SIZES = {"# ": 16, "## ": 12, "### ": 10}


def typeset(text: str) -> bytes:
    """Return a PDF of headings, paragraphs, tables (``| cell |``) and a running head (``^ ``)."""
    from reportlab.lib.pagesizes import LETTER
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.pdfgen.canvas import Canvas
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table

    body = ParagraphStyle("body", fontName="Times-Roman", fontSize=10, leading=12, spaceAfter=6)
    story = []
    running_head = ""
    for block in text.strip().split("\n\n"):
        if block.startswith(_HEAD):
            running_head = block.removeprefix(_HEAD)
            continue
        mark = next((m for m in _SIZES if block.startswith(m)), None)
        if mark is not None:
            size = _SIZES[mark]
            style = ParagraphStyle(
                mark, fontName="Times-Bold", fontSize=size, leading=size * 1.2, spaceAfter=5
            )
            story.append(Paragraph(block.removeprefix(mark), style))
        elif block.startswith("|"):
            rows = [
                [cell.strip() for cell in line.strip("|").split("|")] for line in block.split("\n")
            ]
            story += [Table(rows, style=[("FONT", (0, 0), (-1, -1), "Times-Roman", 9)])]
            story += [Spacer(1, 8)]
        else:
            story.append(Paragraph(block, body))

    def decorate(canvas: Canvas, page: SimpleDocTemplate) -> None:
        canvas.setFont("Times-Roman", 8)
        canvas.drawString(page.leftMargin, page.pagesize[1] - 40, running_head)
        canvas.drawCentredString(page.pagesize[0] / 2, 30, str(canvas.getPageNumber()))

    out = io.BytesIO()
    document = SimpleDocTemplate(
        out,
        pagesize=LETTER,
        leftMargin=108,
        rightMargin=108,
        title=re.findall(r"^# (.+)$", text, re.MULTILINE)[0],
        author="Anonymous authors",
        subject="Invented for cyclekit's embedded sample",
        invariant=1,
        pageCompression=0,
    )
    document.build(story, onFirstPage=decorate, onLaterPages=decorate)
    return out.getvalue()


def main(folder: Path = SOURCE) -> None:
    """Write a PDF for every Markdown file of the sources."""
    for source in sorted(folder.rglob("*.md")):
        source.with_suffix(".pdf").write_bytes(typeset(source.read_text("utf-8")))


if __name__ == "__main__":
    main()
