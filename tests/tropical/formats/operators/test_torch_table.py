"""Every function, method and module of torch in the table, against torch: exactly where float arithmetic is exact."""

import operator
from functools import partial

import numpy as np
import pytest

import tropical as tp
from oracles.float_errors import assert_runtime_agrees
from tropical.formats.operators.table import TORCH

torch = pytest.importorskip("torch")
nn, F = torch.nn, torch.nn.functional

V, M, IMAGE = (6,), (3, 4), (2, 5, 4)


def small(*shape):
    """Eighths between -2 and 2, the same at every call."""
    return ((torch.arange(int(np.prod(shape))) * 7 + 3) % 33 - 16).reshape(shape) / 8


def resolved(name):
    """The function of a name in the table; of a method, one that calls it."""
    owner, _, attribute = name.rpartition(".")
    owners = {"torch": torch, "F": F, "operator": operator, "builtins": __builtins__}
    if not owner:
        return lambda x, *args, **kwargs: getattr(x, attribute)(*args, **kwargs)
    found = owners[owner]
    return found[attribute] if isinstance(found, dict) else getattr(found, attribute)


class Calling(nn.Module):
    """A module whose forward is the given function of the input and of constants that it holds."""

    def __init__(self, function, shape):
        super().__init__()
        self.function, self.like = function, nn.Parameter(small(1, *shape))
        self.matrix, self.weight = nn.Parameter(small(4, 3)), nn.Parameter(small(6, 6))
        self.kernel, self.images = nn.Parameter(small(2, 2, 3, 2)), nn.Parameter(small(2))
        self.register_buffer("index", torch.tensor([1, 0, 1]))
        self.register_buffer("spread", torch.tensor([3.0, 15.0]))

    def forward(self, x):
        return self.function(self, x)


def called(text, shape, function):
    """A case for each of the names: ``function`` gets what the name stands for, the module and x."""
    return {name: (shape, partial(function, resolved(name))) for name in text.split()}


