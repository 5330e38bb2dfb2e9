"""Small papers, packed and parsed."""

import io
import tarfile
from collections.abc import Callable

import pytest

from cycledata.parse.latex import parse_eprint
from cycledata.records import PaperText

Parse = Callable[..., PaperText]


@pytest.fixture
def parse_files() -> Parse:
    """Pack texts by path as an e-print and parse it."""

    def parse(files: dict[str, str], *, bibliography: bool = False) -> PaperText:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            for path, text in files.items():
                payload = text.encode()
                info = tarfile.TarInfo(path)
                info.size = len(payload)
                archive.addfile(info, io.BytesIO(payload))
        return parse_eprint(packed.getvalue(), file="paper.tar.gz", bibliography=bibliography)

    return parse


@pytest.fixture
def parse_body(parse_files: Parse) -> Parse:
    """Parse a body, with a preamble where one is given, as a paper of one file."""

    def parse(body: str, preamble: str = "") -> PaperText:
        source = (
            "\\documentclass{article}\n"
            + preamble
            + "\n\\begin{document}\n"
            + body
            + "\n\\end{document}\n"
        )
        return parse_files({"main.tex": source})

    return parse
