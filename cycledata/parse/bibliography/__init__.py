"""Bibliographies: `.bib` files, `.bbl` files and printed references."""
