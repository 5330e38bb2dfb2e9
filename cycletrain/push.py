"""Push trained weights to the Hugging Face Hub, behind the form of their card."""

import re
from pathlib import Path
from typing import NamedTuple

from cycledata.errors import PublishError
from cycletrain.checkpoints import BASE, read_base

_NEEDED = ("README.md", "LICENSE.md", BASE)
_WEIGHTS = (".safetensors",)
_KEPT = (".safetensors", ".json", ".jinja", ".md", ".model", ".txt")
_REPO = re.compile(r"[\w.-]{1,96}/[\w.-]{1,96}", re.ASCII)


class PushPlan(NamedTuple):
    """Files of a push."""

    repo: str
    files: tuple[str, ...]
    """Names in the folder, in order."""
    n_bytes: int
    access: str
    """How readers get access."""


def push_weights(folder: Path, repo: str, *, token: str | None, dry_run: bool) -> PushPlan:
    """Push a folder of weights in one commit; a missing repository is created and gated first.

    Args:
        folder: ``out/model`` of a run.
        repo: ``org/name`` of a model repository.
        token: the hub's token with write access; not needed for a dry run.
        dry_run: return the plan; send nothing.

    Raises:
        PublishError: a file is missing, the card has no form, or the hub refused.
    """
    if not _REPO.fullmatch(repo):
        raise PublishError(f"{repo}: expected ORG/NAME")
    files = tuple(
        sorted(path.name for path in folder.iterdir() if path.is_file() and path.suffix in _KEPT)
    )
    missing = [name for name in _NEEDED if name not in files]
    if not any(name.endswith(_WEIGHTS) for name in files):
        missing.append("*.safetensors")
    if missing:
        raise PublishError(
            f"{folder}: expected {', '.join(missing)}, found none; push the folder `model` of a"
            " finished run"
        )
    card = (folder / "README.md").read_text(encoding="utf-8")
    if "extra_gated_fields:" not in card:
        raise PublishError(f"{folder}/README.md: expected the form of a gated model, found none")
    read_base(folder)  # a damaged record of the base is an error
    n_bytes = sum((folder / name).stat().st_size for name in files)
    plan = PushPlan(repo, files, n_bytes, "requests are approved by the owner")
    if not dry_run:
        _push(folder, plan, token)
    return plan


def _push(folder: Path, plan: PushPlan, token: str | None) -> None:
    if not token:
        raise PublishError(f"{plan.repo}: set HF_TOKEN to a token of the hub with write access")
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    api = HfApi(token=token)
    try:
        if not api.repo_exists(plan.repo):
            api.create_repo(plan.repo, private=True)
        api.update_repo_settings(plan.repo, gated="manual")
        api.upload_folder(
            repo_id=plan.repo,
            folder_path=folder,
            allow_patterns=list(plan.files),
            commit_message="Add weights",
        )
    except HfHubHTTPError as error:
        first = str(error).splitlines()[0][:200]
        raise PublishError(f"{plan.repo}: the hub refused: {first}") from error
