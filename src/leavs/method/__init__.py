"""The LEAVS method: the chain of questions about one report, its prompts and its answers."""
