"""z very large, infinite, subnormal, zero: no NaN where there is a limit."""

from __future__ import annotations

import numpy as np
import pytest

import fcnn
import reference as ref
from fcnn import _core
from helpers import LEGAL_PAIRS, OUTPUTS

DTYPES = ["float32", "float64"]
dtypes = pytest.mark.parametrize("dtype", DTYPES)
FUNCTIONS = {
    "value": _core.activation_value,
    "derivative": _core.activation_derivative,
    "second derivative": _core.activation_second_derivative,
}
ELEMENTWISE = [name for name in OUTPUTS if name != "softmax"]
SURE = [pair for pair in ref.NATURAL_TERMS if pair[0] != "exp"]


def large(dtype):
    top = np.finfo(dtype).max
    sizes = [1e4, 1e10, 1e30, top / 4, np.nextafter(top, 0, dtype=dtype), top]
    return np.array([sign * x for x in sizes for sign in (1, -1)], dtype)


@pytest.mark.parametrize("what", FUNCTIONS)
@dtypes
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_functions_of_what_is_large(name, dtype, what):
    z = np.concatenate([large(dtype), np.array([np.inf, -np.inf], dtype)])
    f = FUNCTIONS[what](name, z)
    if name == "exp":  # infinite, and so are its derivatives
        assert what == "second derivative" or f[1::2].tolist() == [0] * 7
        return
    assert not np.isnan(f).any()
    if what != "value":
        assert np.abs(f).max() <= 2
    elif name != "selu":  # 1.05 z
        assert (np.abs(f) <= np.abs(z)).all()


@pytest.mark.parametrize("what", FUNCTIONS)
@dtypes
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_functions_of_what_is_small(name, dtype, what):
    """A subnormal number is a zero of its sign."""
    info = np.finfo(dtype)
    sizes = np.array([info.smallest_subnormal, info.tiny / 2, info.tiny / 1.001], dtype)
    for sign in (1, -1):
        f = FUNCTIONS[what](name, sign * sizes)
        zero = FUNCTIONS[what](name, np.array([sign * 0.0], dtype))
        if (name, what) != ("identity", "value"):  # which computes nothing
            assert f.tobytes() == np.repeat(zero, 3).tobytes()
    if what == "value":
        both = FUNCTIONS[what](name, np.array([0.0, -0.0], dtype))
        assert both[0] == both[1]


def output_only(output, dtype):
    """A network whose z are the inputs."""
    net = fcnn.Network([2, 2], output=output, bias=False, dtype=dtype, seed=0)
    net.layers[1].weight = np.eye(2)
    return net


def rows_of(dtype, sizes):
    """Two outputs far apart, in both orders, equal, and beside a zero."""
    return np.array(
        [row for x in sizes for row in ([x, -x], [-x, x], [x, x], [x, 0], [0, -x])],
        dtype,
    )


def targets_for(loss):
    """Those of the first output, of the second, and of both."""
    base, _ = ref.split_name(loss)
    choices = [[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]]
    if base not in ref.TARGETS:
        choices += [[3.0, -2.0]]
    return choices


@dtypes
@pytest.mark.parametrize(("output", "loss"), LEGAL_PAIRS)
def test_losses_of_what_is_large(output, loss, dtype):
    """Each row by itself. C may be infinite, as the square of 1e30 is; never NaN."""
    net = output_only(output, dtype)
    for z in rows_of(dtype, [1e30, np.finfo(dtype).max]):
        for y in targets_for(loss):
            b = net.backprop(z, y, loss)
            assert not np.isnan(b.loss), (z, y)
            if output != "exp":
                assert not np.isnan(b.delta[1]).any(), (z, y)


@dtypes
@pytest.mark.parametrize(("output", "loss"), LEGAL_PAIRS)
def test_losses_up_to_ten_thousand(output, loss, dtype):
    """Finite, the second derivatives too; those of exp where e^z is."""
    net = output_only(output, dtype)
    sizes = [1e-30, 20.0, 80.0, 1e4]
    if output == "exp":
        sizes = [x for x in sizes if x <= 20.0]
    z = rows_of(dtype, sizes)
    for target in targets_for(loss):
        y = np.tile(target, (len(z), 1))
        b = net.backprop(z, y, loss)
        assert np.isfinite(b.loss)
        assert b.loss == net.evaluate(z, y, loss)["loss"]
        assert np.isfinite(b.delta[1]).all()
        assert np.isfinite(net.hessian_vector_product(z, y, np.ones(4), loss)).all()


@dtypes
@pytest.mark.parametrize(("output", "loss"), SURE)
def test_natural_pairs_that_are_sure_and_right(output, loss, dtype):
    """At the largest z there is: C is 0, and so is delta."""
    top = np.finfo(dtype).max
    b = output_only(output, dtype).backprop([[top, -top]], [[1.0, 0.0]], loss)
    assert b.loss == 0
    assert not b.delta[1].any()
