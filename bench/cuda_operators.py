"""Times the kernels on a GPU beside Torch's and beside a copy, in one run.

    python bench/cuda_operators.py [--json FILE] [--only NAME ...] [--rows cases]

Prints a table in Markdown: median times by triton.testing.do_bench, and the share of the bandwidth
of a copy that the least traffic of the operator makes. The first time is that of a call which waits
until it is known whether an index is out of range, the second of one whose errors are asynchronous,
as Torch's are; ratio and share are of the second. Needs torch, triton and the package.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timezone

import torch
import torch.nn.functional as F
from paddlemend import native
from triton.testing import do_bench


@dataclass
class Case:
    name: str
    ours: Callable
    torch: Callable | None
    bytes: int | None  # the least traffic
    limit: str = "copy"  # or "write": traffic of writes alone


@dataclass
class Row:
    name: str
    ours_ms: float
    ours_async_ms: float
    torch_ms: float | None
    ours_share: float | None
    torch_share: float | None


def median(function: Callable) -> float:
    return do_bench(function, warmup=25, rep=150, quantiles=[0.5])


def halves(*dtypes):
    return [(d, torch.finfo(d).bits // 8, str(d).removeprefix("torch.")) for d in dtypes]


def elementwise() -> Iterator[Case]:
    n = 1 << 28
    for dtype, size, label in halves(torch.float32, torch.float16):
        x = torch.randn(n, device="cuda", dtype=dtype)
        y = torch.randn(n, device="cuda", dtype=dtype)
        out = torch.empty_like(x)
        yield Case(
            f"copysign {label} 2^28",
            lambda: native.copysign(x, y, out=out),
            lambda: torch.copysign(x, y, out=out),
            3 * n * size,
        )
    for dtype, size, label in halves(torch.float32, torch.float16):
        row = torch.randn(1 << 14, 1, device="cuda", dtype=dtype)
        out = torch.empty(1 << 14, 1 << 14, device="cuda", dtype=dtype)
        yield Case(
            f"expand {label} [16384,1] to [16384,16384]",
            lambda: native.expand(row, [1 << 14, 1 << 14], out=out),
            lambda: row.expand(1 << 14, 1 << 14).contiguous(),
            (1 << 28) * size,
            "write",
        )
        g = torch.randn(1 << 14, 1 << 14, device="cuda", dtype=dtype)
        yield Case(
            f"expand grad {label} [16384,16384] to [16384,1]",
            lambda: native.expand_grad(g, row),
            lambda: g.sum(1, keepdim=True),
            (1 << 28) * size,
            "read",
        )
        row2 = row.view(1, -1)
        yield Case(
            f"expand grad {label} [16384,16384] to [1,16384]",
            lambda: native.expand_grad(g, row2),
            lambda: g.sum(0, keepdim=True),
            (1 << 28) * size,
            "read",
        )


def rows() -> Iterator[Case]:
    m, d = 1 << 18, 1024
    for dtype, size, label in halves(torch.float32, torch.float16):
        source = torch.randn(m, d, device="cuda", dtype=dtype)
        base = torch.randn(m, d, device="cuda", dtype=dtype)
        out = torch.empty(d, m, device="cuda", dtype=dtype)
        permuted = torch.randperm(m, device="cuda")
        repeated = torch.randint(0, m, (m,), device="cuda")
        flat = source.view(-1)
        yield Case(
            f"as_strided transposed copy {label} 262144x1024",
            lambda: native.as_strided_copy(flat, [d, m], [1, d], 0, out=out),
            lambda: source.as_strided((d, m), (1, d)).contiguous(),
            2 * m * d * size,
        )
        del out
        g = base.view(d, m)
        grad = torch.empty(m, d, device="cuda", dtype=dtype)
        yield Case(
            f"as_strided grad of a transposition {label}",
            lambda: native.as_strided_grad(g, [1, d], 0, [d, 1], 0, source, x_grad=grad),
            lambda: grad.copy_(g.t()),
            2 * m * d * size,
        )
        del grad
        for kind, index in (("unique", permuted), ("duplicate", repeated)):
            touched = int(torch.unique(index).numel())
            yield Case(
                f"index_add {label} 262144x1024 {kind} rows",
                lambda: native.index_add(base, index, 0, source, out=base),
                lambda: base.index_add_(0, index, source),
                (m + 2 * touched) * d * size,
            )
        yield Case(
            f"index_put set {label} 262144x1024",
            lambda: native.index_put(base, [permuted], source, False, out=base),
            lambda: base.index_put_((permuted,), source),
            2 * m * d * size,
        )
        touched = int(torch.unique(repeated).numel())
        yield Case(
            f"index_put accumulate {label} 262144x1024",
            lambda: native.index_put(base, [repeated], source, True, out=base),
            lambda: base.index_put_((repeated,), source, accumulate=True),
            (m + 2 * touched) * d * size,
        )
        index = torch.randint(0, d, (m, d), device="cuda")
        out = torch.empty(m, d, device="cuda", dtype=dtype)
        yield Case(
            f"index_sample {label} 262144x1024",
            lambda: native.index_sample(source, index, out=out),
            lambda: torch.gather(source, 1, index, out=out),
            m * d * (2 * size + 8),
        )
        out.copy_(base)
        for reduce, traffic in (("assign", 2), ("add", 3), ("mul", 3)):
            if reduce == "assign":
                peer = lambda: out.scatter_(1, index, source)  # noqa: E731
            elif reduce == "add":
                peer = lambda: out.scatter_add_(1, index, source)  # noqa: E731
            else:
                source.fill_(1)
                peer = lambda: out.scatter_reduce_(1, index, source, "prod")  # noqa: E731
            yield Case(
                f"put_along_axis {reduce} {label} 262144x1024",
                lambda: native.put_along_axis(out, index, source, 1, reduce, True, out=out),
                peer,
                m * d * (traffic * size + 8),
            )


def norms() -> Iterator[Case]:
    m, d = 1 << 18, 1024
    for dtype, size, label in halves(torch.float32, torch.float16):
        x = torch.randn(m, d, device="cuda", dtype=dtype)
        residual = torch.randn(m, d, device="cuda", dtype=dtype)
        weight = torch.rand(d, device="cuda")
        shift = torch.rand(d, device="cuda")
        bias = torch.rand(d, device="cuda", dtype=dtype)
        w, b = weight.to(dtype), shift.to(dtype)
        out = torch.empty_like(x)
        moments = {
            "mean": torch.empty(m, device="cuda"),
            "inverse_deviation": torch.empty(m, device="cuda"),
        }
        yield Case(
            f"layer_norm {label} 262144x1024",
            lambda: native.fused_layer_norm(
                x, weight, shift, None, None, 1e-5, 1.0, 1, out=out, **moments
            ),
            lambda: F.layer_norm(x, (d,), w, b),
            2 * m * d * size,
        )
        sums = torch.empty_like(x)
        yield Case(
            f"layer_norm with bias and residual {label} 262144x1024",
            lambda: native.fused_layer_norm(
                x,
                weight,
                shift,
                bias,
                residual,
                1e-5,
                1.0,
                1,
                out=out,
                residual_out=sums,
                **moments,
            ),
            lambda: F.layer_norm(x + bias + residual, (d,), w, b),
            4 * m * d * size,
        )
    x = torch.randn(256, 256, 56, 56, device="cuda")
    g = torch.randn_like(x)
    out = torch.empty_like(x)
    mean, var, weight, bias = (torch.rand(256, device="cuda") + 0.5 for _ in range(4))
    saved = [torch.empty(256, device="cuda") for _ in range(4)]
    n = x.numel() * 4
    names = ("running_mean_out", "running_var_out", "saved_mean", "saved_inverse_deviation")
    outs = dict(zip(names, saved))
    for label, train, traffic in (("train", True, 3), ("eval", False, 2)):
        yield Case(
            f"batch_norm {label} float32 256x256x56x56",
            lambda: native.batch_norm(
                x, mean, var, weight, bias, train, 0.9, 1e-5, 1, out=out, **outs
            ),
            lambda: F.batch_norm(x, mean, var, weight, bias, train, 0.1, 1e-5),
            traffic * n,
        )
    native.batch_norm(x, mean, var, weight, bias, True, 0.9, 1e-5, 1, out=out, **outs)

    def torch_grad():
        return torch.ops.aten.native_batch_norm_backward(
            g, x, weight, mean, var, saved[2], saved[3], True, 1e-5, [True, True, True]
        )

    yield Case(
        "batch_norm train grad float32 256x256x56x56",
        lambda: native.batch_norm_grad(
            x, g, weight, mean, var, saved[2], saved[3], True, 1e-5, 1, x_grad=out
        ),
        torch_grad,
        5 * n,
    )


def distinct() -> Iterator[Case]:
    for high, label in ((100, "100"), (1 << 20, "2^20"), (1 << 40, "2^40")):
        x = torch.randint(0, high, (1 << 26,), device="cuda")
        yield Case(
            f"unique int64 64M below {label}: values",
            lambda: native.unique(x),
            lambda: torch.unique(x),
            None,
        )
        yield Case(
            f"unique int64 64M below {label}: + inverse + counts",
            lambda: native.unique(x, return_inverse=True, return_counts=True),
            lambda: torch.unique(x, return_inverse=True, return_counts=True),
            None,
        )
    x = torch.randn(1 << 20, 8, device="cuda").round()
    yield Case(
        "unique axis 0 float32 1Mx8",
        lambda: native.unique(x, axis=0),
        lambda: torch.unique(x, dim=0),
        None,
    )


def systems() -> Iterator[Case]:
    for batch, n, k in ((16, 512, 512), (16384, 64, 1), (1024, 64, 64), (1, 2048, 2048)):
        y = torch.rand(batch, n, n, device="cuda").tril() + n * torch.eye(n, device="cuda")
        x = torch.randn(batch, n, k, device="cuda")
        out = torch.empty_like(x)
        yield Case(
            f"cholesky_solve float32 {batch}x{n}^2, {k} rhs",
            lambda: native.cholesky_solve(x, y, False, out=out),
            lambda: torch.cholesky_solve(x, y),
            None,
        )


GROUPS = {f.__name__: f for f in (elementwise, rows, norms, distinct, systems)}


def copy_bandwidth() -> tuple[float, float, float]:
    """Bytes a millisecond of a copy (read and written), of writes, and of reads."""
    x = torch.randn(1 << 29, device="cuda")
    y = torch.empty_like(x)
    copy = 2 * x.numel() * 4 / median(lambda: y.copy_(x))
    write = x.numel() * 4 / median(lambda: y.fill_(1.0))
    return copy, write, max(copy, x.numel() * 4 / median(lambda: x.sum()))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json")
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--groups", nargs="*", default=list(GROUPS))
    options = parser.parse_args()
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.manual_seed(0)
    copy, write, read = copy_bandwidth()
    limits = {"copy": copy, "write": write, "read": read}
    driver = subprocess.run(
        ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"],
        capture_output=True,
        text=True,
    ).stdout.strip()
    head = {
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "device": driver,
        "torch": torch.__version__,
        "command": "python " + " ".join([os.path.relpath(sys.argv[0]), *sys.argv[1:]]),
        "gb_per_s": {name: round(value / 1e6) for name, value in limits.items()},
    }
    print(json.dumps(head), flush=True)
    columns = ["operator", "ours ms", "ours, asynchronous errors", "Torch ms", "Torch / ours"]
    print("| " + " | ".join([*columns, "share", "Torch's"]) + " |")
    print("|---|---|---|---|---|---|---|", flush=True)
    results: list[Row] = []
    for group in options.groups:
        for case in GROUPS[group]():
            if options.only and not any(text in case.name for text in options.only):
                continue
            try:
                ours, peer = median(case.ours), median(case.torch)
                native.set_asynchronous(True)
                asynchronous = median(case.ours)
                native.set_asynchronous(False)
                native.wait()
            except Exception as error:  # one case must not end the run
                print(f"| {case.name} | {type(error).__name__}: {str(error)[:150]} |", flush=True)
                continue
            share = (
                (lambda t: case.bytes / t / limits[case.limit]) if case.bytes else (lambda t: None)
            )
            row = Row(case.name, ours, asynchronous, peer, share(asynchronous), share(peer))
            results.append(row)
            faster = peer / asynchronous
            shares = [f"{s:.0%}" if s else "" for s in (row.ours_share, row.torch_share)]
            print(
                f"| {row.name} | {ours:.3f} | {asynchronous:.3f} | {peer:.3f} | {faster:.2f} | "
                f"{shares[0]} | {shares[1]} |",
                flush=True,
            )
        torch.cuda.empty_cache()
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({**head, "rows": [asdict(row) for row in results]}, file, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
