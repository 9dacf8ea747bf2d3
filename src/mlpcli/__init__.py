"""Train a sigmoid MLP from a YAML config, and prove its gradients layer by layer."""
