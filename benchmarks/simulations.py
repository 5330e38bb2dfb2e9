"""Coverage of the intervals and error rates of the places, by simulation.

    python benchmarks/simulations.py [--quick]

Coverage: share of 95% intervals that contain the true value. Type-I error: share of boards on which
some of several equally good models is shown to differ. Power: share of boards on which a model that
is worse by a stated amount is shown to be worse than the best.
"""

import argparse

import numpy as np
from numpy.typing import NDArray

from cycleeval.bootstrap import bca_interval, holm, left_out_weights, resampled_weights
from cycleeval.comparison import LEVEL, jackknife_p_value
from cycleeval.decision import macro_f1, mcc
from cycleeval.intervals import (
    auroc_interval,
    caution,
    exact_interval,
    table_draws,
    table_interval,
)

Floats = NDArray[np.float64]
SIZES = (20, 100, 781)
RESAMPLES = 500


def coverage_of_rates(repeats: int, generator: np.random.Generator) -> None:
    """Print the coverage of exact intervals at small and middling rates."""
    print("coverage of Clopper-Pearson intervals of a rate")
    for rate in (0.002, 0.02, 0.1, 0.5):
        found = []
        for n in SIZES:
            ends = {k: exact_interval(k, n) for k in range(n + 1)}
            drawn = generator.binomial(n, rate, repeats)
            found.append(np.mean([ends[k].low <= rate <= ends[k].high for k in drawn]))
        print(
            f"  rate {rate:5.3f}: "
            + "  ".join(f"n={n} {c:.3f}" for n, c in zip(SIZES, found, strict=True))
        )


def coverage_of_tables(repeats: int, generator: np.random.Generator) -> None:
    """Print the coverage of the Jeffreys intervals of macro F1 and MCC."""
    print("coverage of Jeffreys intervals")
    for name, shares in (
        ("70% right", (0.2, 0.15, 0.15, 0.5)),
        ("95% right", (0.3, 0.03, 0.02, 0.65)),
    ):
        for metric, statistic in (("macro F1", macro_f1), ("MCC", mcc)):
            truth = float(statistic(np.array(shares)))
            found = []
            for n in SIZES:
                inside, defined = 0, 0
                for _ in range(repeats):
                    counts = generator.multinomial(n, shares).astype(np.float64)
                    tables = table_draws(counts, float(n), seed=0)
                    interval = table_interval(float(statistic(counts)), statistic(tables))
                    if interval is not None:
                        defined += 1
                        inside += interval.low <= truth <= interval.high
                found.append(inside / max(defined, 1))
            shown = "  ".join(f"n={n} {c:.3f}" for n, c in zip(SIZES, found, strict=True))
            print(f"  {metric}, {name}: {shown}")


def coverage_of_auroc(repeats: int, generator: np.random.Generator) -> None:
    """Print the coverage of logit DeLong intervals, a third of the papers accepted."""
    from cycleeval.detection import auroc

    print("coverage of logit DeLong intervals of AUROC")
    for shift in (0.5, 1.5, 3.0):
        from scipy.stats import norm

        truth = float(norm.cdf(shift / np.sqrt(2)))
        found = []
        for n in SIZES:
            labels = np.arange(n) < n // 3
            inside = 0
            for _ in range(repeats):
                scores = generator.normal(size=n) + shift * labels
                value, error = auroc(scores, labels)
                interval = auroc_interval(value, error, n // 3, n - n // 3)
                inside += interval is not None and interval.low <= truth <= interval.high
            found.append(inside / repeats)
        shown = "  ".join(f"n={n} {c:.3f}" for n, c in zip(SIZES, found, strict=True))
        print(f"  AUROC {truth:.3f}: {shown}")


def coverage_of_means(repeats: int, generator: np.random.Generator) -> None:
    """Print the coverage of BCa intervals of mean squared errors, with and without a caution."""
    print("coverage of BCa intervals of a mean squared error (share with a caution)")
    for name, huge in (("normal errors", 0.0), ("4% of errors five times as large", 0.04)):
        truth = 1 + huge * 24
        for n in SIZES:
            inside, flagged = 0, 0
            weights = np.concatenate(list(resampled_weights(n, resamples=RESAMPLES, seed=0)))
            without = np.concatenate(list(left_out_weights(n)))
            for _ in range(repeats):
                errors = generator.normal(size=n) * np.where(generator.random(n) < huge, 5, 1)
                squares = errors**2
                left_out = without @ squares / without.sum(axis=1)
                interval = bca_interval(float(squares.mean()), weights @ squares / n, left_out)
                assert interval is not None
                inside += interval.low <= truth <= interval.high
                flagged += caution(n, left_out, interval, exact=False) is not None
            print(f"  {name}, n={n}: {inside / repeats:.3f} ({flagged / repeats:.2f})")


def places(repeats: int, generator: np.random.Generator) -> None:
    """Print type-I error and power of the tests behind the places, Holm over all pairs."""
    print(
        "places: type-I error, and power for an error larger by 30% (781 papers, correlated models)"
    )
    n_papers = 781
    for n_models in (2, 6, 20, 100):
        rejected = {1.0: 0, 1.3: 0}
        for worse in rejected:
            for _ in range(repeats):
                common = generator.normal(size=n_papers)
                own = generator.normal(size=(n_models, n_papers))
                scale = np.ones(n_models)
                scale[-1] = np.sqrt(worse)
                squares = ((0.6 * common + 0.8 * own) * scale[:, None]) ** 2
                rejected[worse] += _shown(squares, last_only=worse > 1)
        print(
            f"  {n_models:3d} models: type-I {rejected[1.0] / repeats:.3f}, "
            f"power {rejected[1.3] / repeats:.3f}"
        )


def _shown(squares: Floats, *, last_only: bool) -> bool:
    n_models, n_papers = squares.shape
    without = (squares.sum(axis=1)[:, None] - squares) / (n_papers - 1)
    means = squares.mean(axis=1)
    pairs = [(i, j) for i in range(n_models) for j in range(i)]
    values = [
        jackknife_p_value(float(means[i] - means[j]), without[i] - without[j], n_papers) or 1.0
        for i, j in pairs
    ]
    adjusted = holm(values)
    best = int(np.argmin(means[:-1]))
    if last_only:
        return adjusted[pairs.index((n_models - 1, best))] < LEVEL
    return min(adjusted) < LEVEL


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="a tenth of the repeats")
    share = 10 if parser.parse_args().quick else 1
    generator = np.random.default_rng(0)
    coverage_of_rates(20_000 // share, generator)
    coverage_of_tables(2_000 // share, generator)
    coverage_of_auroc(2_000 // share, generator)
    coverage_of_means(1_000 // share, generator)
    places(100 // share, generator)


if __name__ == "__main__":
    main()
