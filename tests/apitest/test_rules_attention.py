"""The references of the two attentions agree with plain NumPy and refuse what is illegal."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from helpers import bound
from paddlemend.apitest.inputs import concrete_arguments, generate_inputs
from paddlemend.apitest.rules import find_rule
from paddlemend.apitest.rules.fused_multi_head_attention import fused_multi_head_attention
from paddlemend.apitest.rules.legality import Illegal
from paddlemend.apitest.rules.variable_length_memory_efficient_attention import (
    variable_length_memory_efficient_attention as variable_length,
)

RNG = np.random.default_rng(0)
FUSED = "paddle.incubate.nn.functional.fused_multi_head_attention"
VARIABLE = "paddle.incubate.nn.functional.variable_length_memory_efficient_attention"


def random(*shape: int) -> torch.Tensor:
    return torch.from_numpy(RNG.standard_normal(shape))


def lengths(*values: int) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.int32)


def softmax(row: np.ndarray) -> np.ndarray:
    weights = np.exp(row - row.max())
    return weights / weights.sum()


# ------------------------------------------------------------------------------ variable length


def one_query_at_a_time(
    query, key, value, seq_lens, kv_seq_lens, mask, scale, causal, pre_cache_length
):
    batch, heads, length, _ = query.shape
    out = np.zeros((batch, heads, length, value.shape[3]))
    for b, h in np.ndindex(batch, heads):
        kv_head = h * key.shape[1] // heads
        for i in range(seq_lens[b]):
            keys = kv_seq_lens[b] + pre_cache_length
            if causal:
                keys = min(keys, i + pre_cache_length + 1)
            if keys == 0:
                continue
            scores = key[b, kv_head, :keys] @ query[b, h, i] * scale
            if mask is not None:
                scores = scores + mask[b, h if mask.shape[1] > 1 else 0, i, :keys]
            out[b, h, i] = softmax(scores) @ value[b, kv_head, :keys]
    return out


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("cached", [0, 2])
@pytest.mark.parametrize("kv_heads", [1, 2, 4])
@pytest.mark.parametrize("mask", [None, (2, 1, 5, 7), (2, 4, 5, 7), (2, 1, 9, 11)])
def test_variable_length_attention_is_that_of_one_query_after_another(
    causal, cached, kv_heads, mask
):
    operands = [random(2, 4, 5, 8), random(2, kv_heads, 7, 8), random(2, kv_heads, 7, 3)]
    sequences = [lengths(5, 3), lengths(5, 2)]
    options = {
        "mask": None if mask is None else random(*mask),
        "scale": 0.5,
        "causal": causal,
        "pre_cache_length": cached,
    }
    want = one_query_at_a_time(
        *(operand.numpy() for operand in (*operands, *sequences)),
        **{**options, "mask": None if mask is None else options["mask"].numpy()},
    )
    assert np.allclose(variable_length(*operands, *sequences, **options), want)


def test_the_default_scale_is_that_of_the_size_of_a_head():
    operands = [random(1, 1, 3, 16) for _ in range(3)]
    got = variable_length(*operands, lengths(3), lengths(3))
    assert torch.equal(got, variable_length(*operands, lengths(3), lengths(3), scale=0.25))


def test_lengths_may_be_a_column():
    operands = [random(2, 1, 3, 4) for _ in range(3)]
    column = lengths(3, 1).reshape(2, 1)
    want = variable_length(*operands, lengths(3, 1), lengths(3, 1))
    assert torch.equal(variable_length(*operands, column, column), want)


def test_rows_past_their_length_and_rows_without_a_key_are_zero():
    operands = [random(3, 2, 4, 8) for _ in range(3)]
    got = variable_length(*operands, lengths(2, 0, 4), lengths(4, 4, 0))
    assert got[0, :, :2].all() and not got[0, :, 2:].any()
    assert not got[1:].any()


def test_a_row_whose_keys_the_mask_hides_is_zero():
    operands = [random(1, 1, 2, 4) for _ in range(3)]
    mask = torch.tensor([[-np.inf, -np.inf], [0.0, -np.inf]], dtype=torch.float64)
    got = variable_length(*operands, lengths(2), lengths(2), mask[None, None])
    assert torch.equal(got[0, 0, 0], torch.zeros(4, dtype=torch.float64))
    assert torch.equal(got[0, 0, 1], operands[2][0, 0, 0])


def test_what_is_stored_past_the_keys_in_use_does_not_matter():
    query, key, value = (random(1, 1, 3, 4) for _ in range(3))
    want = variable_length(query, key, value, lengths(3), lengths(2))
    key[..., 2, :], value[..., 2, :] = float("nan"), float("inf")
    assert torch.equal(variable_length(query, key, value, lengths(3), lengths(2)), want)


def test_an_empty_sequence_may_claim_more_keys_than_there_are():
    operands = [random(2, 1, 3, 4) for _ in range(3)]
    assert not variable_length(*operands, lengths(0, 0), lengths(9, 3)).any()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_formats_are_rounded_once(dtype):
    operands = [random(1, 2, 6, 8).to(dtype) for _ in range(3)]
    got = variable_length(*operands, lengths(6), lengths(6))
    exact = variable_length(*(operand.double() for operand in operands), lengths(6), lengths(6))
    assert got.dtype == dtype
    assert torch.allclose(got.double(), exact, rtol=torch.finfo(dtype).eps, atol=1e-6)


VARIABLE_LENGTH = {
    "query": random(2, 4, 5, 8),
    "key": random(2, 2, 7, 8),
    "value": random(2, 2, 7, 8),
    "seq_lens": lengths(5, 5),
    "kv_seq_lens": lengths(7, 7),
}


@pytest.mark.parametrize(
    "changed",
    [
        {"query": random(4, 5, 8)},
        {"query": random(2, 3, 5, 8)},
        {"query": random(2, 4, 5, 9)},
        {"query": random(2, 4, 5, 8).float()},
        {"key": random(1, 2, 7, 8)},
        {"key": random(2, 0, 7, 8), "value": random(2, 0, 7, 8)},
        {"value": random(2, 2, 6, 8)},
        {"seq_lens": lengths(6, 5)},
        {"seq_lens": lengths(-1, 5)},
        {"seq_lens": lengths(5)},
        {"seq_lens": torch.zeros(2, 0, dtype=torch.int32)},
        {"seq_lens": torch.tensor([5, 5])},
        {"kv_seq_lens": lengths(8, 7)},
        {"pre_cache_length": 1},
        {"pre_cache_length": -1},
        {"mask": random(2, 1, 4, 7)},
        {"mask": random(2, 1, 5, 6)},
        {"mask": random(2, 3, 5, 7)},
        {"mask": random(1, 1, 5, 7)},
        {"mask": random(2, 1, 5, 7).float()},
    ],
    ids=lambda changed: " ".join(changed),
)
def test_variable_length_attention_refuses(changed):
    variable_length(**VARIABLE_LENGTH)
    with pytest.raises(Illegal):
        variable_length(**{**VARIABLE_LENGTH, **changed})


def generated(line: str, seeds: int = 20):
    call = bound(line)
    return [concrete_arguments(call, generate_inputs(call, seed)) for seed in range(seeds)]


def test_generated_lengths_are_legal_reach_both_ends_and_leave_room_for_the_cache():
    line = (
        f'{VARIABLE}(Tensor([9, 1, 3, 2],"float32"), Tensor([9, 1, 5, 2],"float32"), '
        'Tensor([9, 1, 5, 2],"float32"), Tensor([9, 1],"int32"), Tensor([9],"int32"), '
        "pre_cache_length=2, )"
    )
    drawn = generated(line)
    for name in ("seq_lens", "kv_seq_lens"):
        values = np.stack([arguments[name].data.reshape(-1) for arguments in drawn])
        assert values.min() == 0 and values.max() == 3


def test_lengths_are_generated_also_where_no_legal_one_exists():
    line = (
        f'{VARIABLE}(Tensor([2],"float32"), Tensor([2, 1, 1, 2],"float32"), '
        'Tensor([2, 1, 1, 2],"float32"), Tensor([2, 0],"int32"), Tensor([2],"int32"), '
        "pre_cache_length=2, )"
    )
    assert not generated(line)[0]["kv_seq_lens"].data.any()


# --------------------------------------------------------------------------- fused multi-head


def layer_norm(x, scale, bias, epsilon):
    centred = x - x.mean(-1, keepdims=True)
    out = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + epsilon)
    return out * (1 if scale is None else scale) + (0 if bias is None else bias)


def documented(
    x,
    qkv_weight,
    linear_weight,
    pre_layer_norm=False,
    pre_ln_scale=None,
    pre_ln_bias=None,
    ln_scale=None,
    ln_bias=None,
    qkv_bias=0,
    linear_bias=0,
    cache_kv=None,
    attn_mask=0,
    add_residual=True,
    keep=1.0,
    attn_keep=1.0,
):
    """Paddle's pseudo-code, with the factors of dropout outside training."""
    hidden = layer_norm(x, pre_ln_scale, pre_ln_bias, 1e-5) if pre_layer_norm else x
    packed = np.einsum("ble,phde->pbhld", hidden, qkv_weight)
    q, k, v = packed + (qkv_bias[:, None, :, None] if np.ndim(qkv_bias) else 0)
    if cache_kv is not None:
        k, v = np.concatenate([cache_kv[0], k], 2), np.concatenate([cache_kv[1], v], 2)
    scores = q * q.shape[-1] ** -0.5 @ k.swapaxes(2, 3) + attn_mask
    weights = np.apply_along_axis(softmax, -1, scores) * attn_keep
    out = (weights @ v).swapaxes(1, 2).reshape(x.shape) @ linear_weight + linear_bias
    out = out * keep + (x if add_residual else 0)
    return out if pre_layer_norm else layer_norm(out, ln_scale, ln_bias, 1e-5)


