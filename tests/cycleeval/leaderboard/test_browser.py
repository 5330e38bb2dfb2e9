"""The site in a real browser: sorts, filters, opens a page, fits a phone, asks nobody."""

import functools
import shutil
import threading
from collections.abc import Iterator, Mapping
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from cycleeval.leaderboard.folder import write_site
from cycleeval.leaderboard.gather import Board, Standing
from cycleeval.leaderboard.site import build_site
from cycleeval.scoring_config import ScoringConfig

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH; apt-get install chromium"),
]


CUT_LABELS = """[...document.querySelectorAll("svg.figure text")].filter(text => {
    const [label, chart] = [text, text.ownerSVGElement].map(e => e.getBoundingClientRect());
    return label.left < chart.left - 1 || label.right > chart.right + 1
        || label.bottom > chart.bottom + 1;
}).map(text => text.textContent)"""
"""Labels of charts that are not inside their chart."""


class _Quiet(SimpleHTTPRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Keep the test's output clean."""


@pytest.fixture(scope="module")
def address(
    board: Board, quick: ScoringConfig, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The site, served on loopback."""
    root = tmp_path_factory.mktemp("site")
    write_site(build_site(board), root)
    handler = functools.partial(_Quiet, directory=str(root))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A page that fails the test if it asks another host, or its policy or script complains."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    asked: list[str] = []
    complaints: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("dialog", lambda dialog: complaints.append(dialog.message))
    yield opened
    context.close()
    assert [url for url in asked if not url.startswith(address) and url != "data:,"] == []
    assert complaints == []


def _names(page: Page) -> list[str]:
    rows = page.locator("table.ranking tbody tr:visible")
    return [str(rows.nth(i).get_attribute("data-name")) for i in range(rows.count())]


def test_a_click_sorts_and_a_second_one_turns_it_round(page: Page, address: str) -> None:
    page.goto(address)
    first = _names(page)
    assert first[0] == "close"
    header = page.get_by_role("button", name="MSE (n−1)")
    header.click()
    ascending = _names(page)
    assert ascending[0] == "Noise floor"
    assert page.locator("th[aria-sort]").get_attribute("aria-sort") == "ascending"
    header.click()
    descending = _names(page)
    with_value = [n for n in descending if n not in ("garbage", "Majority decision")]
    assert with_value == [n for n in ascending if n in with_value][::-1]
    assert set(descending[-2:]) == {"garbage", "Majority decision"}, "no value sorts last"
    page.get_by_role("button", name="Place").click()
    assert _names(page) == first


def test_the_keyboard_sorts_filters_and_opens(page: Page, address: str) -> None:
    page.goto(address)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.get_by_label("Filter").focus()
    page.keyboard.type("CLOSE")
    assert _names(page) == ["close", "close-too"]
    assert page.locator("[data-count]").inner_text() == "2 of 10 rows"
    page.get_by_role("button", name="Spearman").focus()
    page.keyboard.press("Enter")
    assert page.locator("th[aria-sort]").inner_text().startswith("Spearman")
    page.get_by_role("link", name="close-too").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/submissions/close-too-*.html")
    assert page.locator("h1").inner_text() == "close-too"


def test_another_metric_ranks_by_keyboard_and_by_address(
    page: Page, address: str, board: Board
) -> None:
    """Places, their ranges and the order are those of the tests on that metric."""
    page.goto(address)
    first = page.locator("table.ranking tbody").inner_text()
    page.get_by_label("Rank by").focus()
    page.keyboard.type("Spearman")
    expected = {
        entry.title: entry.standings["spearman"] for entry in board.entries if entry.standings
    }
    assert expected["few"].place != expected["far"].place
    _require_places(page, expected)
    assert page.locator("caption").inner_text().startswith("Ranked by Spearman.")
    ranked = [name for name in _names(page) if name in expected]
    assert ranked == sorted(ranked, key=lambda name: expected[name].place)
    assert _names(page)[len(expected)] == "garbage", "unranked after the ranked, before baselines"
    page.get_by_label("Rank by").select_option("proxy_mse_n1")
    assert page.locator("table.ranking tbody").inner_text() == first
    page.goto(f"{address}embed.html#rank-by=spearman")
    _require_places(page, expected)
    page.goto(f"{address}#rank-by=nonsense")
    assert page.locator("table.ranking tbody").inner_text() == first


def _require_places(page: Page, expected: Mapping[str, Standing]) -> None:
    for name, standing in expected.items():
        row = page.locator("table.ranking tbody tr").filter(
            has=page.get_by_role("link", name=name, exact=True)
        )
        cell = row.locator("td.place").inner_text().split("\n")
        assert standing.interval is not None
        best, worst = standing.interval
        assert cell == [str(standing), *([f"{best} to {worst}"] if best != worst else [])], name


def test_baselines_can_be_hidden(page: Page, address: str) -> None:
    page.goto(address)
    assert "Best constant" in _names(page)
    page.get_by_label("Baselines").uncheck()
    assert len(_names(page)) == 6
    assert "Best constant" not in _names(page)


def test_a_page_sorts_and_filters_its_papers(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_role("link", name="far", exact=True).click()
    rows = page.locator("table.papers tbody tr:visible")
    assert rows.count() == 40
    page.get_by_role("button", name="Humans").click()
    means = page.locator("table.papers tbody td:nth-child(4)").all_inner_texts()
    assert [float(m) for m in means] == sorted((float(m) for m in means), reverse=True)
    page.get_by_label("Filter").fill("paper-07")
    assert rows.count() == 1


@pytest.mark.parametrize(
    ("width", "scheme"), [(320, "light"), (390, "dark"), (768, "light"), (1280, "light")]
)
def test_no_page_is_wider_than_the_screen(
    page: Page, address: str, board: Board, width: int, scheme: str
) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of its literals
    paths = [
        "",
        "metrics.html",
        "papers.html",
        "embed.html",
        *(f"submissions/{e.slug}.html" for e in board.entries),
    ]
    for path in paths:
        page.goto(address + path)
        assert page.evaluate("document.scrollingElement.scrollWidth") <= width, path
        assert page.evaluate(CUT_LABELS) == [], path


def test_a_print_has_tables_in_light_colors(page: Page, address: str) -> None:
    """A page prints its table on any paper, in the colors of light, without controls."""
    page.set_viewport_size({"width": 700, "height": 900})
    page.emulate_media(media="print", color_scheme="dark")
    page.goto(address)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator("table.ranking thead").is_visible()
    assert not page.locator(".controls").first.is_visible()


def test_a_phone_shows_every_interval_and_no_empty_label(
    page: Page, address: str, board: Board
) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(address)
    cells = page.locator("table.ranking td[data-value]:not([data-value='']):visible").all()
    assert len(cells) > 40
    for cell in cells:
        interval = cell.locator(".interval")
        if interval.inner_text():
            bar, text = cell.locator(".bar").bounding_box(), interval.bounding_box()
            chart = cell.locator(".whisker").bounding_box()
            assert bar is not None
            assert text is not None
            assert chart is not None
            assert chart["width"] >= 60
            assert 0 <= bar["x"] < bar["x"] + bar["width"] <= 390
            assert 0 <= text["x"] < text["x"] + text["width"] <= chart["x"] + 1
    page.goto(f"{address}submissions/{board.entries[0].slug}.html")
    labeled = page.locator("table.plain td[data-label]:visible").all_inner_texts()
    assert all(text.strip() for text in labeled)


def test_a_phone_sorts_by_its_own_control(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(address)
    assert page.locator("table.ranking thead").is_hidden()
    page.get_by_label("Sort by").select_option(label="MAE (n−1), lowest first")
    values = page.locator("tbody tr:visible td[data-label='MAE (n−1)']").all()
    numbers = [float(v) for cell in values if (v := cell.get_attribute("data-value"))]
    assert len(numbers) == 7
    assert numbers == sorted(numbers)


def test_light_and_dark_differ_and_can_be_read(page: Page, address: str) -> None:
    """WCAG AA: 4.5 to 1 for the text, the quiet text and the links, on page and panel."""
    page.goto(address)
    grounds = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for selector in ("h1", ".lede", "table a", ".baseline .interval", "footer p"):
            inks = page.eval_on_selector(
                selector,
                """element => {
                    const ink = getComputedStyle(element).color;
                    let ground = "rgba(0, 0, 0, 0)", at = element;
                    while (ground === "rgba(0, 0, 0, 0)") {
                        ground = getComputedStyle(at).backgroundColor; at = at.parentElement;
                    }
                    return [ink, ground];
                }""",
            )
            ink, ground = (_luminance(colour) for colour in inks)
            light, dark = max(ink, ground), min(ink, ground)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (scheme, selector)
        grounds.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert grounds[0] != grounds[1]


def _luminance(colour: str) -> float:
    channels = [int(part) / 255 for part in colour.removeprefix("rgb(").rstrip(")").split(",")]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.shared_data
def test_the_six_real_runs_make_a_board(page: Page, shared_data: Path, tmp_path: Path) -> None:
    """Half of the AI Scientist's bench, converted by the script in ``benchmarks/``."""
    import importlib.util

    from cycleeval.human_ratings import read_human_ratings
    from cycleeval.leaderboard.gather import gather

    script = Path(__file__).parents[3] / "benchmarks" / "aiscientist_bench.py"
    spec = importlib.util.spec_from_file_location("aiscientist_bench", script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.convert(shared_data / "ratings" / "aiscientist_bench.parquet", tmp_path)
    quick = ScoringConfig(resamples=100)
    board = gather(
        tmp_path / "submissions", read_human_ratings(str(tmp_path / "reference.jsonl")), quick
    )
    assert len(board.entries) == 6
    document = (Path(__file__).parents[3] / "docs" / "guides" / "leaderboard.md").read_text("utf-8")
    for entry in board.entries:
        (line,) = [x for x in document.splitlines() if f"`{entry.submission.name}`" in x]
        assert entry.card is not None
        for name in ("proxy_mse_n1", "skill_mse", "decision_macro_f1", "spearman"):
            assert f" {entry.card.metrics[name].value:.3f} [" in line, (name, line)
    write_site(build_site(board), tmp_path / "site")
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 844})
        page.set_content((tmp_path / "site/index.html").read_text("utf-8"))
        assert page.evaluate("document.scrollingElement.scrollWidth") <= width
        assert len(_names(page)) == 10
