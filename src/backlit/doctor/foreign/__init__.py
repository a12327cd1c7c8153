"""Other people's functions: any JAX loss, its parameters and its batches, as a subject of the examination."""
