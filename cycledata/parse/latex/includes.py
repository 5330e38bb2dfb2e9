r"""Include graph: the files that ``\input`` and similar commands name, nothing expanded."""

import re
from collections.abc import Iterator, Mapping
from posixpath import dirname, normpath

from cycledata.parse.latex.tokens import is_live

_INPUT = re.compile(
    r"\\(?=in|im|su|In)(?:(?:input|include|subfile|subfileinclude|InputIfFileExists)(?![A-Za-z@])\s*+"
    r"(?:\{([^{}]{0,300}+)\}|([^\s{}\\%]{1,300}+))"
    r"|(?:sub)?(?:import|inputfrom|includefrom)\*?\s*+\{([^{}]{0,300}+)\}\s*+\{([^{}]{0,300}+)\})"
)
MAX_READ = 500
"""Files followed from one file."""


class Includes:
    """The files that each file of an archive reads, directly or through others.

    Args:
        texts: decoded members by path.
    """

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = texts
        self._named: dict[str, list[str]] = {}
        self._read: dict[str, frozenset[str]] = {}

    def read_by(self, path: str) -> frozenset[str]:
        """Every member that TeX, started on a file, would come to read; the file left out."""
        if path not in self._read:
            found: dict[str, None] = {}
            queue = [path]
            while queue and len(found) < MAX_READ:
                here = queue.pop()
                for name in self._names(here):
                    hit = self._find(name, (dirname(path), dirname(here), ""))
                    if hit is not None and hit not in found and hit != path:
                        found[hit] = None
                        queue.append(hit)
            self._read[path] = frozenset(found)
        return self._read[path]

    def _names(self, path: str) -> list[str]:
        if path not in self._named:
            self._named[path] = list(_names_in(self.texts[path]))
        return self._named[path]

    def _find(self, name: str, folders: tuple[str, ...]) -> str | None:
        for folder in dict.fromkeys(folders):
            joined = normpath(f"{folder}/{name}" if folder else name.lstrip("/"))
            for path in (joined + ".tex", joined):
                if path in self.texts:
                    return path
        return None


def _names_in(text: str) -> Iterator[str]:
    if "\\in" not in text and "\\sub" not in text and "\\import" not in text:
        return
    for match in _INPUT.finditer(text):
        if is_live(text, match.start()):
            name = match[1] or match[2] or f"{match[3] or ''}/{match[4] or ''}"
            yield name.strip().strip('"')
