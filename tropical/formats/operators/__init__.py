"""The piecewise-linear operations that are read: one table for ONNX and torch, a file for each family."""
