"""Runs that differ in numbers alone, trained together in one compiled program."""
