"""Certificates of claims about functions, and the checker that is the only thing to be trusted."""

from tropical.proofs import checker as checker
