"""A paper's text from whatever came: an e-print, or a PDF in its place."""

from cycledata.errors import ParseError
from cycledata.parse.latex.archive import open_eprint
from cycledata.parse.latex.paper import parse_archive
from cycledata.records import PaperText


def parse_paper(payload: bytes, *, file: str) -> PaperText:
    """What an e-print or a born-digital PDF says.

    Args:
        payload: the bytes of either; a PDF in an e-print's place is read as a PDF.
        file: name under which they came, for the record.

    Raises:
        ParseError: nothing can be read; the rule says why.
    """
    archive = open_eprint(payload)
    if archive.kind != "pdf":
        return parse_archive(archive, file=file)
    from cycledata.parse.pdf.parse import parse_pdf  # its converters come with an extra

    try:
        return parse_pdf(archive.pdf, file=file)
    except ValueError as error:
        raise ParseError("no-pdf-converter", str(error)) from error
