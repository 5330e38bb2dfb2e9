import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.command_line import Ended, cycleeval

REFERENCE: list[dict[str, object]] = [
    {"paper_id": "a", "ratings": [3, 5], "decision": "reject"},
    {"paper_id": "b", "ratings": [6, 8], "decision": "accept"},
    {"paper_id": "c", "ratings": [6, 6, 5], "decision": "accept"},
    {"paper_id": "d", "ratings": [3, 3], "decision": "reject"},
]
MODEL: list[dict[str, object]] = [
    {"paper_id": "a", "ratings": [4], "decision": "reject"},
    {"paper_id": "b", "ratings": [8, 6]},
    {"paper_id": "c", "ratings": [12]},
    {"paper_id": "z", "ratings": [5]},
]


def write(path: Path, rows: list[dict[str, object]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def run(*arguments: str) -> Ended:
    return cycleeval(*arguments)


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    return write(tmp_path / "model.jsonl", MODEL), write(tmp_path / "ref.jsonl", REFERENCE)


def test_human_as_json(files: tuple[str, str]) -> None:
    result = run("human", files[1], "--json", "--resamples", "100")
    shown = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (shown["n_papers"], shown["n_scored"]) == (4, 4)
    assert shown["metrics"]["proxy_mse_n1"]["value"] == pytest.approx((4 + 4 + 0.5 + 0) / 4)
    assert set(shown["baselines"]) == {"constant", "majority", "noise_floor"}


def test_score_counts_what_it_could_not_use(files: tuple[str, str]) -> None:
    result = run("score", *files, "--json", "--resamples", "100")
    shown = json.loads(result.stdout)
    assert result.exit_code == 0
    counts = {name: shown[name] for name in ("n_papers", "n_scored", "n_unreadable", "n_missing")}
    assert counts == {"n_papers": 4, "n_scored": 2, "n_unreadable": 1, "n_missing": 1}
    assert [invalid["rule"] for invalid in shown["invalid_lines"]] == [
        "out-of-scale",
        "unknown-paper",
    ]


def test_the_table_shows_counts_baselines_verdicts_and_faults(files: tuple[str, str]) -> None:
    result = run("score", *files, "--resamples", "100")
    assert result.exit_code == 0
    assert "2 of 4 papers scored, 1 unreadable, 1 missing, 1 lines about unknown" in result.stdout
    assert "invalid lines: 1 out-of-scale, 1 unknown-paper" in result.stdout
    assert "CONSTANT" in result.stdout or "beats a constant" in result.stdout
    assert "policy:exclude" not in result.stdout
    assert "policy:exclude" in run("score", *files, "--resamples", "100", "--signature").stdout


def test_a_policy_and_a_scale_stand_in_the_signature(files: tuple[str, str]) -> None:
    result = run(
        "score", *files, "--policy", "worst", "--scale", "1-12", "--resamples", "100", "--json"
    )
    signed = json.loads(result.stdout)["metrics"]["proxy_mse_n"]["signature"]
    assert "policy:worst|scale:1-12" in signed


def test_compare_two_and_three(files: tuple[str, str], tmp_path: Path) -> None:
    other = write(tmp_path / "other.jsonl", [{"paper_id": i, "ratings": [5]} for i in "abcd"])
    third = write(tmp_path / "third.jsonl", [{"paper_id": i, "ratings": [6]} for i in "abcd"])
    result = run("compare", files[0], other, files[1], "--json", "--resamples", "100")
    shown = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (shown["n_papers"], shown["n_compared"], len(shown["pairs"])) == (4, 2, 1)
    table = run("compare", files[0], other, third, files[1], "--resamples", "100")
    assert table.exit_code == 0
    assert table.stdout.count("A = ") == 0
    assert "in brackets the place" in table.stdout
    pairs = run("compare", files[0], other, third, files[1], "--resamples", "100", "--pairs")
    assert pairs.stdout.count("A = ") == 3


MISUSED = {
    "no such predictions": ["score", "missing.jsonl", "{ref}"],
    "a threshold that is no number": ["human", "{ref}", "--threshold", "six"],
    "a scale that is none": ["score", "{model}", "{ref}", "--scale", "ten"],
    "a policy that is none": ["score", "{model}", "{ref}", "--policy", "ignore"],
    "too few resamples": ["human", "{ref}", "--resamples", "3"],
    "one model to compare": ["compare", "{model}", "{ref}"],
    "a model to compare that is not there": ["compare", "{model}", "missing.jsonl", "{ref}"],
    "no such command": ["praise"],
}


@pytest.mark.parametrize("arguments", MISUSED.values(), ids=MISUSED.keys())
def test_misuse_exits_with_2(arguments: list[str], files: tuple[str, str]) -> None:
    result = run(*(a.format(model=files[0], ref=files[1]) for a in arguments))
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")


FAILED = {
    "no such reference": ["human", "{dir}/missing.parquet"],
    "a reference that is none": ["human", "{model}"],
    "a threshold to learn and nothing to learn from": ["human", "{ref}", "--threshold", "train"],
    "a split that is not there": ["human", "{dir}", "--split", "dev"],
    "nothing readable": ["score", "{ref}", "{ref}", "--scale", "20-30"],
}


@pytest.mark.parametrize("arguments", FAILED.values(), ids=FAILED.keys())
def test_failure_exits_with_1_and_says_why(
    arguments: list[str], files: tuple[str, str], tmp_path: Path
) -> None:
    write(tmp_path / "model.jsonl", [{"paper_id": 5}])
    result = run(*(a.format(model=files[0], ref=files[1], dir=tmp_path) for a in arguments))
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")


broken = st.builds(
    lambda data, at, put: data[:at] + put + data[at + len(put) :],
    st.just("".join(json.dumps(row) + "\n" for row in REFERENCE).encode()),
    st.integers(0, 250),
    st.binary(max_size=6) | st.sampled_from([b"null", b"1e999", b"[[[", b"\n\n", b'"', b"-1"]),
)


@given(st.binary(max_size=60) | broken, st.binary(max_size=60) | broken)
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_no_file_makes_it_crash_or_print_a_number_for_nothing(
    tmp_path: Path, model: bytes, reference: bytes
) -> None:
    (tmp_path / "m.jsonl").write_bytes(model)
    (tmp_path / "r.jsonl").write_bytes(reference)
    paths = str(tmp_path / "m.jsonl"), str(tmp_path / "r.jsonl")
    for arguments in (("score", *paths), ("human", paths[1])):
        result = run(*arguments, "--json", "--resamples", "100")
        assert result.exit_code in (0, 1), result.output
        if result.exit_code == 1:
            assert result.stdout == ""
            continue
        shown = json.loads(result.stdout)
        for found in shown["metrics"].values():
            assert (found["value"] is None) == (found["n"] == 0) or found.get("why")
            assert found["n"] <= shown["n_papers"]


@given(st.binary(max_size=30), st.integers(0, 1200))
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_no_damaged_parquet_makes_it_crash(tmp_path: Path, put: bytes, at: int) -> None:
    import polars as pl

    path = tmp_path / "r.parquet"
    pl.DataFrame(REFERENCE).write_parquet(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:at] + put + whole[at + len(put) :])
    result = run("human", str(path), "--json", "--resamples", "100")
    assert result.exit_code in (0, 1), result.output


def test_importing_loads_nothing_heavy_and_help_needs_no_numbers() -> None:
    heavy = ["torch", "polars", "scipy", "sklearn", "datasets", "pyarrow", "pydantic", "numpy"]
    code = "import sys, cycleeval{0}; print([m for m in {1} if m in sys.modules])"
    for module in ("", ".cli"):
        said = subprocess.run(
            [sys.executable, "-c", code.format(module, heavy)],
            capture_output=True,
            text=True,
            check=True,
        )
        assert said.stdout.strip() == "[]"


def test_scoring_needs_no_scipy_and_no_polars() -> None:
    code = (
        "import sys, cycleeval; cycleeval.score([5, 6], [[3, 5], [6, 8]]);"
        "print([m for m in ('torch', 'polars', 'scipy', 'sklearn', 'pyarrow') if m in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (("--scale", "x"), "--scale: expected LOW-HIGH such as 1-10, found 'x'"),
        (("--scale", "1-.-"), "--scale: expected LOW-HIGH such as 1-10, found '1-.-'"),
        (("--threshold", "high"), "--threshold: expected a rating such as 6, or train; found"),
    ],
)
def test_an_option_that_is_no_number_is_named(
    tmp_path: Path, option: tuple[str, str], message: str
) -> None:
    reference = tmp_path / "r.jsonl"
    reference.write_text('{"paper_id": "a", "ratings": [5, 6], "decision": "accept"}\n')
    ran = cycleeval("human", str(reference), *option)
    assert ran.exit_code == 2
    assert message in ran.stderr
