"""Speed of the metrics against the obvious loop and against scipy.stats.bootstrap.

    python benchmarks/metrics.py [--quick]

Three claims: leave-one-out over 5 million ratings; 10,000 paired bootstrap resamples of every
metric over 781 papers; and import time. The slow sides run on a part and are scaled up, as said
beside each; every side must give the same numbers, or the benchmark stops.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats
from sklearn import metrics

from cycleeval.aligned import align
from cycleeval.bootstrap import Statistic, evaluate, resampled_weights
from cycleeval.human_ratings import HumanRatings, human_ratings_of
from cycleeval.metrics import model_statistics
from cycleeval.paper_statistics import PaperStatistics
from cycleeval.predictions import Prediction, PredictionFile
from cycleeval.proxy import human_error
from cycleeval.ragged import from_flat, ragged
from cycleeval.scoring_config import ScoringConfig

Floats = NDArray[np.float64]
N_PAPERS = 781


def seconds(work: Callable[[], object], *, repeats: int = 1) -> float:
    """Best wall time of a few runs."""
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


def leave_one_out(n_ratings: int) -> None:
    generator = np.random.default_rng(0)
    counts = generator.integers(2, 7, size=n_ratings // 4)
    values = generator.choice([1.0, 3, 5, 6, 8, 10], size=int(counts.sum()))
    print(f"leave-one-out MSE, {len(values):,} ratings of {len(counts):,} papers")
    flat_s = seconds(lambda: human_error(from_flat(values, counts)), repeats=3)
    print(f"  cycleeval, flat array in        {flat_s:8.2f} s")

    n_part = 10_000
    lists = [part.tolist() for part in np.split(values, np.cumsum(counts)[:-1])]
    lists_s = seconds(lambda: human_error(ragged(lists)))
    print(f"  cycleeval, lists of lists in    {lists_s:8.2f} s")
    part, found = lists[:n_part], human_error(from_flat(values, counts))
    share = sum(map(len, part)) / len(values)

    def numpy_loop() -> list[float]:
        papers = [np.array(marks) for marks in part]
        return [
            float(np.mean([(m[i] - np.delete(m, i).mean()) ** 2 for i in range(len(m))]))
            for m in papers
        ]

    assert np.allclose(numpy_loop(), found[:n_part])
    loop_s = seconds(numpy_loop) / share
    print(f"  numpy loop (1/{1 / share:.0f}, scaled)      {loop_s:8.2f} s  {loop_s / flat_s:6.0f}x")

    paper = np.repeat(np.arange(len(counts)), counts)
    frame = pd.DataFrame({"paper": paper, "rating": values})
    few = frame[frame.paper < n_part]

    def one(marks: pd.Series) -> float:
        others = (marks.sum() - marks) / (len(marks) - 1)
        return float(((marks - others) ** 2).mean())

    assert np.allclose(few.groupby("paper").rating.apply(one), found[:n_part])
    apply_s = seconds(lambda: few.groupby("paper").rating.apply(one)) / share
    print(
        f"  pandas apply (1/{1 / share:.0f}, scaled)    {apply_s:8.2f} s  {apply_s / flat_s:6.0f}x"
    )

    def transform() -> object:
        groups = frame.groupby("paper").rating
        n = groups.transform("size")
        others = (groups.transform("sum") - frame.rating) / (n - 1)
        return ((frame.rating - others) ** 2).groupby(frame.paper).mean()

    transform_s = seconds(transform)
    print(f"  pandas transform, whole         {transform_s:8.2f} s  {transform_s / flat_s:6.1f}x")


def two_models() -> tuple[HumanRatings, tuple[PredictionFile, PredictionFile]]:
    """Return a test set of the paper's size and two models that simulate four reviewers each."""
    generator = np.random.default_rng(1)
    scale = np.array([1.0, 3, 5, 6, 8, 10])
    truth = generator.normal(5.5, 1.3, size=N_PAPERS)

    def marks(noise: float) -> list[list[float]]:
        drawn = truth[:, None] + generator.normal(0, noise, size=(N_PAPERS, 4))
        return scale[np.abs(drawn[..., None] - scale).argmin(axis=-1)].tolist()

    ids = [f"{i:04d}" for i in range(N_PAPERS)]
    accepted = truth + generator.normal(0, 0.7, size=N_PAPERS) > 6
    reference = human_ratings_of(
        dict(zip(ids, marks(1.5), strict=True)),
        {i: "accept" if ok else "reject" for i, ok in zip(ids, accepted, strict=True)},
    )
    models = []
    for name, noise in (("a", 1.0), ("b", 1.8)):
        said = zip(ids, marks(noise), strict=True)
        models.append(PredictionFile(name, {i: Prediction(i, tuple(m)) for i, m in said}, ()))
    return reference, (models[0], models[1])


