"""The audit as a stage of a job: papers of the first and last policy, their reviews, the report.

Everything is in ``out/audit``, with a folder per policy. Both policies write for prompts that were
kept out of training; the recipe's reviewer, the held-out reviewer and the text baseline rate the
same papers. The reviewer also rates edited papers of the first policy. A killed audit resumes like
the job itself.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

from cycledata.errors import TrainingError
from cycledata.load import verify_build
from cycledata.svg import Curve
from cycleeval.text_baselines import PaperFeatures, TextBaseline, fit_baseline
from cycletrain.build_chats import Chat, iterate_chats, iterate_ratings
from cycletrain.cards import write_model_card
from cycletrain.config_tables import ModelConfig
from cycletrain.generation import seed_of
from cycletrain.loop_config import AuditConfig, LoopConfig
from cycletrain.loop_stages import review_stage, write_stage
from cycletrain.preferences import Reward, Rollout
from cycletrain.reward_audit.best_of import PairOfScores, draw_best_of
from cycletrain.reward_audit.edits import insert_claim, reword
from cycletrain.reward_audit.report import (
    EditedPaper,
    GroupDiversity,
    JudgedPaper,
    RewardAudit,
    audit_policies,
)
from cycletrain.reward_audit.verdict import WORDING
from cycletrain.run_record import RunRecord, close_run
from cycletrain.servers import generator_of

_LEAST_PAPERS = 20
"""Papers that the text baseline needs."""


class FinishedAudit(NamedTuple):
    """The audit with its pictures."""

    audit: RewardAudit
    curves: tuple[Curve, ...]
    """Figure 3 for both policies."""

    def added_to(self, record: RunRecord) -> RunRecord:
        """Return the record of the job with the audit, its main numbers and its pictures."""
        return record.model_copy(
            update={
                "audit": self.audit,
                "metrics": record.metrics | self._metrics(),
                "curves": (*record.curves, *self.curves),
            }
        )

    def _metrics(self) -> dict[str, float]:
        found: dict[str, float] = {}
        changes = {"reward": self.audit.reward, "held_out": self.audit.held_out}
        for name, change in (changes | {"baseline": self.audit.baseline}).items():
            if change is not None:
                found[f"audit_{name}_gain"] = change.difference
        if self.audit.explained is not None:
            found["audit_explained_share"] = self.audit.explained.share.value
        return found


def baseline_of(audit: AuditConfig) -> TextBaseline | None:
    """Return the text baseline, fitted on a build of reviews; None if the recipe names none.

    Jobs call this before they train, so that an unfit build is found early.

    Raises:
        VerifyError: the build is not what its manifest pins.
        TrainingError: another dataset, or too few papers with ratings.
    """
    if audit.reviews is None:
        return None
    manifest = verify_build(audit.reviews)
    ratings: dict[str, float] = {}
    if manifest.dataset == "review-5k":
        rated = iterate_ratings(audit.reviews, "train")
        ratings = {paper.paper_id: fmean(paper.ratings) for paper in rated if paper.ratings}
    if len(ratings) < _LEAST_PAPERS:
        raise TrainingError(
            f"audit.reviews: expected a build of review-5k with at least {_LEAST_PAPERS} rated"
            f" papers, found {len(ratings)} in {manifest.dataset}; name another build, or leave it"
            " out for no text baseline"
        )
    texts = dict(iterate_chats(audit.reviews, "train"))
    return fit_baseline(
        [_as_features(texts[paper_id][1].content) for paper_id in ratings],
        list(ratings.values()),
        kind="text",
        learned_from=f"{manifest.dataset}/train@{manifest.fingerprint[:12]}",
        paper_ids=list(ratings),
    )


def run_audit(
    config: LoopConfig,
    audit: AuditConfig,
    prompts: Sequence[Chat],
    *,
    last: ModelConfig,
    baseline: TextBaseline | None,
    diversity: Sequence[GroupDiversity] = (),
) -> FinishedAudit:
    """Run or resume the audit of a trained policy.

    Args:
        config: of the job.
        audit: what to audit with.
        prompts: prompts that nothing was trained on.
        last: the trained policy.
        baseline: from ``baseline_of``.
        diversity: of the rounds of training.
    """
    folder = config.out / "audit"
    seed = seed_of(config.seed, "audit")
    sides: dict[str, list[Rollout]] = {}
    for side, policy in (("before", config.policy), ("after", last)):
        sides[side] = write_stage(
            config,
            policy,
            partial(generator_of, policy, folder / "servers"),
            prompts,
            n_samples=audit.n_samples,
            seed=seed,
            folder=folder / side,
        )
    edits = _edited(audit, sides["before"])
    rewards: dict[str, Reward] = {}
    held_out: dict[str, Reward] = {}
    for side, rollouts in sides.items():
        papers = [_tagged(rollout, side) for rollout in rollouts]
        extra = [edit.rollout for edit in edits] if side == "before" else []
        for reviewer, rated, more, place in (
            (config.reviewer, rewards, extra, folder / side),
            (audit.reviewer, held_out, [], folder / side / "held-out"),
        ):
            if reviewer is None:
                continue
            opens = partial(generator_of, reviewer, folder / "servers")
            reviewed = review_stage(
                config, reviewer, opens, [*papers, *more], seed=seed, folder=place
            )
            rated |= {_key(reward): reward for reward in reviewed}
    references = {prompt_id: messages[1].content for prompt_id, messages in prompts}
    judged = {
        side: _judged(side, rollouts, references, rewards, held_out, baseline)
        for side, rollouts in sides.items()
    }
    found = audit_policies(
        judged["before"],
        judged["after"],
        edits=[
            EditedPaper(
                edit.kind,
                edit.prompt_id,
                rewards[_key(edit.original)].reward,
                rewards[_key(edit.rollout)].reward,
            )
            for edit in edits
        ],
        diversity=diversity,
    )
    return FinishedAudit(found, _figure_3(judged))


def close_audited(
    config: LoopConfig,
    record: RunRecord,
    held_out: Sequence[Chat],
    *,
    last: ModelConfig,
    baseline: TextBaseline | None,
    diversity: Sequence[GroupDiversity],
) -> RunRecord:
    """Audit the last policy if the recipe asks for it, write its card, and close the run.

    Args:
        config: of the job.
        record: of the finished job.
        held_out: prompts that nothing was trained on.
        last: the trained policy, or the first one if nothing was trained.
        baseline: from ``baseline_of``.
        diversity: of the rounds of training.
    """
    if config.audit is not None:
        found = run_audit(
            config, config.audit, held_out, last=last, baseline=baseline, diversity=diversity
        )
        record = found.added_to(record)
    if last != config.policy:
        write_model_card(
            Path(last.path),
            record,
            role="researcher",
            model=config.policy,
            adapter=config.adapter,
        )
    return close_run(config.out, record)


class _Edit(NamedTuple):
    kind: str
    prompt_id: str
    original: Rollout
    """The paper itself, tagged with its side."""
    rollout: Rollout
    """The edited paper, as a reviewer gets it."""


def _edited(audit: AuditConfig, rollouts: Sequence[Rollout]) -> list[_Edit]:
    """Return every edit of the first readable papers."""
    readable = [rollout for rollout in rollouts if rollout.review_text is not None]
    edits = []
    for rollout in readable[: audit.n_edited]:
        text = rollout.review_text or ""
        changed = {WORDING: reword(text)} | {
            claim: insert_claim(text, claim, key=f"{rollout.prompt_id}/{rollout.index}")
            for claim in audit.claims
        }
        for number, (kind, edited) in enumerate(changed.items()):
            if edited is not None:
                tagged = _tagged(rollout, f"edit-{number}")
                tagged = tagged.model_copy(update={"review_text": edited})
                edits.append(_Edit(kind, rollout.prompt_id, _tagged(rollout, "before"), tagged))
    return edits


def _tagged(rollout: Rollout, tag: str) -> Rollout:
    """Return the paper with an id that no paper of another side has."""
    return rollout.model_copy(update={"prompt_id": f"{tag}~{rollout.prompt_id}"})


def _key(row: Rollout | Reward) -> str:
    return f"{row.prompt_id}/{row.index}"


def _judged(
    side: str,
    rollouts: Sequence[Rollout],
    references: dict[str, str],
    rewards: dict[str, Reward],
    held_out: dict[str, Reward],
    baseline: TextBaseline | None,
) -> list[JudgedPaper]:
    """Return the readable papers of one policy with their scores."""
    readable = [rollout for rollout in rollouts if rollout.review_text is not None]
    ratings: Sequence[float | None] = [None] * len(readable)
    if baseline is not None and readable:
        ratings = baseline.ratings(
            [_as_features(rollout.review_text or "") for rollout in readable]
        ).tolist()
    judged = []
    for rollout, rating in zip(readable, ratings, strict=True):
        key = _key(_tagged(rollout, side))
        held = held_out.get(key)
        judged.append(
            JudgedPaper(
                prompt_id=rollout.prompt_id,
                index=rollout.index,
                text=rollout.review_text or "",
                latex="\n".join(turn.content for turn in rollout.turns if turn.role == "assistant"),
                references=references[rollout.prompt_id],
                reward=rewards[key].reward,
                held_out=None if held is None else held.reward,
                baseline=rating,
            )
        )
    return judged


def _as_features(text: str) -> PaperFeatures:
    """Return a paper as the text baseline reads it: its first 5,000 characters."""
    return PaperFeatures(title="", text=text)


def _figure_3(judged: dict[str, list[JudgedPaper]]) -> tuple[Curve, ...]:
    curves = []
    for side, papers in judged.items():
        groups: dict[str, list[PairOfScores]] = {}
        for paper in papers:
            if paper.reward is not None:
                scores = PairOfScores(paper.reward, paper.held_out)
                groups.setdefault(paper.prompt_id, []).append(scores)
        curves.append(
            draw_best_of(
                groups,
                name=f"audit-best-of-n-{side}",
                title=f"Figure 3, {side} training: best of n papers",
            )
        )
    return tuple(curve for curve in curves if curve is not None)
