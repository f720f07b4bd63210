"""The lemmas of THEORY section 4, one file each, with their false neighbours."""
