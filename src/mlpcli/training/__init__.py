"""From a dataset to a trained, measured and stored model."""
