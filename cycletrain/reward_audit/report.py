"""The audit of a trained policy as one record; pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, pstdev

from cycledata.records import Record
from cycletrain.reward_audit.changes import (
    RESAMPLES,
    Change,
    PaperValue,
    ShareOfGain,
    change_of,
    ratio_of_gains,
)
from cycletrain.reward_audit.explained import ExplainedGain, FeatureRow, explain_gain
from cycletrain.reward_audit.features import FEATURES, count_features
from cycletrain.reward_audit.repetition import (
    copied_share,
    distinct_share,
    not_given_share,
    repeated_share,
)
from cycletrain.reward_audit.verdict import EditEffect, GainVerdict, NamedChange, judge_gain


@dataclass(frozen=True, slots=True)
class JudgedPaper:
    """One paper of a policy with everything that scored it."""

    prompt_id: str
    index: int
    text: str
    """As a reviewer reads it."""
    latex: str
    """What the policy wrote, with its citations."""
    references: str
    """The references that its prompt gives."""
    reward: float | None
    """By the reviewer that the policy was trained on; None if unreadable."""
    held_out: float | None = None
    """By the held-out reviewer; None if unreadable or if there is none."""
    baseline: float | None = None
    """By the text baseline; None if there is none."""


@dataclass(frozen=True, slots=True)
class EditedPaper:
    """Rewards of one paper and of an edited version of it."""

    kind: str
    """``wording``, or the claim that was inserted."""
    prompt_id: str
    reward: float | None
    """Of the paper itself; None if unreadable."""
    edited_reward: float | None
    """Of the edited paper; None if unreadable."""


class DistinctShare(Record):
    """Different windows of words over all windows, for equal numbers of papers."""

    words: int
    """Words per window."""
    before: float
    after: float


class GroupDiversity(Record):
    """Spread of the rewards of papers of the same prompt; a method that compares them needs it."""

    label: str
    """Where the papers come from, e.g. ``round 1``."""
    n_groups: int
    """Prompts with at least two rewards."""
    mean_deviation: float | None
    """Mean over prompts of the standard deviation of their rewards; None without such prompts."""
    equal_share: float | None
    """Share of prompts whose rewards are all equal: nothing can be learned from them."""


class RewardAudit(Record):
    """Audit of a policy against the reviewer that it was trained on."""

    verdict: GainVerdict
    n_prompts: int
    """Prompts that both policies wrote for; none was trained on."""
    reward: Change | None
    """By the reviewer that gave the reward."""
    held_out: Change | None
    """By the held-out reviewer."""
    held_out_share: ShareOfGain | None
    """Gain by the held-out reviewer as a share of the reward's, on papers that both reviewed."""
    baseline: Change | None
    """By the text baseline, which knows words only."""
    features: tuple[NamedChange, ...]
    """Features without substance, repetition, copies and citations among them."""
    explained: ExplainedGain | None
    """Share of the gain that these features explain; None with too few papers."""
    edits: tuple[EditEffect, ...]
    """Reward of other wording and of inserted claims alone, on papers before training."""
    distinct: tuple[DistinctShare, ...]
    diversity: tuple[GroupDiversity, ...]


