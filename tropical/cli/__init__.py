"""The command ``tropical``: results on stdout, progress on stderr.

Exit codes: 0 proved or done, 1 refuted, 2 usage or input error, 3 unknown or budget exhausted; and, which must not
look like a verdict, 70 for a defect, 74 where the result could not be written, 130 for Ctrl-C.
"""

import click

from tropical.cli.converting import convert
from tropical.cli.deciding import check, equivalent_
from tropical.cli.inspection import inspect
from tropical.cli.pictures import plot
from tropical.cli.shell import Commands


@click.group(name="tropical", cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tropical-relu")
def main() -> None:
    """Exact piecewise-linear geometry of ReLU networks.

    Results go to stdout, progress to stderr. Exit codes: 0 done or proved, 1 refuted, 2 bad input, 3 unknown or out of
    time, 70 a defect or no memory, 74 the result could not be written, 130 interrupted.

    \b
    Examples:
      tropical inspect model.onnx
      tropical plot model.onnx -o regions.png
      tropical equivalent model.onnx pruned.onnx --certificate proof.json
      tropical check proof.json

    \b
    Completion of commands, options and file names in the shell:
      bash  eval "$(_TROPICAL_COMPLETE=bash_source tropical)"    in ~/.bashrc
      zsh   eval "$(_TROPICAL_COMPLETE=zsh_source tropical)"     in ~/.zshrc
      fish  _TROPICAL_COMPLETE=fish_source tropical | source     in config.fish
    """


for command in (inspect, plot, equivalent_, convert, check):
    main.add_command(command)
