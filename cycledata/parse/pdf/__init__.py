"""PDFs to sectioned text."""

from cycledata.parse.pdf.parse import parse_pdf

__all__ = ["parse_pdf"]
