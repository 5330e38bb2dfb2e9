import doctest
from pathlib import Path


def test_the_page_on_notes_shows_what_really_happens() -> None:
    page = Path(__file__).parents[3] / "docs" / "notes.md"
    result = doctest.testfile(str(page), module_relative=False)
    assert result.failed == 0
    assert result.attempted >= 9
