"""The study behind the claims: how samples, time and errors of the learner scale. ``relu-learn scaling``.

Six parts, each a question with its runs, its table and its picture; every run is a pure function of its parameters and
a seed. `run_study` carries them out, keeps every finished run and goes on where an earlier call ended.
"""

from learning.scaling.part import SIZES as SIZES
from learning.scaling.part import Part as Part
from learning.scaling.part import Run as Run
from learning.scaling.part import Table as Table
from learning.scaling.report import PartReport as PartReport
from learning.scaling.report import StudyReport as StudyReport
from learning.scaling.statistics import PowerLaw as PowerLaw
from learning.scaling.statistics import crossing as crossing
from learning.scaling.statistics import power_law as power_law
from learning.scaling.study import PARTS as PARTS
from learning.scaling.study import Event as Event
from learning.scaling.study import run_study as run_study
from learning.scaling.theory import FilterStrength as FilterStrength
from learning.scaling.theory import filter_strength as filter_strength
from tropical_relu_cli.time_limit import OutOfTime as OutOfTime

__all__ = [
    "PARTS",
    "SIZES",
    "Event",
    "FilterStrength",
    "OutOfTime",
    "Part",
    "PartReport",
    "PowerLaw",
    "Run",
    "StudyReport",
    "Table",
    "crossing",
    "filter_strength",
    "power_law",
    "run_study",
]
