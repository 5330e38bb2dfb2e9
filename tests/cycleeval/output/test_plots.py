"""Plots: every number is where it belongs, the file is well-formed, PNG has labels."""

import io
import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from markupsafe import Markup
from typer.testing import CliRunner

from cycledata.svg import text_width
from cycledata.templates import visible
from cycleeval.cli import app
from cycleeval.output.plots import (
    BASELINE_MARKS,
    error_plot,
    forest_plot,
    rated_points,
    residual_plot,
)
from cycleeval.result import MetricResult
from cycleeval.scoring import score

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plots")
    for name, shift in (("a", 0.0), ("b", 2.0), ("reference", 0.0)):
        lines = []
        for i in range(40):
            ratings = [2 + i % 7, 3 + i % 6]
            if name == "reference":
                decision = "accept" if i % 3 else "reject"
                lines.append({"paper_id": f"p{i}", "ratings": ratings, "decision": decision})
            else:
                rating = min(10.0, sum(ratings) / 2 + shift + i % 4 / 4)
                lines.append({"paper_id": f"p{i}", "ratings": [rating]})
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (folder / f"{name}.jsonl").write_text(text, "utf-8")
    return folder


@pytest.mark.parametrize("kind", ["reliability", "residuals", "errors", "forest", "places"])
@pytest.mark.parametrize("suffix", [".svg", ".png"])
def test_every_plot_is_written(folder: Path, tmp_path: Path, kind: str, suffix: str) -> None:
    models = ["a"] if kind in {"reliability", "residuals", "errors"} else ["a", "b"]
    out = tmp_path / f"plot{suffix}"
    files = [str(folder / f"{name}.jsonl") for name in (*models, "reference")]
    ran = CliRunner().invoke(app, ["plot", kind, *files, "--out", str(out)], catch_exceptions=False)
    assert ran.exit_code == 0, ran.output
    if suffix == ".svg":
        root = ET.fromstring(out.read_text("utf-8"))
        assert root.tag == f"{SVG}svg"
        assert len(list(root.iter(f"{SVG}circle"))) >= 2
        return
    from PIL import Image

    image = Image.open(io.BytesIO(out.read_bytes())).convert("RGB")
    colors = {color for _, color in image.getcolors(1 << 20) or []}
    assert (255, 255, 255) in colors
    blue, orange = (0, 114, 178), (213, 94, 0)
    assert (blue if kind in {"errors", "forest", "places"} else orange) in colors


def test_a_residual_is_the_rating_less_the_human_mean() -> None:
    card = score([6.0, 3.0], [[4, 6], [5, 5]])
    points = rated_points(card.per_paper)
    assert [(p.rating, p.human_mean) for p in points] == [(6.0, 5.0), (3.0, 5.0)]
    heights = [
        float(circle.attrib["cy"])
        for circle in ET.fromstring(str(residual_plot(points, (1, 10)))).iter("circle")
        if circle.attrib["class"] == "paper"
    ]
    # Errors +1 and -2: the first is drawn above zero, the second twice as far below it.
    zero = next(
        float(line.attrib["y1"])
        for line in ET.fromstring(str(residual_plot(points, (1, 10)))).iter("line")
        if line.attrib["class"] == "diagonal"
    )
    assert zero - heights[0] == pytest.approx((heights[1] - zero) / 2, abs=0.2)


def test_groups_of_the_error_plot_partition_the_papers() -> None:
    ratings = [[float(1 + i % 9), float(1 + i % 7)] for i in range(50)]
    card = score(
        [5.0] * 50, ratings, decisions=[("accept", "reject", None)[i % 3] for i in range(50)]
    )
    venues = {paper_id: f"Venue {i % 4}" for i, paper_id in enumerate(card.per_paper.paper_ids)}
    del venues[card.per_paper.paper_ids[0]]
    counts = _counts(error_plot(rated_points(card.per_paper, venues)))
    assert counts[""] == {"all papers": 50}
    assert set(counts["by decision"]) == {"accepted", "not accepted", "no decision"}
    assert counts["by venue"] == {
        "Venue 0": 12, "Venue 1": 13, "Venue 2": 12, "Venue 3": 12, "no venue": 1
    }  # fmt: skip
    assert [sum(group.values()) for group in counts.values()] == [50] * 4
    assert list(counts) == ["", "by decision", "by venue", "by mean human rating"]


