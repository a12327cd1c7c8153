"""Every combination of sets of values for the settings of a run: checked, trained, compared."""