def fused_operands() -> dict[str, torch.Tensor]:
    return {
        "x": random(2, 5, 8),
        "qkv_weight": random(3, 2, 4, 8),
        "linear_weight": random(8, 8),
        "ln_scale": random(8),
        "ln_bias": random(8),
        "pre_ln_scale": random(8),
        "pre_ln_bias": random(8),
        "qkv_bias": random(3, 2, 4),
        "linear_bias": random(8),
    }


NO_DROPOUT = {"dropout_rate": 0.0, "attn_dropout_rate": 0.0}


@pytest.mark.parametrize("pre_layer_norm", [False, True])
@pytest.mark.parametrize("add_residual", [False, True])
@pytest.mark.parametrize("mask", [None, (2, 2, 5, 5), (2, 1, 1, 5), (5,)])
def test_fused_attention_is_the_documented_pseudo_code(pre_layer_norm, add_residual, mask):
    operands = fused_operands()
    if mask:
        operands["attn_mask"] = random(*mask)
    options = {"pre_layer_norm": pre_layer_norm, "add_residual": add_residual}
    got = fused_multi_head_attention(**operands, **options, **NO_DROPOUT)
    arrays = {name: tensor.numpy() for name, tensor in operands.items()}
    assert np.allclose(got, documented(**arrays, **options))


