"""URL of an endpoint, and the rule that decides which key its host receives.

A key belongs to the host that it is named for. `OPENAI_API_KEY` is sent to OpenAI's own address
only; any other host receives the key variable that the user names, or no key.
"""

import base64
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from cycledata.errors import FetchError

OPENAI_URL = "https://api.openai.com/v1"
"""OpenAI's own address."""

_ADDRESS = re.compile(r"://|@|^\s*(?:https?|wss?|ftp)\s*[:/\\]|:\\\\", re.IGNORECASE)
"""What addresses contain, and no hub id."""


@dataclass(frozen=True, slots=True)
class EndpointUrl:
    """An endpoint's URL without its credentials, and the credentials."""

    shown: str
    """Scheme, host, port and path: safe to print and to record."""
    is_openai: bool
    """True for OpenAI's own host over HTTPS."""
    login: tuple[str, str] | None = field(default=None, repr=False)
    """User name and password of the URL, or None."""
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Query parameters of the URL."""


def is_endpoint(text: str) -> bool:
    """Return True for the URL of an endpoint, and for text that only begins as one.

    >>> is_endpoint("HTTP://localhost:8000/v1"), is_endpoint("org/model")
    (True, False)
    """
    return text.lower().startswith(("http://", "https://"))


def refuse_other_address(text: str) -> None:
    """Refuse an address that is neither an endpoint URL, a path nor a hub id, e.g. a typo.

    Raises:
        FetchError: the message does not repeat it, since it may contain a password.
    """
    if not is_endpoint(text) and _ADDRESS.search(text) and not Path(text).exists():
        raise FetchError(
            "expected a directory, a hub id ORG/NAME or http://HOST/v1, found another kind of"
            " address; it is not repeated here, because it may contain a password"
        )


def split_url(url: str) -> EndpointUrl:
    """Separate an endpoint's URL from its credentials.

    Raises:
        FetchError: not an HTTP URL; the message does not repeat it.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        raise FetchError("endpoint: expected http://HOST/v1, found another kind of address")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    shown = f"{parts.scheme}://{host}{f':{port}' if port else ''}{parts.path}".rstrip("/")
    openai = urlsplit(OPENAI_URL)
    is_openai = (parts.scheme, parts.hostname, port or 443) == ("https", openai.hostname, 443)
    login = None
    if parts.username is not None or parts.password is not None:
        login = (unquote(parts.username or ""), unquote(parts.password or ""))
    return EndpointUrl(shown, is_openai, login, dict(parse_qsl(parts.query)))


def key_from_environment(url: str, variable: str | None = None) -> str | None:
    """Return the key for an endpoint from the environment, or None if it gets no key.

    Args:
        url: the endpoint's URL.
        variable: environment variable named by the user. None means `OPENAI_API_KEY` for OpenAI's
            own host and no key for any other host.

    Raises:
        FetchError: the variable is not set, or `OPENAI_API_KEY` is named for another host.
    """
    target = split_url(url)
    name = variable or ("OPENAI_API_KEY" if target.is_openai else None)
    if name is None:
        return None
    if name == "OPENAI_API_KEY" and not target.is_openai:
        raise FetchError(
            f"{target.shown}: OPENAI_API_KEY is sent to {OPENAI_URL} only; put the key of this host"
            " into another environment variable and name that one"
        )
    key = os.environ.get(name, "").strip()
    if not key:
        raise FetchError(
            f"{target.shown}: expected a key in the environment variable {name}, found none"
        )
    return key


def shown_origin(location: str) -> str:
    """Return the address that a redirect names, without credentials."""
    try:
        return split_url(location).shown
    except FetchError:
        return "another address"


def secrets_of(target: EndpointUrl, key: str | None) -> tuple[str, ...]:
    """Return everything that must not appear in a message, the longest first.

    A user name may be a token, as in `https://TOKEN@host/v1`. Servers may also quote what they got
    as it was sent, percent-encoded.
    """
    secrets = {key} if key else set()
    secrets |= {value for value in target.query.values() if len(value) >= 4}
    if target.login is not None:
        user, password = target.login
        secrets |= {password, base64.b64encode(f"{user}:{password}".encode()).decode()}
        secrets |= {user} if len(user) >= 8 or not password else set()
    secrets |= {quote(secret, safe="") for secret in secrets}
    return tuple(sorted((secret for secret in secrets if secret), key=len, reverse=True))
