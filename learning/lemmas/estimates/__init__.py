"""Quantities that lemmas compare, estimated from samples with an interval. Never a proof."""
