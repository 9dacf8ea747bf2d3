"""Results as text, JSON, files for CI and pictures: pure functions of the records."""
