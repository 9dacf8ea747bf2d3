"""Whether a given gradient is that, or rounding, or cannot be told."""