BINARY = "operator.add torch.add .add operator.sub torch.sub .sub operator.mul torch.mul .mul"
COMPARISONS = "operator.gt torch.gt .gt operator.ge torch.ge .ge operator.lt torch.lt .lt operator.le torch.le .le"
CASES = {
    **called(BINARY, V, lambda f, m, x: f(f(x, m.like), 0.5)),
    **called("operator.iadd .add_ operator.isub .sub_ operator.imul .mul_", V, lambda f, m, x: f(x + 0, m.like)),
    **called("operator.truediv torch.div .div .div_", V, lambda f, m, x: f(x * 2, 4)),
    **called("operator.floordiv", V, lambda f, m, x: x.view(-1, f(x.size(1), 2))),
    **called("torch.maximum .maximum torch.minimum .minimum", V, lambda f, m, x: f(x, m.like)),
    **called("operator.neg torch.neg .neg builtins.abs operator.abs torch.abs .abs", V, lambda f, m, x: f(x)),
    **called("torch.relu torch.relu_ F.relu F.relu_ .relu .relu_", V, lambda f, m, x: f(x * 2)),
    **called(".contiguous .clone torch.clone .detach torch.detach", V, lambda f, m, x: f(x)),
    **called("F.dropout F.dropout1d F.alpha_dropout", M, lambda f, m, x: f(x, 0.5, False)),
    **called("F.dropout2d F.dropout3d", IMAGE, lambda f, m, x: f(x, p=0.5, training=m.training)),
    **called("F.leaky_relu F.leaky_relu_", V, lambda f, m, x: f(x * 1, 0.25)),
    **called("torch.prelu F.prelu", (2, 3), lambda f, m, x: f(x, m.images)),
    **called("torch.clamp torch.clamp_ torch.clip .clamp .clamp_ .clip", V, lambda f, m, x: f(x * 1, -1, max=1.5)),
    **called("torch.clamp_min .clamp_min .clamp_min_", V, lambda f, m, x: f(x * 1, -0.5)),
    **called("torch.clamp_max .clamp_max .clamp_max_", V, lambda f, m, x: f(x * 1, 0.5)),
    **called("F.hardtanh F.hardtanh_", V, lambda f, m, x: f(x * 1, -0.5, 2.0)),
    **called("F.relu6", V, lambda f, m, x: f(3 * x)),
    **called("F.hardsigmoid", V, lambda f, m, x: f(x)),
    **called("torch.threshold F.threshold F.threshold_", V, lambda f, m, x: f(x * 1, 0.5, 0.5)),
    **called("F.softshrink", V, lambda f, m, x: f(x, 1.5)),
    **called(COMPARISONS, V, lambda f, m, x: torch.where(f(x, 1), x, 1.0)),
    **called("torch.logical_not operator.invert", V, lambda f, m, x: torch.where(f(x > 0), 0, x)),
    **called("torch.where", V, lambda f, m, x: f(x > 0, x, 0.25 * x)),
    **called(".where", V, lambda f, m, x: f(x, x > -1, -1.0)),
    **called("F.linear", V, lambda f, m, x: f(x, m.weight, m.like[0])),
    **called("torch.addmm .addmm", V, lambda f, m, x: f(m.like, x, m.weight, beta=2, alpha=0.5)),
    **called("operator.matmul torch.matmul .matmul", M, lambda f, m, x: f(x, m.matrix)),
    **called("torch.mm .mm", V, lambda f, m, x: f(x, m.weight)),
    **called("torch.bmm .bmm", M, lambda f, m, x: f(x, m.matrix[None])),
    **called("torch.mv .mv", V, lambda f, m, x: f(m.weight, x[0])),
    **called("torch.einsum", M, lambda f, m, x: f("bij,jk->kb", x, m.matrix)),
    **called("F.conv1d", (2, 4), lambda f, m, x: f(x, m.kernel[:, :, 0], m.images, 1, 1)),
    **called("F.conv2d", IMAGE, lambda f, m, x: f(x, m.kernel, m.images, stride=(2, 1), padding=1, dilation=(1, 2))),
    **called("F.conv3d", (2, 2, 3, 3), lambda f, m, x: f(x, m.kernel[:, :, None], padding="valid")),
    **called("F.conv_transpose1d", (2, 4), lambda f, m, x: f(x, m.kernel[:, :, 0], m.images, 2, 1, 1)),
    **called("F.conv_transpose2d", IMAGE, lambda f, m, x: f(x, m.kernel, None, 2, 1, (1, 0), 1, (1, 2))),
    **called("F.conv_transpose3d", (2, 2, 3, 2), lambda f, m, x: f(x, m.kernel[:, :, None], stride=(1, 2, 1))),
    **called("torch.max_pool1d F.max_pool1d F.avg_pool1d", (2, 5), lambda f, m, x: f(x, 2, stride=1, padding=1)),
    **called("torch.max_pool2d F.max_pool2d F.avg_pool2d", IMAGE, lambda f, m, x: f(x, (2, 2), ceil_mode=True)),
    **called("torch.max_pool3d F.max_pool3d F.avg_pool3d", (1, 2, 5, 4), lambda f, m, x: f(x, 2)),
    **called("F.adaptive_avg_pool1d F.adaptive_max_pool1d", (2, 5), lambda f, m, x: f(x, 3)),
    **called("F.adaptive_avg_pool2d F.adaptive_max_pool2d", IMAGE, lambda f, m, x: f(x, (3, None))),
    **called("F.adaptive_avg_pool3d F.adaptive_max_pool3d", (1, 2, 5, 4), lambda f, m, x: f(x, (1, 2, 4))),
    **called("F.batch_norm", IMAGE, lambda f, m, x: f(x, m.images, m.spread, eps=1.0)),
    **called("torch.sum .sum torch.amax .amax torch.amin .amin", IMAGE, lambda f, m, x: f(x, (1, -1), keepdim=True)),
    **called("torch.mean .mean", IMAGE, lambda f, m, x: f(x, dim=3)),
    **called(
        "torch.max .max torch.min .min",
        M,
        lambda f, m, x: f(x, 2, True)[0] + f(x, dim=-1, keepdim=True).values + f(x) + f(x, m.like),
    ),
    **called("torch.cumsum .cumsum", M, lambda f, m, x: f(x, 1)),
    **called("torch.topk .topk", M, lambda f, m, x: f(x, 2, dim=1).values),
    **called("torch.sort .sort", M, lambda f, m, x: f(x, 1)[0] + f(x, -1, descending=True)[0]),
    **called("builtins.getattr", M, lambda f, m, x: f(f(x[0], "T"), "mT") + f(x, "shape")[1] + f(x, "ndim")),
    **called("torch.reshape .reshape .view", IMAGE, lambda f, m, x: f(x, (-1, 4))),
    **called("torch.flatten .flatten", IMAGE, lambda f, m, x: f(x, 1)),
    **called("torch.unflatten .unflatten", V, lambda f, m, x: f(x, 1, (2, -1))),
    **called("torch.squeeze .squeeze", (1, 3), lambda f, m, x: f(x, 1) + f(x)),
    **called("torch.unsqueeze .unsqueeze", V, lambda f, m, x: f(x, -1)),
    **called("torch.permute .permute", IMAGE, lambda f, m, x: f(x, (0, 3, -2, 1))),
    **called("torch.transpose .transpose torch.swapaxes .swapaxes", IMAGE, lambda f, m, x: f(x, 1, -1)),
    **called("torch.t .t", V, lambda f, m, x: f(x)),
    **called("torch.cat torch.concat torch.stack", V, lambda f, m, x: f([x, m.like, -x], 1)),
    **called("torch.split .split", V, lambda f, m, x: f(x, [1, 5], 1)[1][:, :4] - f(x, 4, dim=1)[0]),
    **called("torch.chunk .chunk", V, lambda f, m, x: f(x, 4, 1)[1] - f(x, 4, dim=1)[0]),
    **called("torch.unbind .unbind", M, lambda f, m, x: f(x, 1)[1] - f(x, 1)[-1]),
    **called(".expand", (3, 1), lambda f, m, x: f(x, -1, 3, 4)),
    **called("torch.tile .tile .repeat", M, lambda f, m, x: f(x, (1, 2, 2))),
    **called(".size", IMAGE, lambda f, m, x: f(x, 2) * x + f(x)[-1]),
    **called(".dim .numel", V, lambda f, m, x: x * f(x)),
    **called("torch.zeros_like torch.ones_like", V, lambda f, m, x: f(x) - x),
    **called("torch.full_like", V, lambda f, m, x: torch.where(x > 2, x, f(x, 2))),
    **called("operator.getitem", IMAGE, lambda f, m, x: f(x, (0, slice(None), 2, slice(1, None, 2)))),
    **called("torch.narrow .narrow", IMAGE, lambda f, m, x: f(x, 2, 1, 3)),
    **called("torch.flip .flip", M, lambda f, m, x: f(x, (1, 2))),
    **called("torch.index_select .index_select", M, lambda f, m, x: f(x, 1, m.index)),
    **called("torch.gather .gather", M, lambda f, m, x: f(x, 2, m.index[None, :, None])),
    **called("F.pad", IMAGE, lambda f, m, x: f(f(x, (1, 2, -1, 1), value=0.5), (1, 1, 2, 0), mode="reflect")),
    **called("torch.pixel_shuffle F.pixel_shuffle", (8, 2, 3), lambda f, m, x: f(x, 2)),
    **called("torch.pixel_unshuffle F.pixel_unshuffle", (1, 4, 6), lambda f, m, x: f(x, 2)),
    **called("F.interpolate F.upsample", IMAGE, lambda f, m, x: f(x, scale_factor=(2, 3))),
}
MODULES = {
    "ReLU LeakyReLU(0.25) Identity Dropout Dropout1d AlphaDropout Hardtanh(-0.5,2) ReLU6 Hardsigmoid": M,
    "Threshold(0.5,0.5) Softshrink(1.5) PReLU PReLU(3) Flatten Unflatten(2,(2,2)) Linear(4,2)": M,
    "Linear(4,2,bias=False)": M,
    "Conv1d(3,2,2) ConvTranspose1d(3,2,2) MaxPool1d(2) AvgPool1d(2) AdaptiveAvgPool1d(3) AdaptiveMaxPool1d(2)": M,
    "BatchNorm1d(3) ZeroPad1d(1) ConstantPad1d((1,2),0.5) ReflectionPad1d(2) ReplicationPad1d(1) CircularPad1d(2)": M,
    "Conv2d(2,2,2,groups=2) Conv2d(2,2,3,padding=1,padding_mode='reflect')": IMAGE,
    "ConvTranspose2d(2,4,3,2,1,1,groups=2)": IMAGE,
    "Conv2d(2,1,3,padding=1,padding_mode='circular') Conv2d(2,1,3,padding='same',padding_mode='replicate')": IMAGE,
    "MaxPool2d(2,2,1,ceil_mode=True) AvgPool2d(3,2,1,ceil_mode=True) AvgPool2d(2,3,1,True,False) Dropout2d": IMAGE,
    "AdaptiveAvgPool2d((2,None)) AdaptiveMaxPool2d(3) BatchNorm2d(2) ZeroPad2d((1,0,-1,2)) ConstantPad2d(1,2.0)": IMAGE,
    "ReflectionPad2d((1,2,0,3)) ReplicationPad2d(2) CircularPad2d(1) Upsample(scale_factor=2)": IMAGE,
    "Upsample((10,8)) Upsample(scale_factor=3,mode='nearest-exact') UpsamplingNearest2d(scale_factor=2)": IMAGE,
    "PixelShuffle(2) PixelUnshuffle(2)": (4, 2, 2),
    "Conv3d(1,2,2) ConvTranspose3d(1,1,2) MaxPool3d(2) AvgPool3d(2) AdaptiveAvgPool3d(1)": (1, 2, 3, 2),
    "AdaptiveMaxPool3d(1) BatchNorm3d(1) ZeroPad3d(1) ConstantPad3d(1,0.5) ReflectionPad3d(1)": (1, 2, 2, 2),
    "ReplicationPad3d(1) CircularPad3d(1) Dropout3d": (1, 2, 2, 2),
}  # fmt: skip
BUILT = {text: shape for texts, shape in MODULES.items() for text in texts.split()}
INEXACT = ("hardsigmoid", "mean", "adaptive_avg", "avg_pool", "Hardsigmoid", "AvgPool", "AdaptiveAvg")


