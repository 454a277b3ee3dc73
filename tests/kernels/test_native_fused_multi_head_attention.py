"""native.fused_multi_head_attention and its gradients, beside plain operators in float64."""

from __future__ import annotations

import pytest
import torch
from helpers import LAYOUTS, bits, poisoned
from paddlemend import native

BATCH, LENGTH, HEADS, SIZE, CACHED = 2, 7, 3, 4, 5
EMBED = HEADS * SIZE
SHAPE = [BATCH, LENGTH, EMBED]

TOLERANCES = {
    torch.float64: 1e-11,
    torch.float32: 2e-5,
    torch.float16: 4e-3,
    torch.bfloat16: 3e-2,
}
DTYPES = list(TOLERANCES)

# The attributes in the order of the functions; the seed is the last one.
ATTRIBUTES = {
    "pre_layer_norm": False,
    "pre_ln_epsilon": 1e-5,
    "dropout_rate": 0.0,
    "attn_dropout_rate": 0.0,
    "ln_epsilon": 1e-3,
    "training": True,
    "mode": "upscale_in_train",
    "add_residual": True,
    "num_heads": HEADS,
    "transpose_qkv_wb": False,
    "seed": 5,
}
TENSORS = {
    "x": SHAPE,
    "qkv_weight": [3, HEADS, SIZE, EMBED],
    "linear_weight": [EMBED, EMBED],
    "pre_ln_scale": [EMBED],
    "pre_ln_bias": [EMBED],
    "ln_scale": [EMBED],
    "ln_bias": [EMBED],
    "qkv_bias": [3, HEADS, SIZE],
    "linear_bias": [EMBED],
}
CONSTANTS = {"cache_kv": [2, BATCH, HEADS, CACHED, SIZE]}
MODES = ("upscale_in_train", "downscale_in_infer")


def random(shape: list[int], dtype: torch.dtype, seed: int) -> torch.Tensor:
    values = torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return (values / max(1.0, shape[-1] ** 0.5) if len(shape) > 1 else values).to(dtype)


def operands(dtype=torch.float64, *, packed=False, cache=False, without=()) -> dict:
    shapes = {**TENSORS, **(CONSTANTS if cache else {})}
    if packed:
        shapes |= {"qkv_weight": [EMBED, 3 * EMBED], "qkv_bias": [3 * EMBED]}
    made = {name: random(shape, dtype, seed) for seed, (name, shape) in enumerate(shapes.items())}
    return {name: None if name in without else tensor for name, tensor in made.items()}


def run(given: dict, **attributes) -> torch.Tensor:
    return torch.from_dlpack(native.fused_multi_head_attention(**arguments(given, attributes))[0])


def arguments(given: dict, attributes: dict) -> dict:
    names = (*TENSORS, "cache_kv", "attn_mask")
    tensors = {name: given.get(name) for name in names}
    return {**tensors, **ATTRIBUTES, **attributes, **{k: given[k] for k in given if k not in names}}


def masks(cached: int = 0) -> dict:
    """Room for what dropout keeps."""
    keys = cached + LENGTH
    return {
        "attn_dropout_mask": torch.zeros(BATCH, HEADS, LENGTH, keys, dtype=torch.bool),
        "dropout_mask": torch.zeros(SHAPE, dtype=torch.bool),
    }


def layer_norm(x, scale, bias, epsilon):
    return torch.nn.functional.layer_norm(x, x.shape[2:], scale, bias, epsilon)


def dropped(x, kept, rate, options):
    upscales = options["mode"] == "upscale_in_train"
    if not options["training"]:
        return x if upscales else x * (1 - rate)
    kept = torch.ones_like(x) if kept is None else kept.to(x.dtype)
    return x * kept / (1 - rate) if upscales and rate < 1 else x * kept


def reference(given: dict, **attributes):
    """The output, and all keys and values."""
    options = {**ATTRIBUTES, **attributes}
    of = {name: None if t is None else t.double() for name, t in given.items()}
    x, hidden = of["x"], of["x"]
    if options["pre_layer_norm"]:
        hidden = layer_norm(x, of["pre_ln_scale"], of["pre_ln_bias"], options["pre_ln_epsilon"])
    weight = of["qkv_weight"]
    packed = hidden @ (weight if options["transpose_qkv_wb"] else weight.reshape(-1, EMBED).T)
    if of["qkv_bias"] is not None:
        packed = packed + of["qkv_bias"].reshape(-1)
    parts = packed.reshape(*x.shape[:2], 3, HEADS, SIZE).permute(2, 0, 3, 1, 4)
    query, stored = parts[0], parts[1:]
    if of.get("cache_kv") is not None:
        stored = torch.cat([of["cache_kv"], stored], 3)
    scores = query @ stored[0].mT / SIZE**0.5
    mask = given.get("attn_mask")
    if mask is not None:
        is_added = mask.is_floating_point()
        scores = scores + mask if is_added else scores.masked_fill(mask == 0, -torch.inf)
    weights = dropped(
        scores.softmax(-1), given.get("attn_dropout_mask"), options["attn_dropout_rate"], options
    )
    context = (weights @ stored[1]).transpose(1, 2).reshape(x.shape)
    out = context @ of["linear_weight"]
    if of["linear_bias"] is not None:
        out = out + of["linear_bias"]
    out = dropped(out, given.get("dropout_mask"), options["dropout_rate"], options)
    if options["add_residual"]:
        out = x + out
    if not options["pre_layer_norm"]:
        out = layer_norm(out, of["ln_scale"], of["ln_bias"], options["ln_epsilon"])
    return out, stored


