"""Resource limits for parsing untrusted e-prints."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on an archive; sizes are in bytes."""

    members: int = 5_000
    """Members of one archive; the largest real one seen has 1,057."""
    total_bytes: int = 512 * 2**20
    """Everything once decompressed, figures included."""
    text_bytes: int = 4 * 2**20
    """All TeX together; of 77 real papers the longest has 979,000 bytes."""
    member_bytes: int = 2 * 2**20
    """One text; the longest seen has 225,000 bytes, and longer texts are data, not prose."""
    bib_bytes: int = 16 * 2**20
    """All .bib files together: some papers bring a whole anthology."""
    pdf_bytes: int = 64 * 2**20
    """A PDF that came in place of an e-print."""
    name_bytes: int = 512
    """One member's name."""
    header_bytes: int = 64 * 2**10
    """One extended tar header."""
    ratio: int = 300
    """Decompressed per compressed byte, once past ``ratio_from``; deflate can reach 1,032."""
    ratio_from: int = 32 * 2**20
    """Decompressed size below which no ratio is suspicious."""
    nesting: int = 2
    """Layers of gzip around the e-print; some come gzipped twice."""


LIMITS = Limits()
