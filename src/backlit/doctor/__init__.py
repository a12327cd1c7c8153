"""The doctor: why a network does not learn, with evidence, cause, place and a repair that was tried."""
