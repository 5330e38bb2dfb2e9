"""The card beside trained weights, with the license and the form before a download."""

import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cycledata.files import write_file
from cycledata.templates import card_template, cards_folder
from cycletrain.config_tables import AdapterConfig, ModelConfig
from cycletrain.ranks import is_main_process

if TYPE_CHECKING:
    from cycletrain.run_record import RunRecord

_TEMPLATE = "model.md.jinja"
_ROLES = {
    "reviewer": "A reviewer: it reads a paper and writes reviews, a meta-review and a decision.",
    "researcher": "A researcher: it reads references and writes a paper, with made-up results.",
}


def write_model_card(
    folder: Path,
    record: "RunRecord",
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
    import yaml

    gating, license_text = load_card()
    header = {
        "library_name": "transformers" if adapter.kind == "none" else "peft",
        "base_model": model.path,
        "license": "other",
        "license_name": "cyclekit-model-licence",
        "license_link": "LICENSE.md",
        "tags": ["peer-review", role, *(["invented"] if record.build_invented else [])],
        **gating,
    }
    body = card_template(_TEMPLATE).render(
        title=f"{Path(model.path).name}-cycle{role}",
        role_text=_ROLES[role],
        record=record,
        base=model.path,
        revision=model.revision,
        adapter="all" if adapter.kind == "none" else f"{adapter.kind}, rank {adapter.rank}",
    )
    front = yaml.safe_dump(header, sort_keys=False, allow_unicode=True, width=100)
    write_file(folder / "README.md", f"---\n{front}---\n\n{body}")
    write_file(folder / "LICENSE.md", license_text)


@cache
def load_card() -> tuple[dict[str, Any], str]:
    """Read the card's files, once per process; return the form's header and the license."""
    card_template(_TEMPLATE)
    cards = cards_folder()
    gating = tomllib.loads((cards / "model-gating.toml").read_text(encoding="utf-8"))
    return gating, (cards / "model-license.md").read_text(encoding="utf-8")
