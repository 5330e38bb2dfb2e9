"""Plots: every number is where it belongs, the file is well-formed, PNG has labels."""

import io
import json
import re
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner

from cycleeval.cli import app
from cycleeval.output.plots import error_plot, rated_points, residual_plot
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
        for circle in ET.fromstring(str(residual_plot(card, (1, 10)))).iter("circle")
        if circle.attrib["class"] == "paper"
    ]
    # Errors +1 and -2: the first is drawn above zero, the second twice as far below it.
    zero = next(
        float(line.attrib["y1"])
        for line in ET.fromstring(str(residual_plot(card, (1, 10)))).iter("line")
        if line.attrib["class"] == "diagonal"
    )
    assert zero - heights[0] == pytest.approx((heights[1] - zero) / 2, abs=0.2)


def test_groups_of_the_error_plot_partition_the_papers() -> None:
    ratings = [[float(1 + i % 9), float(1 + i % 7)] for i in range(50)]
    card = score(
        [5.0] * 50, ratings, decisions=[("accept", "reject", None)[i % 3] for i in range(50)]
    )
    labels = [text.text or "" for text in ET.fromstring(str(error_plot(card))).iter("text")]
    counts = {
        label: int(found[1]) for label in labels if (found := re.search(r" \((\d+)\)$", label))
    }
    assert counts["all papers (50)"] == 50
    assert sum(n for label, n in counts.items() if "accepted" in label or "decision" in label) == 50
    assert sum(n for label, n in counts.items() if label.startswith("human")) == 50


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
