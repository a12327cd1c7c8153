"""The doctor on planted faults: what it names, and what it says of healthy runs."""
