r"""JSON and XML of untrusted origin.

JSON is made safe to store: it has no half surrogates, which UTF-8 cannot encode. No error repeats
words of a payload, because reasons are published.
"""

import json
import re
from typing import Any
from xml.etree import ElementTree as ET

from pydantic import ValidationError
from pydantic_core import from_json

from cycledata.errors import ParseError
from cycledata.records import first_problem

MAX_XML_BYTES = 20_000_000
"""Longest XML that is parsed; the largest collection of the ACL Anthology has 8 MB."""
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
    try:
        # Twice as fast as `json`; it refuses half surrogates, byte-order marks and deep nesting,
        # which are read below.
        return from_json(payload, cache_strings="keys")
    except ValueError:
        pass
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


def read_xml(payload: bytes) -> ET.Element:
    """Return the root of an XML document.

    Raises:
        ParseError: too large, with a document type definition, nested too deeply, or not XML.
    """
    if len(payload) > MAX_XML_BYTES:
        detail = f"expected at most {MAX_XML_BYTES} bytes, found {len(payload)}"
        raise ParseError("xml-too-large", detail)
    # No service sends a DTD; with one, expat would expand entities. In UTF-16 it has other bytes.
    if b"\0" in payload:
        raise ParseError("not-xml", "expected UTF-8, found NUL bytes")
    if b"<!DOCTYPE" in payload or b"<!ENTITY" in payload:
        raise ParseError("xml-doctype", "a document type definition, which no service sends")
    try:
        return ET.fromstring(payload)  # noqa: S314  no DTD passes the line above
    except ET.ParseError as error:
        line, column = error.position
        raise ParseError("not-xml", f"not well-formed at line {line}, column {column}") from error
    except (ValueError, LookupError, RecursionError) as error:
        raise ParseError("not-xml", "expected XML in an encoding that it states") from error


def where_invalid(error: Exception) -> str:
    """Return where a payload is invalid: a field, a position or the kind of the error.

    Values are left out, because they may be words that must not be published.
    """
    if isinstance(error, ValidationError):
        return first_problem(error).where or "not an object"
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON at line {error.lineno}, column {error.colno}"
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 at byte {error.start}"
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return f"a value of another type ({type(error).__name__})"
