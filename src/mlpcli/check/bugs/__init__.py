"""The bugs that people make in a backward pass, and which of them made given numbers."""
