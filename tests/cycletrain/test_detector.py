"""The detector scores texts as Fast-DetectGPT's authors do: after BOS, with one tokenizer."""

from pathlib import Path
from typing import Any

import pytest
import torch

from cycledata.errors import TrainingError
from cycletrain.checkpoints import load_model, load_tokenizer
from cycletrain.config import DetectConfig
from cycletrain.config_tables import ModelConfig
from cycletrain.curvature import sampling_discrepancy
from cycletrain.jobs.detect import Detector, first_tokens

TEXT = "We do graphs. See text. Fine noise. It works on games. " * 5


@pytest.fixture(scope="module")
def with_bos(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model with a tokenizer that puts a token before every text, as Llama 3's does."""
    from tokenizers.processors import TemplateProcessing

    folder = tmp_path_factory.mktemp("bos")
    tokenizer = load_tokenizer(ModelConfig(path=str(tiny_model), dtype="float32"))
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="<|system|> $A", special_tokens=[("<|system|>", 2)]
    )
    tokenizer.save_pretrained(folder)
    load_model(ModelConfig(path=str(tiny_model), dtype="float32")).save_pretrained(folder)
    return folder


def config(model: Path, **changes: Any) -> DetectConfig:
    settings = {
        "build": "build",
        "out": "out",
        "format": "review",
        "generated": "x",
        "source": "tiny",
        "model": {"path": str(model), "dtype": "float32"},
        "window_tokens": 400,
        "overlap_tokens": 20,
        "min_tokens": 5,
        **changes,
    }
    return DetectConfig.model_validate(settings)


@pytest.mark.parametrize("bos", [True, False], ids=["bos", "no-bos"])
def test_the_criterion_is_that_of_the_whole_text_as_tokenised(
    tiny_model: Path, with_bos: Path, bos: bool
) -> None:
    folder = with_bos if bos else tiny_model
    model = ModelConfig(path=str(folder), dtype="float32")
    tokenizer, scoring = load_tokenizer(model), load_model(model).eval()
    assert first_tokens(tokenizer) == ([2] if bos else [])
    ids = torch.tensor([tokenizer(TEXT)["input_ids"]])
    with torch.no_grad():
        logits = scoring(ids).logits[:, :-1]
    expected = float(sampling_discrepancy(logits, ids[:, 1:]))
    found = Detector(config(folder)).criterion(TEXT)
    assert found == pytest.approx(expected, abs=1e-3)


def test_windows_score_every_token_once(with_bos: Path) -> None:
    whole = Detector(config(with_bos)).criterion(TEXT)
    cut = Detector(config(with_bos, window_tokens=60)).criterion(TEXT)
    assert whole is not None
    assert cut is not None
    assert cut != whole  # the context of later windows is shorter
    assert abs(cut - whole) < 3


def test_a_reference_model_with_other_tokens_is_refused(tiny_model: Path, tmp_path: Path) -> None:
    from cycletrain.tiny import make_tiny_model

    make_tiny_model(["other words entirely"], tmp_path, vocabulary=300, width=32, layers=1)
    reference = {"path": str(tmp_path), "dtype": "float32"}
    with pytest.raises(TrainingError, match="expected the tokenizer of the scoring model"):
        Detector(config(tiny_model, reference=reference))
