"""Writes a model for other tools: ONNX, npz, JSON, and a header in C99."""
