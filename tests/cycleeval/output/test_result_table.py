"""Tables of results: Markdown, LaTeX that compiles, HTML, and marks only where they are shown."""

import csv
import io
import json
import re
import shutil
import subprocess
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from cycledata.console import cell_width
from cycleeval import score
from cycleeval.cli import app
from cycleeval.output.result_table import ResultTable, TableCell, escape_latex, score_table
from cycleeval.screen import shortened

HOSTILE = "a_b & 100% $x$ {}\\gdef^~#|<b>\x1b[2J中"


def run(*words: str | Path) -> str:
    ran = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert ran.exit_code == 0, ran.output
    return ran.stdout


def compile_latex(table: str, folder: Path) -> str:
    """Compile a table in the class `article`; return the log."""
    body = r"\documentclass{article}\usepackage{booktabs}\begin{document}"
    (folder / "t.tex").write_text(f"{body}\n{table}\n\\end{{document}}\n", "utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "t.tex"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout[-2000:]
    return ran.stdout


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a reference of 60 papers and three models, two of them equal."""
    folder = tmp_path_factory.mktemp("models")
    ratings = [[3 + i % 5, 4 + i % 5, 5 + i % 4] for i in range(60)]
    means = [sum(r) / 3 for r in ratings]
    rows: dict[str, list[dict[str, object]]] = {
        "reference": [
            {"paper_id": f"p{i:02}", "ratings": r, "decision": "accept" if m > 6 else "reject"}
            for i, (r, m) in enumerate(zip(ratings, means, strict=True))
        ],
        "good": [{"paper_id": f"p{i:02}", "ratings": [round(m, 1)]} for i, m in enumerate(means)],
        "twin": [{"paper_id": f"p{i:02}", "ratings": [round(m, 1)]} for i, m in enumerate(means)],
        "bad": [{"paper_id": f"p{i:02}", "ratings": [1 + i * 7 % 10]} for i in range(60)],
    }
    for name, lines in rows.items():
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (folder / f"{name}.jsonl").write_text(text, "utf-8")
    return folder


@pytest.mark.parametrize("form", ["markdown", "latex", "csv", "jsonl", "json"])
def test_every_format_has_the_same_numbers(files: Path, form: str) -> None:
    options = ("--format", form, "--metrics", "proxy_mse_n1,spearman", "--no-baselines")
    shown = run("score", files / "bad.jsonl", files / "reference.jsonl", *options)
    wanted = json.loads(
        run("score", files / "bad.jsonl", files / "reference.jsonl", "--json", "--no-baselines")
    )["metrics"]
    for name in ("proxy_mse_n1", "spearman"):
        value = wanted[name]["value"]
        assert f"{value:.3f}" in shown or str(value) in shown
    assert "proxy_mae" not in shown.replace("\\", "")


def test_csv_and_json_lines_are_read_back_as_one_row_per_number(files: Path) -> None:
    options = ("--metrics", "proxy_mse_n1", "--no-baselines")
    text = run("human", files / "reference.jsonl", "--format", "csv", *options)
    rows = pl.read_csv(text.encode())
    assert rows["by"].to_list() == ["human", "constant", "noise_floor"]
    lines = run("human", files / "reference.jsonl", "--format", "jsonl", *options).splitlines()
    assert [json.loads(line)["value"] for line in lines] == rows["value"].to_list()
    without = run("human", files / "reference.jsonl", "--format", "csv", "--no-signature")
    assert "signature" not in without


def test_the_best_value_is_marked_only_if_it_is_shown_to_be_best(files: Path) -> None:
    reference = files / "reference.jsonl"
    two = run(
        "compare", files / "good.jsonl", files / "bad.jsonl", reference, "--format", "markdown"
    )
    three = run(
        "compare", files / "good.jsonl", files / "twin.jsonl", files / "bad.jsonl", reference,
        "--format", "markdown",
    )  # fmt: skip
    assert re.search(r"\| good \| \*\*", two)
    assert "**" not in three.split("bad")[0]


def test_the_report_of_fifteen_models_fits_a_screen(files: Path, tmp_path: Path) -> None:
    models = []
    for i in range(15):
        path = tmp_path / f"model{i:02}.jsonl"
        lines = [{"paper_id": f"p{j:02}", "ratings": [1 + (i + j) % 10]} for j in range(60)]
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
        models.append(path)
    options = ("--resamples", "100", "--no-baselines")
    shown = run("compare", *models, files / "reference.jsonl", *options)
    assert len(shown.splitlines()) <= 24
    assert max(map(len, shown.splitlines()[2:18])) <= 100
    assert "not shown: " in shown
    one = run("score", models[0], files / "reference.jsonl", *options)
    assert len(one.splitlines()) <= 24
    assert "signatures: --signature" in one


@pytest.mark.parametrize("metrics", ["nonsense", "", "proxy_mse_n1,nonsense"])
def test_an_unknown_metric_is_named_with_the_known_ones(files: Path, metrics: str) -> None:
    words = ["human", str(files / "reference.jsonl"), "--metrics", metrics]
    ran = CliRunner().invoke(app, words)
    assert ran.exit_code != 0
    assert "expected names among proxy_mse_n1" in str(ran.exception)
    assert metrics.split(",")[-1] in str(ran.exception)


def test_texts_of_strangers_are_escaped_in_every_form() -> None:
    table = ResultTable(HOSTILE, HOSTILE, (HOSTILE,), ((HOSTILE, (TableCell(1.0),)),))
    assert "<b>" not in table.to_html()
    assert "<b>" not in table.to_markdown()
    assert "\x1b" not in table.to_html() + table.to_markdown() + table.to_latex()
    assert "\\gdef" not in table.to_latex()
    rows = [line for line in table.to_markdown().splitlines() if line.startswith("|")]
    assert all(len(re.findall(r"(?<!\\)\|", line)) == 3 for line in rows)


ODD = ("=cmd|'!A0", "@SUM(A1)", "-2+3", "[8pt] x", "*a", "評価モデル", "نموذج", "a\u202eb\x1b[2J")


def test_odd_names_are_safe_in_every_format(tmp_path: Path) -> None:
    files = []
    for i, name in enumerate((*ODD, "-0ZOjmjFnN")):
        files.append(tmp_path / f"{name}.jsonl")
        lines = [{"paper_id": f"p{j}", "ratings": [1 + (i + j) % 10]} for j in range(20)]
        files[-1].write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    reference = tmp_path / "reference.jsonl"
    human = [{"paper_id": f"p{j}", "ratings": [3 + j % 5, 5]} for j in range(20)]
    reference.write_text("".join(json.dumps(row) + "\n" for row in human), "utf-8")
    printed = {
        form: run("compare", *files, reference, "--format", form, "--resamples", "100")
        for form in ("table", "markdown", "latex", "csv", "jsonl")
    }
    for form, text in printed.items():
        assert text.replace("\n", "").isprintable(), form
    cells = [cell for row in csv.reader(io.StringIO(printed["csv"])) for cell in row[:2]]
    assert {"'=cmd|'!A0", "'@SUM(A1)", "'-2+3", "-0ZOjmjFnN"} < set(cells)
    assert not any(cell.startswith(("=", "@", "+", "-2")) for cell in cells)
    names = [json.loads(line)["a"] for line in printed["jsonl"].splitlines()]
    assert "a\u202eb\x1b[2J" in {*names, json.loads(printed["jsonl"].splitlines()[-1])["b"]}
    assert not re.search(r"\\\\\s*[\[*]", printed["latex"]), "an argument of the end of the row"
    header, *rows = printed["table"].splitlines()[2 : 3 + len(files)]
    ends = {cell_width(row.rpartition(")")[0]) for row in rows}
    assert max(ends) <= cell_width(header)


def test_a_wide_table_fits_the_page_of_latex(tmp_path: Path) -> None:
    """Nine columns with intervals and names of 200 characters give no overfull line."""
    names = [f"{'model-with-a-long_name/' * 9}{i}" for i in range(3)]
    cell = TableCell(-12.345, -123.456, 1.234)
    columns = tuple(f"decision_accuracy_of_{i}" for i in range(9))
    table = ResultTable(
        f"{names[0]}: caption", "model", columns, tuple((name, (cell,) * 9) for name in names)
    )
    latex = table.to_latex()
    assert latex.count("begin{tabular}") > 1
    for name in names:
        assert f"= {escape_latex(name)}" in latex, "a comment has the full name"
    assert sum(line.count(r"$-12.345$") for line in latex.splitlines()) == 27
    if shutil.which("pdflatex"):
        log = compile_latex(latex, tmp_path)
        assert "Overfull" not in log
        assert "Float too large" not in log


@pytest.mark.parametrize("columns", [60, 80, 100, 200])
def test_default_screens_fit_the_terminal(
    files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    bad = tmp_path / f"{'long-name_' * 20}.jsonl"
    rows = [{"paper_id": f"p{i:02}", "ratings": [i % 5 + 1] if i % 3 else ["x"]} for i in range(60)]
    bad.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    rated = tmp_path / "rated.jsonl"
    lines = [
        {"paper_id": f"p{i}", "source": f"source-{s}" * 9, "ratings": [3 + i, 5]}
        for s in range(40)
        for i in range(3)
    ]
    rated.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    reference = files / "reference.jsonl"
    quick = ("--resamples", "100")
    commands: tuple[tuple[str | Path, ...], ...] = (
        ("score", files / "good.jsonl", reference, *quick),
        ("score", bad, reference, *quick),
        ("human", reference, *quick),
        ("compare", files / "good.jsonl", bad, reference, *quick),
        ("generated", rated, "--best-of", "1"),
    )
    for words in commands:
        shown = run(*words).rstrip("\n").split("\n")
        assert len(shown) <= 24, words[0]
        assert max(map(cell_width, shown)) <= columns, words[0]


def test_long_names_keep_what_tells_them_apart() -> None:
    same_ends = ["run-" + "a" * 30 + middle + "b" * 30 + "-x" for middle in "12"]
    names = ["short", "gpt-4o_temp_0_1_fewshot_1_reflect_5_ensemble_5", "x" * 200, *same_ends]
    shown = shortened(names)
    assert shown["short"] == "short"
    assert len(set(shown.values())) == len(names)
    assert shortened([names[1]])[names[1]] == "gpt-4o_temp_0_1_f…flect_5_ensemble_5"


def test_latex_compiles_with_hostile_names(tmp_path: Path) -> None:
    if shutil.which("pdflatex") is None:
        assert escape_latex("a_b") == r"a\_b"
        return
    cells = (TableCell(1.5, 1.0, 2.0, is_best=True), TableCell(None), None)
    rows = tuple((name, cells) for name in (HOSTILE, *ODD, "[1cm]", "*", "`--"))
    table = ResultTable(HOSTILE, "model", ("x", "y", HOSTILE), rows)
    compile_latex(table.to_latex(), tmp_path)


def test_a_card_shows_itself_in_a_notebook() -> None:
    card = score([5, 6, 7], [[5, 6], [6, 7], [3, 8]])
    html = card._repr_html_()
    assert html.startswith("<table>")
    assert html == score_table(card).to_html()
    assert f"{card.metrics['proxy_mse_n1'].value:.3f}" in html


def test_a_metric_without_places_is_shown_in_every_form(files: Path) -> None:
    models = (files / "good.jsonl", files / "bad.jsonl", files / "reference.jsonl")
    for form, name in (("table", "bias"), ("markdown", "bias"), ("latex", "bias"), ("csv", "bias")):
        shown = run("compare", *models, "--metrics", "bias", "--no-baselines", "--format", form)
        assert name in shown
        assert re.search(r"\d\.\d{3}", shown), form


@pytest.mark.parametrize("command", ["human", "compare"])
def test_signatures_are_printed_where_they_are_asked_for(files: Path, command: str) -> None:
    models: list[Path] = [] if command == "human" else [files / "good.jsonl", files / "bad.jsonl"]
    words: list[str | Path] = [
        command,
        *models,
        files / "reference.jsonl",
        "--metrics",
        "spearman",
        "--no-baselines",
    ]
    assert "|seed:0" not in run(*words)
    shown = run(*words, "--signature")
    assert re.search(r"^signatures\n  .*spearman: .*\|seed:0", shown, re.MULTILINE)
