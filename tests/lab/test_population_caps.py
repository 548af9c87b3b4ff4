"""People are as large as the rules let them be, and together as many contracts as the scenario says."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from solvent.lab.population import within_cap


@given(st.lists(st.integers(1, 10**12), min_size=1, max_size=60), st.integers(1, 10**12))
def test_nobody_is_beyond_the_cap_and_the_total_stays_where_it_can(sizes, cap) -> None:
    given_sizes = np.array(sizes, dtype=np.int64)
    kept = within_cap(given_sizes, cap)
    assert kept.max() <= cap
    assert (kept >= 0).all()
    wanted = min(int(given_sizes.sum()), cap * len(sizes))
    assert wanted - max(len(sizes) + 1, wanted * 1e-9) <= int(kept.sum()) <= wanted + 1
    assert (kept >= np.minimum(given_sizes, cap) - 1).all()
