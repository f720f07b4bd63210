"""What pytest leaves alone here: a script that needs torch, onnx and onnxruntime to be imported."""

collect_ignore = ["write_models.py"]
