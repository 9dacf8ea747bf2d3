"""Ranks that compute by something else are refused; what they share is told and dealt fairly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlpcli.errors import UsageError
from mlpcli.ranks.same import Facts, crowding, fair_share, require_same, this_process

_HERE = Facts("a", frozenset({0, 1}), {"numpy": "2.4", "BLAS": "openblas"})


def test_this_process_is_like_itself() -> None:
    facts = this_process()
    assert {"mlpcli", "numpy", "python", "BLAS", "vector units"} == facts.software.keys()
    require_same([facts, facts])


def test_another_library_is_refused() -> None:
    other = Facts("b", frozenset({0}), {**_HERE.software, "BLAS": "blis"})
    with pytest.raises(UsageError, match="rank 2 on b has BLAS blis, rank 0 on a openblas: "):
        require_same([_HERE, _HERE, other])


def test_crowds_are_told_by_machine() -> None:
    assert crowding([_HERE, _HERE]) == []
    one = _HERE._replace(machine="b", cores=frozenset({7}))
    (note,) = crowding([_HERE, _HERE, one, one, one])
    assert note.startswith("3 ranks share 1 core of b and wait for each other; ")


@given(st.integers(1, 9), st.integers(1, 9))
def test_shares_of_the_same_cores(ranks: int, cores: int) -> None:
    shares = [fair_share([set(range(cores))] * ranks, place) for place in range(ranks)]
    assert all(shares)
    assert set().union(*shares) == set(range(cores))
    if ranks <= cores:
        assert sum(map(len, shares)) == cores


def test_what_mpirun_has_given_stays() -> None:
    assert fair_share([{0, 1}, {2}], 0) == {0, 1}
