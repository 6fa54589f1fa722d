"""Checks of a machine, a model, an output folder and reports before a run, and what it will cost.

Nothing here loads torch or vLLM, but for a sample that is measured because someone asked for it.
"""
