"""Tables 2, 3, 6 and 7 and Figure 3 as text and as JSON."""

from dataclasses import asdict

from cycledata.console import printable
from cycleeval.detection import DetectionReport
from cycleeval.generated import GeneratedReport
from cycleeval.result import MetricResult


def detection_json(report: DetectionReport) -> dict[str, object]:
    """Return what ``cycleeval detection --json`` prints."""
    return {
        "n_unreadable": len(report.unreadable),
        "unreadable": [asdict(problem) for problem in report.unreadable],
        "rows": [
            {
                "format": row.format,
                "source": row.source,
                "n_human": row.n_human,
                "n_generated": row.n_generated,
                "threshold": asdict(row.threshold),
                "metrics": {metric.name: metric.to_json() for metric in row.metrics},
                "fixed": [
                    {
                        "threshold": asdict(fixed.threshold),
                        "false_positive_rate": fixed.false_positive_rate.to_json(),
                        "true_positive_rate": fixed.true_positive_rate.to_json(),
                    }
                    for fixed in row.fixed
                ],
            }
            for row in report.rows
        ],
    }


def render_detection(report: DetectionReport) -> str:
    """Return Table 6 as text: one block per row, each number with its interval."""
    blocks = []
    for row in report.rows:
        ties = f", {row.threshold.n_equal} equally good" if row.threshold.n_equal > 1 else ""
        kind = printable(f"{row.format} by {row.source}")
        lines = [
            f"{kind}: {row.n_human} human, {row.n_generated} generated",
            f"  threshold {row.threshold.value:.4g}, chosen on the calibration split{ties}",
            *(f"  {metric.name:<20} {shown(metric)}" for metric in row.metrics),
        ]
        for fixed in row.fixed:
            rates = shown(fixed.false_positive_rate), shown(fixed.true_positive_rate)
            lines.append(
                f"  at {fixed.threshold.value:.4g} ({fixed.threshold.chosen}): "
                f"false positives {rates[0]}, true positives {rates[1]}"
            )
        blocks.append("\n".join(lines))
    n_bad = len(report.unreadable)
    return "\n\n".join([*blocks, f"unreadable lines, in none of the numbers: {n_bad}"])


def generated_json(report: GeneratedReport) -> dict[str, object]:
    """Return what ``cycleeval generated --json`` prints."""
    return {
        "n_unreadable": len(report.unreadable),
        "unreadable": [asdict(problem) for problem in report.unreadable],
        "sources": {
            row.source: {
                "n_papers": row.n_papers,
                "metrics": {metric.name: metric.to_json() for metric in row.metrics},
                "best_of": {
                    str(k): {metric.name: metric.to_json() for metric in metrics}
                    for k, metrics in row.best_of
                },
            }
            for row in report.rows
        },
    }


def render_generated(report: GeneratedReport) -> str:
    """Return Tables 2, 3 and 7 and Figure 3 as text, one block per source."""
    blocks = []
    for row in report.rows:
        lines = [f"{printable(row.source)}: {row.n_papers} papers"]
        lines += [f"  {metric.name:<18} {shown(metric)}" for metric in row.metrics]
        for k, metrics in row.best_of:
            values = ", ".join(f"{m.name.removeprefix('rating_')} {shown(m)}" for m in metrics)
            lines.append(f"  best of {k}: {values}")
        blocks.append("\n".join(lines))
    n_bad = len(report.unreadable)
    return "\n\n".join([*blocks, f"unreadable lines, in none of the numbers: {n_bad}"])


def shown(result: MetricResult) -> str:
    """Return a value with its interval, three decimals."""
    if result.value is None:
        return f"undefined ({result.why})"
    if result.low is None or result.high is None:
        return f"{result.value:.3f} ({result.why})"
    return f"{result.value:.3f} [{result.low:.3f}, {result.high:.3f}]"
