"""Text of a paper from an e-print or a PDF."""

from cycledata.parse.latex.archive import open_eprint
from cycledata.parse.latex.paper import parse_archive
from cycledata.records import PaperText


def parse_paper(payload: bytes, *, file: str, main: str | None = None) -> PaperText:
    """Parse an e-print or a born-digital PDF.

    Args:
        payload: the bytes of either; an e-print that is a PDF is read as a PDF.
        file: name under which they came, for the record.
        main: path of the main file inside an e-print, if it is known.

    Raises:
        ParseError: nothing can be read; the rule gives the reason.
    """
    archive = open_eprint(payload)
    if archive.kind != "pdf":
        return parse_archive(archive, file=file, main=main)
    from cycledata.parse.pdf.parse import parse_pdf  # its converters come with an extra

    return parse_pdf(archive.pdf, file=file)
