"""Models of packages that others maintain, whose forward imports; small, with random weights.

A package's own `__init__` imports tokenizers, datasets and servers that a layer does not need: its
parents are made bare packages, and `stand_ins` take the place of modules that the file names at its
top but the layer does not use.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PADDLEX = "paddlex.inference.models.doc_vlm.modeling.paddleocr_vl"


@dataclass(frozen=True)
class Model:
    """`build()` gives a layer and the arguments of its forward.

    `imports` says what runs of the imports in its forward, `requirement` where it comes from.
    """

    name: str
    requirement: str
    imports: str
    build: Callable[[], tuple[Any, Sequence[Any]]]


def load(
    module: str,
    stand_ins: Mapping[str, Mapping[str, Any]] | None = None,
    bare: Sequence[str] = (),
) -> types.ModuleType:
    """Imports one module of a package without the code of its parents and of the packages `bare`.

    `stand_ins` has, by the name of a module, the attributes that take its place.
    """
    for package in bare:
        _make_bare(package)
    for name, attributes in (stand_ins or {}).items():
        _make_bare(name.rpartition(".")[0])
        stand_in = sys.modules[name] = types.ModuleType(name)
        vars(stand_in).update(attributes)
    _make_bare(module.rpartition(".")[0])
    return importlib.import_module(module)


def _make_bare(package: str) -> None:
    """Puts a package and its parents into sys.modules, empty but for their folders."""
    if not package or package in sys.modules:
        return
    parent, _, leaf = package.rpartition(".")
    _make_bare(parent)
    if parent:
        folders = [str(Path(each, leaf)) for each in sys.modules[parent].__path__]
    else:
        spec = importlib.util.find_spec(package)
        assert spec is not None, f"{package} is not installed"
        folders = list(spec.submodule_search_locations or ())
    bare = sys.modules[package] = types.ModuleType(package)
    bare.__path__ = folders


def projector() -> tuple[Any, Sequence[Any]]:
    import paddle

    module = load(f"{PADDLEX}._projector")
    layer = module.Projector(
        types.SimpleNamespace(hidden_size=32), types.SimpleNamespace(hidden_size=16)
    )
    return layer, ([paddle.randn([16, 16]), paddle.randn([8, 16])], [(1, 4, 4), (1, 2, 4)])


def siglip_embeddings() -> tuple[Any, Sequence[Any]]:
    import paddle

    transformers = "paddlex.inference.models.common.transformers"
    nothing = dict.fromkeys(
        ("get_device_type", "get_gpu_compute_capability", "get_paddle_cuda_version")
    )
    module = load(
        f"{PADDLEX}._siglip",
        {
            "paddlex.utils.env": nothing,
            f"{transformers}.transformers": {"PretrainedModel": paddle.nn.Layer},
            f"{transformers}.transformers.model_outputs": dict.fromkeys(
                ("BaseModelOutput", "BaseModelOutputWithPooling")
            ),
            f"{PADDLEX}._config": dict.fromkeys(("PaddleOCRVisionConfig", "PaddleOCRVLConfig")),
        },
    )
    layer = module.SiglipVisionEmbeddings(
        types.SimpleNamespace(hidden_size=16, image_size=32, patch_size=8, num_channels=3)
    )
    pixels = paddle.randn([1, 16, 3, 8, 8])
    return layer, (pixels, paddle.arange(16).unsqueeze(0), [(1, 4, 4)], True)


def deformable_attention() -> tuple[Any, Sequence[Any]]:
    import paddle

    module = load("paddleseg.models.layers.ms_deformable_attention", bare=["paddleseg.cvlibs"])
    sys.modules["ms_deform_attn"] = _operator_for_gpus()
    layer = module.MSDeformAttn(d_model=16, n_levels=2, n_heads=2, n_points=2)
    shapes = paddle.to_tensor([[4, 4], [2, 2]], dtype="int64")
    starts = paddle.to_tensor([0, 16], dtype="int64")
    query, boxes = paddle.randn([1, 5, 16]), paddle.rand([1, 5, 2, 4])
    return layer, (query, boxes, paddle.randn([1, 20, 16]), shapes, starts)


def _operator_for_gpus() -> types.ModuleType:
    """In place of the package `ms_deform_attn`, a custom operator for GPUs alone: without it the
    layer ends the process. It computes something else of the same shape from all its inputs."""
    module = types.ModuleType("ms_deform_attn")

    def ms_deform_attn(value, shapes, starts, locations, weights, step):  # type: ignore[no-untyped-def]
        mixed = value.mean(1).unsqueeze(1) * weights.mean([3, 4]).unsqueeze(-1)
        mixed = mixed + locations.mean([3, 4, 5]).unsqueeze(-1)
        return mixed.reshape([mixed.shape[0], mixed.shape[1], -1])

    module.ms_deform_attn = ms_deform_attn  # type: ignore[attr-defined]
    return module


def adaptive_layer_norm() -> tuple[Any, Sequence[Any]]:
    import paddle

    embeddings = ("CombinedTimestepLabelEmbeddings", "CombinedTimestepSizeEmbeddings")
    module = load(
        "ppdiffusers.models.normalization",
        {
            "ppdiffusers.models.activations": {"get_activation": None},
            "ppdiffusers.models.embeddings": dict.fromkeys(embeddings),
        },
    )
    layer = module.AdaLayerNormContinuous(16, 8)
    return layer, (paddle.randn([2, 5, 16]), paddle.randn([2, 8]))


def low_pass_filters() -> tuple[Any, Sequence[Any]]:
    import paddle

    folder = "paddlespeech.t2s.modules"
    convolution = load(f"{folder}.fftconv1d").fft_conv1d
    vars(sys.modules[folder])["fft_conv1d"] = convolution  # as its own `__init__` does
    module = load("paddlespeech.audiotools.core._julius")
    layer = module.LowPassFilters([0.05, 0.1])  # long enough for the branch with the import
    return layer, (paddle.randn([2, 1000]),)


MODELS = [
    Model("Projector", "paddlex", "from einops import rearrange, in a loop", projector),
    Model("SiglipVisionEmbeddings", "paddlex", "from einops import rearrange", siglip_embeddings),
    Model(
        "MSDeformAttn",
        "paddleseg",
        "try: import ms_deform_attn, a stand-in for an operator for GPUs",
        deformable_attention,
    ),
    Model(
        "LowPassFilters",
        "paddlespeech",
        "from paddlespeech.t2s.modules import fft_conv1d, in an if",
        low_pass_filters,
    ),
    Model(
        "AdaLayerNormContinuous",
        "ppdiffusers",
        "none: import paddlemix is behind a variable of the environment",
        adaptive_layer_norm,
    ),
]
