"""PDFs to sectioned text.

``parse_pdf`` is imported on first use: the worker reads PDFs without the records of the package,
which take two thirds of its start.
"""

from typing import TYPE_CHECKING

from cycledata.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from cycledata.parse.pdf.parse import parse_pdf as parse_pdf

__all__ = ["parse_pdf"]

if not TYPE_CHECKING:  # so that mypy reports misspelled names
    __getattr__, __dir__ = lazy_exports(__name__, {"cycledata.parse.pdf.parse": __all__})
