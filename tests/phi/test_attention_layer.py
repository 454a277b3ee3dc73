"""paddle.incubate.nn.FusedMultiHeadAttention, the layer, which raises on a CPU wheel."""

from __future__ import annotations

import numpy as np
import paddle
import paddlemend
import pytest
from paddle.nn import functional as F

EMBED, HEADS, SHAPE = 8, 2, (2, 5, 8)


@pytest.fixture(autouse=True)
def mended():
    paddlemend.install()
    yield
    paddlemend.uninstall()


def layer(**options) -> paddle.nn.Layer:
    paddle.seed(0)
    rates = {"dropout_rate": 0.0, "attn_dropout_rate": 0.0}
    return paddle.incubate.nn.FusedMultiHeadAttention(EMBED, HEADS, **{**rates, **options})


def tensor(*shape: int, seed: int = 0) -> paddle.Tensor:
    array = np.random.default_rng(seed).standard_normal(shape).astype("float32")
    return paddle.to_tensor(array, stop_gradient=False)


def reference(of: paddle.nn.Layer, x: paddle.Tensor, mask=None) -> paddle.Tensor:
    """Out of plain operators."""

    def norm(values, scale, bias):
        return F.layer_norm(values, [EMBED], scale, bias, of._epsilon)

    hidden = norm(x, of.pre_ln_scale, of.pre_ln_bias) if of.normalize_before else x
    weight = of.qkv_weight.reshape([3 * EMBED, EMBED])
    packed = paddle.matmul(hidden, weight, transpose_y=True) + of.qkv_bias.flatten()
    query, key, value = packed.reshape([*SHAPE[:2], 3, HEADS, -1]).transpose([2, 0, 3, 1, 4])
    scores = paddle.matmul(query, key, transpose_y=True) / (EMBED // HEADS) ** 0.5
    weights = F.softmax(scores if mask is None else scores + mask)
    context = paddle.matmul(weights, value).transpose([0, 2, 1, 3]).reshape(SHAPE)
    out = x + paddle.matmul(context, of.linear_weight) + of.linear_bias
    return out if of.normalize_before else norm(out, of.ln_scale, of.ln_bias)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("normalize_before", [False, True])
def test_forward_and_backward_are_those_of_plain_operators(normalize_before, masked):
    attention = layer(normalize_before=normalize_before)
    x, seed = tensor(*SHAPE), tensor(*SHAPE, seed=1)
    mask = tensor(2, 1, 5, 5, seed=2).detach() if masked else None
    inputs = [x, *(p for p in attention.parameters() if not p.stop_gradient)]
    found = attention(x, attn_mask=mask)
    wanted = reference(attention, x, mask)
    np.testing.assert_allclose(found.numpy(), wanted.numpy(), rtol=1e-4, atol=1e-5)
    gradients = [paddle.grad(out, inputs, seed, allow_unused=True) for out in (found, wanted)]
    for mine, plain in zip(*gradients):
        if plain is not None:
            np.testing.assert_allclose(mine.numpy(), plain.numpy(), rtol=1e-3, atol=1e-4)


def test_dropout_is_random_in_training_and_off_in_evaluation():
    attention = layer(dropout_rate=0.5, attn_dropout_rate=0.5)
    x = tensor(*SHAPE)
    assert not np.array_equal(attention(x).numpy(), attention(x).numpy())
    paddle.seed(3)
    first = attention(x).numpy()
    paddle.seed(3)
    assert np.array_equal(first, attention(x).numpy())
    attention.eval()
    wanted = reference(attention, x).numpy()
    np.testing.assert_allclose(attention(x).numpy(), wanted, rtol=1e-4, atol=1e-5)


def test_the_gradient_is_that_of_what_dropout_kept():
    """A rate of 1 keeps nothing: x alone is left, and has the gradient of the norm."""
    attention = layer(dropout_rate=1.0, attn_dropout_rate=0.5, normalize_before=True)
    x, seed = tensor(*SHAPE), tensor(*SHAPE, seed=1)
    out = attention(x)
    np.testing.assert_array_equal(out.numpy(), x.numpy())
    (gradient,) = paddle.grad(out, [x], seed)
    np.testing.assert_allclose(gradient.numpy(), seed.numpy(), rtol=1e-6, atol=1e-6)


def test_it_trains():
    attention = layer(dropout_rate=0.1, attn_dropout_rate=0.1)
    optimizer = paddle.optimizer.Adam(0.01, parameters=attention.parameters())
    x, target = tensor(*SHAPE).detach(), tensor(*SHAPE, seed=1).detach()
    losses = []
    for _ in range(30):
        loss = F.mse_loss(attention(x), target)
        loss.backward()
        optimizer.step()
        optimizer.clear_grad()
        losses.append(float(loss))
    assert losses[-1] < losses[0] / 2
