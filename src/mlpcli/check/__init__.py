"""The gradient check: what a gradient should be, whether one is that, and which bug it has."""
