"""Compiled inner loops over flat arrays, imported only when needed; their compiled code is cached on disk."""
