"""Texts decoded: UTF-8 where it is valid, else what the paper declares, else a stated guess."""

import re
from collections.abc import Iterable, Mapping

from cycledata.records import ParseWarning

_DECLARED = re.compile(
    rb"^[^%\n]{0,500}\\(?:usepackage\[([^\]\n]{1,40})\]\{inputenc\}|inputencoding\{(\w{1,40})\})",
    re.MULTILINE,
)
_CODECS = {
    "latin1": "cp1252",  # a superset but for the controls that no text uses
    "ansinew": "cp1252",
    "cp1252": "cp1252",
    "latin2": "iso8859-2",
    "latin3": "iso8859-3",
    "latin4": "iso8859-4",
    "latin5": "iso8859-9",
    "latin9": "iso8859-15",
    "latin10": "iso8859-16",
    "cp1250": "cp1250",
    "cp1251": "cp1251",
    "cp437": "cp437",
    "cp850": "cp850",
    "cp866": "cp866",
    "koi8-r": "koi8-r",
    "koi8-u": "koi8-u",
    "applemac": "mac-roman",
    "macce": "mac-latin2",
}
"""inputenc's option to Python's codec; UTF-8 is tried before any of them."""
_STRAY = {0xDC00 + byte: bytes([byte]).decode("cp1252", "replace") for byte in range(128, 256)}


def decode_texts(raw: Mapping[str, bytes]) -> tuple[dict[str, str], tuple[ParseWarning, ...]]:
    """Every text decoded, lines ended by a line feed, with a warning for each encoding not certain.

    Args:
        raw: bytes by path; a file without a declaration of its own follows the archive's.
    """
    archive_declares: str | None = None
    texts: dict[str, str] = {}
    warnings: list[ParseWarning] = []
    for name, data in raw.items():
        text = _certain(data)
        if text is None:
            archive_declares = archive_declares or _declared(raw.values())
            text, detail = _guessed(data, _declared([data]) or archive_declares)
            warnings.append(ParseWarning(rule="guessed-encoding", detail=f"{name}: {detail}"))
        if "\0" in text:
            warnings.append(
                ParseWarning(rule="nul-characters", detail=f"{name}: {text.count(chr(0))} left out")
            )
            text = text.replace("\0", "")
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        texts[name] = text
    return texts, tuple(warnings)


def utf16_codec(data: bytes) -> str | None:
    """``utf-16`` and its kin, by byte order mark or by every other byte being zero; else None."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    even, odd = data[0:512:2].count(0), data[1:512:2].count(0)
    if max(even, odd) * 5 < min(len(data), 512) * 2 or min(even, odd) * 50 > max(even, odd):
        return None
    return "utf-16-be" if even > odd else "utf-16-le"


def _certain(data: bytes) -> str | None:
    """Text as UTF-8 without NULs that stand for something else; None where that fails."""
    if utf16_codec(data):
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def _declared(texts: Iterable[bytes]) -> str | None:
    """Codec of the first declaration of one byte a character; None without one."""
    for data in texts:
        for found in _DECLARED.finditer(data) if b"input" in data else ():
            option = (found[1] or found[2]).decode("ascii", "replace").split(",")[-1]
            if codec := _CODECS.get(option.strip().lower()):
                return codec
    return None


def _guessed(data: bytes, declared: str | None) -> tuple[str, str]:
    """Text that is not plain UTF-8, and how it was read."""
    if codec := utf16_codec(data):
        return data.decode(codec, "replace"), f"read as {codec} by its byte order"
    if declared:
        return data.decode(declared, "replace"), f"not UTF-8, read as the {declared} it declares"
    text = data.decode("utf-8", "surrogateescape")
    n_high = len(data.translate(None, bytes(range(128))))
    n_stray = len(data) - len(text.encode("utf-8", "ignore"))
    found = "cp1252" if n_stray == n_high else "UTF-8 with cp1252 between"
    return text.translate(_STRAY), f"not UTF-8, none declared, read as {found}: {n_stray} bytes"
