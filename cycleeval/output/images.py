"""Write charts as SVG or PNG files."""

import re
from collections.abc import Callable
from pathlib import Path

from markupsafe import Markup

from cycledata.errors import ScoringError
from cycledata.files import write_file
from cycledata.svg import STYLE, standalone

SUFFIXES = (".svg", ".png")
"""File formats, by suffix."""
_ZOOM = 3.0
_FONT = "DejaVu Sans"
_LABEL = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20" font-family="sans-serif">'
    '<text y="15">A</text></svg>'
)
_NO_LABEL = _LABEL.replace(">A<", "><")
_VARIABLE = re.compile(r"--([a-z0-9]+):(#[0-9a-f]{3,6})")
_USE = re.compile(r"var\(--([a-z0-9]+)\)")
_MEDIA = re.compile(r"@media[^{]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}")


def write_chart(chart: Markup, path: Path) -> None:
    """Write a chart as SVG (light, dark and print) or PNG (light), by the suffix of the path.

    Raises:
        ScoringError: another suffix, or a PNG on a machine without fonts.
        ImportError: a PNG without the package resvg_py.
    """
    if path.suffix not in SUFFIXES:
        raise ScoringError(f"{path}: expected a file that ends in {' or '.join(SUFFIXES)}")
    svg = standalone(chart)
    write_file(path, svg.encode() if path.suffix == ".svg" else png_of(svg))


def png_of(svg: str) -> bytes:
    """Return a chart as PNG at three pixels per unit, in the light colors.

    Raises:
        ScoringError: the machine has no font for the labels.
        ImportError: resvg_py is not installed.
    """
    try:
        from resvg_py import svg_to_bytes
    except ImportError as error:
        raise ImportError('PNG needs `pip install "cyclekit[plot]"`; SVG does not') from error
    # Without any font, resvg leaves out all text and reports no error.
    if _render(svg_to_bytes, _LABEL) == _render(svg_to_bytes, _NO_LABEL):
        raise ScoringError(
            "PNG: expected a font for the labels, found none on this machine; install one, such as"
            " DejaVu Sans, or write .svg"
        )
    return _render(svg_to_bytes, _light(svg))


def _render(svg_to_bytes: Callable[..., bytes], svg: str) -> bytes:
    return bytes(
        svg_to_bytes(
            svg_string=svg,
            zoom=_ZOOM,
            background="#ffffff",
            font_family=_FONT,
            sans_serif_family=_FONT,
        )
    )


def _light(svg: str) -> str:
    """Return the chart with the light colors in place of CSS variables, which resvg ignores."""
    colors = dict(_VARIABLE.findall(STYLE.split("@media")[0]))
    style = _USE.sub(lambda match: colors[match[1]], _MEDIA.sub("", STYLE))
    style = style.replace("font:11px system-ui,sans-serif", "font-family:sans-serif;font-size:11px")
    return svg.replace(STYLE, style)
