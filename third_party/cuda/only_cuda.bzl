"""ONLY_CUDA: the target_compatible_with of what --config=cuda alone builds."""

ONLY_CUDA = select({
    Label("//third_party/cuda:is_on"): [],
    "//conditions:default": [Label("//third_party/cuda:config_cuda_is_given")],
})
