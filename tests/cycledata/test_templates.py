"""Values from papers and services cannot change a page or a card."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from cycledata import templates
from cycledata.templates import Markdown, escape_markdown, render_card, visible


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cs.LG | <script>", "cs.LG \\| &lt;script&gt;"),
        ("a\n\n# Heading", "a # Heading"),
        ("![x](javascript:1)", "!\\[x\\](javascript:1)"),
        ("`code` \\", "\\`code\\` \\\\"),
        ("\x1b[31mred\u202e", "\\\\x1b\\[31mred\\\\u202e"),
        ("plain text, 5 > 3", "plain text, 5 &gt; 3"),
    ],
    ids=["html", "heading", "image", "code", "control", "plain"],
)
def test_a_value_of_a_card_is_shown_as_it_is(text: str, expected: str) -> None:
    assert escape_markdown(text) == expected


@given(st.text())
def test_no_value_brings_markup_or_control_characters(text: str) -> None:
    shown = escape_markdown(text)
    assert "\n" not in shown
    assert "<" not in shown
    assert shown.isprintable()


def test_cards_and_pages_escape_what_is_inserted(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("cards")
    (folder / "card.md").write_text("{{ a }} {{ b }} {{ [a, 'x'] | join(', ') }}\n")
    monkeypatch.setattr(templates, "cards_folder", lambda: folder)
    templates._cards.cache_clear()
    shown = render_card("card.md", a="<b>|", b=Markdown("| - |"))
    templates._cards.cache_clear()
    assert shown == "&lt;b&gt;\\| | - | &lt;b&gt;\\|, x\n"


def test_pages_show_control_characters() -> None:
    from jinja2 import DictLoader

    environment = templates.html_environment("cycletrain")
    environment = environment.overlay(loader=DictLoader({"p.html": "{{ a }}|{{ b }}"}))
    shown = environment.get_template("p.html").render(a="<\x1b[0m\u202e>\n", b=Markup("<b>"))
    assert shown == "&lt;\\x1b[0m\\u202e&gt;\n|<b>"


def test_half_a_surrogate_pair_is_shown() -> None:
    assert visible("a\udc80") == "a\\udc80"
