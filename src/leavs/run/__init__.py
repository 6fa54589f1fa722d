"""Many reports labeled into one folder."""
