"""Tables and documents: pure functions of result records."""
