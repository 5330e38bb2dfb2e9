"""The card beside trained weights, with the license and the form before a download."""

from pathlib import Path
from typing import Literal

from cycledata.files import write_file
from cycledata.templates import cards_folder, render_card
from cycletrain.config import AdapterConfig, ModelConfig
from cycletrain.ranks import is_main_process
from cycletrain.run_record import RunRecord

_ROLES = {
    "reviewer": "A reviewer: it reads a paper and writes reviews, a meta-review and a decision.",
    "researcher": "A researcher: it reads references and writes a paper, with made-up results.",
}


def write_model_card(
    folder: Path,
    record: RunRecord,
    *,
    role: Literal["reviewer", "researcher"],
    model: ModelConfig,
    adapter: AdapterConfig,
) -> None:
    """Write ``README.md`` and ``LICENSE.md`` into a folder of weights.

    Args:
        folder: of the weights.
        record: the finished run.
        role: what the model was trained for.
        model: what it was trained from.
        adapter: which weights trained.
    """
    if not is_main_process():
        return
    import tomllib

    import yaml

    cards = cards_folder()
    header = {
        "library_name": "transformers" if adapter.kind == "none" else "peft",
        "base_model": model.path,
        "license": "other",
        "license_name": "cyclekit-model-licence",
        "license_link": "LICENSE.md",
        "tags": ["peer-review", role, *(["invented"] if record.build_invented else [])],
        **tomllib.loads((cards / "model-gating.toml").read_text(encoding="utf-8")),
    }
    body = render_card(
        "model.md.jinja",
        title=f"{Path(model.path).name}-cycle{role}",
        role_text=_ROLES[role],
        record=record,
        base=model.path,
        revision=model.revision,
        adapter="all" if adapter.kind == "none" else f"{adapter.kind}, rank {adapter.rank}",
    )
    front = yaml.safe_dump(header, sort_keys=False, allow_unicode=True, width=100)
    write_file(folder / "README.md", f"---\n{front}---\n\n{body}")
    write_file(folder / "LICENSE.md", (cards / "model-license.md").read_text(encoding="utf-8"))
