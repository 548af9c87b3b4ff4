"""Differences: nothing between one and itself, elements known by name, and steps that really lead there."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rulebook.test_compile import SEATED

from solvent.rulebook.differences import differences_of, enforcement_of, steps_of
from solvent.rulebook.document import parse_rulebook, read_rulebook


@pytest.mark.parametrize("name", ["solvent", "hyperliquid", "binance_usdm"])
def test_nothing_differs_from_itself(name) -> None:
    assert differences_of(read_rulebook(name), read_rulebook(name)) == []


def test_a_stage_put_first_is_one_new_stage() -> None:
    book = read_rulebook("solvent")
    new = '[[liquidation.stage]]\nid = "early"\nwhen = { level = "maintenance", cmp = "lt" }\nexecutor = "engine"\n'
    text = book.text.replace("[[liquidation.stage]]", new + "\n[[liquidation.stage]]", 1)
    found = differences_of(book, parse_rulebook(text, "more.toml"))
    assert found
    assert all(one.path.startswith("liquidation.stage[early]") and one.before is None for one in found)


@settings(max_examples=300)
@given(before=st.integers(0, 10**6), after=st.integers(0, 10**6), step=st.integers(10_000, 10**6))
def test_so_many_steps_lead_there_and_fewer_do_not(before, after, step) -> None:
    steps = steps_of(before, after, step)
    if steps is None:
        return
    assert (steps == 0) == (before == after)
    reach = max(before * Fraction(step, 10**6), 1)
    assert (steps <= 1) == (abs(after - before) <= reach)


def test_what_is_no_quantity_changes_whole() -> None:
    assert steps_of("median", "first", 200_000) is None
    assert steps_of(True, False, 200_000) is None
    assert steps_of(1, 2, None) is None
    assert steps_of(None, 2, 200_000) is None


def test_what_the_machine_will_enforce_is_told() -> None:
    before = parse_rulebook(SEATED, "before.toml")
    after = parse_rulebook(SEATED + "[engine]\naccounts_per_advance = 65\n", "after.toml")
    told = enforcement_of(before, differences_of(before, after))
    assert told == [
        "The machine takes this by proposal, and it binds 1 days later at the earliest.",
        "Seats that may make it alone: operator.",
        "Votes of the council: 2 of 2.",
        "It refuses a change that makes more than 3 accounts liquidatable.",
    ]
    further = parse_rulebook(SEATED + "[engine]\naccounts_per_advance = 4000\n", "further.toml")
    assert any("one change" in line for line in enforcement_of(before, differences_of(before, further)))
    free = parse_rulebook(SEATED[: SEATED.index("[governance]")], "free.toml")
    assert "no seats" in enforcement_of(free, [])[0]
