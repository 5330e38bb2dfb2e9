"""The GitHub Action: its steps, run as scripts, check submissions and rebuild the board."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
ACTION = yaml.safe_load((ROOT / ".github/actions/leaderboard/action.yml").read_text("utf-8"))
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"]}


def run_step(name: str, inputs: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run one step as GitHub does: inputs reach the script through its environment only."""
    step = STEPS[name]
    values = {key: spec.get("default", "") for key, spec in ACTION["inputs"].items()} | inputs
    variables = {
        key: re.sub(r"\$\{\{ inputs\.(\w+) \}\}", lambda found: values[found[1]], text)
        for key, text in step["env"].items()
    }
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-e", "-c", step["run"]],
        cwd=folder,
        env={**os.environ, **variables, "PATH": path, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    reference = [
        {"paper_id": f"p{i}", "ratings": [3 + i % 5, 5], "decision": "accept"} for i in range(8)
    ]
    lines = "".join(json.dumps(row) + "\n" for row in reference)
    (tmp_path / "reference.jsonl").write_text(lines, "utf-8")
    (tmp_path / "submissions").mkdir()
    for name in ("a", "b $(touch hacked)"):
        lines = "".join(json.dumps({"paper_id": f"p{i}", "ratings": [5]}) + "\n" for i in range(8))
        (tmp_path / "submissions" / f"{name}.jsonl").write_text(lines, "utf-8")
    return tmp_path


def test_no_input_is_pasted_into_a_script() -> None:
    assert all("${{" not in step["run"] for step in STEPS.values())


def test_the_steps_check_and_build(folder: Path) -> None:
    inputs = {"reference": "reference.jsonl"}
    checked = run_step("Check every submission", inputs, folder)
    assert checked.returncode == 0, checked.stderr
    assert checked.stdout.count("valid, 8 of 8 papers") == 2
    built = run_step("Rebuild the leaderboard", inputs, folder)
    assert built.returncode == 0, built.stderr
    assert "2 ranked" in built.stdout
    assert (folder / "site" / "index.html").is_file()
    assert not list(folder.rglob("hacked"))


def test_an_invalid_submission_stops_the_action(folder: Path) -> None:
    (folder / "submissions" / "bad.jsonl").write_text('{"paper_id": "p0", "ratings": [99]}\n')
    checked = run_step("Check every submission", {"reference": "reference.jsonl"}, folder)
    assert checked.returncode == 1
    assert "out-of-scale" in checked.stdout
