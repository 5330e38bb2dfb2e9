"""A tiny model, made once; colleagues of the machine leave two cores."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of an untrained two-layer model with its tokenizer."""
    from cycletrain.tiny import make_tiny_model

    folder = tmp_path_factory.mktemp("tiny")
    texts = [f"A paper on {topic} and a review of it." for topic in ("graphs", "text", "noise")]
    make_tiny_model(texts, folder, vocabulary=300, width=64, context=1024)
    return folder
