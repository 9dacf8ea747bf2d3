"""The mathematics: activations, losses, the network with its backward pass, optimizers."""
