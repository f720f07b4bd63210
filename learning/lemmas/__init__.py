"""Structural lemmas of Chen, Klivans and Meka (2021), checked on concrete networks. THEORY section 4."""

from learning.lemmas.framework.claim import Claim as Claim
from learning.lemmas.framework.claim import compare as compare
from learning.lemmas.framework.claim import decided as decided
from learning.lemmas.framework.claim import undecided as undecided
from learning.lemmas.framework.lemma import Evidence as Evidence
from learning.lemmas.framework.lemma import FalseNeighbour as FalseNeighbour
from learning.lemmas.framework.lemma import Hypothesis as Hypothesis
from learning.lemmas.framework.lemma import Lemma as Lemma
from learning.lemmas.framework.setting import Setting as Setting
from learning.lemmas.framework.subject import Subject as Subject
from learning.lemmas.registry import LEMMAS as LEMMAS
from learning.lemmas.registry import check as check
from learning.lemmas.registry import check_all as check_all
from learning.lemmas.registry import check_neighbour as check_neighbour
from learning.lemmas.sweeps import FAMILIES as FAMILIES
from learning.lemmas.sweeps import Sweep as Sweep
from learning.lemmas.sweeps import sweep as sweep

__all__ = [
    "FAMILIES",
    "LEMMAS",
    "Claim",
    "Evidence",
    "FalseNeighbour",
    "Hypothesis",
    "Lemma",
    "Setting",
    "Subject",
    "Sweep",
    "check",
    "check_all",
    "check_neighbour",
    "compare",
    "decided",
    "sweep",
    "undecided",
]
