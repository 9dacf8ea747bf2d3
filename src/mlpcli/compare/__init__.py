"""The forms of a loss's derivative against the truth: on a grid of logits, on data, in training."""
