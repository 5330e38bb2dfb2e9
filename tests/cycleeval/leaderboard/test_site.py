"""The board and its pages: places, escaping, no request anywhere, the same bytes twice."""

import base64
import gzip
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml
from huggingface_hub import parse_eval_result_entries

from cycledata.errors import ParseError
from cycledata.svg import calibration, histogram, span_of, whisker
from cycleeval.comparison import compare_predictions
from cycleeval.human_ratings import read_human_ratings
from cycleeval.leaderboard.gather import RANKABLE, Board, Standing, gather
from cycleeval.leaderboard.hub import TASKS, hub_files
from cycleeval.leaderboard.site import build_site
from cycleeval.predictions import read_predictions
from cycleeval.scoring import score_predictions
from cycleeval.scoring_config import ScoringConfig
from tests.command_line import cycleeval


class Page(HTMLParser):
    """Tags, attributes and text of a page, as a browser would find them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self.code: dict[str, str] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1] in ("script", "style") and data.strip():
            self.code.setdefault(self.tags[-1], data)
        else:
            self.texts.append(data)


@pytest.fixture(scope="module")
def site(board: Board, quick: ScoringConfig) -> dict[str, str]:
    return build_site(board)


def test_the_board_counts_the_verdicts_of_its_cards(board: Board, site: dict[str, str]) -> None:
    cards = [entry.card for entry in board.entries if entry.standing and entry.card]
    beaten = sum(card.verdicts[0].startswith("The model beats a constant") for card in cards)
    assert beaten == 2
    assert f"{beaten} of {len(cards)} ranked submissions are shown to beat" in site["index.html"]


def test_entries_stand_by_place_then_the_unranked(board: Board, hostile: tuple[str, str]) -> None:
    standings = [entry.standing for entry in board.entries]
    places = [None if found is None else found.place for found in standings]
    order = list(zip([entry.submission.name for entry in board.entries], places, strict=True))
    assert order[:2] == [("close", 1), ("close-too", 1)]
    assert order[2:] == [(hostile[0], 3), ("far", 3), ("few", 5), ("garbage", None)]
    shared = [found is not None and found.is_shared for found in standings]
    assert shared == [True] * 4 + [False] * 2
    # One filled paper of 40 has most of the third's variance; it is worse without it as well.
    assert standings[2] is not None
    assert standings[2].interval == (3, 4)
    by_name = {entry.submission.name: entry for entry in board.entries}
    # Missing papers count as the worst rating, so that silence on a paper gains nothing.
    assert by_name["few"].n_filled == 35
    assert all(e.card is None or e.card.metrics[board.metric].n_papers == 40 for e in board.entries)
    assert "1 not-json" in str(by_name["garbage"].why_unranked)
    assert board.entries[-1].card is None
    assert board.ignored == ("README.md",)


def test_places_are_those_of_a_comparison_on_every_metric(board: Board) -> None:
    ranked = [entry for entry in board.entries if entry.standing is not None]
    submissions = [entry.submission for entry in ranked]
    everything = compare_predictions(submissions, board.reference, board.config)
    for metric in RANKABLE:
        standings = {e.submission.name: e.standings[metric] for e in ranked}
        assert everything.ranks[metric] == {n: found.place for n, found in standings.items()}
        intervals = {name: found.interval for name, found in standings.items()}
        assert everything.rank_intervals[metric] == intervals


def test_the_page_shows_the_numbers_that_scoring_gives(
    inputs: Path, site: dict[str, str], quick: ScoringConfig
) -> None:
    reference = read_human_ratings(str(inputs / "reference.jsonl"))
    submission = read_predictions(inputs / "submissions/far.jsonl", known=reference.paper_ids)
    result = score_predictions(submission, reference, quick).metrics["proxy_mse_n1"]
    assert result.value is not None
    row = site["index.html"].split('data-name="far"')[1].split("</tr>")[0]
    assert f'data-value="{result.value:.12g}"' in row
    assert f">{result.value:.3f}<" in row
    assert f"{result.low:.2f} to {result.high:.2f}" in row


def test_the_same_input_gives_the_same_bytes(
    inputs: Path, site: dict[str, str], quick: ScoringConfig
) -> None:
    reference = read_human_ratings(str(inputs / "reference.jsonl"))
    again = gather(inputs / "submissions", reference, quick)
    assert build_site(again) == site
    assert hub_files(again, "org/name") == hub_files(again, "org/name")


def test_nothing_from_a_submission_becomes_markup(
    site: dict[str, str], hostile: tuple[str, str]
) -> None:
    for name, text in site.items():
        if not name.endswith(".html"):
            continue
        page = Page(text)
        assert page.tags.count("script") == 1, name
        assert not {"img", "iframe", "object", "embed", "form", "base", "b"} & set(page.tags), name
        handlers = [key for key, _ in page.attributes if key.startswith("on") or key == "style"]
        assert handlers == [], name
    index = Page(site["index.html"])
    assert ("data-name", hostile[0]) in index.attributes
    assert "".join(index.texts).count(hostile[0]) == 3, "as it is, in the table and two charts"
    (page_name,) = [name for name in site if "img-src-x" in name]
    said = "".join(Page(site[page_name]).texts)
    for expected in (hostile[1], "<script>alert(3)</script>", "<svg onload=alert(4)>", "alert(5)"):
        assert expected in said


def test_a_page_may_run_its_own_script_and_ask_for_nothing(site: dict[str, str]) -> None:
    for name, text in site.items():
        if not name.endswith(".html"):
            continue
        page = Page(text)
        (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', text)
        policy = policy.replace("&#39;", "'")
        assert policy.startswith("default-src 'none'")
        for tag in ("style", "script"):
            digest = base64.b64encode(hashlib.sha256(page.code[tag].encode()).digest()).decode()
            assert f"{tag}-src 'sha256-{digest}'" in policy, name
        links = {str(v) for k, v in page.attributes if k in ("src", "href", "action", "srcset")}
        assert [v for v in links - {"data:,"} if re.match(r"(?i)[a-z]+:|//", v)] == [], name
        assert "@import" not in text
        assert "url(" not in text


def test_every_link_leads_to_a_page(site: dict[str, str]) -> None:
    for name, text in site.items():
        for key, value in Page(text).attributes:
            if key == "href" and value is not None and not value.startswith(("#", "data:")):
                target = (Path(name).parent / value).as_posix()
                parts: list[str] = []
                for part in target.split("/"):
                    if part == "..":
                        parts.pop()
                    else:
                        parts.append(part)
                assert "/".join(parts) in site, (name, value)


def test_what_was_unreadable_stands_on_the_page(
    site: dict[str, str], board: Board, hostile: tuple[str, str]
) -> None:
    (entry,) = [e for e in board.entries if e.submission.name == hostile[0]]
    text = site[f"submissions/{entry.slug}.html"]
    assert "2 lines are invalid" in text
    assert "Ignored fields" in text
    assert all(f">{invalid.line}</td>" in text for invalid in entry.submission.invalid_lines)
    (few,) = [e for e in board.entries if e.submission.name == "few"]
    assert "35 papers without a line" in site[f"submissions/{few.slug}.html"]


def test_names_that_differ_only_in_odd_characters_have_pages_of_their_own(
    inputs: Path, tmp_path: Path, quick: ScoringConfig
) -> None:
    for name in ("a b", "a_b", "A-B", "é", "…" * 20):
        data = (inputs / "submissions/close.jsonl").read_bytes()
        (tmp_path / f"{name}.jsonl").write_bytes(data)
    reference = read_human_ratings(str(inputs / "reference.jsonl"))
    slugs = [entry.slug for entry in gather(tmp_path, reference, quick).entries]
    assert len(set(slugs)) == 5
    assert all(re.fullmatch(r"[a-z0-9-]{1,80}", slug) for slug in slugs)


@pytest.mark.parametrize("make", [False, True], ids=["no folder", "an empty folder"])
def test_a_board_without_submissions_is_refused(inputs: Path, tmp_path: Path, make: bool) -> None:
    folder = tmp_path / "submissions"
    if make:
        folder.mkdir()
    with pytest.raises(ParseError, match="no-submissions"):
        gather(folder, read_human_ratings(str(inputs / "reference.jsonl")))


def test_one_submission_needs_no_comparison(
    inputs: Path, tmp_path: Path, quick: ScoringConfig
) -> None:
    (tmp_path / "only.jsonl").write_bytes((inputs / "submissions/close.jsonl").read_bytes())
    reference = read_human_ratings(str(inputs / "reference.jsonl"))
    board = gather(tmp_path, reference, quick)
    assert [e.standing for e in board.entries] == [Standing(1, None, is_shared=False)]
    assert "index.html" in build_site(board)


def test_a_board_of_garbage_still_says_so(
    inputs: Path, tmp_path: Path, quick: ScoringConfig
) -> None:
    (tmp_path / "bad.jsonl").write_bytes(b"\x00")
    reference = read_human_ratings(str(inputs / "reference.jsonl"))
    site = build_site(gather(tmp_path, reference, quick))
    assert "not ranked" in site["index.html"]
    assert "0 of 0 ranked submissions" in site["index.html"]


def test_papers_with_one_rating_are_ranked_in_the_other_mode(
    tmp_path: Path, quick: ScoringConfig
) -> None:
    reference, folder = tmp_path / "reference.jsonl", tmp_path / "submissions"
    folder.mkdir()
    lines = [f'{{"paper_id": "p{i}", "ratings": [{3 + i % 4}]}}\n' for i in range(12)]
    reference.write_text("".join(lines), "utf-8")
    (folder / "m.jsonl").write_text("".join(lines), "utf-8")
    board = gather(folder, read_human_ratings(str(reference)), quick)
    assert board.metric == "proxy_mse_n"
    assert "Ranked by <span data-ranked-by>MSE (n)</span>." in build_site(board)["index.html"]


def test_hub_files_are_what_the_hub_reads(board: Board) -> None:
    files = hub_files(board, "org/reviews")
    benchmark = yaml.safe_load(files["hub/eval.yaml"])
    assert set(benchmark) == {"name", "description", "evaluation_framework", "tasks"}
    assert [task["id"] for task in benchmark["tasks"]] == list(TASKS)
    best = board.entries[0]
    text = files[f"hub/{best.slug}/.eval_results/cyclekit.yaml"]
    entries = {e.task_id: e for e in parse_eval_result_entries(yaml.safe_load(text))}
    assert best.card is not None
    for task in ("proxy_mse_n1", "spearman"):
        assert entries[task].dataset_id == "org/reviews"
        assert entries[task].value == best.card.metrics[task].value
        assert str(best.card.metrics[task].signature) in str(entries[task].notes)
    assert not any("garbage" in name for name in files), "nothing scored, nothing reported"


def test_the_command_writes_the_site(inputs: Path, tmp_path: Path, site: dict[str, str]) -> None:
    arguments = [
        "leaderboard", str(inputs / "submissions"), str(inputs / "reference.jsonl"),
        "--out", str(tmp_path / "site"), "--resamples", "200", "--hub-id", "org/reviews",
    ]  # fmt: skip
    shown = cycleeval(*arguments)
    assert shown.exit_code == 0, shown.output
    assert "5 ranked, 1 not" in shown.stdout
    for name, text in site.items():
        assert (tmp_path / "site" / name).read_text("utf-8") == text
    assert (tmp_path / "site/hub/eval.yaml").is_file()
    refused = cycleeval(*arguments[:1], str(tmp_path / "none"), *arguments[2:])
    assert refused.exit_code == 1
    assert "expected a folder" in refused.stderr


def test_charts_stay_inside_their_frame() -> None:
    span = span_of([1.0, 2.0, 4.0])
    assert 0 < span.at(1.0, 100) < span.at(4.0, 100) < 100
    assert (span.at(-99, 100), span.at(99, 100)) == (0, 100)
    drawn = whisker(2.0, None, None, span=span_of([2.0]), mark=None)
    assert 'cx="48.0"' in drawn
    assert "<line" not in drawn
    bars = histogram([1, 1, 10], [], scale=(1, 10))
    assert "human: 66.7% of the ratings are nearest to 1" in bars
    assert "model: 0.0% of the ratings are nearest to 10" in bars
    assert calibration([], [], scale=(1, 10)).count("<circle") == 0


def test_a_link_in_the_folder_shows_no_private_file(
    inputs: Path, tmp_path: Path, quick: ScoringConfig
) -> None:
    folder = tmp_path / "submissions"
    folder.mkdir()
    (folder / "good.jsonl").write_bytes((inputs / "submissions/close.jsonl").read_bytes())
    (tmp_path / "private").write_text('{"secret-word": 1}\n', "utf-8")
    (folder / "evil.jsonl").symlink_to(tmp_path / "private")
    (folder / "good.toml").symlink_to(tmp_path / "private")
    board = gather(folder, read_human_ratings(str(inputs / "reference.jsonl")), quick)
    pages = "".join(build_site(board).values())
    assert [entry.submission.name for entry in board.entries] == ["good"]
    assert "evil.jsonl" in board.ignored
    assert "secret-word" not in pages


def test_control_characters_reach_no_page(
    inputs: Path, tmp_path: Path, quick: ScoringConfig
) -> None:
    (tmp_path / "a\x1b[31m\u202eb.jsonl").write_bytes(
        (inputs / "submissions/close.jsonl").read_bytes() + b'{"paper_id": "\\u202e\\u001b["}\n'
    )
    board = gather(tmp_path, read_human_ratings(str(inputs / "reference.jsonl")), quick)
    pages = "".join(build_site(board).values())
    assert not {"\x1b", "\u202e"} & set(pages)
    assert "a\\x1b[31m\\u202eb" in pages


def test_no_file_stops_the_board_of_the_others(
    inputs: Path, tmp_path: Path, quick: ScoringConfig
) -> None:
    data = (inputs / "submissions/close.jsonl").read_bytes()
    damaged = {
        "cut.jsonl.gz": gzip.compress(data)[:-20],
        "no-ids.csv": b"id,ratings\na,5\n",
        "empty.csv": b"",
        "table.jsonl": b"PAR1",
    }
    for name, content in {"a.jsonl": data, "a.json": b"[]", **damaged}.items():
        (tmp_path / name).write_bytes(content)
    reference = read_human_ratings(str(inputs / "reference.jsonl"))
    board = gather(tmp_path, reference, quick)
    why = {entry.submission.name: entry.why_unranked for entry in board.entries}
    assert why.pop("a.jsonl") is None
    assert set(why) == {"a.json", "cut", "no-ids", "empty", "table"}
    assert "1 unreadable-file; line 1: expected a whole gzip file" in str(why["cut"])
    assert "expected a header with a column paper_id, found id, ratings" in str(why["no-ids"])
    assert "found a Parquet file" in str(why["table"])
    assert not any(str(tmp_path) in str(reason) for reason in why.values())
