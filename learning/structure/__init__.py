"""From affine pieces to the units and layers of a network that has them. THEORY section 3a."""
