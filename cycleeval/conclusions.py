"""What the numbers amount to, in sentences; above all whether a model beats a constant."""

from collections.abc import Mapping

from cycleeval.aligned import ResolvedConfig
from cycleeval.result import MetricResult

FEW_PAPERS = 30
"""Below this a bootstrap interval is known to hold the truth less often than it says."""

_Results = Mapping[str, MetricResult]


def verdicts_on_model(
    metrics: _Results, baselines: Mapping[str, _Results], rules: ResolvedConfig
) -> tuple[str, ...]:
    """Sentences on a model: against a constant, first; then a human, the majority and chance."""
    said = [_against_constant(metrics, baselines["constant"])]
    said += _against_human(metrics, baselines)
    said += _against_majority(metrics, baselines["majority"], rules)
    said += _against_chance(metrics)
    said += _too_few(metrics)
    return tuple(said)


def verdicts_on_humans(metrics: _Results, baselines: Mapping[str, _Results]) -> tuple[str, ...]:
    """Sentences on the humans: what a constant scores where they are the standard."""
    human, constant = metrics.get("proxy_mse_n1"), baselines["constant"].get("proxy_mse_n1")
    if human is None or constant is None or human.value is None or constant.value is None:
        return ("No paper has two ratings, so nobody can be compared with the others.",)
    nearer = "nearer to" if constant.value < human.value else "farther from"
    said = (
        f"Always answering {_answer(constant)} lies {nearer} the mean of the other "
        f"reviewers than one reviewer does: proxy MSE (n-1) {constant.value:.3f} against "
        f"{human.value:.3f}."
    )
    return (said,)


def _too_few(metrics: _Results) -> list[str]:
    n_papers = metrics["proxy_mse_n"].n_papers
    if n_papers >= FEW_PAPERS:
        return []
    return [f"Only {n_papers} paper(s): intervals are rough below {FEW_PAPERS}, often too narrow."]


def _against_constant(metrics: _Results, constant: _Results) -> str:
    skill, own, theirs = metrics["skill_mse"], metrics["proxy_mse_n"], constant["proxy_mse_n"]
    if skill.value is None or own.value is None or theirs.value is None:
        return f"Whether the model beats a constant is undefined: {skill.why}."
    numbers = (
        f"always answering {_answer(theirs)}: proxy MSE (n) {own.value:.3f} against "
        f"{theirs.value:.3f}, skill {skill.value:+.3f}{_interval(skill)}"
    )
    if skill.low is None or skill.high is None:
        return f"With one paper nobody can tell whether the model beats {numbers}."
    if skill.high < 0:
        return f"The model DOES NOT BEAT A CONSTANT; it is worse than {numbers}."
    if skill.low <= 0:
        return f"The model is NOT SHOWN TO BEAT A CONSTANT, {numbers}."
    return f"The model beats a constant, {numbers}."


def _against_human(metrics: _Results, baselines: Mapping[str, _Results]) -> list[str]:
    own, human = metrics["proxy_mse_n1"], baselines["human"]["proxy_mse_n1"]
    constant = baselines["constant"].get("proxy_mse_n1")
    if own.value is None or human.value is None or constant is None or constant.value is None:
        return []
    nearer = "nearer to" if own < human else "farther from"
    said = (
        f"It lies {nearer} the mean of the other reviewers than one human reviewer does: proxy MSE "
        f"(n-1) {own.value:.3f} against {human.value:.3f}"
    )
    if own < human and constant < human:
        said += f"; so does the constant, {constant.value:.3f}, so this alone shows no judgement"
    return [said + "."]


def _against_majority(metrics: _Results, majority: _Results, rules: ResolvedConfig) -> list[str]:
    own, theirs = metrics.get("decision_accuracy"), majority.get("decision_accuracy")
    if own is None or theirs is None or own.value is None or theirs.value is None:
        return []
    answer = "accepting" if rules.accept_all else "rejecting"
    numbers = f"{own.value:.1%}{_interval(own, percent=True)} against {theirs.value:.1%}"
    if own.low is not None and own.low > theirs.value:
        return [f"Its decisions are right more often than always {answer}: {numbers}."]
    return [f"Its decisions are NOT SHOWN TO BEAT always {answer}: {numbers}."]


def _against_chance(metrics: _Results) -> list[str]:
    said = []
    for name, chance, what in (
        ("auroc", 0.5, "tell accepted from rejected papers"),
        ("spearman", 0.0, "order papers as the humans do"),
    ):
        result = metrics.get(name)
        if result is not None and result.value is None:
            said.append(f"Its ratings cannot {what}: {name} is undefined, {result.why}.")
        elif result is not None and result.low is not None and result.low <= chance:
            said.append(
                f"Its ratings are NOT SHOWN TO {what} better than chance: "
                f"{name} {result.value:.3f}{_interval(result)}."
            )
    return said


def _answer(constant: MetricResult) -> str:
    parts = dict(constant.signature.parts)
    learned = {"train": "learned on train", "oracle": "an oracle: the best in hindsight"}
    return f"{float(parts['answer']):.2f} ({learned[parts['learned']]})"


def _interval(result: MetricResult, *, percent: bool = False) -> str:
    if result.low is None or result.high is None:
        return ""
    form = "{:.1%}" if percent else "{:.3f}"
    return f" [{form.format(result.low)}, {form.format(result.high)}]"
