"""From samples and the subspace to the function: affine pieces over Q, the lattice form, proof. THEORY section 3."""
