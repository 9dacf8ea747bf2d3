"""Training steps in C: `kernel.c`, the library made of it, and what of `nn` has a place in it."""
