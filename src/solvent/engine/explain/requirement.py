"""How equity and the requirement of a level came to be: gains, collateral, schedules, scenarios, additions."""

from __future__ import annotations

from typing import Any

from solvent.codes import (
    Driver,
    Level,
    Schedule,
    Weighting,
)
from solvent.engine.explain.names import Rules, words
from solvent.engine.explain.node import Node, fact, number, plain, total, value_of
from solvent.engine.explain.sheet import Sheet
from solvent.risk.funding import due_up
from solvent.risk.margin import bracket_row
from solvent.risk.margin.additions import additions_up
from solvent.risk.margin.curve import curve_rate_ppb, driver_of
from solvent.state.options import strike_quanta, underlying_quanta
from solvent.state.tables import NONE
from solvent.state.values import exposure_quanta, notional_up, open_loss_quanta
from solvent.units import FUNDING_SCALE, PPB, PPM, mul_div_down, mul_div_up


def level_tree(sheet: Sheet, rules: Rules, level: int) -> Node:
    """Equity, requirement and what is between them, at one level; the sums are the machine's, or we stop."""
    judged = sheet.judge(level)
    parts = [number("wallet", int(sheet.account.wallet_quanta))]
    parts += [_gain_tree(sheet, rules, row) for row in sheet.positions() if sheet.tables.positions[row].lots != 0]
    parts += [_collateral_tree(sheet, rules, level, row) for row in sheet.holdings()]
    equity = total("equity", parts, "wallet + results of positions + weighted collateral, funding due always taken off")
    alone = [row for row in sheet.positions() if sheet.schedule(level, row).kind != Schedule.SCENARIO]
    required = [_requirement_tree(sheet, rules, level, row) for row in alone]
    if len(alone) < len(sheet.positions()):
        required.append(
            _scenario_tree(sheet, rules, level, judged.requirement - sum(part.value or 0 for part in required))
        )
    requirement = total("requirement", required, "sum over positions", rules.level_source(level))
    if (equity.value, requirement.value) != (judged.equity, judged.requirement):
        raise AssertionError(f"explained {equity.value} over {requirement.value}, the machine judges {judged}")
    headroom = total(
        "headroom",
        [number("equity", judged.equity), number("less requirement", -judged.requirement)],
        "equity - requirement",
    )
    ratio = mul_div_down(judged.equity, PPM, judged.requirement) if judged.requirement > 0 else None
    return fact(
        f"level {words(Level(level))}",
        "",
        equity,
        requirement,
        headroom,
        number("margin ratio", None if ratio is None else int(ratio), "ppm", "equity / requirement, rounded down"),
        source=rules.level_source(level),
    )


def _gain_tree(sheet: Sheet, rules: Rules, row: int) -> Node:
    position = sheet.tables.positions[row]
    market, lots = sheet.tables.instruments[position.instrument], int(position.lots)
    contract = sheet.tables.contracts[position.instrument]
    change = int(market.funding_index) - int(position.funding_index)
    symbol = rules.symbol(int(position.instrument))
    tree = total(
        f"{symbol}: result at the mark",
        [
            value_of(contract, lots, int(market.mark_ticks)),
            number("less cost", -int(position.cost_quanta), "quanta", "what its lots were entered for"),
            number(
                "less funding due",
                -int(due_up(lots, change)),
                "quanta",
                f"lots x (index now - index settled) / {FUNDING_SCALE}, rounded up",
                "",
                number("lots", lots, "lots"),
                number("index now", int(market.funding_index), "index"),
                number("index settled", int(position.funding_index), "index"),
            ),
        ],
        "value - cost - funding due",
    )
    assert tree.value == sheet.alone(Level.MAINTENANCE, row).equity, "the machine's gain of this position"
    return tree


def _collateral_tree(sheet: Sheet, rules: Rules, level: int, row: int) -> Node:
    holding = sheet.tables.holdings[row]
    terms = sheet.tables.assets[holding.asset]
    is_maintenance = bool(sheet.tables.levels[level].maintenance_weights == 1)
    name = rules.asset(int(holding.asset))
    instrument = int(terms.price_instrument)
    owed = holding.amount_quanta < 0
    rule = "amount x mark x multiplier / divisor x weight, each rounded down"
    if owed:
        rule = "less what is owed x mark x multiplier / divisor x liability weight, each rounded up"
    return number(
        f"{name}: {'owed' if owed else 'collateral'}",
        sheet.alone(level, holding=row).equity,
        "quanta",
        rule,
        f"{rules.name}, collateral {name}",
        number("amount", int(holding.amount_quanta), rules.unit(int(holding.asset))),
        number(f"mark of {rules.symbol(instrument)}", int(sheet.tables.instruments[instrument].mark_ticks), "ticks"),
        number("multiplier", int(terms.value_num), ""),
        number("divisor", int(terms.value_den), ""),
        _liability_of(terms, is_maintenance) if owed else _weight_of(terms, is_maintenance),
    )


