"""The plants: from a healthy recipe to a sick one, by public means; one function a fault and form."""
