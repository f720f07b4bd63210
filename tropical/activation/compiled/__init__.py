"""All cells of a network by compiled code over flat arrays; what float64 cannot certify is decided over Q."""
