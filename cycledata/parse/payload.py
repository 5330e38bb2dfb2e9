r"""JSON of untrusted origin, made safe to store: no half surrogates, which UTF-8 cannot encode."""

import json
import re
from typing import Any

_ESCAPED_HALF = re.compile(r"\\u[dD][89a-fA-F]")
_HALF = re.compile("[\ud800-\udfff]")


def read_json(payload: bytes) -> Any:
    r"""Return the value of a JSON text in UTF-8; each half surrogate becomes U+FFFD.

    Raises:
        ValueError: not UTF-8, not JSON.
        RecursionError: nested deeper than can be read.

    >>> read_json(b'["\\ud83d\\ude00", "\\ud83d"]')
    ['😀', '�']
    """
    text = payload.decode("utf-8-sig")
    value = json.loads(text)
    return _mended(value) if _ESCAPED_HALF.search(text) else value


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return _HALF.sub("\ufffd", value)
    if isinstance(value, list):
        return [_mended(item) for item in value]
    if isinstance(value, dict):
        return {_HALF.sub("\ufffd", name): _mended(item) for name, item in value.items()}
    return value
