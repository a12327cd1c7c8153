"""What the experiments say: one file for each kind of cause."""
