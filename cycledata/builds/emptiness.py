"""Refuse builds, configs and splits without rows, and name what is missing."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from cycledata.builds.inventory import take_inventory
from cycledata.datasets.spec import MONTH_ONLY, NO_PAPERS
from cycledata.errors import EmptyBuildError
from cycledata.snapshot.sealed import SealedSnapshot

SPLITS = ("train", "test")
"""Splits that every config must have; ``reserve`` exists in full builds only."""
MAX_REASONS = 3
"""Most frequent reasons that a message names."""
Reasons = Mapping[str, tuple[int, str]]
"""``"<stage>: <rule>"`` to the number of rows of ``dropped.parquet`` and an example."""
_IMPORTS = {
    "review-5k": "openreview-notes FILE...",
    "research-14k": "accepted-papers FILE",
}
"""Dataset to the import that brings its papers."""
_ACCEPT = "or give --allow-empty to build it nevertheless"


def require_papers(dataset: str, n_papers: int, folder: Path) -> None:
    """Require at least one paper.

    Raises:
        EmptyBuildError: the snapshot has no paper of the dataset.
    """
    if not n_papers:
        raise EmptyBuildError(
            f"{folder}: expected papers for {dataset}, found none; run `cycledata import "
            f"{_IMPORTS[dataset]} --snapshot {folder}`"
        )


def require_rows(
    dataset: str,
    rows: Mapping[str, Mapping[str, int]],
    reasons: Reasons,
    snapshot: SealedSnapshot,
    folder: Path,
    *,
    required: Collection[str],
    facts: Mapping[str, Any],
) -> None:
    """Require rows in the build, in every required config, and in the splits train and test.

    Args:
        dataset: its name.
        rows: config to split to number of rows.
        reasons: why papers, or configs of papers, were left out.
        snapshot: source of the build.
        folder: its folder, for messages.
        required: configs that must have rows.
        facts: facts of the build: venues of the recipe without papers, papers without a day.

    Raises:
        EmptyBuildError: rows are missing; the message names the reasons and the next step.
    """
    reasons = {name: why for name, why in reasons.items() if not name.startswith(_PARTS)}
    if not any(rows.values()):
        step = _next_step(dataset, "default", reasons, snapshot, folder)
        raise EmptyBuildError(
            f"{folder}: {dataset} would have no rows: {_named(reasons)}; {step}, {_ACCEPT}"
        )
    if NO_PAPERS in facts:
        raise EmptyBuildError(
            f"{folder}: {dataset} would have no papers of {facts[NO_PAPERS]}; correct the "
            f"venues of the recipe, import their papers, {_ACCEPT}"
        )
    for config, splits in rows.items():
        if config not in required:
            continue
        whole = {name: why for name, why in reasons.items() if "/" not in name}
        own = {name: why for name, why in reasons.items() if name.startswith(f"{config}/")} or whole
        where = f"{folder}: config {config} of {dataset}"
        if not splits:
            step = _next_step(dataset, config, own, snapshot, folder)
            raise EmptyBuildError(
                f"{where} would have no rows: {_named(own)}; {step}, choose other configs with "
                f"--config, {_ACCEPT}"
            )
        for split in SPLITS:
            if split in splits:
                continue
            if any(split in others for others in rows.values()):
                why = f"its papers are left out: {_named(own)}"
            else:
                n_papers = sum(splits.values())
                why = f"none of its {n_papers:,} papers falls into it"
            step = "add papers, change the split in the recipe"
            if n_month_only := facts.get(MONTH_ONLY):
                why += f", and of {n_month_only:,} only the month in the arXiv id is known"
                step = (
                    "add their days as a column `published` (day of version 1, as 2023-10-17) to "
                    "the file of `cycledata import arxiv-ids`, add papers of other months"
                )
            raise EmptyBuildError(
                f"{where}: split {split} would have no rows: {why}; {step}, {_ACCEPT}"
            )


_RECIPE_RULES = frozenset(
    {
        "no-final-ratings", "no-initial-ratings", "not-english", "other-venue", "too-few-ratings",
        "too-few-reviews", "too-short",
    }
)  # fmt: skip
"""Rules that a key of the recipe changes."""
_MISSING_NOTES = {
    "no-title": ("the notes of the submissions", "a table that has titles and abstracts"),
    "no-abstract": ("the notes of the submissions", "a table that has titles and abstracts"),
    "no-decision": ("the notes of the decisions", "a table that has decisions"),
    "no-reviews": ("the reviews", None),
    "no-notes": ("the notes of these papers", None),
}
"""Rules that drop papers whose notes are incomplete: the notes, and columns in place of them."""
_PARTS = ("notes: ", "text: ", "references: ", "configs: ")
"""Stages whose reasons leave out no paper."""


def _ordered(reasons: Reasons) -> list[tuple[str, tuple[int, str]]]:
    return sorted(reasons.items(), key=lambda item: (-item[1][0], item[0]))


def _named(reasons: Reasons) -> str:
    """Return the most frequent reasons, each with an example."""
    ordered = _ordered(reasons)
    named = [f"{name} ({n:,}, e.g. {example})" for name, (n, example) in ordered[:MAX_REASONS]]
    if len(ordered) > MAX_REASONS:
        named.append(f"{len(ordered) - MAX_REASONS} other reasons")
    return ", ".join(named) or "no paper was left out"


def _next_step(
    dataset: str, config: str, reasons: Reasons, snapshot: SealedSnapshot, folder: Path
) -> str:
    """Return what would keep the papers that the most frequent reason leaves out."""
    main = _ordered(reasons)[0][0] if reasons else ""
    stage, _, rule = main.rpartition("/")[2].partition(": ")
    if rule in _RECIPE_RULES:
        return f"change the recipe (`cycledata recipe show {dataset}` lists its keys)"
    if rule in _MISSING_NOTES:
        notes, columns = _MISSING_NOTES[rule]
        step = f"run `cycledata import openreview-notes FILE... --snapshot {folder}` with {notes}"
        table = f"`cycledata import openreview-ratings FILE --snapshot {folder}` with {columns}"
        return f"{step}, or {table}" if columns else step
    if stage == "filter":
        return "add papers that pass this rule"
    if rule == "unknown-form":
        return f"run `cycledata import openreview-invitations FILE... --snapshot {folder}`"
    if rule in ("not-in-policy", "opt-out"):
        return "change --policy"
    if stage == "takedown":
        return "the papers were taken down; use another snapshot"
    of_license = stage == "consent"
    step = _command(f"{dataset} {config}", snapshot, folder, of_license=of_license)
    return f"{step}, or change --policy" if of_license else step


def _command(
    config: str, snapshot: SealedSnapshot, folder: Path, *, of_license: bool = False
) -> str:
    """Return the commands that supply the missing input of a config, or `cycledata status`.

    Args:
        config: dataset and config.
        snapshot: source of the build.
        folder: its folder.
        of_license: leave out what supplies no license, if something does.
    """
    missing = [i for i in take_inventory(snapshot, str(folder)).missing if i.config == config]
    if of_license:
        missing = [item for item in missing if "license" in item.what] or missing
    commands = []
    for item in missing[:2]:
        command, _, remark = item.command.partition(" (")
        commands.append(f"`{command}`" + (f" ({remark}" if remark else ""))
    return "run " + " or ".join(commands or [f"`cycledata status {folder}`"])
