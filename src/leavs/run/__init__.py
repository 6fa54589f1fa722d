"""Labels many reports into one folder."""
