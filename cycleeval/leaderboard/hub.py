"""Files for the Hugging Face Hub: `eval.yaml` and `.eval_results` entries.

`eval.yaml` is for the root of the dataset repository and names its tasks, one leaderboard each; an
entry is for the repository of a model, in `.eval_results/`, and reports one value per task. The
format has no direction, so higher-is-better tasks come first, and direction, interval, counts and
signature are in the notes.
"""

from cycledata.files import canonical_json
from cycleeval.leaderboard.gather import Board, Entry
from cycleeval.places import LOWER_IS_BETTER
from cycleeval.result import MetricResult

PUSH_FILE = "hub/push.json"
"""File of a site that names the repositories of its hub files."""
TASKS = (
    "skill_mse",
    "spearman",
    "decision_macro_f1",
    "decision_accuracy",
    "proxy_mse_n1",
    "proxy_mae_n1",
    "proxy_mse_n",
    "proxy_mae_n",
)
"""Metrics that become tasks of the benchmark, higher-is-better ones first."""


def hub_files(board: Board, dataset: str, *, split: str = "test") -> dict[str, str]:
    """Return files for the hub by their path below the site's root.

    Args:
        board: scored submissions.
        dataset: id of the dataset repository, `ORG/NAME`.
        split: the split that was scored.

    Returns:
        `hub/eval.yaml`, `hub/<slug>/.eval_results/cyclekit.yaml` for each scored entry, and
        `hub/push.json` with the repositories of the models that state a `hub_id`. Date and source
        come from the model's description, so equal boards give equal bytes.
    """
    files = {"hub/eval.yaml": _eval_yaml(dataset, split)}
    for entry in board.entries:
        if entry.card is not None:
            files[f"hub/{entry.slug}/.eval_results/cyclekit.yaml"] = _entry_yaml(entry, dataset)
    models = {
        entry.slug: entry.about.hub_id
        for entry in board.entries
        if entry.card is not None and entry.about.hub_id is not None
    }
    files[PUSH_FILE] = canonical_json({"dataset": dataset, "models": models}, indent=1) + "\n"
    return files


def _eval_yaml(dataset: str, split: str) -> str:
    return _yaml(
        {
            "name": f"Automated peer review ({dataset})",
            "description": (
                "How close a model's ratings and decisions come to those of human reviewers on the "
                "same papers. Errors are lower-is-better proxy MSE and MAE against the mean of the "
                "other reviewers; compare every number with the human, constant and noise-floor "
                "baselines."
            ),
            "evaluation_framework": "cycleeval",
            "tasks": [{"id": task, "config": "scores", "split": split} for task in TASKS],
        }
    )


def _entry_yaml(entry: Entry, dataset: str) -> str:
    from huggingface_hub import EvalResultEntry, eval_result_entries_to_yaml

    assert entry.card is not None
    about = entry.about
    results = [
        EvalResultEntry(
            dataset_id=dataset,
            task_id=task,
            value=result.value,
            date=None if about.date is None else about.date.isoformat(),
            source_url=about.link,
            source_name=about.organization if about.link else None,
            notes=_notes(result),
        )
        for task in TASKS
        for result in [entry.card.metrics.get(task)]
        if result is not None and result.value is not None
    ]
    return _yaml(eval_result_entries_to_yaml(results))


def _notes(result: MetricResult) -> str:
    interval = "no interval"
    if result.low is not None and result.high is not None:
        interval = f"95% CI {result.low:.4g} to {result.high:.4g}"
    better = "lower" if result.name.startswith(LOWER_IS_BETTER) else "higher"
    return (
        f"{better} is better; {interval}; {result.n_papers} papers,"
        f" {result.n_unreadable} unreadable; {result.signature}"
    )


def _yaml(value: object) -> str:
    import yaml

    return str(yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=100))
