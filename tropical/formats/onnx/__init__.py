"""ONNX models, read and written exactly."""
