"""What the commands have in common: progress on stderr, options, the network of a file."""

from __future__ import annotations

from pathlib import Path

import click

import tropical as tp
from tropical_relu_cli import shell


class Commands(shell.Commands):
    """The group of the command ``relu-learn``."""

    stops = tp.BudgetExhausted


as_json_option = click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")


def scalar_network(path: Path, purpose: str) -> tp.ReLUNetwork:
    """The network of a file; ``ValueError`` unless it has one output."""
    net = tp.load_network(path)
    if net.output_dim != 1:
        raise ValueError(f"{path}: {purpose} needs a network with one output, this one has {net.output_dim}")
    return net


def say(text: str) -> None:
    """One line of progress."""
    click.echo(text, err=True)
