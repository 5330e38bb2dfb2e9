"""The card beside trained weights, with the licence and the form before a download."""

from pathlib import Path
from typing import Literal

import cycledata
from cycledata.files import write_file
from cycletrain.config import AdapterConfig, ModelConfig
from cycletrain.run_record import RunRecord, is_main_process

_ROLES = {
    "reviewer": "A reviewer: it reads a paper and writes reviews, a meta-review and a decision.",
    "researcher": "A researcher: it reads references and writes a paper, with made-up results.",
}


def _folder() -> Path:
    """Where the templates lie: inside the wheel, or beside the packages in a checkout."""
    package = Path(cycledata.__file__).parent
    inside = package / "_cards"
    return inside if inside.is_dir() else package.parent / "cards"


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

    import jinja2
    import yaml

    cards = _folder()
    header = {
        "library_name": "transformers" if adapter.kind == "none" else "peft",
        "base_model": model.path,
        "license": "other",
        "license_name": "cyclekit-model-licence",
        "license_link": "LICENSE.md",
        "tags": ["peer-review", role, *(["invented"] if record.build_invented else [])],
        **tomllib.loads((cards / "model-gating.toml").read_text(encoding="utf-8")),
    }
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(cards),
        autoescape=False,  # noqa: S701  Markdown, filled with our own names and numbers only
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    body = environment.get_template("model.md.jinja").render(
        title=f"{Path(model.path).name}-cycle{role}",
        role_text=_ROLES[role],
        record=record,
        base=model.path,
        revision=model.revision,
        adapter="all" if adapter.kind == "none" else f"{adapter.kind}, rank {adapter.rank}",
    )
    front = yaml.safe_dump(header, sort_keys=False, allow_unicode=True, width=100)
    write_file(folder / "README.md", f"---\n{front}---\n\n{body}")
    write_file(folder / "LICENSE.md", (cards / "model-licence.md").read_text(encoding="utf-8"))
