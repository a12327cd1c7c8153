"""The experiments of the lectures: what they claim, tried on real code, with a picture and the finding in words."""
