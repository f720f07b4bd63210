"""Matrix products and convolutions with constants."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from flint import fmpq

from tropical.formats import tensors
from tropical.formats.lowering import Graph, Tensor, tensor
from tropical.formats.operators.call import Call
from tropical.formats.operators.elementwise import add, scaled
from tropical.formats.operators.entry import Function, Operator, as_tensor, by_rank, each, images
from tropical.formats.operators.indexing import padded
from tropical.formats.operators.reductions import reduced, total
from tropical.formats.operators.windows import onnx_window
from tropical.formats.tensors import Window, matmul


def _combined(graph: Graph, a: Tensor, b: Tensor, c: Tensor | None, alpha: fmpq, beta: fmpq) -> Tensor:
    """alpha a b + beta c."""
    product = scaled(graph, matmul(graph, a, b), alpha)
    return product if c is None or not beta else add(graph, product, scaled(graph, c, beta))


def _gemm(call: Call) -> Tensor:
    a, b = call.x(0), call.x(1)
    if a.ndim != 2 or b.ndim != 2:
        raise ValueError(f"needs matrices, got shapes {a.shape} and {b.shape}")
    a, b = (a.T if call.take("transA", 0) else a), (b.T if call.take("transB", 0) else b)
    return _combined(call.graph, a, b, call.optional(2), call.number("alpha", 1.0), call.number("beta", 1.0))


def _matmul(graph: Graph, input: Tensor, other: Tensor) -> Tensor:
    return matmul(graph, input, other)


def _addmm(graph: Graph, input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    return _combined(graph, mat1, mat2, input, as_tensor(alpha).item(), as_tensor(beta).item())


def linear(graph: Graph, input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x W^T + b."""
    product = matmul(graph, input, weight.T)
    if bias is None:
        return product
    if bias.shape != weight.shape[:1]:
        raise ValueError(f"bias has shape {bias.shape} but the weight has shape {weight.shape}")
    return add(graph, product, bias)


def einsum(graph: Graph, equation: str, operands: Sequence[Tensor]) -> Tensor:
    """One or two operands, as a matrix product over the letters that both have and the result has not."""
    inputs, arrow, output = equation.replace(" ", "").partition("->")
    names = inputs.split(",")
    if "." in equation or len(names) != len(operands) or len(names) > 2:
        raise ValueError(f"{equation!r} with {len(operands)} operands: one or two without an ellipsis are supported")
    if not arrow:
        output = "".join(sorted(c for c in set(inputs) - {","} if inputs.count(c) == 1))
    parts = [_lettered(x, name) for x, name in zip(operands, names, strict=True)]
    if len(parts) == 1:
        parts.append((tensor([fmpq(1)], ()), ""))
    parts = [_summed(graph, *part, output + other) for part, (_, other) in zip(parts, parts[::-1], strict=True)]
    (a, left), (b, right) = parts
    sizes: dict[str, int] = {}
    for x, name in parts:
        for letter, size in zip(name, x.shape, strict=True):
            if sizes.setdefault(letter, size) != size:
                raise ValueError(f"letter {letter!r} of {equation!r} has sizes {sizes[letter]} and {size}")
    if set(output) != set(output) & set(sizes) or len(set(output)) != len(output):
        raise ValueError(f"{equation!r}: the result must hold letters of the operands once")
    batch = [c for c in output if c in left and c in right]
    inner = [c for c in left if c in right and c not in output]
    rows, columns = ([c for c in output if c in own and c not in batch] for own in (left, right))
    product = matmul(graph, _grouped(a, left, batch, rows, inner), _grouped(b, right, batch, inner, columns))
    letters = [*batch, *rows, *columns]
    return product.reshape([sizes[c] for c in letters]).transpose([letters.index(c) for c in output])