def eighths(module):
    """Parameters and statistics that floats compute with exactly."""
    for value in module.parameters():
        value.data = small(*value.shape)
    for key, value in module.named_buffers():
        if key.endswith("running_mean"):
            value.copy_(small(*value.shape))
        if key.endswith("running_var"):
            value.fill_(3)
    for part in module.modules():
        if hasattr(part, "eps"):
            part.eps = 1.0
    return module.eval()


def compare(module, shape, exact):
    net = tp.from_torch(module, shape)
    X = torch.from_numpy(np.random.default_rng(2).integers(-3, 4, (8, *shape)).astype(np.float32))
    with torch.no_grad():
        Y = np.stack([module(x[None].clone()).double().numpy().ravel() for x in X])
    X = X.double().numpy().reshape(8, -1)
    if exact:
        assert [[float(q) for q in row] for row in net.evaluate_exact(X.tolist())] == Y.tolist()
    else:
        assert_runtime_agrees(net, X, Y)


@pytest.mark.filterwarnings("ignore:The use of `x.T`:UserWarning", "ignore:.*upsample.* is deprecated:UserWarning")
@pytest.mark.parametrize("name", CASES)
def test_functions_agree_with_torch(name):
    shape, function = CASES[name]
    compare(Calling(function, shape).eval(), shape, exact=not any(word in name for word in INEXACT))


