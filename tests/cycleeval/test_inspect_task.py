"""The inspect-ai task, as far as it can be tested without inspect-ai."""

import importlib.util

import pytest


@pytest.mark.skipif(
    importlib.util.find_spec("inspect_ai") is not None, reason="inspect-ai is installed here"
)
def test_without_inspect_the_task_says_what_to_install() -> None:
    with pytest.raises(ImportError, match="pip install inspect-ai"):
        importlib.import_module("cycleeval.inspect_task")
