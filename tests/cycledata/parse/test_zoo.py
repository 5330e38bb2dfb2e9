"""Every hostile or broken e-print of the zoo ends in time, in little memory, by its named rule."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ZOO = Path(__file__).with_name("zoo.py")
SECONDS = 2.0
MEGABYTES = 300


@pytest.fixture(scope="module")
def rows() -> list[dict[str, object]]:
    done = subprocess.run([sys.executable, ZOO], capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_zoo_is_large(rows: list[dict[str, object]]) -> None:
    assert len(rows) >= 60


def test_every_animal_ends_by_its_named_rule(rows: list[dict[str, object]]) -> None:
    wrong = [row for row in rows if row["status"] or row["expected"] not in row["found"]]  # type: ignore[operator]  # a list
    assert wrong == []


def test_every_animal_ends_in_time_and_memory(rows: list[dict[str, object]]) -> None:
    spent = [(row["name"], row["seconds"], row["megabytes"]) for row in rows]
    assert [at for at in spent if float(str(at[1])) > SECONDS] == []
    assert [at for at in spent if float(str(at[2])) > MEGABYTES] == []
