"""TOML files that people write, and values on a command line in the same syntax."""

import tomllib
from pathlib import Path
from typing import Any


def read_toml(path: Path) -> dict[str, Any]:
    """Return the keys of a TOML file; a byte order mark is skipped.

    Raises:
        OSError: the file cannot be read.
        ValueError: the file is not TOML in UTF-8; the message says why, without the path.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start + 1} is not UTF-8; save the file as UTF-8") from error
    return parse_toml(text)


def parse_toml(text: str) -> dict[str, Any]:
    """Return the keys of a TOML text.

    Raises:
        ValueError: the text is not TOML, is nested too deep, or has a number of too many digits.
    """
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    except tomllib.TOMLDecodeError:
        raise
    except ValueError as error:
        # Python refuses to convert a very long number.
        raise ValueError("a number has too many digits") from error


def value_or_text(text: str) -> Any:
    """Return the value of a TOML expression, or the text itself if it is not one.

    >>> value_or_text("3"), value_or_text('["a"]'), value_or_text("ICLR.cc/2024/Conference")
    (3, ['a'], 'ICLR.cc/2024/Conference')
    """
    try:
        found = parse_toml(f"value = {text}")
    except ValueError:
        return text
    return found["value"] if list(found) == ["value"] else text
