"""A leaderboard's data: every submission of a folder scored and compared on the same papers."""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from cycledata.errors import ParseError
from cycledata.jsonl import InvalidLine
from cycleeval.aligned import on_scale, with_form
from cycleeval.comparison import Comparison, compare_predictions
from cycleeval.human_ratings import HumanRatings
from cycleeval.leaderboard.about import BOARD_FILE, AboutBoard, AboutModel, read_about
from cycleeval.leaderboard.folder import is_regular_file
from cycleeval.places import LOWER_IS_BETTER, PlaceInterval
from cycleeval.prediction_lines import SUFFIXES, model_name
from cycleeval.predictions import PredictionFile, read_predictions
from cycleeval.score_card import ScoreCard
from cycleeval.scoring import score_each, score_humans
from cycleeval.scoring_config import Policy, ScoringConfig
from cycleeval.trivial_baselines import NO_BASELINES, TrivialBaselines

BOARD_POLICY: Policy = "worst"
"""Treatment of missing predictions on a leaderboard. Papers cannot be left out: every model is
scored on every rated paper, so that no submission changes the papers of the others and a model
gains nothing by leaving out hard papers."""
RANKABLE = (
    "proxy_mse_n1",
    "proxy_mae_n1",
    "proxy_mse_n",
    "proxy_mae_n",
    "skill_mse",
    "decision_accuracy",
    "decision_macro_f1",
    "spearman",
    "pairwise_accuracy",
)
"""Metrics that a leaderboard can be ranked by."""
MAX_SUBMISSIONS = 100
"""Most submissions: every pair is compared, so that time grows with the square of this."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Place of a submission on one metric."""

    place: int
    """Shared within a tie group."""
    interval: PlaceInterval | None
    """Places that the tests leave open; None on a board of one."""
    is_shared: bool
    """Whether another entry has the same place."""

    def __str__(self) -> str:
        return f"{self.place}{'=' * self.is_shared}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One submission on the board."""

    slug: str
    """Name of its page: letters, digits and hyphens, unique on the board."""
    submission: PredictionFile
    card: ScoreCard | None
    """None if nothing could be scored, and then ``why_unranked`` gives the reason."""
    standing: Standing | None
    """Place by the board's metric; None if unranked."""
    standings: Mapping[str, Standing]
    """Place by each metric of `RANKABLE` that ranks every scored entry."""
    n_filled: int
    """Papers without a readable prediction, which the policy filled in."""
    why_unranked: str | None
    """None for a ranked entry."""
    about: AboutModel = field(default_factory=AboutModel)
    """Description of the model."""
    about_problem: str | None = None
    """Why the description could not be read; None if it could."""

    @property
    def title(self) -> str:
        """Name to show: of the description, or else of the file."""
        return self.about.name or self.submission.name


@dataclass(frozen=True, slots=True)
class Board:
    """The data of the site."""

    reference: HumanRatings
    config: ScoringConfig
    """Options of every number on the board."""
    metric: str
    """Metric of the places: ``proxy_mse_n1``, or ``proxy_mse_n`` if papers have only one rating."""
    humans: ScoreCard
    entries: tuple[Entry, ...]
    """Ranked ones from the best, then the others by name."""
    n_compared: int
    """Papers on which every entry is scored."""
    ignored: tuple[str, ...]
    """Names in the folder that are not read."""
    about: AboutBoard = field(default_factory=AboutBoard)
    """Description of the leaderboard."""
    about_problem: str | None = None
    """Why the description could not be read; None if it could."""


def gather(
    folder: Path,
    reference: HumanRatings,
    config: ScoringConfig | None = None,
    *,
    rank_by: str | None = None,
    trivial: TrivialBaselines = NO_BASELINES,
    on_progress: Callable[[int, int], None] | None = None,
) -> Board:
    """Score and compare every predictions file of a folder.

    Args:
        folder: one file per model; see `read_predictions` for the formats.
        reference: human ratings.
        config: options; the policy ``exclude`` becomes ``worst``, see ``BOARD_POLICY``.
        rank_by: metric of the places; None for the default of `Board.metric`.
        trivial: baselines on length and text, see `answer_trivially`.
        on_progress: called with steps done and steps in total.

    Raises:
        ValueError: `rank_by` is not a metric that can be ranked.
        ParseError: no folder, no submission in it, or too many.
        ScoringError: no paper has a rating.
    """
    if rank_by is not None and rank_by not in RANKABLE:
        raise ValueError(f"rank_by: expected one of {', '.join(RANKABLE)}, found {rank_by!r}")
    options = with_form(config, reference)
    if options.policy == "exclude":
        options = replace(options, policy=BOARD_POLICY)
    files, ignored = _files(folder)
    submissions = _with_different_names(
        files, [_read_submission(file, reference, options) for file in files]
    )
    humans = score_humans(reference, options, trivial=trivial)
    # On a board every model is scored on the same papers, so one row per baseline is enough.
    without_rows = replace(trivial, with_metrics=False)
    ranked = [submission for submission in submissions if submission.predictions]
    total = 2 * len(ranked) + len(ranked) * (len(ranked) - 1) // 2

    def scored(done: int, _: int) -> None:
        if on_progress is not None:
            on_progress(done, total)

    scores = score_each(ranked, reference, options, trivial=without_rows, on_progress=scored)
    cards = {card.name: card for card in scores}
    has_n1 = humans.metrics["proxy_mse_n1"].value is not None
    metric = rank_by or ("proxy_mse_n1" if has_n1 else "proxy_mse_n")

    def compared(done: int, _: int) -> None:
        if on_progress is not None:
            on_progress(len(ranked) + done, total)

    comparison = None
    if len(ranked) > 1:
        comparison = compare_predictions(
            ranked, reference, options, metrics=RANKABLE, on_progress=compared
        )
    entries = _entries(submissions, cards, comparison, metric)
    n_compared = sum(map(bool, reference.ratings)) if ranked else 0
    described = [_with_about(entry, folder) for entry in entries]
    about = read_about(folder / BOARD_FILE, AboutBoard)
    used = {f"{entry.submission.name}.toml" for entry in entries} | {BOARD_FILE}
    return Board(
        reference,
        options,
        metric,
        humans,
        tuple(described),
        n_compared,
        tuple(name for name in ignored if name not in used),
        AboutBoard() if isinstance(about, str) else about,
        about if isinstance(about, str) else None,
    )


