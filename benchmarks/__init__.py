"""Measures mlpcli beside what users would take instead: `make bench`."""
