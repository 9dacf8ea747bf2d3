"""The forms of the BCE derivative against the truth: on a grid of logits, on data, in training."""