def in_place(x):
    """Results that nobody takes, parts that share memory, and copies that do not."""
    kept = x.clone()
    first, second = x.chunk(2, 1)
    first.relu_()
    second.add_(first)
    F.leaky_relu(x[:, 2:4], 0.5, inplace=True)
    x.view(2, 3).clamp_(max=2)
    return torch.cat([x, kept, second], 1)


class InPlace(nn.Module):
    """A module that changes what the skip connection reads."""

    def __init__(self):
        super().__init__()
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        y = 2 * x
        return self.relu(y) - x + y


def statements(x):
    """x += y and its like, where something else has the same tensor or a part of it."""
    y = 2 * x
    kept, part = y, y[:, :3]
    y += x
    part -= 1
    y *= -2
    return torch.cat([kept, part, y + x], 1)


def test_what_is_written_in_place_is_seen_by_all_that_share_it():
    compare(Calling(lambda m, x: statements(x), V).eval(), V, exact=True)
    compare(Calling(lambda m, x: in_place(x), V).eval(), V, exact=True)
    compare(InPlace().eval(), V, exact=True)


@pytest.mark.parametrize("text", BUILT)
def test_modules_agree_with_torch(text):
    module = eighths(eval("nn." + text + ("" if "(" in text else "()"), {"nn": nn}))
    compare(module, BUILT[text], exact=not text.startswith(INEXACT))


def test_every_name_of_the_table_has_a_case():
    assert {*CASES, *(f"nn.{text.partition('(')[0]}" for text in BUILT)} == set(TORCH)
