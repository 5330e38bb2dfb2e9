"""The Jinja environments: HTML pages escape every value as HTML, cards as Markdown.

Values come from papers, submissions and services. Control characters and those that reverse the
direction of text are shown as escapes in both, so that a page shows what a file has.
"""

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment, Template
    from markupsafe import Markup

_MARKDOWN = re.compile(r"[\\<>|`\[\]&*~$]|(?<![^\W_])_|_(?![^\W_])")
_FORMULA = re.compile(r"[=+@\t\r]|-(?![\w-]*$)")


def visible(text: str) -> str:
    r"""Return text with control, format and unassigned characters as visible escapes.

    Line feeds and tabs stay. `console.printable` does the same for one line of a terminal.

    >>> visible("\x1b[2J\u202e done\n")
    '\\x1b[2J\\u202e done\n'
    """
    if text.isprintable():
        return text
    return "".join(
        char
        if char.isprintable() or char in "\n\t"
        else char.encode("unicode_escape", "surrogatepass").decode("ascii")
        for char in text
    )


def no_formula(text: str) -> str:
    r"""Return a text, with an apostrophe before it if a spreadsheet would run it as a formula.

    Ids of OpenReview that begin with a hyphen stay.

    >>> no_formula("=1+1"), no_formula("-0ZOjmjFnN"), no_formula("-2+3")
    ("'=1+1", '-0ZOjmjFnN', "'-2+3")
    """
    return f"'{text}" if _FORMULA.match(text) else text


def spreadsheet_text(text: str) -> str:
    """Return `no_formula` of a text with control characters as visible escapes."""
    return no_formula(visible(text))


class Markdown(str):
    """Markdown that a card inserts as it is."""

    __slots__ = ()


def escape_markdown(text: str) -> str:
    r"""Return text that a Markdown table, list or paragraph shows as it is, on one line.

    >>> escape_markdown("cs.LG | <b>[x](y)")
    'cs.LG \\| &lt;b&gt;\\[x\\](y)'
    """
    entities = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
    line = visible(" ".join(text.split()))
    return _MARKDOWN.sub(lambda match: entities.get(match[0], "\\" + match[0]), line)


def cards_folder() -> Path:
    """Return the folder of card templates: inside the wheel, or at the root of a checkout."""
    package = Path(__file__).parent
    inside = package / "_cards"
    return inside if inside.is_dir() else package.parent / "cards"


def render_card(name: str, **values: object) -> str:
    """Render a template of `cards_folder`; every string is escaped unless it is `Markdown`."""
    return card_template(name).render(**values)


def card_template(name: str) -> "Template":
    """Return a template of `cards_folder`; a process reads it once."""
    return _cards().get_template(name)


@cache
def html_environment(package: str) -> "Environment":
    """Return the environment of the HTML templates in a package's folder `templates`.

    Every value is escaped unless it is `markupsafe.Markup`; a missing value is an error. A process
    reads each template once, so that a later change of the installation does not affect it.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader(package),
        auto_reload=False,
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible_in_html,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _visible_in_html(value: object) -> object:
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return visible(value)
    return value


@cache
def _cards() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(cards_folder()),
        auto_reload=False,
        autoescape=False,  # noqa: S701  Markdown; `finalize` escapes it
        undefined=StrictUndefined,
        finalize=_as_markdown,
        keep_trailing_newline=True,
    )


def _as_markdown(value: object) -> object:
    if isinstance(value, str) and not isinstance(value, Markdown):
        return escape_markdown(value)
    return value


def content_security_policy(style: "Markup", script: "Markup | None" = None) -> str:
    """Return a policy that allows only one inline style sheet and script, by their hashes."""
    allowed = f"script-src '{_hash(script)}'; " if script else ""
    return (
        f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; {allowed}"
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    import base64
    import hashlib

    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
