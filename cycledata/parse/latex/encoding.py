"""Texts decoded: UTF-8 where it is valid, else what the paper declares, else a stated guess."""

import codecs
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
_CJK = {
    "gbk": "gb18030",
    "gb": "gb18030",
    "gb2312": "gb18030",
    "gb18030": "gb18030",
    "big5": "big5hkscs",
    "bg5": "big5hkscs",
    "sjis": "cp932",
    "shift_jis": "cp932",
    "jis": "euc_jp",
    "eucjp": "euc_jp",
    "euc-jp": "euc_jp",
    "ks": "cp949",
    "euc-kr": "cp949",
}
"""Option of the CJK environment, or an editor's note, to Python's codec."""
_CJK_DECLARED = re.compile(
    rb"\\begin\{CJK\*?\}(?:\[[^\]]{0,20}\])?\{([A-Za-z0-9_-]{1,12})\}"
    rb"|coding\s{0,3}[:=]\s{0,3}([A-Za-z0-9_-]{1,12})|encoding\s{0,3}=\s{0,3}([A-Za-z0-9_-]{1,12})"
    rb"|\\usepackage\[([A-Za-z0-9_-]{1,12})\]\{(?:inputenc|CJK|ctex|xeCJK)\}"
)
_FOREIGN = re.compile("[\u0250-\u200f\u2045-\ud7ff\ue000-\uffff]")
_RUNS = re.compile(rb"[\x80-\xff]++")
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
    """``utf-16`` and the like, by byte order mark or by every other byte being zero; else None."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if b"\0" not in data[:512]:
        return None
    even, odd = data[0:512:2].count(0), data[1:512:2].count(0)
    if max(even, odd) * 5 < min(len(data), 512) * 2 or min(even, odd) * 50 > max(even, odd):
        return None
    return "utf-16-be" if even > odd else "utf-16-le"


def _certain(data: bytes) -> str | None:
    """Return the text as UTF-8 without NULs of other encodings, or None if that fails."""
    if utf16_codec(data):
        return None
    try:
        return data.removeprefix(codecs.BOM_UTF8).decode()
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
    # BibTeX cuts letters of UTF-8 in two; in other encodings few pairs are Latin letters of UTF-8.
    is_cut = 2 * n_stray <= n_high and _FOREIGN.search(text) is None
    codec = None if is_cut else _cyrillic(data) or _east_asian(data)
    if codec:
        return data.decode(codec, "replace"), f"not UTF-8, none declared, read as {codec}"
    found = "cp1252" if n_stray == n_high else "UTF-8 with cp1252 between"
    return text.translate(_STRAY), f"not UTF-8, none declared, read as {found}: {n_stray} bytes"


def _cyrillic(data: bytes) -> str | None:
    """Return the codec of a text with many Cyrillic words, or None for any other.

    Its high bytes come in runs of the length of words, and in the right codec the most frequent
    letters of Russian, in lower case, are three in ten of all.
    """
    sample = data[:200_000]
    runs = [len(run) for run in _RUNS.findall(sample)]
    if sum(runs) < 30 or sum(runs) < 3 * len(runs):
        return None
    shares: list[tuple[float, str]] = []
    for codec in ("cp1251", "koi8-r", "cp866", "iso8859-5", "mac-cyrillic"):
        letters = [char for char in sample.decode(codec, "replace") if char > "\x7f"]
        usual = sum(char in "оеаинтсрв" for char in letters)
        cyrillic = sum("\u0400" <= char <= "\u04ff" for char in letters)
        if cyrillic > 0.9 * len(letters):
            shares.append((usual / len(letters), codec))
    best = max(shares, default=(0.0, ""), key=lambda each: each[0])
    return best[1] if best[0] > 0.3 else None


def _east_asian(data: bytes) -> str | None:
    """Return the codec of a Chinese or Japanese text, or None for any other.

    European texts have their high bytes one by one among ASCII letters; in Chinese ones they come
    in pairs, in Shift_JIS kana have the first bytes 0x82 and 0x83.
    """
    for found in _CJK_DECLARED.finditer(data):
        name = next(group for group in found.groups() if group).decode("ascii").lower()
        if name in _CJK:
            return _CJK[name]
    sample = data[:200_000]
    runs = [len(run) for run in _RUNS.findall(sample)]
    n_high = sum(runs)
    if n_high < 8:
        return None
    candidates: list[tuple[float, str]] = []
    paired = sum(run for run in runs if run % 2 == 0 and run >= 2) > 0.9 * n_high
    kana = len(_SJIS_KANA.findall(sample))
    if 2 * kana > 0.3 * n_high:
        candidates.append((0.5, "cp932"))
    if paired:
        euc_kana = len(_EUC_KANA.findall(sample))
        leads = b"".join(_EUC_LEADS.findall(sample))
        other = "cp949" if _share(leads, 0xB0, 0xC8) > 0.85 else "gb18030"
        candidates.append((1.0, "euc_jp" if 2 * euc_kana > 0.3 * n_high else other))
    leads = b"".join(_BIG5_LEADS.findall(sample))
    if 2 * len(leads) > 0.9 * n_high and _share(leads, 0xA4, 0xC6) > 0.85:
        candidates.append((0.8 if not paired else 2.0, "big5hkscs"))
    for _, codec in sorted(candidates):
        try:
            decoded = data.decode(codec)
        except UnicodeDecodeError:
            continue
        foreign = [char for char in decoded if char > "\x7f"]
        if sum(char >= "\u2e80" for char in foreign) > 0.8 * len(foreign):
            return codec
    return None


def _share(codes: bytes, first: int, last: int) -> float:
    """Return the share of bytes that are in a range; 0 for none."""
    return sum(first <= code <= last for code in codes) / len(codes) if codes else 0.0


_EUC_LEADS = re.compile(rb"([\xa1-\xfe])[\xa1-\xfe]")
_BIG5_LEADS = re.compile(rb"([\xa1-\xf9])[\x40-\x7e\xa1-\xfe]")
_SJIS_KANA = re.compile(rb"[\x82\x83][\x40-\xf1]")
_EUC_KANA = re.compile(rb"[\xa4\xa5][\xa1-\xf6]")
