"""eigvals, eigvalsh, cholesky_solve: legal matrices, references, residuals, refusals."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from helpers import bound
from paddlemend.apitest import row
from paddlemend.apitest.accuracy import AccuracyTrial
from paddlemend.apitest.host_tensor import HostTensor
from paddlemend.apitest.inputs import concrete_arguments, generate_inputs
from paddlemend.apitest.reference_call import ReferenceExecution
from paddlemend.apitest.rules.cholesky_solve import cholesky_solve
from paddlemend.apitest.rules.cholesky_solve import residual as cholesky_solve_residual
from paddlemend.apitest.rules.eigenvalues import (
    eigvals,
    eigvals_residual,
    eigvalsh,
    eigvalsh_residual,
)
from paddlemend.apitest.rules.legality import Illegal

DTYPES = ("float32", "float64", "complex64", "complex128")
SHAPES = ([1, 1], [5, 5], [3, 4, 4], [2, 3, 2, 2])
WITHOUT_MATRICES = ([0, 0], [0, 4, 4], [3, 0, 0], [4, 3], [3], [])


def generated(line: str, name: str, seed: int = 0) -> np.ndarray:
    call = bound(line)
    return concrete_arguments(call, generate_inputs(call, seed))[name].data


def adjoint(matrices: np.ndarray) -> np.ndarray:
    return np.conj(np.swapaxes(matrices, -1, -2))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_general_matrices_have_eigenvalues_far_apart(shape, dtype):
    values = np.linalg.eigvals(generated(f'paddle.linalg.eigvals(Tensor({shape},"{dtype}"))', "x"))
    gaps = np.abs(values[..., :, None] - values[..., None, :]) + 9 * np.eye(shape[-1])
    assert gaps.min() > 0.5


def test_general_real_matrices_have_complex_eigenvalues_too():
    x = generated('paddle.linalg.eigvals(Tensor([5, 5],"float32"))', "x")
    imaginary = np.linalg.eigvals(x).imag
    assert (imaginary != 0).any() and (imaginary == 0).any()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_hermitian_matrices_are_so_to_the_bit(shape, dtype):
    x = generated(f'paddle.linalg.eigvalsh(Tensor({shape},"{dtype}"))', "x")
    assert x.dtype == dtype and np.array_equal(x, adjoint(x))


@pytest.mark.parametrize("upper", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
def test_factors_are_triangles_with_a_real_dominant_diagonal(dtype, upper):
    tensors = f'Tensor([5, 2],"{dtype}"), Tensor([3, 5, 5],"{dtype}")'
    line = f"paddle.linalg.cholesky_solve({tensors}, {upper})"
    y = generated(line, "y")
    assert np.array_equal(y, np.triu(y) if upper else np.tril(y))
    diagonal = np.diagonal(y, axis1=-2, axis2=-1)
    assert (diagonal.imag == 0).all() and (diagonal.real >= 5).all()


@pytest.mark.parametrize("shape", WITHOUT_MATRICES)
def test_shapes_without_square_matrices_get_values_too(shape):
    for api in ("eigvals", "eigvalsh"):
        line = f'paddle.linalg.{api}(Tensor({shape},"complex64"))'
        assert list(generated(line, "x").shape) == shape
    line = f'paddle.linalg.cholesky_solve(Tensor([4, 2],"float32"), Tensor({shape},"float32"))'
    assert list(generated(line, "y").shape) == shape


class Reversed(ReferenceExecution):
    """A subject whose eigenvalues come in the opposite order; it is right."""

    def __init__(self, call, inputs, arguments, differentiable):
        super().__init__(call, arguments)

    def forward(self):
        return [self.flipped(output) for output in super().forward()]

    def backward(self, cotangents):
        return super().backward([self.flipped(cotangent) for cotangent in cotangents])

    def flipped(self, tensor):
        return HostTensor(tensor.dtype, tensor.data[..., ::-1].copy())


class WrongGradient(Reversed):
    """Takes the cotangents as if its eigenvalues were not reversed."""

    def backward(self, cotangents):
        return ReferenceExecution.backward(self, cotangents)


def verdict_of(subject, line):
    return AccuracyTrial(bound(line), subject, 0).verdict()


def test_eigenvalues_in_another_order_pass_with_the_gradient_compared():
    result = verdict_of(Reversed, 'paddle.linalg.eigvals(Tensor([3, 4, 4],"float32"))')
    assert (result.class_, result.stage) == (row.PASS, row.BACKWARD), result.message


def test_the_cotangents_are_those_of_the_eigenvalues_they_belong_to():
    result = verdict_of(WrongGradient, 'paddle.linalg.eigvals(Tensor([3, 4, 4],"float32"))')
    assert (result.class_, result.reason) == (row.ACCURACY_ERROR, "gradient")


def test_the_order_of_eigvalsh_means_something():
    result = verdict_of(Reversed, 'paddle.linalg.eigvalsh(Tensor([3, 4, 4],"float32"))')
    assert (result.class_, result.reason) == (row.ACCURACY_ERROR, "value")


def test_the_eigenvalues_of_a_rotation_and_of_a_triangle():
    rotation = torch.tensor([[0.0, -1.0], [1.0, 0.0]])
    assert sorted(eigvals(rotation).imag.tolist()) == [-1, 1]
    assert eigvalsh(torch.tensor([[1.0, 9.0], [2.0, 1.0]])).tolist() == pytest.approx([-1, 3])
    assert eigvalsh(torch.tensor([[1.0, 9.0], [2.0, 1.0]]), "U").tolist() == pytest.approx([-8, 10])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_eigvals_refuses_what_is_not_finite_anywhere_in_a_batch(value):
    x = torch.eye(2).repeat(3, 1, 1)
    x[2, 0, 1] = value
    with pytest.raises(Illegal, match="finite"):
        eigvals(x)


@pytest.mark.parametrize("function", [eigvals, eigvalsh])
@pytest.mark.parametrize("shape", [[4, 3], [3], [], [2, 0, 5]])
def test_only_square_matrices_have_eigenvalues(function, shape):
    with pytest.raises(Illegal, match="square"):
        function(torch.zeros(shape))


@pytest.mark.parametrize("UPLO", ["X", "l", ""])
def test_eigvalsh_knows_two_triangles(UPLO):
    with pytest.raises(Illegal, match="UPLO"):
        eigvalsh(torch.eye(2), UPLO)


def test_the_eigvalsh_gradient_is_that_of_each_matrix_of_the_batch():
    x = torch.tensor(generated('paddle.linalg.eigvalsh(Tensor([3, 4, 4],"float64"))', "x"))
    x.requires_grad_()
    weights = torch.rand(3, 4, dtype=torch.float64)
    (eigvalsh(x) * weights).sum().backward()
    _, vectors = np.linalg.eigh(x.detach().numpy())
    expected = (vectors * weights.numpy()[:, None, :]) @ adjoint(vectors)
    assert np.allclose(x.grad.numpy(), expected)


def test_complex_matrices_without_rows_have_real_eigenvalues():
    assert eigvalsh(torch.zeros(2, 0, 0, dtype=torch.complex64)).dtype == torch.float32


@pytest.mark.parametrize("upper", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
def test_cholesky_solve_solves_and_broadcasts(dtype, upper):
    tensors = f'Tensor([4, 2],"{dtype}"), Tensor([3, 4, 4],"{dtype}")'
    line = f"paddle.linalg.cholesky_solve({tensors}, {upper})"
    x, y = generated(line, "x"), generated(line, "y")
    out = cholesky_solve(torch.tensor(x), torch.tensor(y), upper).numpy()
    matrix = adjoint(y) @ y if upper else y @ adjoint(y)
    assert np.allclose(matrix @ out, x, atol=1e-3 if y.real.dtype == np.float32 else 1e-9)


@pytest.mark.parametrize("upper", [False, True])
def test_the_other_triangle_of_the_factor_is_neither_read_nor_has_it_a_gradient(upper):
    factor = torch.tensor([[2.0, 7.0], [1.0, 3.0]], requires_grad=True)
    clean = factor.detach().triu() if upper else factor.detach().tril()
    x = torch.tensor([[1.0], [2.0]])
    out = cholesky_solve(x, factor, upper)
    assert torch.equal(out, cholesky_solve(x, clean, upper))
    out.sum().backward()
    assert factor.grad[1, 0].item() == 0 if upper else factor.grad[0, 1].item() == 0


def test_the_residual_of_right_results_is_small_and_of_wrong_ones_is_not():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, 9, 9))
    values = HostTensor("complex128", np.linalg.eigvals(x).astype("complex128"))
    assert eigvals_residual({"x": x}, values) < 50
    twice = values.data.copy()
    twice[0, 0] = twice[0, 1]  # each entry is an eigenvalue, one is missing
    assert eigvals_residual({"x": x}, HostTensor("complex128", twice)) > 50
    symmetric = x + adjoint(x)
    ascending = np.linalg.eigvalsh(symmetric)
    assert eigvalsh_residual({"x": symmetric}, HostTensor("float64", ascending)) < 50
    shifted = HostTensor("float64", ascending + 1e-9)
    assert eigvalsh_residual({"x": symmetric}, shifted) > 50


def test_the_residual_of_a_result_that_is_not_finite_is_infinite():
    x = np.eye(2)
    for function, dtype in ((eigvals_residual, "complex128"), (eigvalsh_residual, "float64")):
        assert function({"x": x}, HostTensor(dtype, np.full(2, np.nan, dtype))) == float("inf")
    out = HostTensor("float64", np.full((2, 1), np.inf))
    assert cholesky_solve_residual({"x": np.ones((2, 1)), "y": x}, out) == float("inf")


@pytest.mark.parametrize("upper", [False, True])
def test_the_residual_of_a_solution(upper):
    y = np.array([[2.0, 0.5], [1.0, 3.0]])
    triangle = np.triu(y) if upper else np.tril(y)
    matrix = triangle.T @ triangle if upper else triangle @ triangle.T
    x = np.array([[1.0], [2.0]])
    right = HostTensor("float64", np.linalg.solve(matrix, x))
    wrong = HostTensor("float64", right.data * (1 + 1e-9))
    arguments = {"x": x, "y": y, "upper": upper}
    assert cholesky_solve_residual(arguments, right) < 50
    assert cholesky_solve_residual(arguments, wrong) > 50