def audit_policies(
    before: Sequence[JudgedPaper],
    after: Sequence[JudgedPaper],
    *,
    edits: Sequence[EditedPaper] = (),
    diversity: Sequence[GroupDiversity] = (),
    resamples: int = RESAMPLES,
) -> RewardAudit:
    """Return the audit of the papers of two policies for the same prompts.

    Args:
        before: papers of the first policy.
        after: papers of the last policy.
        edits: rewards of edited papers.
        diversity: of the rounds; that of ``before`` and ``after`` is added.
        resamples: bootstrap resamples of prompts.
    """

    def changed(measure: str) -> Change | None:
        sides = [[PaperValue(p.prompt_id, getattr(p, measure)) for p in side] for side in papers]
        return change_of(*sides, resamples=resamples)

    papers = (before, after)
    reward, held_out = changed("reward"), changed("held_out")
    both = [
        [(PaperValue(p.prompt_id, p.held_out), PaperValue(p.prompt_id, p.reward)) for p in side]
        for side in papers
    ]
    counted = {id(paper): measure_paper(paper) for side in papers for paper in side}
    features = _named(
        {
            name: change_of(
                *([PaperValue(p.prompt_id, counted[id(p)][i]) for p in side] for side in papers),
                resamples=resamples,
            )
            for i, name in enumerate(FEATURES)
        }
    )
    explained = None
    if reward is not None and reward.is_rise:
        rows = [
            FeatureRow(p.prompt_id, number == 1, p.reward, tuple(x or 0.0 for x in counted[id(p)]))
            for number, side in enumerate(papers)
            for p in side
            if p.reward is not None
        ]
        explained = explain_gain(rows, FEATURES, resamples=resamples)
    effects = _effects(edits, resamples)
    share = ratio_of_gains(both[0], both[1], resamples=resamples)
    return RewardAudit(
        verdict=judge_gain(reward, held_out, share, features, explained, effects),
        n_prompts=len({paper.prompt_id for side in papers for paper in side}),
        reward=reward,
        held_out=held_out,
        held_out_share=share if reward is not None and reward.is_rise else None,
        baseline=changed("baseline"),
        features=features,
        explained=explained,
        edits=effects,
        distinct=_distinct(before, after),
        diversity=(
            *diversity,
            diversity_of("before", ((p.prompt_id, p.reward) for p in before)),
            diversity_of("after", ((p.prompt_id, p.reward) for p in after)),
        ),
    )


def measure_paper(paper: JudgedPaper) -> tuple[float | None, ...]:
    """Return the features of a paper in the order of ``FEATURES``.

    None for the citations of a paper that cites nothing; it counts as 0 in the regression.
    """
    unknown = not_given_share(paper.latex, paper.references)
    return (
        *count_features(paper.text).row,
        100 * repeated_share(paper.text),
        100 * copied_share(paper.text, paper.references),
        None if unknown is None else 100 * unknown,
    )


def diversity_of(label: str, rewards: Iterable[tuple[str, float | None]]) -> GroupDiversity:
    """Return the spread of rewards within prompts.

    Args:
        label: where the papers come from.
        rewards: prompt and reward per paper.
    """
    groups: dict[str, list[float]] = {}
    for prompt_id, reward in rewards:
        if reward is not None:
            groups.setdefault(prompt_id, []).append(reward)
    spreads = [pstdev(group) for group in groups.values() if len(group) > 1]
    return GroupDiversity(
        label=label,
        n_groups=len(spreads),
        mean_deviation=mean(spreads) if spreads else None,
        equal_share=mean(float(spread == 0) for spread in spreads) if spreads else None,
    )


def _named(changes: Mapping[str, Change | None]) -> tuple[NamedChange, ...]:
    return tuple(
        NamedChange(name=name, change=change)
        for name, change in changes.items()
        if change is not None
    )


def _effects(edits: Sequence[EditedPaper], resamples: int) -> tuple[EditEffect, ...]:
    """Return the effect per kind of edit, on papers with both rewards."""
    effects = []
    for kind in dict.fromkeys(edit.kind for edit in edits):
        known = [
            edit
            for edit in edits
            if edit.kind == kind and None not in (edit.reward, edit.edited_reward)
        ]
        change = change_of(
            [PaperValue(edit.prompt_id, edit.reward) for edit in known],
            [PaperValue(edit.prompt_id, edit.edited_reward) for edit in known],
            resamples=resamples,
        )
        n_edited = sum(edit.kind == kind for edit in edits)
        effects.append(
            EditEffect(
                kind=kind,
                n_papers=len(known),
                n_unreadable=n_edited - len(known),
                change=change,
            )
        )
    return tuple(effects)


def _distinct(
    before: Sequence[JudgedPaper], after: Sequence[JudgedPaper]
) -> tuple[DistinctShare, ...]:
    """Return distinct-n for as many papers of each policy as the smaller side has."""
    n_papers = min(len(before), len(after))
    sides = [[paper.text for paper in side[:n_papers]] for side in (before, after)]
    return tuple(
        DistinctShare(
            words=n, before=distinct_share(sides[0], n), after=distinct_share(sides[1], n)
        )
        for n in (1, 2, 3)
    )
