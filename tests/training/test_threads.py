"""How many threads a run takes."""

from __future__ import annotations

import os

import pytest
import threadpoolctl

from mlpcli.training.threads import limit_threads, thread_count


def test_what_is_asked_for_is_given() -> None:
    assert thread_count(3, (2, 2), 1) == 3


def test_small_layers_get_one_thread() -> None:
    assert thread_count(None, (30, 16, 8, 1), 32) == 1
    assert thread_count(None, (4, 1_000_000, 1), 1) == 1


def test_large_layers_get_all_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 5}, raising=False)
    assert thread_count(None, (10, 1000, 500, 1), 10) == 3
    assert thread_count(None, (10, 1000, 499, 1), 10) == 1


@pytest.mark.parametrize(("cores", "expected"), [(6, 6), (None, 1)])
def test_where_affinity_is_unknown(
    monkeypatch: pytest.MonkeyPatch, cores: int | None, expected: int
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert thread_count(None, (1000, 1000), 100) == expected


def test_blas_is_held_to_the_number_and_let_go() -> None:
    def counts() -> set[int]:
        pools = threadpoolctl.threadpool_info()
        return {pool["num_threads"] for pool in pools if pool["user_api"] == "blas"}

    before = counts()
    with limit_threads(1):
        assert counts() <= {1}
    assert counts() == before
