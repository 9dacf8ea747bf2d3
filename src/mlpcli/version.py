"""The version, and those of what the numbers of a run depend on."""

__version__ = "0.1.0"


def software() -> dict[str, str]:
    """Return the versions of this package, of NumPy and of Python; loads NumPy."""
    import platform

    import numpy as np

    return {
        "mlpcli": __version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }
