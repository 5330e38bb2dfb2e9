"""SVG charts: intervals, forest plots, calibration plots, histograms and curves; no script."""

from cycledata.svg.charts import calibration, histogram, whisker
from cycledata.svg.curve import Curve, Line, draw_curve
from cycledata.svg.elements import (
    STYLE,
    Span,
    figure,
    line,
    scale_ticks,
    span_of,
    standalone,
    text,
    tick_labels,
    ticks,
)
from cycledata.svg.forest import ForestRow, forest
from cycledata.svg.labels import LINE_HEIGHT, text_width, wrapped

__all__ = [
    "LINE_HEIGHT",
    "STYLE",
    "Curve",
    "ForestRow",
    "Line",
    "Span",
    "calibration",
    "draw_curve",
    "figure",
    "forest",
    "histogram",
    "line",
    "scale_ticks",
    "span_of",
    "standalone",
    "text",
    "text_width",
    "tick_labels",
    "ticks",
    "whisker",
    "wrapped",
]
