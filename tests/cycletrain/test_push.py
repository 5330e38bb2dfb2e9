"""Weights are pushed with their card, license and base, or not at all."""

from pathlib import Path

import pytest

from cycledata.errors import PublishError
from cycletrain.push import push_weights

CARD = "---\nextra_gated_fields:\n  Affiliation: text\n---\n"
FILES = {
    "README.md": CARD,
    "LICENSE.md": "x",
    "base.json": '{"path": "b", "revision": null, "tokenizer_sha256": "0",'
    ' "chat_template_sha256": null}',
    "model.safetensors": "weights",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in {**FILES, "notes.tmp": "left out"}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_a_dry_run_names_the_files_and_sends_nothing(folder: Path) -> None:
    plan = push_weights(folder, "org/name", token=None, dry_run=True)
    assert plan.files == tuple(sorted(FILES))
    assert plan.n_bytes == sum(map(len, FILES.values()))


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_folder_without_one_of_its_files_is_refused(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(PublishError, match=r"expected .*(md|json|safetensors), found none"):
        push_weights(folder, "org/name", token=None, dry_run=True)


def test_a_card_without_its_form_and_a_push_without_token_are_refused(folder: Path) -> None:
    with pytest.raises(PublishError, match="set HF_TOKEN"):
        push_weights(folder, "org/name", token=None, dry_run=False)
    with pytest.raises(PublishError, match="expected ORG/NAME"):
        push_weights(folder, "name", token=None, dry_run=True)
    (folder / "README.md").write_text("no form", encoding="utf-8")
    with pytest.raises(PublishError, match="form of a gated model, found none"):
        push_weights(folder, "org/name", token=None, dry_run=True)
