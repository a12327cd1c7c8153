"""The doctor while a network trains: what the rows of its history say of it so far."""