def obvious(reference: HumanRatings, model: PredictionFile) -> dict[str, Callable[[Floats], float]]:
    """Each metric as one would write it, on the papers with these indices."""
    human = [np.array(marks) for marks in reference.ratings]
    said = np.array([np.mean(model.predictions[i].ratings) for i in reference.paper_ids])
    mean = np.array([marks.mean() for marks in human])
    was = np.array([decision == "accept" for decision in reference.decisions])
    accept = said >= 6
    constant = mean.mean()

    def left_out(index: Floats, loss: Callable[[Floats], Floats]) -> float:
        errors = []
        for i in index:
            marks = human[i]
            others = [np.delete(marks, j).mean() for j in range(len(marks))]
            errors.append(np.mean(loss(said[i] - np.array(others))))
        return float(np.mean(errors))

    def pairwise(index: Floats) -> float:
        x, y = said[index], mean[index]
        dx, dy = np.sign(x[:, None] - x), np.sign(y[:, None] - y)
        return float((1 + (dx * dy)[dy != 0].mean()) / 2)

    noise = np.array([np.var(marks, ddof=1) / len(marks) for marks in human])
    return {
        "proxy_mse_n1": lambda index: left_out(index, np.square),
        "proxy_mae_n1": lambda index: left_out(index, np.abs),
        "proxy_mse_n": lambda index: metrics.mean_squared_error(mean[index], said[index]),
        "proxy_mae_n": lambda index: metrics.mean_absolute_error(mean[index], said[index]),
        "skill_mse": lambda index: (
            1 - np.mean((said - mean)[index] ** 2) / np.mean((constant - mean)[index] ** 2)
        ),
        "mse_above_noise": lambda index: np.mean(((said - mean) ** 2 - noise)[index]),
        "decision_accuracy": lambda index: metrics.accuracy_score(was[index], accept[index]),
        "decision_macro_f1": lambda index: metrics.f1_score(
            was[index], accept[index], average="macro"
        ),
        "balanced_accuracy": lambda index: metrics.balanced_accuracy_score(
            was[index], accept[index]
        ),
        "mcc": lambda index: metrics.matthews_corrcoef(was[index], accept[index]),
        "auroc": lambda index: metrics.roc_auc_score(was[index], said[index]),
        "spearman": lambda index: stats.spearmanr(said[index], mean[index]).statistic,
        "kendall_tau_b": lambda index: stats.kendalltau(said[index], mean[index]).statistic,
        "pairwise_accuracy": pairwise,
    }


def paired_bootstrap(resamples: int, few: int) -> None:
    reference, models = two_models()
    config = ScoringConfig(resamples=resamples)
    ours: list[PaperStatistics] = []
    for model in models:
        papers, resolved = align(model, reference, config)
        ours.append(model_statistics(papers, resolved))
    theirs = [obvious(reference, model) for model in models]
    names = list(theirs[0])
    statistics: dict[str, Statistic] = {
        f"{i}/{name}": ours[i][name].statistic for i in (0, 1) for name in names
    }
    print(f"\npaired bootstrap, {N_PAPERS} papers, {len(names)} metrics of two models")

    # The same resamples on both sides give the same numbers.
    weights = np.concatenate(list(resampled_weights(N_PAPERS, resamples=3, seed=5)))
    found = evaluate(statistics, [weights])
    for row in range(3):
        index = np.repeat(np.arange(N_PAPERS), weights[row].astype(int))
        for i in (0, 1):
            for name in names:
                assert np.isclose(found[f"{i}/{name}"][row], theirs[i][name](index)), name

    own_s = seconds(
        lambda: evaluate(statistics, resampled_weights(N_PAPERS, resamples=resamples, seed=0)),
        repeats=2,
    )
    print(f"  cycleeval, {resamples:,} resamples       {own_s:9.2f} s")
    generator = np.random.default_rng(0)

    def loop() -> None:
        for _ in range(few):
            index = generator.integers(0, N_PAPERS, size=N_PAPERS)
            for side in theirs:
                for statistic in side.values():
                    statistic(index)

    loop_s = seconds(loop) * resamples / few
    print(f"  obvious loop ({few}, scaled)        {loop_s:9.2f} s  {loop_s / own_s:6.0f}x")

    def through_scipy(name: str) -> object:
        one, other = theirs[0][name], theirs[1][name]
        places = np.arange(N_PAPERS)
        return stats.bootstrap(
            (places,),
            lambda index: one(index) - other(index),
            vectorized=False,
            n_resamples=few,
            method="percentile",
        )

    scipy_s = sum(seconds(lambda n=name: through_scipy(n)) for name in names) * resamples / few
    print(f"  scipy.stats.bootstrap, any metric {scipy_s:7.2f} s  {scipy_s / own_s:6.0f}x")

    # At its best: plain means, vectorised, without any rank statistic.
    means = ["proxy_mse_n1", "proxy_mae_n1", "proxy_mse_n", "proxy_mae_n", "mse_above_noise"]
    once = evaluate(statistics, [np.eye(N_PAPERS)])
    per_paper = {name: once[f"0/{name}"] - once[f"1/{name}"] for name in means}

    def vectorised() -> None:
        for values in per_paper.values():
            stats.bootstrap((values,), np.mean, n_resamples=resamples, method="percentile")

    chosen = {key: s for key, s in statistics.items() if key.split("/")[1] in means}
    own_means_s = seconds(
        lambda: evaluate(chosen, resampled_weights(N_PAPERS, resamples=resamples, seed=0)),
        repeats=2,
    )
    scipy_means_s = seconds(vectorised, repeats=2)
    print(f"  five plain means: cycleeval       {own_means_s:7.2f} s")
    print(
        f"  five plain means: scipy, vectorised {scipy_means_s:5.2f} s  "
        f"{scipy_means_s / own_means_s:6.1f}x"
    )


def imports() -> None:
    print("\nprocess start to finish, best of five")
    for what, command in (
        ("python -c pass", ["-c", "pass"]),
        ("python -c 'import cycleeval'", ["-c", "import cycleeval"]),
        ("  and its score()", ["-c", "import cycleeval; cycleeval.score"]),
        ("python -m cycleeval --help", ["-m", "cycleeval", "--help"]),
    ):
        run = [sys.executable, *command]
        took = seconds(lambda r=run: subprocess.run(r, check=True, capture_output=True), repeats=5)
        print(f"  {what:30} {took:6.3f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="a hundredth of the ratings, for CI")
    quick = parser.parse_args().quick
    leave_one_out(50_000 if quick else 5_000_000)
    paired_bootstrap(1_000 if quick else 10_000, 5 if quick else 20)
    imports()


if __name__ == "__main__":
    main()
