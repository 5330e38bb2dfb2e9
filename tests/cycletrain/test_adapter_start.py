"""The start of an adapter: gradients a layer at a time, and the bound of its rounding."""

import logging
from pathlib import Path

import pytest
import torch
from torch import Tensor

from cycledata.errors import TrainingError
from cycletrain.adapter_start import prepare_model, require_small_change
from cycletrain.chat_tokens import IGNORED, Example
from cycletrain.checkpoints import load_model
from cycletrain.config_tables import AdapterConfig, ModelConfig
from cycletrain.layer_gradients import gradient_estimate, gradients_by_layer, sequence_logprobs
from cycletrain.lora_ga import accumulate_gradients, linear_names, lora_layers
from cycletrain.losses import mean_logprob


def example(seed: int, n_tokens: int = 40) -> Example:
    drawn = torch.randint(5, 250, (n_tokens,), generator=torch.Generator().manual_seed(seed))
    ids = tuple(drawn.tolist())
    return Example(ids, (*[IGNORED] * 7, *ids[7:]), ids, "", 0)


def test_gradients_of_one_layer_at_a_time_are_those_of_the_whole_model(tiny_model: Path) -> None:
    model = load_model(ModelConfig(path=str(tiny_model), dtype="float32"))
    names, examples = set(linear_names(model)), [example(0), example(1, 23)]
    whole = accumulate_gradients(model, names, gradient_estimate(model, examples, pad=0))
    by_layer = gradients_by_layer(model, examples, names, pad=0, place="cpu")
    assert whole.keys() == by_layer.keys()
    assert len(whole) == 7
    for layer, expected in whole.items():
        torch.testing.assert_close(by_layer[layer], expected, rtol=1e-5, atol=1e-8)


def test_the_head_in_place_of_logits_gives_their_log_probabilities(tiny_model: Path) -> None:
    model = load_model(ModelConfig(path=str(tiny_model), dtype="float32"))
    ids = torch.tensor([example(0).ids, example(1).ids])
    labels = torch.tensor([example(0).labels, example(1).labels])
    batch = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": labels}
    found = sequence_logprobs(model, batch).mean
    torch.testing.assert_close(found, mean_logprob(model(input_ids=ids).logits, labels))
    assert model(input_ids=ids).logits.shape[-1] == model.config.vocab_size  # the head is back


@pytest.mark.parametrize("where", ["gpu", "layers"], ids=["whole", "layers"])
def test_bf16_weights_of_the_start_are_off_by_their_own_rounding_at_most(
    tiny_model: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, where: str
) -> None:
    config = ModelConfig(path=str(tiny_model), dtype="bfloat16")
    before = {
        name: module.weight.double()
        for name, module in load_model(config).named_modules()
        if isinstance(module, torch.nn.Linear)
    }
    adapter = AdapterConfig(kind="lora-ga", rank=4, gradient_device=where)
    with caplog.at_level(logging.INFO):
        prepared = prepare_model(
            config, adapter, [example(0)], pad=0, start=tmp_path / where, seed=0
        )
    checked = 0
    for name, found in lora_layers(prepared.model):
        layer: object = found
        a, b, shifted = weights_of(layer)
        offset = 16 / 4 * (b @ a)
        error = shifted + offset - before[name.removeprefix("base_model.model.")]
        # bf16 rounds to nearest with 8 bits: at most 2^-9 of the value, twice at a power of two;
        # the float32 arithmetic before it adds less than 2^-20 of the terms.
        bound = shifted.abs() * 2**-8 + offset.abs() * 2**-20 + 1e-12
        assert bool((error.abs() <= bound).all()), name
        checked += 1
    assert checked == 7
    assert "start of the adapter: NLL" in caplog.text


def weights_of(layer: object) -> tuple[Tensor, Tensor, Tensor]:
    a, b = (getattr(layer, name)["default"].weight for name in ("lora_A", "lora_B"))
    return a.double(), b.double(), layer.get_base_layer().weight.double()  # type: ignore[attr-defined]  # peft's


@pytest.mark.parametrize("after", [2.06, float("nan")], ids=["large", "nan"])
def test_a_start_that_changes_the_model_is_refused(after: float) -> None:
    require_small_change(2.0, 2.04)
    with pytest.raises(TrainingError, match=r"changes the NLL by at most 0\.05, .*adapter\.gamma"):
        require_small_change(2.0, after)
