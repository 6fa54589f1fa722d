"""Which model a run uses, where it comes from, and whether it is whole."""
