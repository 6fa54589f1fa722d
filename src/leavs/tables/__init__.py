"""The CSV files of labels: writes them from the journal, reads, reshapes and checks them."""