def _lettered(x: Tensor, name: str) -> tuple[Tensor, str]:
    """The tensor and a letter for each axis, the diagonal taken where a letter stands twice."""
    if len(name) != x.ndim or not (name.isalpha() or not name):
        raise ValueError(f"{name!r} does not name the axes of a tensor of shape {x.shape}")
    for letter in sorted(set(name)):
        while name.count(letter) > 1:
            first, second = name.index(letter), name.rindex(letter)
            if x.shape[first] != x.shape[second]:
                raise ValueError(f"letter {letter!r} has sizes {x.shape[first]} and {x.shape[second]}")
            x, name = np.diagonal(x, axis1=first, axis2=second), _without(name, first, second) + letter
    return x, name


def _summed(graph: Graph, x: Tensor, name: str, kept: str) -> tuple[Tensor, str]:
    """The tensor without the axes whose letters are not kept."""
    places = [i for i, c in enumerate(name) if c not in kept]
    return (reduced(graph, x, total, places, False), _without(name, *places)) if places else (x, name)


def _without(name: str, *places: int) -> str:
    return "".join(c for i, c in enumerate(name) if i not in places)


def _grouped(x: Tensor, name: str, *groups: Sequence[str]) -> Tensor:
    """The letters of the first of three groups as axes, those of the others joined to one axis each."""
    x = x.transpose([name.index(c) for group in groups for c in group])
    sizes = [[x.shape[i] for i in range(sum(map(len, groups[:k])), sum(map(len, groups[: k + 1])))] for k in range(3)]
    return x.reshape([*sizes[0], int(np.prod(sizes[1], dtype=int)), int(np.prod(sizes[2], dtype=int))])


def _torch_einsum(graph: Graph, equation: str, *operands: Any) -> Tensor:
    return einsum(graph, equation, list(operands[0]) if isinstance(operands[0], Sequence) else operands)


def _conv(call: Call) -> Tensor:
    x, weight = images(call.x(0)), call.x(1)
    kernel = tuple(call.sizes("kernel_shape", weight.shape[2:]))
    if kernel != weight.shape[2:]:
        raise ValueError(f"kernel_shape is {kernel} but the weight has shape {weight.shape}")
    window = onnx_window(call, kernel, x.shape[2:])
    return tensors.convolution(call.graph, x, weight, call.optional(2), window, call.take("group", 1))


