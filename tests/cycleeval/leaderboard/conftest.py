"""A small board: six submissions, one of them hostile, on papers whose ids are hostile too."""

import json
from pathlib import Path

import numpy as np
import pytest

from cycleeval.human_ratings import read_human_ratings
from cycleeval.leaderboard.gather import Board, gather
from cycleeval.scoring_config import ScoringConfig

HOSTILE = "<img src=x onerror=alert(1)>\"'&{{7*7}}"
HOSTILE_PAPER = '"><script>alert(2)</script>'
QUICK = ScoringConfig(resamples=200)
N_PAPERS = 40


def _write(path: Path, rows: list[dict[str, object]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


@pytest.fixture(scope="session")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``reference.jsonl`` and ``submissions/``."""
    root = tmp_path_factory.mktemp("board")
    folder = root / "submissions"
    folder.mkdir()
    rng = np.random.default_rng(11)
    truth = rng.normal(5.5, 1.2, N_PAPERS)
    ids = [HOSTILE_PAPER, *(f"paper-{i:02d}" for i in range(1, N_PAPERS))]
    human = [np.clip(np.rint(rng.normal(t, 1.0, 4)), 1, 10).tolist() for t in truth]
    accepted = ["accept" if t > 5.8 else "reject" for t in truth]
    _write(
        root / "reference.jsonl",
        [
            {"paper_id": i, "ratings": r, "decision": d}
            for i, r, d in zip(ids, human, accepted, strict=True)
        ],
    )

    def submission(name: str, noise: float, shift: float, ids: list[str] = ids) -> None:
        ratings = np.clip(truth + rng.normal(shift, noise, N_PAPERS), 1, 10)
        rows: list[dict[str, object]] = [
            {"paper_id": i, "ratings": [round(float(r), 2)], "decision": None}
            for i, r in zip(ids, ratings, strict=False)
        ]
        _write(folder / f"{name}.jsonl", rows)

    submission("close", 0.4, 0.0)
    submission("close-too", 0.45, 0.0)
    submission("far", 0.5, 2.0)
    submission("few", 0.1, 0.0, ids[:5])
    submission(HOSTILE, 1.0, 0.5, ids[:-2])
    with (folder / f"{HOSTILE}.jsonl").open("a", encoding="utf-8") as file:
        for row in (
            {"paper_id": "<script>alert(3)</script>", "ratings": [5]},
            {"paper_id": "paper-38", "ratings": [5], "<svg onload=alert(4)>": 1},
            {"paper_id": "paper-39", "ratings": ["</td><script>alert(5)</script>"]},
        ):
            file.write(json.dumps(row) + "\n")
    (folder / "garbage.jsonl").write_bytes(b"\xff\xfe not JSON\n{}\n")
    (folder / "README.md").write_text("not a submission", "utf-8")
    return root


@pytest.fixture(scope="session")
def board(inputs: Path) -> Board:
    return gather(
        inputs / "submissions", read_human_ratings(str(inputs / "reference.jsonl")), QUICK
    )


@pytest.fixture(scope="session")
def quick() -> ScoringConfig:
    """The config that ``board`` was made with."""
    return QUICK


@pytest.fixture(scope="session")
def hostile() -> tuple[str, str]:
    """Name of the hostile submission, id of the hostile paper."""
    return HOSTILE, HOSTILE_PAPER
