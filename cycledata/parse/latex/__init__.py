"""LaTeX e-prints to records of what the papers say."""

from cycledata.parse.latex.paper import parse_archive, parse_eprint

__all__ = ["parse_archive", "parse_eprint"]
