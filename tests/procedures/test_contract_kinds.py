"""Inverse contracts at the door: which are listed, what of them is fixed, who is judged at every price."""

from typing import Any

import pytest
from tests.ground import blank_state, contract_of
from tests.plain import plain

from solvent.codes import ContractKind, Level, Refusal, Schedule
from solvent.commands import EnactTerms, ListInstrument, pack
from solvent.events import EventKind, blank_tape
from solvent.lab.campaign.ended import option_terms
from solvent.lab.driver import ROOM, World
from solvent.procedures.apply import apply
from solvent.procedures.change import CONTRACT_FIELDS, OPTION_FIELDS, is_contract_sound, is_option_sound
from solvent.risk.margin.sound import are_scenarios_sound, is_schedule_sound
from solvent.risk.watch import blank_watch
from solvent.state.terms import CONTRACT, OPTION, TermsShape, cell_address
from solvent.state.whole import new_state, shape_of
from solvent.units import LIMIT, PPB, VALUE_MAX


@pytest.mark.parametrize(
    ("changed", "sound"),
    [
        ({}, True),
        ({"price_min_ticks": 0}, True),
        ({"price_min_ticks": -1}, False),
        ({"price_min_ticks": 2**20 + 1}, False),
        ({"kind": 3}, False),
        ({"kind": -1}, False),
        ({"quanta_per_lot_tick": 0}, False),
        ({"quanta_per_lot_tick": LIMIT + 1}, False),
        ({"lots_max": LIMIT + 1}, False),
        ({"lots_max": VALUE_MAX // 8, "price_min_ticks": 1}, True),
        ({"lots_max": VALUE_MAX // 8 + 1, "price_min_ticks": 1}, False),
        ({"lots_max": VALUE_MAX // 8 + 1, "price_min_ticks": 2}, True),
    ],
)
def test_an_inverse_contract_is_sound_when_its_largest_position_is_inside_the_bound_at_its_lowest_price(
    changed: dict[str, int], sound: bool
) -> None:
    contract = contract_of(8, inverse=True, least=1, most=2**20)
    for name, value in changed.items():
        contract[name] = value
    assert plain(is_contract_sound)(contract) == sound


def test_the_fixed_fields_are_those_of_the_row() -> None:
    assert len(CONTRACT.names or ()) == CONTRACT_FIELDS
    assert len(OPTION.names or ()) == OPTION_FIELDS


@pytest.mark.parametrize(("kind", "move", "sound"), [(0, -PPB, True), (0, -PPB - 1, False), (1, -3 * PPB, True)])
def test_the_value_of_an_inverse_contract_may_more_than_double(kind: int, move: int, sound: bool) -> None:
    state = blank_state()
    state.contracts[0].kind = kind
    state.policy[0].scenario_count = 1
    state.shocks[0].move_ppb = move
    assert plain(are_scenarios_sound)(state) == sound
    state.shocks[0].move_ppb = -3 * PPB - 1
    assert not plain(are_scenarios_sound)(state)


def machine(seed: int) -> tuple[Any, Any, Any]:
    """A random world's machine, nothing done yet."""
    terms = World(seed).terms
    room = {name: ROOM[name] for name in ("accounts", "positions", "orders", "holdings") if name in ROOM}
    state = new_state(terms, **room)
    markets = len(terms.contracts)
    watch = blank_watch([256] * (2 * markets), len(state.accounts), len(state.positions), len(state.holdings))
    return state, watch, blank_tape(4_096)


def told(state: Any, watch: Any, tape: Any, command: Any) -> Any:
    """What one command is answered."""
    tape.meter[0] = 0
    apply(state, watch, tape, pack([command]), 0)
    return tape.records[: int(tape.meter[0])].copy()


def test_holders_of_an_inverse_contract_are_watched_and_its_kind_is_fixed_at_listing() -> None:
    seed = next(seed for seed in range(3, 300, 3) if World(seed).terms.contracts[0].kind == ContractKind.INVERSE)
    state, watch, tape = machine(seed)
    events = told(state, watch, tape, ListInstrument(1, 0))
    assert EventKind.JUDGED_BY_SCAN not in events["kind"].tolist()
    for name in ("kind", "price_min_ticks"):
        cell = cell_address(TermsShape(*shape_of(state)), "contracts", 0, name)
        before = int(state.staged[cell])
        state.staged[cell] = before + 1 if name == "price_min_ticks" else ContractKind.LINEAR
        events = told(state, watch, tape, EnactTerms(1, 2))
        assert events["refusal"].tolist() == [Refusal.TERMS_FIXED_AT_LISTING]
        state.staged[cell] = before


@pytest.mark.parametrize(
    ("table", "changed", "sound"),
    [
        ("options", {}, True),
        ("options", {"underlying": -1}, False),
        ("options", {"underlying": 4}, False),
        ("options", {"underlying": 1}, False),  # itself
        ("options", {"underlying": 2}, False),  # an option
        ("options", {"underlying": 3}, False),  # a market that is not listed
        ("options", {"is_put": 2}, False),
        ("options", {"is_put": -1}, False),
        ("options", {"in_coin": 2}, False),
        ("options", {"in_coin": -1}, False),
        ("options", {"strike_ticks": 0}, False),
        ("options", {"strike_ticks": 2**31 + 1}, False),
        ("options", {"expiry_ns": 0}, False),
        ("options", {"expiry_ns": LIMIT + 1}, False),
        ("options", {"unit_quanta": 0}, False),
        ("options", {"unit_quanta": VALUE_MAX + 1}, False),
        ("options", {"unit_quanta": VALUE_MAX // (100_000 * 100_000)}, True),
        ("options", {"unit_quanta": VALUE_MAX // (100_000 * 100_000) + 1}, False),
        ("options", {"in_coin": 1, "unit_quanta": VALUE_MAX // 100_000}, True),
        ("options", {"in_coin": 1, "unit_quanta": VALUE_MAX // 100_000 + 1}, False),
        ("contracts", {"kind": 0}, False),  # judged as an option and is none
        ("schedules", {"kind": int(Schedule.CURVE)}, False),  # an option judged as something else
    ],
)
def test_an_option_names_a_listed_market_and_stays_inside_the_value_bound(
    table: str, changed: dict[str, int], sound: bool
) -> None:
    state = new_state(option_terms())
    state.instruments.listed[:3] = 1
    for name, value in changed.items():
        getattr(state, table)[1][name] = value
    if table == "schedules":
        state.schedules[Level.MAINTENANCE * 4 + 1].kind = changed["kind"]
    assert plain(is_option_sound)(state, 1) == sound


@pytest.mark.parametrize(
    ("changed", "sound"),
    [
        ({}, True),
        ({"floor_ppb": -1}, False),
        ({"base_ppb": PPB + 1}, False),
        ({"base_ppb": 1}, False),
        ({"cap_ppb": -1}, False),
        ({"cap_ppb": PPB + 1}, False),
        ({"scale_ppm": -1}, False),
    ],
)
def test_shares_of_the_underlying_lie_between_nothing_and_all_of_it(changed: dict[str, int], sound: bool) -> None:
    state = new_state(option_terms())
    schedule = state.schedules[Level.MAINTENANCE * 4 + 1]
    for name, value in changed.items():
        schedule[name] = value
    assert plain(is_schedule_sound)(state, schedule, 100) == sound
