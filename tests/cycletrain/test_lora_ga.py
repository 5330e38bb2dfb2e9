"""LoRA-GA against the authors' formulas, and what is saved against what was trained."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from cycletrain.lora_ga import (
    add_adapter,
    gradient_factors,
    lora_layers,
    quantise_base,
    save_adapter,
    save_start,
)

RANK, ALPHA, GAMMA = 4, 8.0, 16.0


@pytest.fixture
def ids() -> Tensor:
    return torch.randint(5, 250, (2, 24), generator=torch.Generator().manual_seed(1))


def load(folder: Path) -> Any:
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(folder)


def logits(model: Any, ids: Tensor) -> Tensor:
    model.eval()
    with torch.no_grad():
        return model(ids).logits  # type: ignore[no-any-return]  # foreign edge


def with_adapter(model: Any, ids: Tensor, **other: Any) -> Any:
    settings = {"rank": RANK, "alpha": ALPHA, "gamma": GAMMA, **other}
    return add_adapter(model, lambda: model(ids, labels=ids).loss.backward(), **settings)


def factors(layer: Any) -> tuple[Tensor, Tensor]:
    return layer.lora_A["default"].weight, layer.lora_B["default"].weight


def train_a_little(model: Any, ids: Tensor) -> None:
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(trained, lr=0.05)
    for _ in range(3):
        optimizer.zero_grad()
        model(ids, labels=ids).loss.backward()
        optimizer.step()


def test_factors_are_the_authors_scaled_singular_vectors() -> None:
    gradient = torch.randn(24, 16, generator=torch.Generator().manual_seed(0))
    found = gradient_factors(gradient, rank=RANK, gamma=GAMMA, seed=0)
    left, _, right = torch.linalg.svd(gradient.double())
    c = 24**0.25 / GAMMA**0.5
    for mine, exact in ((found.a, c * right[:RANK]), (found.b.T, c * left.T[RANK : 2 * RANK])):
        signs = (mine * exact).sum(1).sign()[:, None]  # a singular vector's sign is arbitrary
        torch.testing.assert_close(mine.double() * signs, exact, rtol=1e-3, atol=1e-3)


def test_every_layer_starts_from_its_own_gradient(tiny_model: Path, ids: Tensor) -> None:
    plain = load(tiny_model)
    plain(ids, labels=ids).loss.backward()
    original = {
        name: module.weight for name, module in plain.named_modules() if hasattr(module, "weight")
    }
    model = with_adapter(load(tiny_model), ids)
    layers = list(lora_layers(model))
    assert len(layers) == 7  # four of attention, three of the MLP
    for name, layer in layers:
        base: Any = layer.get_base_layer()
        weight = original[name.removeprefix("base_model.model.")]
        a, b = factors(layer)
        expected = gradient_factors(weight.grad, rank=RANK, gamma=GAMMA, seed=0)
        # Products do not depend on the vectors' signs, which rounding may turn.
        torch.testing.assert_close(a.T @ a, expected.a.T @ expected.a, rtol=1e-3, atol=1e-3)
        torch.testing.assert_close(b @ b.T, expected.b @ expected.b.T, rtol=1e-3, atol=1e-3)
        torch.testing.assert_close(base.weight, weight - ALPHA / RANK * b @ a, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=["fp32", "bf16"])
def test_output_is_unchanged_at_step_0(tiny_model: Path, ids: Tensor, dtype: torch.dtype) -> None:
    base = load(tiny_model).to(dtype)
    before = logits(base, ids).float()
    after = logits(with_adapter(base, ids), ids).float()
    # bf16 keeps 8 bits: W - sBA is rounded once more than W was.
    tolerance = 1e-4 if dtype is torch.float32 else 0.05 * float(before.abs().max())
    torch.testing.assert_close(after, before, rtol=0, atol=tolerance)


@pytest.mark.parametrize("loraga", [True, False], ids=["lora-ga", "plain-lora"])
def test_merged_and_reloaded_models_give_the_trained_logits(
    tiny_model: Path, ids: Tensor, tmp_path: Path, loraga: bool
) -> None:
    from peft import PeftModel

    base = load(tiny_model)
    before = logits(base, ids)
    model = with_adapter(base, ids) if loraga else add_adapter(base, None, rank=RANK, alpha=ALPHA)
    start = tmp_path / "start" if loraga else None
    if start is not None:
        save_start(model, start)
    train_a_little(model, ids)
    trained = logits(model, ids)
    assert (trained - before).abs().max() > 1e-3
    save_adapter(model, tmp_path / "adapter", start=start)
    reloaded = PeftModel.from_pretrained(load(tiny_model), str(tmp_path / "adapter"))
    torch.testing.assert_close(logits(reloaded, ids), trained, rtol=0, atol=1e-4)
    torch.testing.assert_close(logits(model.merge_and_unload(), ids), trained, rtol=0, atol=1e-4)


def test_fp8_base_moves_the_output_by_rounding_only_and_trains(
    tiny_model: Path, ids: Tensor
) -> None:
    model = with_adapter(load(tiny_model), ids)
    before = logits(model, ids)
    quantise_base(model)
    after = logits(model, ids)
    assert 0 < (after - before).abs().max() < 0.1 * before.abs().max()
    train_a_little(model, ids)
    assert not torch.equal(logits(model, ids), after)


def test_the_same_seed_gives_the_same_adapter(tiny_model: Path, ids: Tensor) -> None:
    first, second = (with_adapter(load(tiny_model), ids) for _ in range(2))
    for (_, a), (_, b) in zip(lora_layers(first), lora_layers(second), strict=True):
        assert torch.equal(factors(a)[0], factors(b)[0])


@pytest.mark.parametrize(
    ("shape", "fill", "message"),
    [((6, 20), 1.0, "needs 8 singular directions"), ((20, 20), 0.0, "zero or not finite")],
    ids=["rank", "zero"],
)
def test_a_gradient_without_enough_directions_is_refused(
    shape: tuple[int, int], fill: float, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        gradient_factors(torch.full(shape, fill), rank=RANK, gamma=GAMMA, seed=0)
