"""The state of a run, kept in its folder: the journal, its index, the manifest, the progress."""
