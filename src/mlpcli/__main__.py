"""Lets `python -m mlpcli` do what `mlp` does."""

from mlpcli.cli.app import main

if __name__ == "__main__":
    main()
