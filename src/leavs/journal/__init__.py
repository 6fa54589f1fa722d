"""What a run folder knows of itself: the journal, its index, the manifest, how far the run is."""
