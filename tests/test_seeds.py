"""The streams of a seed are independent, and keep the numbers that are in every run's bytes."""

from __future__ import annotations

import numpy as np

from mlpcli.seeds import Stream, generator


def test_numbers_never_change() -> None:
    expected = {"SPLIT": 0, "WEIGHTS": 1, "SHUFFLE": 2, "ROWS": 3, "BIASES": 4, "FOLDS": 5,
                "PERMUTATIONS": 6}  # fmt: skip
    assert {stream.name: stream.value for stream in Stream} == expected


def test_streams_differ_and_repeat() -> None:
    draws = {(seed, s): generator(seed, s).random() for seed in (0, 1) for s in Stream}
    assert len(set(draws.values())) == len(draws)
    assert draws[1, Stream.SHUFFLE] == np.random.default_rng([1, 2]).random()