def assert_close(found, expected, dtype):
    tolerance = TOLERANCES[dtype]
    torch.testing.assert_close(found.double(), expected, rtol=tolerance, atol=tolerance)


def assert_gradients(given: dict, dtype=torch.float64, **attributes):
    """Of every tensor, against those that autograd gives the reference."""
    seed = random(SHAPE, dtype, 99)
    differentiable = [name for name in TENSORS if given.get(name) is not None]
    leaves = {name: given[name].double().clone().requires_grad_() for name in differentiable}
    out, _ = reference({**given, **leaves}, **attributes)
    out.backward(seed.double())
    call = {
        name: value
        for name, value in arguments(given, attributes).items()
        if not name.endswith("dropout_mask") and name != "cache_kv_out"
    }
    found = native.fused_multi_head_attention_grad(**call, out_grad=seed)
    for name, gradient in zip(TENSORS, found):
        if name not in leaves:
            assert gradient is None, name
            continue
        expected = leaves[name].grad
        expected = torch.zeros_like(leaves[name]) if expected is None else expected
        scale = max(1.0, expected.abs().max().item())
        gradient = torch.from_dlpack(gradient)
        assert gradient.dtype == given[name].dtype
        assert_close(gradient.double() / scale, expected / scale, dtype)


@pytest.mark.parametrize("pre_layer_norm", [False, True])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
def test_layer_norm_on_either_side_and_both_forms_of_the_weight(dtype, packed, pre_layer_norm):
    given = operands(dtype, packed=packed)
    options = {"pre_layer_norm": pre_layer_norm, "transpose_qkv_wb": packed}
    found = run(given, **options)
    assert found.dtype == dtype
    assert_close(found, reference(given, **options)[0], dtype)
    assert_gradients(given, dtype, **options)


@pytest.mark.parametrize("pre_layer_norm", [False, True])
def test_what_may_be_missing(pre_layer_norm):
    optional = list(TENSORS)[3:]
    for without in (optional, optional[::2], optional[1::2]):
        given = operands(without=without)
        options = {"pre_layer_norm": pre_layer_norm, "add_residual": False}
        assert_close(run(given, **options), reference(given, **options)[0], torch.float64)
        assert_gradients(given, **options)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_vectors_of_layer_norms_may_be_float32(dtype):
    given = operands(dtype)
    for name in ("pre_ln_scale", "pre_ln_bias", "ln_scale", "ln_bias"):
        given[name] = given[name].float()
    assert_close(run(given), reference(given)[0], dtype)
    assert_gradients(given, dtype)


@pytest.mark.parametrize("shape", [[], [7], [BATCH, 1, 1, 7], [HEADS, 7, 7], [BATCH, HEADS, 7, 7]])
@pytest.mark.parametrize("dtype", [torch.float64, torch.bool, torch.uint8, torch.int64])
def test_masks_broadcast_and_those_of_integers_hide(shape, dtype):
    values = random([*shape, 1], torch.float64, 7)[..., 0]
    mask = values if dtype.is_floating_point else (values > -0.2).to(dtype)
    if not dtype.is_floating_point and shape:
        mask[..., 3] = 1  # a query without a key has no softmax
    given = {**operands(), "attn_mask": mask if shape else torch.ones([]).to(dtype)}
    assert_close(run(given), reference(given)[0], torch.float64)
    assert_gradients(given)


def test_a_query_without_a_key_is_nan():
    given = {**operands(), "attn_mask": torch.zeros(LENGTH, LENGTH, dtype=torch.bool)}
    given["attn_mask"][1:] = True
    found = run(given)
    assert found[:, 0].isnan().all()
    assert not found[:, 1:].isnan().any()


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_cache_comes_first_and_is_returned_with_what_is_new(dtype):
    shape = [2, BATCH, HEADS, CACHED + LENGTH, SIZE]
    given = {**operands(dtype, cache=True), "cache_kv_out": poisoned(dtype, shape)}
    found = native.fused_multi_head_attention(**arguments(given, {}))
    out, stored = reference(given)
    assert_close(torch.from_dlpack(found[0]), out, dtype)
    assert_close(given["cache_kv_out"], stored, dtype)
    assert bits(given["cache_kv_out"][:, :, :, :CACHED]) == bits(given["cache_kv"])
    assert_gradients(given, dtype)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("cache", [False, True])
