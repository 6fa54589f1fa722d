"""The questions of the chain, one file a step; the prompt file of the same name asks it."""
