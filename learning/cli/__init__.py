"""The command ``relu-learn``: results on stdout, progress on stderr.

Exit codes: 0 proved or done, 1 refuted, 2 usage or input error, 3 unknown or budget exhausted; and, which must not
look like a verdict, 70 for a defect, 74 where the result could not be written, 130 for Ctrl-C.
"""

import click

from learning.cli.lemma_checking import lemmas
from learning.cli.recovering import recover
from learning.cli.shell import Commands
from learning.cli.studying import scaling


@click.group(name="relu-learn", cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tropical-relu")
def main() -> None:
    """Learn ReLU networks from Gaussian samples, and prove what was learned.

    Results go to stdout, progress to stderr. Exit codes: 0 done or proved, 1 refuted, 2 bad input, 3 unknown or out of
    time, 70 a defect or no memory, 74 the result could not be written, 130 interrupted.
    """


for command in (recover, scaling, lemmas):
    main.add_command(command)
