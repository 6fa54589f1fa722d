"""The review: people read labels beside their reports, correct them, annotate and adjudicate.

grid.py (the codes of all reports) and texts.py (text and records of one report) -> shown.py (what a
page shows) -> desk.py (what a reader does) -> server.py, or view.py for a read-only page.
corrections.py keeps what readers say; results.py turns it into tables.
"""
