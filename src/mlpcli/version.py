"""The version, and those of what the numbers of a run depend on."""

__version__ = "0.1.0"


def software(*libraries: str) -> dict[str, str]:
    """Return the versions of this package, of NumPy, Python and some libraries; loads NumPy."""
    import platform
    from importlib.metadata import version

    import numpy as np

    return {
        "mlpcli": __version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        **{name: version(name) for name in libraries},
    }
