"""Conclusions from a score card, as sentences; first of all whether a model beats a constant.

A sentence compares two numbers only if ``<`` allows it, and claims a difference only from an
interval with a width and without a caution.
"""

from collections.abc import Mapping

from cycleeval.aligned import ResolvedConfig
from cycleeval.intervals import FEW_PAPERS
from cycleeval.result import MetricResult, comparable

_Results = Mapping[str, MetricResult]


def verdicts_on_model(
    metrics: _Results, baselines: Mapping[str, _Results], resolved: ResolvedConfig
) -> tuple[str, ...]:
    """Return sentences on a model against a constant, humans, the majority and chance."""
    sentences = [_against_constant(metrics, baselines["constant"])]
    sentences += _against_human(metrics, baselines)
    sentences += _one_voice(metrics, baselines["human"])
    sentences += _against_majority(metrics, baselines["majority"], resolved)
    sentences += _against_chance(metrics)
    sentences += _cautions(metrics)
    return tuple(sentences)


def beats_constant(skill: MetricResult) -> bool:
    """Return True if a model's skill shows that it beats a constant.

    The interval is above 0 and has no caution; a model without any error on enough papers beats
    it too.
    """
    if skill.value is None or skill.low is None or skill.high is None:
        return False
    if skill.value == 1 and skill.n_papers >= FEW_PAPERS:
        return True
    return skill.low > 0 and skill.low < skill.high and skill.caution is None


def verdicts_on_humans(metrics: _Results, baselines: Mapping[str, _Results]) -> tuple[str, ...]:
    """Return sentences on the humans: the error of a constant where they are the standard."""
    human, constant = metrics.get("proxy_mse_n1"), baselines["constant"].get("proxy_mse_n1")
    if human is None or constant is None or not comparable(constant, human):
        return ("No paper has two ratings, so the humans cannot be compared with each other.",)
    closer = "closer to" if constant < human else "farther from"
    sentence = (
        f"Always answering {_answer(constant)} is {closer} the mean of the other "
        f"reviewers than one reviewer is: proxy MSE (n-1) {constant:.3f} against {human:.3f}."
    )
    return (sentence,)


def _cautions(metrics: _Results) -> list[str]:
    n_papers = metrics["proxy_mse_n"].n_papers
    if n_papers < FEW_PAPERS:
        return [
            f"Only {n_papers} paper(s): intervals are rough below {FEW_PAPERS}, often too narrow."
        ]
    caution = metrics["proxy_mse_n"].caution
    return [] if caution is None else [f"Proxy MSE: {caution}."]


def _against_constant(metrics: _Results, constant: _Results) -> str:
    skill, own, theirs = metrics["skill_mse"], metrics["proxy_mse_n"], constant.get("proxy_mse_n")
    if theirs is None or skill.value is None or not comparable(own, theirs):
        return f"Whether the model beats a constant is undefined: {skill.why}."
    ceiling = metrics.get("skill_ceiling")
    above = ""
    if ceiling is not None and ceiling.value is not None and ceiling.value > 0:
        above = f" of at most {ceiling:.3f}"
    numbers = (
        f"always answering {_answer(theirs)}: proxy MSE (n) {own:.3f} against {theirs:.3f}, "
        f"skill {skill.value:+.3f}{above}{_interval(skill)}"
    )
    if skill.low is None or skill.high is None:
        return f"With one paper it cannot be said whether the model beats {numbers}."
    if beats_constant(skill):
        perfect = ": it makes no error on any paper" if skill.value == 1 else ""
        return f"The model beats a constant, {numbers}{perfect}."
    if skill.high < 0 and skill.low < skill.high:
        return f"The model DOES NOT BEAT A CONSTANT; it is worse than {numbers}."
    cautioned = skill.caution is not None and (skill.low > 0 or skill.low == skill.high)
    why = f": {skill.caution}" if cautioned else ""
    return f"The model is NOT SHOWN TO BEAT A CONSTANT, {numbers}{why}."


def _against_human(metrics: _Results, baselines: Mapping[str, _Results]) -> list[str]:
    own, human = metrics["proxy_mse_n1"], baselines["human"].get("proxy_mse_n1")
    constant = baselines["constant"].get("proxy_mse_n1")
    if human is None or constant is None or not comparable(own, human):
        return []
    closer = "closer to" if own < human else "farther from"
    sentence = (
        f"It is {closer} the mean of the other reviewers than one human reviewer is: proxy MSE "
        f"(n-1) {own:.3f} against {human:.3f}"
    )
    if comparable(constant, human) and own < human and constant < human:
        sentence += f"; a constant also is, {constant:.3f}, so this is not evidence of skill"
    return [sentence + "."]


def _one_voice(metrics: _Results, human: _Results) -> list[str]:
    """Return the comparison of one simulated reviewer with one human, and the model's worth."""
    sentences = []
    one, theirs = metrics.get("one_reviewer_mse_n1"), human.get("proxy_mse_n1")
    averaged = metrics["proxy_mse_n1"]
    if (
        one is not None
        and theirs is not None
        and comparable(one, theirs)
        and one.value != averaged.value
    ):
        closer = "closer to" if one < theirs else "farther from"
        sentences.append(
            f"One simulated reviewer, without averaging, is {closer} that mean than one human: "
            f"{one:.3f} against {theirs:.3f}."
        )
    worth = metrics.get("worth_reviewers")
    if worth is not None and worth.value is not None and worth.low is not None:
        high = "without an upper end" if worth.high is None else f"to {worth.high:.2f}"
        sentences.append(
            f"It orders papers as well as the mean of {worth:.2f} human reviewer(s), "
            f"{worth.low:.2f} {high}."
        )
    return sentences


def _against_majority(metrics: _Results, majority: _Results, resolved: ResolvedConfig) -> list[str]:
    own, theirs = metrics.get("decision_accuracy"), majority.get("decision_accuracy")
    if own is None or theirs is None or not comparable(own, theirs):
        return []
    answer = "accepting" if resolved.accept_all else "rejecting"
    numbers = f"{own:.1%}{_interval(own, percent=True)} against {theirs:.1%}"
    if own.low is not None and own.low > float(theirs):
        return [f"Its decisions are right more often than always {answer}: {numbers}."]
    return [f"Its decisions are NOT SHOWN TO BEAT always {answer}: {numbers}."]


def _against_chance(metrics: _Results) -> list[str]:
    sentences = []
    for name, chance, what in (
        ("auroc", 0.5, "distinguish accepted from rejected papers"),
        ("spearman", 0.0, "order papers as the humans do"),
    ):
        result = metrics.get(name)
        if result is not None and result.value is None:
            sentences.append(f"Its ratings cannot {what}: {name} is undefined, {result.why}.")
        elif result is not None and result.low is not None and result.low <= chance:
            sentences.append(
                f"Its ratings are NOT SHOWN TO {what} better than chance: "
                f"{name} {result:.3f}{_interval(result)}."
            )
    return sentences


def _answer(constant: MetricResult) -> str:
    parts = dict(constant.signature.parts)
    learned = {"train": "learned on train", "oracle": "an oracle: the best in hindsight"}
    return f"{float(parts['answer']):.2f} ({learned[parts['learned']]})"


def _interval(result: MetricResult, *, percent: bool = False) -> str:
    if result.low is None or result.high is None:
        return ""
    form = "{:.1%}" if percent else "{:.3f}"
    return f" [{form.format(result.low)}, {form.format(result.high)}]"
