"""SplineCam: polygons of a plane slice through a torch network, cut layer by layer, float64, on the CPU.

Written against its sources; it is in no registry and wants graph-tool, so this adapter runs only where it was installed
by hand.
"""

from collections.abc import Callable

import numpy as np

NAME = "SplineCam"
DOMAIN = "box"
MAX_DIM = 2


def load() -> Callable[[list[np.ndarray], list[np.ndarray]], int]:
    """Import SplineCam and torch; the slice is the plane itself."""
    import splinecam
    import torch

    def model(weights: list[np.ndarray], biases: list[np.ndarray]) -> torch.nn.Sequential:
        layers: list[torch.nn.Module] = []
        for weight, bias in zip(weights, biases, strict=True):
            linear = torch.nn.Linear(weight.shape[1], weight.shape[0], dtype=torch.float64)
            linear.weight.data, linear.bias.data = torch.from_numpy(weight), torch.from_numpy(bias)
            layers += [linear, torch.nn.ReLU()]
        return torch.nn.Sequential(*layers[:-1]).eval()

    def count(weights: list[np.ndarray], biases: list[np.ndarray]) -> int:
        options = {"dtype": torch.float64, "device": "cpu"}
        plane = torch.eye(2, 3, dtype=torch.float64)
        net = splinecam.wrappers.model_wrapper(model(weights, biases), T=plane, **options)
        corners = [[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]]
        polygons = [torch.tensor(corners, dtype=torch.float64)]
        maps = net.layers[0].get_weights()[None, ...]
        for depth in range(1, len(weights)):
            polygons, origin = splinecam.graph.to_next_layer_partition(polygons, maps, depth, net, **options)
            with torch.no_grad():
                means = net.layers[:depth].forward(splinecam.utils.get_region_means(polygons, dims=2, **options))
                layer = net.layers[depth]
                signs = layer.get_activation_pattern(means)
                maps = splinecam.utils.get_Abw(q=signs, Wb=layer.get_weights(), incoming_Abw=maps[origin])
        return len(polygons)

    count.__doc__ = "SplineCam, CPU, one process"
    return count