def test_one_venue_has_no_row_and_many_share_one() -> None:
    card = score([5.0] * 60, [[4.0, 6.0]] * 60)
    ids = card.per_paper.paper_ids
    one = _counts(error_plot(rated_points(card.per_paper, dict.fromkeys(ids, "V"))))
    assert "by venue" not in one
    many = {paper_id: f"V{i % 20:02}" for i, paper_id in enumerate(ids)}
    rows = _counts(error_plot(rated_points(card.per_paper, many)))["by venue"]
    assert len(rows) == 12
    assert rows["9 other venues"] == 27


def _result(value: float) -> MetricResult:
    found = score([5.0, 6.0], [[4, 6], [5, 5]]).metrics["proxy_mse_n"]
    return replace(found, value=value, low=value - 0.5, high=value + 1.5)


def _counts(chart: Markup) -> dict[str, dict[str, int]]:
    """Return the papers of each row of an error plot, by heading and name."""
    found: dict[str, dict[str, int]] = {}
    heading = ""
    for text in ET.fromstring(str(chart)).iter("text"):
        if "heading" in text.attrib["class"]:
            heading = text.text or ""
        elif row := re.fullmatch(r"(.*) \((\d+)\)", text.text or ""):
            found.setdefault(heading, {})[row[1]] = int(row[2])
    return found


NAMES = {
    "runs that differ at the end": [f"gpt-4o-2024-05-13_temp_0_1_reflect_5_run_{i}" for i in "ab"],
    "200 characters": ["x" * 200, "long name " * 20],
    "wide letters": ["評価モデル" * 12, "ＷＷＷ" * 9],
    "right to left": ["نموذج المراجعة للأبحاث العلمية " * 2, "סוקר מאמרים"],
    "markup": ["<script>alert(1)</script>", 'a & b "c" | =cmd'],
    "control characters": ["\x1b[2J", "a\u202eb\x00"],
}


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
def test_no_name_is_cut_or_outside_the_picture(names: list[str]) -> None:
    results = {name: _result(1.0 + i) for i, name in enumerate(names)}
    root = ET.fromstring(str(forest_plot(results, {}, "m")))
    lines = [text for text in root.iter("text") if text.attrib["text-anchor"] != "middle"]
    shown = "".join("".join((text.text or "").split()) for text in lines)
    assert shown == "".join("".join(visible(name).split()) for name in names)
    width = float(root.attrib["viewBox"].split()[2])
    for text in lines:
        x, words = float(text.attrib["x"]), text_width(text.text or "")
        ends = (x - words, x) if text.attrib["text-anchor"] == "end" else (x, x + words)
        assert 0 <= ends[0] < ends[1] <= width


def test_baselines_stay_in_the_picture_and_on_lines_of_their_own() -> None:
    values = (0.1, 5.0, 9.9, 10.0, 3.0, 7.4, 7.5)
    baselines = {name: _result(v) for name, v in zip(BASELINE_MARKS, values, strict=True)}
    root = ET.fromstring(str(forest_plot({"model": baselines["human"]}, baselines, "m")))
    texts = [
        t for t in root.iter("text") if (t.text or "").rsplit(" ", 1)[0] in BASELINE_MARKS.values()
    ]
    assert len(texts) == len({t.attrib["y"] for t in texts}) == 7
    for text in texts:
        x, words = float(text.attrib["x"]), text_width(text.text or "")
        assert (x - words if text.attrib["text-anchor"] == "end" else x) >= 0
        assert (x if text.attrib["text-anchor"] == "end" else x + words) <= 400


def test_a_png_without_its_package_names_the_extra(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    files = [str(folder / "a.jsonl"), str(folder / "reference.jsonl")]
    ran = CliRunner().invoke(app, ["plot", "errors", *files, "--out", str(tmp_path / "x.png")])
    assert isinstance(ran.exception, ImportError)
    assert 'pip install "cyclekit[plot]"' in str(ran.exception)


def test_two_files_for_a_plot_of_one_model_are_refused(folder: Path) -> None:
    files = [str(folder / f"{name}.jsonl") for name in ("a", "b", "reference")]
    ran = CliRunner().invoke(app, ["plot", "errors", *files, "--out", "x.svg"])
    assert ran.exit_code == 2
    assert "expected one predictions file, found 2" in ran.stderr
