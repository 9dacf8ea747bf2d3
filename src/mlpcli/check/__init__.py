"""The gradient check: what a gradient should be, and whether a given one is that."""
