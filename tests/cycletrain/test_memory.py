"""The memory plan agrees with measured peaks and refuses what cannot fit."""

import pytest

from cycledata.errors import TrainingError
from cycletrain.config_tables import AdapterConfig, TrainingConfig
from cycletrain.memory import FIVE_MODELS, GIB, ModelShape, describe, plan_memory, require_fits

MEASURED = ModelShape(2, 2048, 5632, 2048, 2048, 131_072)
LORA = AdapterConfig(kind="lora", rank=8)
WHOLE = AdapterConfig(kind="none")
NEMO = FIVE_MODELS["CycleResearcher-12B"]


def training(tokens: int, **changes: object) -> TrainingConfig:
    return TrainingConfig.model_validate(
        {"context_tokens": tokens, "learning_rate": 1e-5, "batch_size": 1, **changes}
    )


@pytest.mark.parametrize(
    ("tokens", "checkpointing", "measured_gib"),
    [(8_192, False, 6.5), (16_384, False, 11.5), (32_768, True, 13.7)],
    ids=["8k", "16k", "32k-checkpointing"],
)
def test_the_plan_agrees_with_peaks_measured_on_an_h100(
    tokens: int, checkpointing: bool, measured_gib: float
) -> None:
    config = training(tokens, checkpointing=checkpointing)
    plan = plan_memory(MEASURED, LORA, config, n_gpus=1, rows_per_example=2)
    assert plan.total / GIB == pytest.approx(measured_gib, rel=0.15)


@pytest.mark.parametrize(
    ("name", "billions"),
    [("CycleReviewer-8B", 8.0), ("CycleResearcher-12B", 12.2), ("CycleResearcher-72B", 72.7),
     ("CycleResearcher-123B", 122.6)],
)  # fmt: skip
def test_the_shapes_have_the_models_numbers_of_weights(name: str, billions: float) -> None:
    assert FIVE_MODELS[name].n_parameters / 1e9 == pytest.approx(billions, rel=0.01)


def test_a_run_that_fits_is_described() -> None:
    config = training(8_192, checkpointing=True)
    plan = require_fits(NEMO, LORA, config, gpu_bytes=80 * 10**9, n_gpus=1)
    assert describe(plan).startswith("weights 22.9, gradients")


LORA_GA = AdapterConfig(kind="lora-ga", rank=64, fp8=True)
LLAMA = FIVE_MODELS["CycleReviewer-8B"]


@pytest.mark.parametrize(
    ("shape", "adapter", "config", "gigabytes", "help_text"),
    [
        (LLAMA, WHOLE, training(8_192, checkpointing=True), 60, "--set training.sharding=fsdp2"),
        (NEMO, LORA, training(32_768), 60, "--set training.batch_size=1"),
        (NEMO, LORA_GA, training(24_576, checkpointing=True), 46, "adapter.gradient_device=layers"),
    ],
    ids=["all-weights", "activations", "gradient"],
)
def test_what_cannot_fit_is_refused_with_what_would(
    shape: ModelShape,
    adapter: AdapterConfig,
    config: TrainingConfig,
    gigabytes: int,
    help_text: str,
) -> None:
    with pytest.raises(TrainingError, match=r"expected a peak of at most \d+") as refused:
        require_fits(shape, adapter, config, gpu_bytes=gigabytes * 10**9, n_gpus=8)
    assert help_text in str(refused.value)


def test_the_papers_largest_model_does_not_fit_with_zero2_on_80_gb() -> None:
    config = training(24_576, checkpointing=True, batch_size=2, sharding="zero2")
    adapter = AdapterConfig(kind="lora-ga", rank=64, fp8=True)
    with pytest.raises(TrainingError, match=r"sharding=fsdp2 .*context_tokens=12288"):
        require_fits(
            FIVE_MODELS["CycleResearcher-123B"], adapter, config, gpu_bytes=80 * 10**9, n_gpus=8
        )


def test_a_gradient_one_layer_at_a_time_fits_the_largest_model() -> None:
    adapter = AdapterConfig(kind="lora-ga", rank=64, gradient_device="layers")
    config = training(24_576, checkpointing=True, sharding="fsdp2")
    shape = FIVE_MODELS["CycleResearcher-123B"]
    whole = adapter.model_copy(update={"gradient_device": "gpu"})
    assert plan_memory(shape, whole, config, n_gpus=8).start > 200 * GIB
    assert 10 * GIB < plan_memory(shape, adapter, config, n_gpus=8).start < 60 * GIB


def test_gpus_that_share_a_text_share_its_activations() -> None:
    one, four = (training(32_768, sharding="fsdp2", context_parallel=n) for n in (1, 4))
    plans = [plan_memory(NEMO, LORA, config, n_gpus=8) for config in (one, four)]
    assert plans[1].activations == pytest.approx(plans[0].activations / 4)
