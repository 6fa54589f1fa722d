"""The CSV files: written from the journal, read back, reshaped, checked."""