def _liability_of(terms: Any, is_maintenance: bool) -> Node:
    """How much more than its value what is owed counts."""
    weight = int(terms.liability_maintenance_ppm if is_maintenance else terms.liability_initial_ppm)
    return number("liability weight", max(weight, PPM), "ppm")


def _weight_of(terms: Any, is_maintenance: bool) -> Node:
    """What share of the value counts."""
    if terms.weighting == Weighting.IMPACT:
        rate = f"amount x {int(terms.impact_num)} / {int(terms.impact_den)} ppm"
        least, most = int(terms.impact_floor_ppm), int(terms.impact_cap_ppm)
        return fact("weight", f"1 - {rate}, at least {least} and at most {most} ppm less")
    if terms.weighting != Weighting.FIXED:
        return fact("weight", f"{int(terms.bracket_count)} slices, each with its own")
    return number("weight", int(terms.maintenance_ppm if is_maintenance else terms.initial_ppm), "ppm")


def _scenario_tree(sheet: Sheet, rules: Rules, level: int, asked: int) -> Node:
    """Positions shocked together: what they ask for, and what each would lose in the scenario that hurts most."""
    tables = sheet.tables
    count = len(tables.instruments)
    held: list[tuple[int, int]] = []
    for row in sheet.positions():
        position = tables.positions[row]
        if sheet.schedule(level, row).kind == Schedule.SCENARIO and position.lots != 0:
            instrument = int(position.instrument)
            mark = int(tables.instruments[instrument].mark_ticks)
            value = plain(exposure_quanta)(tables.contracts[instrument], int(position.lots), mark)
            held.append((instrument, int(value)))
    losses = [
        sum(-value * int(tables.shocks[scenario * count + instrument].move_ppb) for instrument, value in held)
        for scenario in range(int(tables.policy[0].scenario_count))
    ]
    worst = max(range(len(losses)), key=losses.__getitem__, default=0)
    moves = [
        number(
            f"{rules.symbol(instrument)}: loss",
            -(value * int(tables.shocks[worst * count + instrument].move_ppb) // PPB),
            "quanta",
            "- value x move",
            "",
            number("value", value),
            number("move", int(tables.shocks[worst * count + instrument].move_ppb), "ppb"),
        )
        for instrument, value in held
    ]
    return number(
        "positions under scenarios",
        asked,
        "quanta",
        "scale x (largest loss and the charges), by risk unit, and what orders and the level add",
        rules.level_source(level),
        number("scenarios", len(losses), ""),
        fact("the one that hurts most", f"number {worst + 1}" if losses else "", *moves),
    )


def _requirement_tree(sheet: Sheet, rules: Rules, level: int, row: int) -> Node:
    """What one position must hold at a level, with its open orders at their worst where the level counts them."""
    position = sheet.tables.positions[row]
    lots, instrument = int(position.lots), int(position.instrument)
    label = f"{rules.symbol(instrument)}: requirement"
    if sheet.schedule(level, row).kind == Schedule.OPTION:
        return _option_tree(sheet, rules, level, row, label)
    terms = sheet.tables.levels[level]
    if position.orders == NONE or terms.includes_orders == 0:
        return _exposure_tree(sheet, rules, level, row, abs(lots), label)
    orders = sheet.tables.orders[position.orders]
    bids, asks = int(orders.bid_lots), int(orders.ask_lots)
    worst = max(abs(lots), abs(lots + bids), abs(lots - asks))
    parts = [_exposure_tree(sheet, rules, level, row, worst, "exposure at its worst")]
    if terms.open_loss == 1:
        mark = int(sheet.tables.instruments[instrument].mark_ticks)
        contract = sheet.tables.contracts[instrument]
        lose = plain(open_loss_quanta)
        bid_quanta, ask_quanta = int(orders.bid_quanta), int(orders.ask_quanta)
        for name, count, priced, loss in (
            ("open loss of bids", bids, bid_quanta, lose(contract, bids, bid_quanta, 0, 0, mark)),
            ("open loss of offers", asks, ask_quanta, lose(contract, 0, 0, asks, ask_quanta, mark)),
        ):
            inputs = (
                number("lots", count, "lots"),
                number("at their prices", priced),
                value_of(contract, count, mark, "at the mark", notional_up),
            )
            parts.append(number(name, int(loss), "quanta", "what filling them would lose at once", "", *inputs))
    tree = total(label, parts, "larger of position, all bids filled, all offers filled", rules.level_source(level))
    assert tree.value == sheet.alone(level, row).requirement, "the machine's requirement with open orders"
    return tree


def _option_tree(sheet: Sheet, rules: Rules, level: int, row: int, label: str) -> Node:
    """What an option must hold: a long its whole value, a short shares of its underlying."""
    position = sheet.tables.positions[row]
    lots, instrument = int(position.lots), int(position.instrument)
    contract, market = sheet.tables.contracts[instrument], sheet.tables.instruments[instrument]
    option, schedule = sheet.tables.options[instrument], sheet.schedule(level, row)
    value = sheet.alone(level, row).requirement
    source = f"{rules.name}, margin.schedule of kind option_standard"
    worth = value_of(contract, abs(lots), int(market.mark_ticks), "value", notional_up)
    if lots >= 0:
        return number(label, value, "quanta", "a long is paid in full: its value backs nothing else", source, worth)
    spot = int(sheet.tables.instruments[option.underlying].mark_ticks)
    return number(
        label,
        value,
        "quanta",
        "larger of share x underlying - out of the money, least share x underlying, and of a put share x value",
        source,
        number(
            f"underlying, {rules.symbol(int(option.underlying))}",
            int(plain(underlying_quanta)(option, -lots, spot)),
            "quanta",
            "",
            "",
            number("its mark", spot, "ticks"),
        ),
        number("strike", int(plain(strike_quanta)(option, -lots, spot)), "quanta", f"{int(option.strike_ticks)} ticks"),
        number("share", int(schedule.base_ppb), "ppb"),
        number("least share", int(schedule.floor_ppb), "ppb"),
        worth,
    )


def _exposure_tree(sheet: Sheet, rules: Rules, level: int, row: int, lots: int, label: str) -> Node:
    """The schedule's answer to one notional: the machine's number, and the row of the table it comes from."""
    position = sheet.tables.positions[row]
    instrument = int(position.instrument)
    schedule = sheet.tables.schedules[level * len(sheet.tables.instruments) + instrument]
    mark = int(sheet.tables.instruments[instrument].mark_ticks)
    notional = value_of(sheet.tables.contracts[instrument], lots, mark, "notional", notional_up)
    size = notional.value or 0
    value = sheet.alone(level, row, lots=lots, orders=NONE).requirement
    source = rules.level_source(level)
    extra = int(plain(additions_up)(schedule, lots, size)) if size else 0
    if extra:
        rest = value - extra
        return total(
            label,
            [
                _schedule_tree(sheet, rules, level, row, lots, "by the rates", notional, rest),
                number("what the level adds", extra, "quanta", "fixed, share of the notional, reward, premium", source),
            ],
            "rates + additions",
            source,
        )
    return _schedule_tree(sheet, rules, level, row, lots, label, notional, value)


def _schedule_tree(
    sheet: Sheet, rules: Rules, level: int, row: int, lots: int, label: str, notional: Node, value: int
) -> Node:
    """What the rates alone ask of a size."""
    position = sheet.tables.positions[row]
    instrument, leverage = int(position.instrument), int(position.leverage)
    schedule = sheet.tables.schedules[level * len(sheet.tables.instruments) + instrument]
    kind = Schedule(int(schedule.kind))
    size = notional.value or 0
    source = rules.level_source(level)
    if kind == Schedule.CURVE:
        driver = int(plain(driver_of)(sheet.tables, int(schedule.driver), instrument, lots, size))
        return number(
            label,
            value,
            "quanta",
            "notional x rate x scale, rounded up at each step",
            source,
            notional,
            number(
                "rate",
                int(plain(curve_rate_ppb)(schedule, driver)),
                "ppb",
                "base + slope x (driver - threshold), held between floor and cap",
                "",
                number("driver", driver, words(Driver(int(schedule.driver)))),
            ),
            number("scale", int(schedule.scale_ppm), "ppm"),
        )
    if kind == Schedule.ZERO or schedule.bracket_count == 0:
        return number(label, value, "quanta", "nothing is required", source, notional)
    found = int(plain(bracket_row)(sheet.tables, schedule, lots if kind == Schedule.BRACKETS_BY_SIZE else size))
    bracket = sheet.tables.brackets[found]
    rate = [
        number("bracket from", int(bracket.floor_quanta), "quanta", f"row {found - int(schedule.first_bracket) + 1}"),
        number("numerator", int(bracket.numerator), ""),
        number("denominator", int(schedule.denominator), ""),
    ]
    if kind in (Schedule.BRACKETS_WHOLE, Schedule.BRACKETS_BY_SIZE):
        rule = "notional x numerator / denominator, rounded up"
    else:
        rule = "(notional x numerator - deduction) / denominator, rounded up"
        whole = int(bracket.deduction_whole) * int(schedule.denominator) + int(bracket.deduction_rest)
        rate.append(number("deduction", whole, "", "what lower brackets ask less, times the denominator"))
    if kind != Schedule.USER_LEVERAGE or leverage == 0:
        return number(label, value, "quanta", rule, source, notional, *rate)
    bound = sheet.alone(level, row, lots=lots, orders=NONE, leverage=0).requirement
    bound -= int(plain(additions_up)(schedule, lots, size)) if size else 0
    chosen = int(mul_div_up(size, int(schedule.scale_ppm), PPM * leverage))
    return number(
        label,
        value,
        "quanta",
        "the larger of notional / leverage and what the brackets bound it by",
        source,
        number(
            "by the leverage chosen",
            chosen,
            "quanta",
            "notional x scale / leverage, rounded up",
            "",
            notional,
            number("scale", int(schedule.scale_ppm), "ppm"),
            number("leverage", leverage, ""),
        ),
        number("by the brackets", bound, "quanta", rule, source, notional, *rate),
    )