def _with_about(entry: Entry, folder: Path) -> Entry:
    about = read_about(folder / f"{entry.submission.name}.toml", AboutModel)
    if isinstance(about, str):
        return replace(entry, about_problem=about)
    return replace(entry, about=about)


def _files(folder: Path) -> tuple[list[Path], tuple[str, ...]]:
    if not folder.is_dir():
        raise ParseError("no-submissions", f"{folder}: expected a folder of predictions files")
    inside = sorted(folder.iterdir())
    files = [path for path in inside if path.name.endswith(SUFFIXES) and is_regular_file(path)]
    if not 1 <= len(files) <= MAX_SUBMISSIONS:
        others = ", ".join(path.name for path in inside if path not in files)[:200]
        raise ParseError(
            "no-submissions" if not files else "too-many-submissions",
            f"{folder}: expected 1 to {MAX_SUBMISSIONS} files that end in {', '.join(SUFFIXES)}; "
            f"found {len(files)}" + (f"; other names: {others}" if others else ""),
        )
    return files, tuple(path.name for path in inside if path not in files)


def _read_submission(file: Path, reference: HumanRatings, config: ScoringConfig) -> PredictionFile:
    """Return the predictions of a file; a file that cannot be read has none, with the reason."""
    try:
        found = read_predictions(
            file, known=reference.paper_ids, elsewhere=reference.other_ids, config=config
        )
    except ParseError as error:
        # The page is public: folders of this machine are left out.
        problem = InvalidLine(1, error.rule, error.detail.replace(f"{file}: ", ""))
    except OSError as error:
        problem = InvalidLine(1, "unreadable-file", f"{error.strerror}")
    else:
        return on_scale(found, config)
    return PredictionFile(model_name(file), {}, (problem,))


def _with_different_names(
    files: Sequence[Path], submissions: Sequence[PredictionFile]
) -> list[PredictionFile]:
    """Return the submissions, those of one name called by their whole file name."""
    taken = Counter(submission.name for submission in submissions)
    return [
        replace(submission, name=file.name) if taken[submission.name] > 1 else submission
        for file, submission in zip(files, submissions, strict=True)
    ]


def _entries(
    submissions: Sequence[PredictionFile],
    cards: Mapping[str, ScoreCard],
    comparison: Comparison | None,
    metric: str,
) -> tuple[Entry, ...]:
    standings = _standings(cards, comparison)
    why = "not comparable with the others"
    if comparison is not None:
        why = comparison.unranked.get(metric, why)
    entries = []
    for submission in submissions:
        name = submission.name
        card = cards.get(name)
        of_entry = {by: found[name] for by, found in standings.items() if name in found}
        standing = of_entry.get(metric)
        reason = why if card is not None else f"nothing to score: {submission.problems()}"
        entries.append(
            Entry(
                slug=_slug(name),
                submission=submission,
                card=card,
                standing=standing,
                standings=of_entry,
                n_filled=0 if card is None else len(card.per_paper.paper_ids) - card.n_scored,
                why_unranked=None if standing is not None else reason,
            )
        )

    sign = 1 if metric.startswith(LOWER_IS_BETTER) else -1

    def order(entry: Entry) -> tuple[bool, int, float, str]:
        value = None if entry.card is None else entry.card.metrics[metric].value
        return (
            entry.standing is None,
            0 if entry.standing is None else entry.standing.place,
            0.0 if value is None or entry.standing is None else sign * round(value, 12),
            entry.submission.name,
        )

    return tuple(sorted(entries, key=order))


def _standings(
    cards: Mapping[str, ScoreCard], comparison: Comparison | None
) -> dict[str, dict[str, Standing]]:
    """Return places by metric and name; on a board of one, the first place by each metric."""
    if comparison is None:
        return {
            metric: {name: Standing(1, None, is_shared=False)}
            for name, card in cards.items()
            for metric in RANKABLE
            if metric in card.metrics and card.metrics[metric].value is not None
        }
    found = {}
    for metric in RANKABLE:
        places = comparison.ranks.get(metric, {})
        taken = Counter(places.values())
        intervals = comparison.rank_intervals.get(metric, {})
        found[metric] = {
            name: Standing(place, intervals.get(name), is_shared=taken[place] > 1)
            for name, place in places.items()
        }
    return found


def _slug(name: str) -> str:
    """Return the page name; a hash separates names that differ only in other characters."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60]
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return f"{plain}-{digest}" if plain else digest
