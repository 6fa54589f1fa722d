"""What a process needs of the machine: private files and processes, signals, other processes."""
