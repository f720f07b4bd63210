"""The command ``tropical``: results on stdout, progress on stderr.

Exit codes: 0 proved or done, 1 refuted, 2 usage or input error, 3 unknown or budget exhausted; besides these 130 for
Ctrl-C and 70 for a defect of the program, which must not look like a verdict.
"""

import click

from tropical.cli.deciding import check, equivalent_
from tropical.cli.inspection import inspect
from tropical.cli.shell import Commands


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tropical-relu")
def main() -> None:
    """Exact piecewise-linear geometry of ReLU networks."""


for command in (inspect, equivalent_, check):
    main.add_command(command)