def test_everything_but_x_and_the_weights_may_be_missing():
    operands = {name: fused_operands()[name] for name in ("x", "qkv_weight", "linear_weight")}
    arrays = {name: tensor.numpy() for name, tensor in operands.items()}
    got = fused_multi_head_attention(**operands, **NO_DROPOUT)
    assert np.allclose(got, documented(**arrays))


def test_the_packed_weight_is_the_transposed_one():
    operands = fused_operands()
    want = fused_multi_head_attention(**operands, **NO_DROPOUT)
    operands["qkv_weight"] = operands["qkv_weight"].reshape(24, 8).T
    operands["qkv_bias"] = operands["qkv_bias"].reshape(24)
    got = fused_multi_head_attention(**operands, **NO_DROPOUT, num_heads=2, transpose_qkv_wb=True)
    assert torch.allclose(got, want)


def test_a_cache_comes_before_the_keys_and_is_returned_with_them_without_a_gradient():
    operands = {**fused_operands(), "cache_kv": random(2, 2, 2, 3, 4)}
    operands["x"].requires_grad_()
    out, cache = fused_multi_head_attention(**operands, **NO_DROPOUT)
    arrays = {name: tensor.detach().numpy() for name, tensor in operands.items()}
    assert np.allclose(out.detach(), documented(**arrays))
    assert out.requires_grad and not cache.requires_grad
    assert cache.shape == (2, 2, 2, 8, 4)
    assert torch.equal(cache[:, :, :, :3], operands["cache_kv"])


@pytest.mark.parametrize("dtype", [torch.bool, torch.int64, torch.int32])
def test_a_mask_of_bool_or_integers_hides_where_it_is_zero(dtype):
    visible = torch.tensor([1, 0, 1, 1, 0])
    added = torch.where(visible == 1, 0.0, float("-inf")).double()
    operands = fused_operands()
    want = fused_multi_head_attention(**operands, **NO_DROPOUT, attn_mask=added)
    got = fused_multi_head_attention(**operands, **NO_DROPOUT, attn_mask=visible.to(dtype))
    assert torch.equal(got, want)


