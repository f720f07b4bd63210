"""Files: what is written is read back, what cannot be held is refused, and other programs compute the same from it."""

import io
import json
import random
import tempfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import tropical as tp
from differential.reproducers import shown
from oracles import certified
from oracles.activation_z3 import Case
from oracles.built import network
from oracles.equality_z3 import exact_outputs
from oracles.extreme_cases import extreme_case
from oracles.float_errors import error_bound
from oracles.random_cases import RELU, random_case

Arrays = dict[str, NDArray[np.float64]]


def round_trips(seed: int) -> str:
    """By all formats that need nothing else: an equal network, or a refusal where a number or a slope does not fit."""
    rng = random.Random(f"files {seed}")
    case = extreme_case(seed) if rng.random() < 0.3 else random_case(seed)
    with shown(net=case):
        kept = []
        for suffix, holds in HOLDS.items():
            data = written(case, suffix)
            more = suffix == ".nnet" and data is not None  # ranges of its inputs make other fractions of decimals, too
            assert (data is not None) == holds(case) or more, suffix
            kept += [suffix] * (data is not None)
            if data is not None and suffix in READERS:
                READERS[suffix](case, data)
    return f"{len(kept)} formats"


def written(case: Case, suffix: str) -> bytes | None:
    """The file of a network, which was read back as it was, or None if it was refused and left nothing behind."""
    net = network(case)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"net{suffix}"
        try:
            tp.save_network(net, path)
        except tp.FormatError:
            assert list(Path(folder).iterdir()) == []
            return None
        found, data = tp.load_network(path), path.read_bytes()
    if found != net:
        assert suffix == ".onnx"
        assert not comes_back(case)
        assert certified.equivalent(found, net).status == "proved"
    return data


def comes_back(case: Case) -> bool:
    """Whether a graph has the units of the network: other slopes may become other units, constant layers none."""
    return is_plain(case) and all(any(map(any, rows)) for rows in case.weights[:-1])


def numbers(case: Case, slopes: bool = True) -> list[Fraction]:
    layers = zip(case.weights, case.biases, strict=True)
    found = [q for rows, bias in layers for row in (*rows, bias) for q in row]
    return found + [q for layer in case.slopes for pair in layer for q in pair] * slopes


def is_plain(case: Case) -> bool:
    return all(pair == RELU for layer in case.slopes for pair in layer)


def is_float(q: Fraction) -> bool:
    try:
        return Fraction(float(q)) == q
    except OverflowError:
        return False


def all_floats(case: Case) -> bool:
    return all(map(is_float, numbers(case)))


def all_decimal(case: Case) -> bool:
    """Fractions of denominators 2^a 5^b, of at most 1200 characters as decimals."""
    return is_plain(case) and all(map(is_short_decimal, numbers(case, slopes=False)))


