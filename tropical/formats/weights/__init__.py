"""Weights as people save them: which arrays form a module, in which order the modules come, and what stands between."""