def test_outside_training_a_downscaled_dropout_is_a_factor():
    operands = fused_operands()
    rates = {"dropout_rate": 0.25, "attn_dropout_rate": 0.5, "training": False}
    arrays = {name: tensor.numpy() for name, tensor in operands.items()}
    got = fused_multi_head_attention(**operands, **rates, mode="downscale_in_infer")
    assert np.allclose(got, documented(**arrays, keep=0.75, attn_keep=0.5))
    assert np.allclose(fused_multi_head_attention(**operands, **rates), documented(**arrays))


@pytest.mark.parametrize("mode", ["upscale_in_train", "downscale_in_infer"])
def test_a_dropout_of_everything_leaves_the_residual(mode):
    operands = fused_operands()
    got = fused_multi_head_attention(
        **operands, pre_layer_norm=True, dropout_rate=1.0, attn_dropout_rate=1.0, mode=mode
    )
    assert torch.equal(got, operands["x"])


@pytest.mark.parametrize(
    ("arguments", "random_values"),
    [
        ("", True),
        ("training=False", False),
        ("dropout_rate=0.0", True),
        ("dropout_rate=0.0, attn_dropout_rate=0.0", False),
        ("dropout_rate=1.0, attn_dropout_rate=0", False),
    ],
)
def test_the_values_are_random_where_dropout_is(arguments, random_values):
    line = (
        f'{FUSED}(Tensor([1, 2, 4],"float32"), Tensor([3, 1, 4, 4],"float32"), '
        f'Tensor([4, 4],"float32"), {arguments})'
    )
    assert find_rule(FUSED).random(bound(line).arguments) is random_values


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_layer_norms_may_be_float32_beside_a_half_format(dtype):
    operands = {
        name: tensor.float() if "ln_" in name else tensor.to(dtype)
        for name, tensor in fused_operands().items()
    }
    assert fused_multi_head_attention(**operands, **NO_DROPOUT).dtype == dtype


@pytest.mark.parametrize(
    "changed",
    [
        {"x": random(5, 8)},
        {"x": random(2, 5, 8).int()},
        {"qkv_weight": random(2, 2, 4, 8)},
        {"qkv_weight": random(3, 2, 3, 8)},
        {"qkv_weight": random(3, 2, 4, 9)},
        {"qkv_weight": random(8, 24)},
        {"qkv_weight": random(3, 2, 4, 8).float()},
        {"qkv_bias": random(24)},
        {"linear_weight": random(8, 9)},
        {"linear_bias": random(1)},
        {"ln_scale": random(0)},
        {"ln_bias": random(7)},
        {"pre_ln_scale": random(8).float()},
        {"attn_mask": random(2, 2, 5, 6)},
        {"attn_mask": random(1, 2, 2, 5, 5)},
        {"attn_mask": random(5, 5).float()},
        {"cache_kv": random(2, 2, 2, 3, 5)},
        {"cache_kv": random(2, 2, 3, 4)},
        {"mode": "upscale"},
        {"dropout_rate": 1.5},
        {"attn_dropout_rate": -0.1},
        {"ring_id": 0},
        {"transpose_qkv_wb": True},
    ],
    ids=lambda changed: " ".join(changed),
)
def test_fused_attention_refuses(changed):
    with pytest.raises(Illegal):
        fused_multi_head_attention(**{**fused_operands(), **NO_DROPOUT, **changed})


@pytest.mark.parametrize("dtype", ["float16", "float32", "bool", "int64"])
def test_a_generated_mask_shows_every_query_its_first_key(dtype):
    line = (
        f'{FUSED}(Tensor([1, 4, 4],"float32"), Tensor([3, 1, 4, 4],"float32"), '
        f'Tensor([4, 4],"float32"), attn_mask=Tensor([1, 1, 4, 4],"{dtype}"), )'
    )
    masks = [arguments["attn_mask"].values() for arguments in generated(line)]
    if dtype in ("bool", "int64"):
        assert all((mask[..., 0] == 1).all() for mask in masks)
        assert any((mask == 0).any() for mask in masks)
    else:
        assert all(np.isfinite(mask[..., 0]).all() for mask in masks)
        assert any(np.isneginf(mask).any() for mask in masks)
        assert any(np.isfinite(mask).all() and mask.any() for mask in masks)


def test_projections_keep_the_size_of_what_they_project():
    line = (
        f'{FUSED}(Tensor([1, 4, 256],"float32"), Tensor([3, 1, 256, 256],"float32"), '
        'Tensor([256, 256],"float32"), )'
    )
    for arguments in generated(line, seeds=2):
        assert 0.05 < arguments["qkv_weight"].data.std() < 0.08
