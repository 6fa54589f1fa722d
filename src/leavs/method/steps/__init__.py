"""The questions of the chain, one module for each step; its prompt file has the same name."""
