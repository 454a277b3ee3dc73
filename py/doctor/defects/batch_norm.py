"""The defects of batch_norm."""

from __future__ import annotations

import numpy as np
import paddle
from paddlemend.doctor.defect import ALL_PADDLES, Defect, ones


def statistics(channels: int = 2) -> tuple[paddle.Tensor, paddle.Tensor]:
    """Running ones that normalize nothing."""
    return paddle.zeros([channels]), paddle.ones([channels])


def train(x, weight, bias):
    return paddle.nn.functional.batch_norm(x, *statistics(), weight, bias, training=True)


def train_float32_statistics(x):
    return paddle.nn.functional.batch_norm(x, *statistics(), training=True)


def evaluate(x, weight, bias):
    return paddle.nn.functional.batch_norm(x, *statistics(), weight, bias)


def by_batch_in_evaluation(x):
    return paddle.nn.functional.batch_norm(
        x, *statistics(), training=False, use_global_stats=False, epsilon=0.0
    )


def train_weight_alone(weight):
    x = paddle.to_tensor([[1.0, 3.0], [3.0, 1.0]])
    return paddle.nn.functional.batch_norm(
        x, *statistics(), weight, paddle.zeros([2]), training=True, epsilon=0.0
    )


def train_bias_alone(bias):
    x = paddle.to_tensor([[1.0, 3.0], [3.0, 1.0]])
    return paddle.nn.functional.batch_norm(
        x, *statistics(), paddle.ones([2]), bias, training=True, epsilon=0.0
    )


def evaluate_by(x, mean, var):
    return paddle.nn.functional.batch_norm(x, mean, var)


def train_by(x, mean, var):
    return paddle.nn.functional.batch_norm(x, mean, var, training=True)


PAIR = np.array([[1, 3], [3, 1]], np.float32)
NORMALIZED = np.array([[-1, 1], [1, -1]], np.float32)
COTANGENT = np.array([[1, 0], [0, 2]], np.float32)


def _refused(name: str, affects: tuple, arrays: list, function=evaluate_by) -> Defect:
    return Defect(
        name,
        affects=affects,
        function=function,
        arrays=arrays,
        error="ValueError",
        message="expected [3], the channels of x",
    )


DEFECTS = [
    Defect(
        "batch_norm: a batch of no elements is refused",
        affects=("3.0", "3.1.0"),
        function=train,
        arrays=[ones(0, 2), ones(2), ones(2)],
        cotangent=ones(0, 2),
        output=ones(0, 2),
        gradients=[ones(0, 2), 0 * ones(2), 0 * ones(2)],
    ),
    Defect(
        "batch_norm: images of no pixels are refused",
        affects=("3.0", "3.1.0"),
        function=evaluate,
        arrays=[ones(3, 2, 0, 4), ones(2), ones(2)],
        cotangent=ones(3, 2, 0, 4),
        output=ones(3, 2, 0, 4),
        gradients=[ones(3, 2, 0, 4), 0 * ones(2), 0 * ones(2)],
    ),
    Defect(
        "batch_norm: by statistics of the batch, the gradient in evaluation is not",
        affects=ALL_PADDLES,
        function=by_batch_in_evaluation,
        arrays=[PAIR],
        cotangent=COTANGENT,
        output=NORMALIZED,
        gradients=[0 * PAIR],
    ),
    Defect(
        "batch_norm: weight alone has no gradient",
        affects=ALL_PADDLES,
        function=train_weight_alone,
        arrays=[ones(2)],
        cotangent=COTANGENT,
        output=NORMALIZED,
        gradients=[np.array([-1, -2], np.float32)],
    ),
    Defect(
        "batch_norm: bias alone has no gradient",
        affects=ALL_PADDLES,
        function=train_bias_alone,
        arrays=[0 * ones(2)],
        cotangent=COTANGENT,
        output=NORMALIZED,
        gradients=[np.array([1, 2], np.float32)],
    ),
    _refused(
        "batch_norm: a running mean that is too short is accepted",
        ("3.0", "3.1", "3.2"),
        [ones(4, 3), ones(2), ones(3)],
    ),
    _refused(
        "batch_norm: a running variance that is too short is accepted",
        ("3.0", "3.1", "3.2"),
        [ones(4, 3), ones(3), ones(2)],
    ),
    _refused(
        "batch_norm: training, a running mean that is too short is accepted",
        ALL_PADDLES,
        [ones(4, 3), ones(2), ones(3)],
        train_by,
    ),
    _refused(
        "batch_norm: training, empty running statistics are accepted",
        ALL_PADDLES,
        [ones(4, 3), ones(0), ones(0)],
        train_by,
    ),
    _refused(
        "batch_norm: any running mean of an empty batch is accepted",
        ("3.1.1", "3.2", "3.3"),
        [ones(0, 3), ones(2), ones(3)],
    ),
    Defect(
        "batch_norm: float16 is missing",
        affects=ALL_PADDLES,
        function=train_float32_statistics,
        arrays=[PAIR.astype(np.float16)],
        cotangent=COTANGENT.astype(np.float16),
        output=NORMALIZED.astype(np.float16),
        gradients=[0 * PAIR.astype(np.float16)],
    ),
]
