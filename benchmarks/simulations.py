"""Coverage of the intervals and error rates of the places, by simulation, as tables of Markdown.

    python benchmarks/simulations.py [--quick]

Coverage: share of 95% intervals that contain the true value. Type-I error: share of boards on which
some of several equally good models is shown to differ. Power: share of boards on which a model with
a mean squared error 30% larger is shown to be worse than the best. The standard error of a coverage
near 0.95 is 0.005, of 2,000 repeats (0.010 of 500 for Spearman and pairwise accuracy).
"""

import argparse
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtr

from cycleeval.bootstrap import (
    Interval,
    bca_interval,
    evaluate,
    holm,
    left_out_weights,
    permutation_p_value,
    resampled_weights,
    swap_weights,
)
from cycleeval.decision import macro_f1, mcc
from cycleeval.detection import auroc
from cycleeval.differences import LEVEL, jackknife_p_value
from cycleeval.intervals import (
    auroc_interval,
    caution,
    exact_interval,
    table_draws,
    table_interval,
)
from cycleeval.ragged import from_flat
from cycleeval.rank import cells, pairwise_accuracy_of, spearman_of, weigh
from cycleeval.reviewer_worth import worth_moments, worth_of_sums

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
Generator = np.random.Generator
SIZES = (20, 100, 781)
RESAMPLES = 500
HUGE = 0.04
"""Share of errors that are five times as large, where tails are heavy."""


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table of Markdown."""
    print(f"\n| {' | '.join(header)} |\n|{' --- |' * len(header)}")
    for row in rows:
        print(f"| {' | '.join(row)} |", flush=True)


def coverage(repeats: int, generator: Generator) -> None:
    """Print the coverage of each kind of interval."""
    rows: list[list[str]] = []
    for rate in (0.002, 0.02, 0.1, 0.5):
        cell = lambda n, r=rate: _of_rate(r, n, 10 * repeats, generator)  # noqa: E731  one per row
        rows.append([f"rate {rate:.1%}", *map(cell, SIZES)])
    for right, shares in (("70%", (0.2, 0.15, 0.15, 0.5)), ("95%", (0.3, 0.03, 0.02, 0.65))):
        for metric, statistic in (("macro F1", macro_f1), ("MCC", mcc)):
            found = [_of_table(statistic, shares, n, repeats, generator) for n in SIZES]
            rows.append([f"{metric}, {right} right", *found])
    for shift in (0.5, 1.5, 3.0):
        found = [_of_auroc(shift, n, repeats, generator) for n in SIZES]
        rows.append([f"AUROC {ndtr(shift / np.sqrt(2)):.2f}", *found])
    for name, huge in (("normal errors", 0.0), ("4% of errors five times as large", HUGE)):
        found = [_of_mean(huge, n, repeats, generator) for n in SIZES]
        rows.append([f"mean squared error, {name}", *found])
    for name, draw in (("Spearman", _spearman), ("pairwise accuracy", _pairwise)):
        found = [_of_statistic(draw, n, repeats // 4, generator) for n in SIZES]
        rows.append([f"{name}, correlation 0.5", *found])
    rows.append(["skill 0.5", *(_of_statistic(_skill, n, repeats // 2, generator) for n in SIZES)])
    worth = [_of_worth(n, repeats // 2, generator) for n in SIZES]
    rows.append(["worth of 1 reviewer", *worth])
    table(["interval", *(f"n = {n}" for n in SIZES)], rows)


def _shown(inside: int, cautioned: int, defined: int) -> str:
    share = f"{inside / max(defined, 1):.3f}"
    return f"{share} ({cautioned / max(defined, 1):.0%} with a caution)" if cautioned else share


def _of_rate(rate: float, n: int, repeats: int, generator: Generator) -> str:
    ends = [exact_interval(k, n) for k in range(n + 1)]
    drawn = generator.binomial(n, rate, repeats)
    return f"{np.mean([ends[k].low <= rate <= ends[k].high for k in drawn]):.3f}"


def _of_table(
    statistic: Callable[[Floats], Floats],
    shares: Sequence[float],
    n: int,
    repeats: int,
    generator: Generator,
) -> str:
    truth = float(statistic(np.array(shares)))
    inside = defined = 0
    for _ in range(repeats):
        counts = generator.multinomial(n, shares).astype(np.float64)
        drawn = statistic(table_draws(counts, float(n), seed=0))
        interval = table_interval(float(statistic(counts)), drawn)
        if interval is not None:
            defined += 1
            inside += interval.low <= truth <= interval.high
    return _shown(inside, 0, defined)


def _of_auroc(shift: float, n: int, repeats: int, generator: Generator) -> str:
    truth, labels = float(ndtr(shift / np.sqrt(2))), np.arange(n) < n // 3
    inside = 0
    for _ in range(repeats):
        value, error = auroc(generator.normal(size=n) + shift * labels, labels)
        interval = auroc_interval(value, error, n // 3, n - n // 3)
        inside += interval is not None and interval.low <= truth <= interval.high
    return _shown(inside, 0, repeats)


def _of_mean(huge: float, n: int, repeats: int, generator: Generator) -> str:
    truth = 1 + huge * 24
    weights = np.concatenate(list(resampled_weights(n, resamples=RESAMPLES, seed=0)))
    without = np.concatenate(list(left_out_weights(n)))
    inside = flagged = 0
    for _ in range(repeats):
        squares = _errors((n,), huge, generator) ** 2
        left_out = without @ squares / without.sum(axis=1)
        interval = bca_interval(float(squares.mean()), weights @ squares / n, left_out)
        assert interval is not None
        inside += interval.low <= truth <= interval.high
        flagged += caution(n, left_out, interval, exact=False) is not None
    return _shown(inside, flagged, repeats)


def _errors(shape: tuple[int, ...], huge: float, generator: Generator) -> Floats:
    return generator.normal(size=shape) * np.where(generator.random(shape) < huge, 5, 1)


def _spearman(n: int, generator: Generator) -> tuple[Callable[[Floats], Floats], float]:
    x, y = _correlated(n, generator)
    of = cells(x, y)
    return lambda weights: spearman_of(weigh(of, weights)), 6 / np.pi * np.arcsin(0.25)


def _pairwise(n: int, generator: Generator) -> tuple[Callable[[Floats], Floats], float]:
    x, y = _correlated(n, generator)
    of = cells(x, y)
    truth = 0.5 + np.arcsin(0.5) / np.pi
    return lambda weights: pairwise_accuracy_of(weigh(of, weights)), truth


def _correlated(n: int, generator: Generator) -> tuple[Floats, Floats]:
    x = generator.normal(size=n)
    return x, 0.5 * x + np.sqrt(0.75) * generator.normal(size=n)


def _skill(n: int, generator: Generator) -> tuple[Callable[[Floats], Floats], float]:
    """Return skill over a constant learned elsewhere: the true mean, 0."""
    human = generator.normal(size=n)
    errors, theirs = generator.normal(0, np.sqrt(0.5), n) ** 2, human**2
    return lambda weights: 1 - (weights @ errors) / (weights @ theirs), 0.5


def _of_statistic(
    draw: Callable[[int, Generator], tuple[Callable[[Floats], Floats], float]],
    n: int,
    repeats: int,
    generator: Generator,
) -> str:
    inside = flagged = defined = 0
    for _ in range(repeats):
        statistic, truth = draw(n, generator)
        named = {"": statistic}
        drawn = evaluate(named, resampled_weights(n, resamples=RESAMPLES, seed=0))[""]
        left_out = evaluate(named, left_out_weights(n))[""]
        interval = bca_interval(float(statistic(np.ones((1, n)))[0]), drawn, left_out)
        if interval is not None:
            defined += 1
            inside += interval.low <= truth <= interval.high
            flagged += caution(n, left_out, interval, exact=False) is not None
    return _shown(inside, flagged, defined)


def _of_worth(n: int, repeats: int, generator: Generator) -> str:
    """Return the coverage for a model with the noise of each of its three or four reviewers."""
    weights = np.concatenate(list(resampled_weights(n, resamples=RESAMPLES, seed=0)))
    inside = defined = 0
    for _ in range(repeats):
        truth, counts = generator.normal(size=n), generator.integers(3, 5, n)
        values = np.repeat(truth, counts) + generator.normal(size=counts.sum())
        model = truth + generator.normal(size=n)
        drawn = worth_of_sums(weights @ worth_moments(model, from_flat(values, counts)))[0]
        drawn = drawn[~np.isnan(drawn)]
        if len(drawn) >= 0.95 * RESAMPLES:
            low, high = np.quantile(drawn, [0.025, 0.975], method="lower")
            defined += 1
            inside += low <= 1 <= high
    return f"{inside / max(defined, 1):.3f} ({defined / repeats:.0%} defined)"


def places(boards: int, generator: Generator) -> None:
    """Print type-I error and power of the tests behind the places."""
    header = ["papers", "models", "type-I error", "power", "type-I error, heavy tails"]
    print(f"\n{boards:,} boards per cell; in brackets the exact 95% interval of the simulation")
    table([*header, "the same without the caution"], _rows_of_places(boards, generator))


def _rows_of_places(boards: int, generator: Generator) -> Iterator[list[str]]:
    for n_papers in SIZES:
        for n_models in (2, 6, 20, 100):
            found = [
                _rejected(n_models, n_papers, huge, worse, boards, generator)
                for huge, worse in ((0.0, 1.0), (0.0, 1.3), (HUGE, 1.0))
            ]
            (normal, _), (power, _), (heavy, unguarded) = found
            shares = [_share(count, boards) for count in (normal, power, heavy, unguarded)]
            yield [str(n_papers), str(n_models), *shares]


def _share(count: int, boards: int) -> str:
    """Return a share with its Monte-Carlo interval."""
    ends = exact_interval(count, boards)
    return f"{count / boards:.3f} [{ends.low:.3f}, {ends.high:.3f}]"


def _rejected(
    n_models: int, n_papers: int, huge: float, worse: float, boards: int, generator: Generator
) -> tuple[int, int]:
    """Return the boards with a difference, and the same without the caution on tails."""
    shown = unguarded = 0
    scale = np.ones((n_models, 1))
    scale[-1] = np.sqrt(worse)
    for board in range(boards):
        common = _errors((n_papers,), huge, generator)
        own = _errors((n_models, n_papers), huge, generator)
        squares = ((0.6 * common + 0.8 * own) * scale) ** 2
        guarded, plain = _differences(squares, last_only=worse > 1, check=board == 0)
        shown += guarded
        unguarded += plain
    return shown, unguarded


def _differences(squares: Floats, *, last_only: bool, check: bool) -> tuple[bool, bool]:
    """Return whether a difference is shown, with and without the caution on tails."""
    n_models, n_papers = squares.shape
    without = (squares.sum(axis=1)[:, None] - squares) / (n_papers - 1)
    means = squares.mean(axis=1)
    first, second = np.triu_indices(n_models, 1)
    if n_models == 2:
        swapped = _coins(n_papers) @ (squares[0] - squares[1]) / n_papers
        p_values = [permutation_p_value(float(means[0] - means[1]), swapped) or 1.0]
    else:
        p_values = _jackknife_p_values(squares, first, second)
        if check:  # the formula for means is the library's test
            for k in range(0, len(first), max(len(first) // 10, 1)):
                i, j = first[k], second[k]
                gap, left_out = float(means[i] - means[j]), without[i] - without[j]
                assert np.isclose(jackknife_p_value(gap, left_out, n_papers) or 1.0, p_values[k])
    if min(p_values) * len(p_values) >= LEVEL:
        return False, False
    best = int(np.argmin(means[:-1]))
    found = [
        (i, j)
        for i, j, p_value in zip(first, second, holm(p_values), strict=True)
        if p_value < LEVEL and (not last_only or (int(i), int(j)) == (best, n_models - 1))
    ]
    width = Interval(0, 1)  # any: only the tails matter here
    guarded = [
        "heavy tails" not in (caution(n_papers, without[i] - without[j], width, exact=False) or "")
        for i, j in found
    ]
    return any(guarded), bool(found)


def _jackknife_p_values(squares: Floats, first: Places, second: Places) -> list[float]:
    """Return `jackknife_p_value` of all pairs of means: Student's paired t with its floor."""
    n_papers = squares.shape[1]
    together = np.cov(squares)
    variance = together[first, first] + together[second, second] - 2 * together[first, second]
    gaps = squares.mean(axis=1)[first] - squares.mean(axis=1)[second]
    tails = 2 * stdtr(n_papers - 1, -np.abs(gaps) / np.sqrt(variance / n_papers))
    return [float(p_value) for p_value in np.maximum(tails, 2.0 ** (1 - n_papers))]


@cache
def _coins(n_papers: int) -> Floats:
    """Return signs of 2,000 random swaps; the library uses the same ones for every board."""
    return 2 * np.concatenate(list(swap_weights(n_papers, resamples=2000, seed=0))) - 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="a fiftieth of the repeats")
    share = 50 if parser.parse_args().quick else 1
    generator = np.random.default_rng(0)
    coverage(2_000 // share, generator)
    places(1_000 // share, generator)


if __name__ == "__main__":
    main()
