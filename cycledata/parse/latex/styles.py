"""Packages and classes of a paper: what was loaded and how."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class LoadedStyles:
    """State that packages and classes leave behind."""

    packages: dict[str, str] = field(default_factory=dict)
    """Options by package or class."""
    class_options: tuple[str, ...] = ()
    files_read: set[str] = field(default_factory=set)
    """Paths of style files that were read."""
    options: str = ""
    """Options with which the style being read was loaded."""
    option_code: dict[str, str] = field(default_factory=dict)
    r"""Code of each ``\\DeclareOption`` of the style being read."""
    hooks: dict[str, list[str]] = field(default_factory=dict)
    """Texts to read at the beginning or end of the document."""
    include_only: frozenset[str] | None = None
    r"""Names in ``\\includeonly``; None if it was not used."""
