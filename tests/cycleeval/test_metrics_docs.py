import doctest
import re
from pathlib import Path

from cycleeval import predictions, score

DOCS = Path(__file__).parents[2] / "docs" / "metrics.md"
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def test_every_example_prints_what_it_says() -> None:
    found = doctest.testfile(str(DOCS), module_relative=False, optionflags=FLAGS)
    assert found.attempted > 30
    assert found.failed == 0


def test_every_metric_is_in_the_document() -> None:
    text = DOCS.read_text(encoding="utf-8")
    card = score([[5, 6], [6, 7]], [[3, 5], [6, 8]], decisions=["reject", "accept"])
    names = {name for results in (card.metrics, card.baselines["human"]) for name in results}
    assert [name for name in sorted(names) if f"`{name}`" not in text] == []


def test_every_rule_of_a_fault_is_in_the_document() -> None:
    source = Path(predictions.__file__).read_text(encoding="utf-8")
    rules = set(re.findall(r'(?:_Refused\(|rule = )\s*"([a-z-]+)"', source))
    assert len(rules) > 10
    text = DOCS.read_text(encoding="utf-8")
    assert [rule for rule in sorted(rules) if f"`{rule}`" not in text] == []
