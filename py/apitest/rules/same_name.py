"""Rules for APIs that have none: the API of the same name and place in Torch.

paddle.abs -> torch.abs, paddle.Tensor.abs -> torch.Tensor.abs,
paddle.nn.functional.relu -> torch.nn.functional.relu, paddle.linalg.inv -> torch.linalg.inv
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any

from paddlemend.apitest.rules.model import ReferenceFunction, Rule, TorchCall

# Paddle's keyword -> Torch's.
KEYWORDS = {"x": "input", "y": "other", "axis": "dim", "perm": "dims"}

_PLACES = {
    "paddle": "torch",
    "paddle.Tensor": "torch.Tensor",
    "paddle.fft": "torch.fft",
    "paddle.linalg": "torch.linalg",
    "paddle.nn.functional": "torch.nn.functional",
}

# One name, two meanings: other parameters in other places, another result, or random numbers.
DIFFERENT = frozenset(
    [
        "allclose",
        "bernoulli",
        "binomial",
        "bucketize",
        "clip_",
        "combinations",
        "cross_entropy",
        "ctc_loss",
        "dist",
        "dropout",
        "dropout2d",
        "dropout3d",
        "einsum",
        "empty",
        "empty_like",
        "equal",
        "feature_alpha_dropout",
        "frexp",
        "full",
        "full_like",
        "gather",
        "grid_sample",
        "group_norm",
        "gumbel_softmax",
        "histogram",
        "index_fill",
        "index_select",
        "instance_norm",
        "interpolate",
        "kthvalue",
        "layer_norm",
        "linear",
        "log_normal",
        "lu",
        "max",
        "max_pool1d",
        "max_pool2d",
        "max_pool3d",
        "median",
        "min",
        "mode",
        "multinomial",
        "nanmedian",
        "nanquantile",
        "norm",
        "normal",
        "one_hot",
        "ones",
        "pad",
        "poisson",
        "quantile",
        "rand",
        "randint",
        "randint_like",
        "randn",
        "randperm",
        "repeat",
        "rnnt_loss",
        "rrelu",
        "scaled_dot_product_attention",
        "scatter",
        "scatter_",
        "scatter_add",
        "searchsorted",
        "set_",
        "slice",
        "sort",
        "split",
        "standard_normal",
        "stft",
        "svd",
        "take",
        "tensor_split",
        "to",
        "tolist",
        "transpose",
        "transpose_",
        "tril_indices",
        "triplet_margin_loss",
        "triu_indices",
        "uniform",
        "unfold",
        "fold",
        "unique",
        "unique_consecutive",
        "view",
        "where",
        "zeros",
    ]
)


def same_name_rule(path: str) -> Rule | None:
    """The rule for the API at `path`, None where Torch has none of that name and meaning."""
    place, _, name = path.rpartition(".")
    if place not in _PLACES or name in DIFFERENT:
        return None
    import torch

    torch_path = f"{_PLACES[place]}.{name}"
    try:
        counterpart = attrgetter(torch_path.partition(".")[2])(torch)
    except AttributeError:
        return None
    return _rule(path, TorchCall(torch_path)) if callable(counterpart) else None


def rule_without_reference(path: str) -> Rule:
    """A rule by which an API can be called and fed, but not judged."""
    return _rule(path, _no_reference)


def _rule(path: str, reference: TorchCall | ReferenceFunction) -> Rule:
    in_place = path.endswith("_") and not path.endswith("__")
    return Rule(
        path=path,
        parameters=(),  # bound as the line has them
        reference=reference,
        overwrites=(positional_name(0),) if in_place else (),
    )


def _no_reference(**arguments: Any) -> Any:
    raise LookupError("the API has no reference")


def positional_name(position: int) -> str:
    """The name under which a positional argument of such an API is bound."""
    return f"argument {position}"


def torch_keyword(name: str) -> str:
    """Torch's name for a keyword of Paddle's."""
    return KEYWORDS.get(name, name)


def is_mapping_failure(error: BaseException) -> bool:
    """Whether Torch refused the call's form, not its values: then the mapping is at fault."""
    text = str(error)
    signs: tuple[Any, ...] = (
        "unexpected keyword argument",
        "positional argument",
        "missing 1 required",
        "invalid combination of arguments",
        "must be",
    )
    return isinstance(error, TypeError) and any(sign in text for sign in signs)