def _torch_conv(rank: int) -> Function:
    def apply(
        graph: Graph,
        input: Tensor,
        weight: Tensor,
        bias: Tensor | None = None,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        padding_mode: str = "zeros",
    ) -> Tensor:
        kernel, dilations, x = weight.shape[2:], each(dilation, rank), images(input, rank)
        if padding == "same":
            total = [d * (k - 1) for d, k in zip(dilations, kernel, strict=True)]
            pads = tuple((t // 2, t - t // 2) for t in total)
        else:
            pads = tuple((p, p) for p in each(0 if padding == "valid" else padding, rank))
        if padding_mode != "zeros":
            x, pads = padded(x, ((0, 0), (0, 0), *pads), padding_mode), ((0, 0),) * rank
        return tensors.convolution(graph, x, weight, bias, Window(kernel, each(stride, rank), pads, dilations), groups)

    return apply


def transposed_convolution(
    graph: Graph, x: Tensor, weight: Tensor, bias: Tensor | None, window: Window, extra: Sequence[int], groups: int
) -> Tensor:
    """The transpose of a convolution: one of the input with zeros between its elements and the kernel reversed."""
    channels, rank = weight.shape[0], len(window.kernel)
    if groups < 1 or channels % groups or weight.ndim != x.ndim or x.shape[1] != channels:
        raise ValueError(f"a weight of shape {weight.shape} in {groups} groups does not fit the shape {x.shape}")
    if min(window.strides) < 1 or min(window.dilations) < 1 or min(extra, default=0) < 0:
        raise ValueError(f"{window} must have positive strides and dilations, and output padding of at least 0")
    shape = [1 + (n - 1) * s for n, s in zip(x.shape[2:], window.strides, strict=True)]
    tensors.check_size((*x.shape[:2], *shape))
    spread = np.full((*x.shape[:2], *shape), fmpq(0), dtype=object)
    spread[(slice(None), slice(None), *(slice(None, None, s) for s in window.strides))] = x
    reach = [d * (k - 1) for d, k in zip(window.dilations, window.kernel, strict=True)]
    pads = [(r - b, r - a + e) for r, (b, a), e in zip(reach, window.pads, extra, strict=True)]
    parts = weight.reshape(groups, channels // groups, *weight.shape[1:]).swapaxes(1, 2)
    kernel = np.flip(parts.reshape(-1, channels // groups, *window.kernel), tuple(range(2, 2 + rank)))
    plain = Window(window.kernel, (1,) * rank, ((0, 0),) * rank, window.dilations)
    return tensors.convolution(graph, padded(spread, [(0, 0), (0, 0), *pads]), kernel, bias, plain, groups)


def _conv_transpose(call: Call) -> Tensor:
    x, weight = images(call.x(0)), call.x(1)
    rank = x.ndim - 2
    kernel = tuple(call.sizes("kernel_shape", weight.shape[2:]))
    extra, shape = call.sizes("output_padding", [0] * rank), call.sizes("output_shape")
    mode = call.text("auto_pad", "NOTSET")
    strides, dilations = call.sizes("strides", [1] * rank), call.sizes("dilations", [1] * rank)
    pads = call.sizes("pads", [0] * 2 * rank)
    if {len(strides), len(dilations), len(pads) // 2, len(kernel), len(extra)} != {rank} or kernel != weight.shape[2:]:
        raise ValueError(f"kernel, strides, dilations, pads and output padding must fit the {rank} spatial axes")
    if mode.startswith("SAME") and not shape:
        shape = [n * s for n, s in zip(x.shape[2:], strides, strict=True)]
    pairs = list(zip(pads[:rank], pads[rank:], strict=True)) if mode != "VALID" else [(0, 0)] * rank
    for i, wanted in enumerate(shape[-rank:]):
        total = strides[i] * (x.shape[2 + i] - 1) + extra[i] + (kernel[i] - 1) * dilations[i] + 1 - wanted
        small, large = total // 2, total - total // 2
        pairs[i] = (small, large) if mode == "SAME_UPPER" else (large, small)
    window = Window(kernel, tuple(strides), tuple(pairs), tuple(dilations))
    return transposed_convolution(call.graph, x, weight, call.optional(2), window, extra, call.take("group", 1))


def _torch_conv_transpose(rank: int) -> Function:
    def apply(
        graph: Graph,
        input: Tensor,
        weight: Tensor,
        bias: Tensor | None = None,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        dilation: Any = 1,
    ) -> Tensor:
        pads = tuple((p, p) for p in each(padding, rank))
        window = Window(weight.shape[2:], each(stride, rank), pads, each(dilation, rank))
        extra = each(output_padding, rank)
        return transposed_convolution(graph, images(input, rank), weight, bias, window, extra, groups)

    return apply


PRODUCTS: Sequence[Operator] = (
    Operator("linear layer", "A x + b, and α A B + β C, with all but one factor constant.", {"Gemm": _gemm},
             {"F.linear nn.Linear": linear, "torch.addmm .addmm": _addmm}),
    Operator("matrix product", "A B, one of them constant, with batches.",
             {"MatMul": lambda c: matmul(c.graph, c.x(0), c.x(1))},
             {"operator.matmul torch.matmul .matmul torch.mm .mm torch.bmm .bmm torch.mv .mv": _matmul}),
    Operator("einsum", "Sums of products of one or two tensors, one of them constant.",
             {"Einsum": lambda c: einsum(c.graph, c.text("equation", ""), c.all())}, {"torch.einsum": _torch_einsum}),
    Operator("convolution", "With constant kernels; strides, dilations, groups, padding.", {"Conv": _conv},
             by_rank("conv Conv", _torch_conv)),
    Operator("transposed convolution", "With constant kernels; strides, dilations, groups, padding of the output.",
             {"ConvTranspose": _conv_transpose}, by_rank("conv_transpose ConvTranspose", _torch_conv_transpose)),
)  # fmt: skip
