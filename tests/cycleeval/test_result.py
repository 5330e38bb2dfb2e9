import math
import pickle
import re

import pytest

from cycleeval.result import MetricResult, Signature, signature


def result(signed: Signature, value: float | None = 1.0) -> MetricResult:
    why = None if value is not None else "nothing varies"
    return MetricResult("proxy_mse", value, None, None, 3, 0, signed, why)


def test_a_signature_prints_its_arguments_in_order() -> None:
    signed = signature("proxy_mae", mode="n-1", left_out="every", train=None)
    assert str(signed) == "proxy_mae|mode:n-1|left-out:every|v:0.2.0"


def test_results_of_one_definition_compare_and_subtract() -> None:
    signed = signature("proxy_mse", mode="n", over="papers")
    better, worse = result(signed, 1.0), result(signed, 2.5)
    assert better < worse
    assert worse > better
    assert worse - better == 1.5
    assert max([worse, better]) is worse


DIFFERENT = {
    "mode": (signature("proxy_mse", mode="n"), signature("proxy_mse", mode="n-1")),
    "over": (signature("proxy_mse", over="papers"), signature("proxy_mse", over="reviews")),
    "left-out": (
        signature("proxy_mse", left_out="every"),
        signature("proxy_mse", left_out="one-seed-7"),
    ),
    "policy": (signature("proxy_mse", policy="worst"), signature("proxy_mse", policy="exclude")),
    "ref": (signature("proxy_mse", ref="aa"), signature("proxy_mse", ref="bb")),
    "metric": (signature("proxy_mse"), signature("proxy_mae")),
}


@pytest.mark.parametrize(("key", "pair"), DIFFERENT.items(), ids=DIFFERENT.keys())
def test_values_of_different_definitions_refuse(
    key: str, pair: tuple[Signature, Signature]
) -> None:
    one, other = result(pair[0]), result(pair[1])
    both = rf"differ in {key} .*{re.escape(str(pair[0]))} against {re.escape(str(pair[1]))}"
    with pytest.raises(ValueError, match=both):
        _ = one < other
    with pytest.raises(ValueError, match=both):
        _ = one - other


def test_sampling_does_not_matter() -> None:
    few = signature("proxy_mse", mode="n-1", ci="bca", boot=100, seed=1)
    many = signature("proxy_mse", mode="n-1", ci="exact", boot=9999, seed=2)
    assert result(few, 1.0) < result(many, 2.0)


def test_a_missing_key_is_a_difference() -> None:
    one, other = signature("auroc", ties="half"), signature("auroc")
    with pytest.raises(ValueError, match="differ in ties"):
        _ = result(one, 1.0) < result(other, 2.0)


def test_two_answerers_compare_although_only_one_has_a_policy() -> None:
    model = signature("proxy_mse", mode="n-1", by="model", policy="worst", papers="aa")
    human = signature("proxy_mse", mode="n-1", by="human", papers="aa")
    assert result(model, 1.0) < result(human, 2.0)
    others = signature("proxy_mse", mode="n-1", by="human", papers="bb")
    with pytest.raises(ValueError, match="differ in papers"):
        _ = result(model, 1.0) < result(others, 2.0)


def test_a_result_behaves_as_its_number() -> None:
    low, high = (result(signature("mcc"), value) for value in (0.25, 0.75))
    assert (float(low), round(high, 1), f"{low:.3f}") == (0.25, 0.8, "0.250")
    assert sorted([high, low]) == [low, high]
    assert pickle.loads(pickle.dumps(low)) == low
    assert low <= high
    assert math.isnan(float(result(signature("mcc"), None)))
    with pytest.raises(TypeError, match="expected two MetricResult"):
        _ = low < 0.5  # type: ignore[operator]  # the point of the test


def test_an_undefined_value_refuses_to_be_compared() -> None:
    signed = signature("mcc")
    with pytest.raises(ValueError, match=r"undefined \(nothing varies\)"):
        _ = result(signed, None) < result(signed, 1.0)


def test_a_separator_inside_a_part_is_refused() -> None:
    with pytest.raises(ValueError, match="contains"):
        signature("proxy_mse", ref="a|b")


def test_json_of_a_result() -> None:
    shown = result(signature("mcc"), None).to_json()
    assert shown == {
        "value": None,
        "ci95": None,
        "n": 3,
        "signature": "mcc|v:0.2.0",
        "why": "nothing varies",
    }
