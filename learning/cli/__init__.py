"""The command ``relu-learn``: results on stdout, progress on stderr.

Exit codes: 0 proved or done, 1 refuted, 2 usage or input error, 3 unknown or budget exhausted; besides these 130 for
Ctrl-C and 70 for a defect of the program, which must not look like a verdict.
"""

import click

from learning.cli.lemma_checking import lemmas
from learning.cli.recovering import recover
from learning.cli.shell import Commands
from learning.cli.studying import scaling


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tropical-relu")
def main() -> None:
    """Learn ReLU networks from Gaussian samples, and prove what was learned."""


for command in (recover, scaling, lemmas):
    main.add_command(command)
