"""The published waves, and what the policies take of them."""

from pathlib import Path

import pytest

from solvent.lab.fairness.policies import POLICIES
from solvent.lab.fairness.waves import Wave, compare, deficit_stock, gini, read_waves
from solvent.rulebook.faults import RulebookError

PUBLISHED = Path(__file__).resolve().parents[4] / "shared/data/hl_oct10/two_pass_equity_delta_by_wave.csv"


def test_every_policy_takes_what_is_needed_and_not_a_quantum_more() -> None:
    waves = [Wave(1, 5e6, 5e6, 1.5e6, 4e6, 4e8, 2e8), Wave(2, 6e6, 5e6, 2e5, 1e5, 3e8, 1e8)]
    rows = compare(waves)
    assert [row["policy"] for row in rows] == ["as published", *POLICIES]
    assert rows[0]["overshoot_usd"] == pytest.approx(2.4e6)
    assert all(row["overshoot_usd"] == 0 for row in rows[1:])
    assert deficit_stock(waves) == pytest.approx(6e6)


def test_gini_of_one_who_bears_all_and_of_all_alike() -> None:
    import numpy as np

    assert gini(np.ones(10)) == pytest.approx(0)
    assert gini(np.array([0.0] * 99 + [1.0])) == pytest.approx(0.99)


def test_a_file_without_the_columns_is_told(tmp_path) -> None:
    with pytest.raises(RulebookError, match="missing"):
        read_waves(tmp_path / "none.csv")
    bad = tmp_path / "bad.csv"
    bad.write_text("wave,deficit_usd\n1,2\n")
    with pytest.raises(RulebookError, match="budget_needed_usd"):
        read_waves(bad)


@pytest.mark.skipif(not PUBLISHED.is_file(), reason="the published waves of 10 October 2025 are not here")
def test_the_published_totals_are_found_again_with_stock_and_flow_apart() -> None:
    waves = read_waves(PUBLISHED)
    assert sum(wave.deficit for wave in waves) == pytest.approx(100_063_387, rel=1e-6)
    assert deficit_stock(waves) == pytest.approx(12.66e6, rel=1e-3)
    assert compare(waves)[0]["overshoot_usd"] == pytest.approx(45_028_665.72, abs=1)
