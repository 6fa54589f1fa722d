"""Reading labels with their reports: a local page, corrections, annotations, adjudication.

grid (all codes) and texts and records (one report at a time) -> shown (what a page gets) ->
server. corrections.py keeps what readers say; export.py makes tables of it.
"""
