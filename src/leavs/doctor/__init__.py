"""Checks machine, model, output folder and reports before a run, and estimates what it costs.

Nothing here loads torch or vLLM, unless the user asks to measure a sample.
"""
