"""Somebody's gradient as a Python function: found, called in a process of its own, and watched."""
