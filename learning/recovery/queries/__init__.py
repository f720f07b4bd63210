"""Label queries: labels at points of the learner's choice, for what samples leave open. THEORY section 3.4."""
