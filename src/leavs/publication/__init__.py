"""What a group publishes of a run: a methods section, reporting checklists, a data set.

It is made of what the run folder says. Nothing here holds the text of a report, an id, a path or
the name of a machine, but for the data set's own tables.
"""
