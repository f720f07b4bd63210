"""Train a 2-32-32-1 ReLU network in double precision with torch and store its parameters.

Not part of the tests' requirements: run `python tests/reference/train_torch_network.py` with torch installed to make
tests/reference/torch_2_32_32_1.json again (made with torch 2.15.0; other versions may round differently).
"""

import json
from pathlib import Path


def main() -> None:
    """Fit sin(3x) cos(2y) on [-1, 1]^2 by Adam and write weights and biases as hexadecimal floats."""
    import torch

    torch.manual_seed(0)
    torch.set_default_dtype(torch.float64)
    model = torch.nn.Sequential(
        torch.nn.Linear(2, 32), torch.nn.ReLU(), torch.nn.Linear(32, 32), torch.nn.ReLU(), torch.nn.Linear(32, 1)
    )
    samples = 2 * torch.rand(2000, 2) - 1
    targets = torch.sin(3 * samples[:, :1]) * torch.cos(2 * samples[:, 1:])
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for _ in range(1500):
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(model(samples), targets)
        loss.backward()
        optimizer.step()
    layers = [
        {
            "weight": [[value.hex() for value in row] for row in layer.weight.tolist()],
            "bias": [value.hex() for value in layer.bias.tolist()],
        }
        for layer in model
        if isinstance(layer, torch.nn.Linear)
    ]
    record = {"torch": torch.__version__.split("+")[0], "loss": loss.item(), "layers": layers}
    Path(__file__).with_name("torch_2_32_32_1.json").write_text(json.dumps(record) + "\n")


if __name__ == "__main__":
    main()
