"""Answers about an account: the closed form is the edge the search finds, whatever the rulebook asks."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ground import blank_state, give, open_account, write_brackets

from solvent.codes import Driver, Exponent, Level, Schedule
from solvent.engine.answers import CLOSED_FORM, bankruptcy_price, is_distressed, liquidation_price
from solvent.engine.explain import Sheet
from solvent.units import PPM


def edge(sheet: Sheet, row: int) -> int | None:
    """The nearest bad mark by asking every mark outwards: the obvious way."""
    position = sheet.tables.positions[row]
    market = sheet.tables.instruments[position.instrument]
    now, most = int(market.mark_ticks), int(sheet.tables.contracts[position.instrument].price_max_ticks)
    for away in range(1, most):
        for tick in (now - away, now + away):
            if 1 <= tick <= most:
                market.mark_ticks = tick
                bad = is_distressed(sheet, sheet.judge(Level.MAINTENANCE))
                market.mark_ticks = now
                if bad:
                    return tick
    return None


def write_curve(state: Any, level: int, instrument: int, base_ppb: int, slope_num: int, driver: Driver) -> None:
    """A straight curve with a cap of a third."""
    schedule = state.schedules[level * len(state.instruments) + instrument]
    schedule.kind, schedule.driver, schedule.exponent = Schedule.CURVE, driver, Exponent.LINE
    schedule.base_ppb, schedule.cap_ppb, schedule.rate_step_ppb = base_ppb, 333_333_333, 1
    schedule.slope_num, schedule.slope_den, schedule.scale_ppm = slope_num, 1, PPM
    schedule.rate_max_ppm = 333_334


@settings(max_examples=60)
@given(
    lots=st.integers(-400, 400).filter(bool),
    other=st.integers(-200, 200),
    wallet=st.integers(1_000, 200_000),
    kind=st.sampled_from(["marginal", "whole", "flat", "size", "notional", "zero"]),
    fixed=st.sampled_from([0, 7]),
)
def test_the_closed_form_is_the_edge_every_mark_would_show(
    lots: int, other: int, wallet: int, kind: str, fixed: int
) -> None:
    state = blank_state(instruments=2)
    state.contracts.price_max_ticks[:] = 3_000
    state.contracts.quanta_per_lot_tick[:] = (3, 1)
    if kind in ("marginal", "whole"):
        code = Schedule.BRACKETS_MARGINAL if kind == "marginal" else Schedule.BRACKETS_WHOLE
        write_brackets(state, Level.MAINTENANCE, 0, 0, [0, 100_000, 600_000], [10, 30, 90], 1_000, code)
    elif kind != "zero":
        driver = {"flat": Driver.NONE, "size": Driver.SIZE, "notional": Driver.NOTIONAL}[kind]
        write_curve(state, Level.MAINTENANCE, 0, 20_000_000, {"flat": 0, "size": 100_000, "notional": 60}[kind], driver)
    state.schedules.add_fixed_quanta[2] = fixed
    write_brackets(state, Level.MAINTENANCE, 1, 4, [0], [50], 1_000)
    account = open_account(state, wallet)
    give(state, account, 0, lots, lots * 3 * 1_000)
    if other:
        give(state, account, 1, other, other * 1_000)
    sheet = Sheet(state, account)
    row = next(row for row in sheet.positions() if sheet.tables.positions[row].instrument == 0)
    if is_distressed(sheet, sheet.judge(Level.MAINTENANCE)):
        return
    found, way = liquidation_price(sheet, row)
    if kind != "notional":  # a rate that rises with the notional may have edges on both sides: the search tells each
        assert found == edge(sheet, row)
    if found is not None and kind in ("marginal", "flat", "size", "zero"):
        assert way == CLOSED_FORM


def test_a_long_is_bankrupt_where_its_loss_is_its_equity() -> None:
    state = blank_state()
    state.contracts.price_max_ticks[:] = 3_000
    account = open_account(state, 10_000)
    give(state, account, 0, 100, 100_000)
    assert bankruptcy_price(Sheet(state, account), 0) == 899  # at 900 exactly nothing is left
    state.positions[0].lots, state.positions[0].cost_quanta = -100, -100_000
    assert bankruptcy_price(Sheet(state, account), 0) == 1_101