def test_dropout(mode, training, cache):
    given = {**operands(cache=cache), **masks(CACHED if cache else 0)}
    options = {
        "dropout_rate": 0.3,
        "attn_dropout_rate": 0.6,
        "mode": mode,
        "training": training,
    }
    found = run(given, **options)
    assert all(given[name].all() != training for name in ("attn_dropout_mask", "dropout_mask"))
    assert_close(found, reference(given, **options)[0], torch.float64)
    assert_gradients(given, **options)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_dropout_keeps_as_many_as_it_says_without_a_pattern(rate):
    given = operands(torch.float32)
    given["x"] = torch.randn(8, 200, EMBED)
    kept = {
        "attn_dropout_mask": torch.zeros(8, HEADS, 200, 200, dtype=torch.bool),
        "dropout_mask": torch.zeros(8, 200, EMBED, dtype=torch.bool),
    }
    run({**given, **kept}, dropout_rate=rate, attn_dropout_rate=rate)
    for mask in kept.values():
        share = mask.double()
        deviation = (rate * (1 - rate)) ** 0.5
        assert abs(share.mean() - 1 + rate) < 4 * deviation / mask.numel() ** 0.5
        for axis in range(mask.ndim):
            neighbours = (share.narrow(axis, 1, mask.shape[axis] - 1) - 1 + rate) * (
                share.narrow(axis, 0, mask.shape[axis] - 1) - 1 + rate
            )
            assert abs(neighbours.mean()) < 4 * deviation**2 / neighbours.numel() ** 0.5


def test_a_seed_gives_its_own_elements_and_a_rate_of_one_none():
    options = {"dropout_rate": 0.5, "attn_dropout_rate": 0.5}
    first, again, other = masks(), masks(), masks()
    for kept, seed in ((first, 1), (again, 1), (other, 2)):
        run({**operands(), **kept}, **options, seed=seed)
    for name, mask in first.items():
        assert torch.equal(mask, again[name])
        assert not torch.equal(mask, other[name])
    given = {**operands(), **masks()}
    found = run(given, dropout_rate=1.0, attn_dropout_rate=1.0)
    assert not given["dropout_mask"].any()
    assert_close(found, reference(given, dropout_rate=1.0)[0], torch.float64)
    assert_gradients(given, dropout_rate=1.0, attn_dropout_rate=1.0)


@pytest.mark.parametrize("layout", LAYOUTS[1:])
def test_strides_change_nothing(layout):
    given = operands(cache=True)
    strided = {name: layout(t) if t.ndim > 1 else t for name, t in given.items()}
    assert bits(run(strided)) == bits(run(given))


@pytest.mark.parametrize("batch, length", [(0, 3), (2, 0)])
def test_nothing_to_attend_to_gives_zeros_as_gradients(batch, length):
    given = operands()
    given["x"] = torch.zeros(batch, length, EMBED, dtype=torch.float64)
    assert run(given).shape == (batch, length, EMBED)
    call = arguments(given, {})
    found = native.fused_multi_head_attention_grad(**call, out_grad=given["x"])
    for name, gradient in zip(TENSORS, found):
        assert torch.equal(torch.from_dlpack(gradient), torch.zeros_like(given[name]))


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"x": torch.zeros(2, 7)}, r"x is \[2, 7\], expected 3 dimensions"),
        ({"x": torch.zeros(2, 7, 12, dtype=torch.int32)}, "dtype of x is int32"),
        ({"x": torch.zeros(2, 7, 0)}, "embed_dim, the last size of x, is 0"),
        ({"ln_scale": torch.zeros(0)}, r"ln_scale is \[0\], expected \[12\]"),
        ({"pre_ln_bias": torch.zeros(12)}, "pre_ln_bias is float32, expected float64"),
        ({"qkv_weight": torch.zeros(3, 3, 5, 12).double()}, "heads \\* head_size = 12"),
        ({"qkv_bias": torch.zeros(36)}, r"qkv_bias is \[36\], expected \[3, 3, 4\]"),
        ({"linear_weight": torch.zeros(12, 11)}, r"expected \[12, 12\]"),
        ({"cache_kv": torch.zeros(2, 2, 3, 1, 5)}, r"expected \[2, 2, 3, 1, 4\]"),
        ({"attn_mask": torch.zeros(6).bool()}, r"broadcasts to \[2, 3, 7, 7\]"),
        ({"attn_mask": torch.zeros(7)}, "x and attn_mask must be equal"),
        ({"dropout_rate": 1.5}, "dropout_rate is 1.5"),
        ({"attn_dropout_rate": float("nan")}, "attn_dropout_rate is nan"),
        ({"mode": "upscale"}, 'mode is "upscale"'),
        ({"transpose_qkv_wb": True, "num_heads": 5}, "num_heads is 5, expected a divisor of"),
        ({"transpose_qkv_wb": True}, r"qkv_weight is .*, expected \[12, 36\]"),
    ],
)
def test_errors_name_the_argument(changes, message):
    tensors = {name: value for name, value in changes.items() if isinstance(value, torch.Tensor)}
    attributes = {name: value for name, value in changes.items() if name not in tensors}
    with pytest.raises((ValueError, TypeError), match=message):
        run({**operands(), **tensors}, **attributes)
