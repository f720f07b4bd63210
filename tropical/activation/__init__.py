"""Where each unit of a network is on: patterns, their cells, the complex of all cells, and what is read off it."""