def is_short_decimal(q: Fraction) -> bool:
    rest, twos, fives = q.denominator, 0, 0
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    places = max(twos, fives)
    digits = max(len(str(abs(q.numerator) * 10**places // q.denominator)), places + 1) + (places == 0)
    return rest == 1 and digits + 1 + (q < 0) <= 1200


HOLDS: dict[str, Callable[[Case], bool]] = {
    ".json": lambda case: True,
    ".npz": all_floats,
    ".safetensors": all_floats,
    ".nnet": all_decimal,
}


def read_json(case: Case, data: bytes) -> None:
    """The document by the standard library; as in the description, hexadecimal where numbers are long."""
    document = json.loads(data)
    number = Fraction if document["numbers"] == "decimal" else hexadecimal
    for layer, rows, bias in zip(document["layers"], case.weights, case.biases, strict=True):
        assert [tuple(map(number, row)) for row in layer["weight"]] == list(rows)
        assert tuple(map(number, layer.get("bias", [0] * len(bias)))) == bias


def hexadecimal(text: str) -> Fraction:
    top, _, bottom = str(text).partition("/")
    return Fraction(int(top, 16), int(bottom or "1", 16))


def read_npz(case: Case, data: bytes) -> None:
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        assert_layers(case, dict(arrays))


def read_safetensors(case: Case, data: bytes) -> None:
    try:
        from safetensors.numpy import load
    except ImportError:
        return
    assert_layers(case, load(data))


def assert_layers(case: Case, arrays: Arrays) -> None:
    for index, (rows, bias) in enumerate(zip(case.weights, case.biases, strict=True)):
        assert [tuple(map(Fraction, row)) for row in arrays[f"weight_{index}"].tolist()] == list(rows)
        stored = arrays.get(f"bias_{index}", np.zeros(len(bias)))
        assert tuple(map(Fraction, stored.tolist())) == bias


READERS = {".json": read_json, ".npz": read_npz, ".safetensors": read_safetensors}


def onnx_files(seed: int) -> str:
    """Values by onnxruntime in float64, within the error of its arithmetic."""
    import onnxruntime

    case = float_case(seed)
    with shown(net=case):
        data = written(case, ".onnx")
        assert data is not None
        session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
        X = float_points(seed, case)
        assert_values(case, X, session.run(None, {"x": X})[0])
    return "plain" if is_plain(case) else "other slopes"


def torch_files(seed: int) -> str:
    """Values by a ``Sequential`` that loads the state dict; and the module itself, followed by the package."""
    import torch

    case = float_case(seed)
    with shown(net=case):
        module = sequential(torch, case)
        assert tp.from_torch(module) == network(case) or not comes_back(case)
        assert certified.equivalent(tp.from_torch(module), network(case)).status == "proved"
        X = float_points(seed, case)
        with torch.no_grad():
            assert_values(case, X, module(torch.from_numpy(X)).numpy())
        data = written(case, ".pt")
        assert (data is not None) == is_plain(case)
        if data is not None:
            state = torch.load(io.BytesIO(data), weights_only=True)
            module.load_state_dict(state)
            with torch.no_grad():
                assert_values(case, X, module(torch.from_numpy(X)).numpy())
    return "plain" if is_plain(case) else "other slopes"


def sequential(torch: Any, case: Case) -> Any:
    """Linear layers with ReLU or PReLU between, whose slopes on the right are 1."""
    parts: list[Any] = []
    for index, (rows, bias) in enumerate(zip(case.weights, case.biases, strict=True)):
        linear = torch.nn.Linear(len(rows[0]), len(rows), dtype=torch.float64)
        linear.weight.data = torch.tensor([[float(q) for q in row] for row in rows], dtype=torch.float64)
        linear.bias.data = torch.tensor([float(q) for q in bias], dtype=torch.float64)
        parts.append(linear)
        if index < len(case.slopes):
            left = [float(pair[0]) for pair in case.slopes[index]]
            bent = torch.nn.PReLU(len(left), dtype=torch.float64)
            bent.weight.data = torch.tensor(left, dtype=torch.float64)
            parts.append(bent if any(left) else torch.nn.ReLU())
    return torch.nn.Sequential(*parts).eval()


def float_case(seed: int) -> Case:
    """A case of numbers that are floats, its slopes (l, 1)."""
    case = random_case(seed)

    def rounded(row: tuple[Fraction, ...]) -> tuple[Fraction, ...]:
        return tuple(Fraction(float(q)) for q in row)

    weights = tuple(tuple(map(rounded, rows)) for rows in case.weights)
    slopes = tuple(tuple((Fraction(float(left)), Fraction(1)) for left, _ in layer) for layer in case.slopes)
    return Case(weights, tuple(map(rounded, case.biases)), slopes, None, f"floats of {case.name}")


def float_points(seed: int, case: Case) -> NDArray[np.float64]:
    """Gaussian ones, and such with small integers, where kinks are."""
    rng = np.random.default_rng(seed)
    whole = rng.integers(-2, 3, (3, case.input_dim)).astype(np.float64)
    return np.concatenate([rng.standard_normal((5, case.input_dim)), whole])


def assert_values(case: Case, X: NDArray[np.float64], Y: NDArray[np.float64]) -> None:
    """The runtime's values against schoolbook arithmetic, within the bound on its rounding errors."""
    assert Y.dtype == np.float64
    assert Y.shape == (len(X), len(case.weights[-1]))
    bounds = error_bound(network(case), X, 2.0**-53)
    for x, found, within in zip(X.tolist(), Y.tolist(), bounds.tolist(), strict=True):
        expected = exact_outputs(case, tuple(map(Fraction, x)))
        gaps = [abs(q - Fraction(y)) for q, y in zip(expected, found, strict=True)]
        assert all(gap <= Fraction(bound) for gap, bound in zip(gaps, within, strict=True))
