"""PyTorch modules and state dicts, read without running any code of a file."""
