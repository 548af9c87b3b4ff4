"""The books of a careful clerk: wallets, costs, lots and rules in plain Python, exact and slow.

Nothing here is shared with the machine but the names of the fields and the codes. Requirements are rebuilt from
floors and rates, as the rulebook states them,

    marginal   sum over brackets of rate_k x (part of the notional inside bracket k)      rounded up
    whole      rate of the bracket the notional is in x notional                          rounded up

and not from the deductions the machine keeps, so an error in either shows.
"""

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor, isqrt, lcm
from typing import Any

from solvent.codes import (
    AccountKind,
    Action,
    Answer,
    ContractKind,
    Driver,
    Exponent,
    Level,
    Mode,
    Schedule,
    Status,
    Weighting,
)
from solvent.lab.appraisal import DAY_NS, WINDOWS_NS, MarketBook, ReportBook, answer, careful_price, dear_price
from solvent.state.terms import STRETCHES, WINDOWS
from solvent.units import FUNDING_SCALE, PPB, PPM

NOBODY = -1


def rows_of(table: Any) -> list[dict[str, int]]:
    """Records of a table as dictionaries of Python integers."""
    names = table.dtype.names
    return [dict(zip(names, row, strict=True)) for row in table.tolist()]


def ceil_ratio(numerator: int, denominator: int) -> int:
    """numerator / denominator rounded up."""
    return -(-numerator // denominator)


@dataclass(slots=True)
class PositionBook:
    """One account in one market; bids, offers and liquidation orders included."""

    lots: int = 0
    cost: int = 0
    index: int = 0
    leverage: int = 0
    bid_lots: int = 0
    bid_quanta: int = 0
    ask_lots: int = 0
    ask_quanta: int = 0
    ordered: int = 0
    limit: int = 0

    def is_blank(self) -> bool:
        """Nothing would be forgotten with this row."""
        return not (self.lots or self.leverage or self.bid_lots or self.ask_lots or self.ordered or self.cost)

    def clamp_order(self) -> None:
        """A liquidation order never asks for more than is held."""
        if self.ordered > 0:
            self.ordered = min(self.ordered, max(self.lots, 0))
        elif self.ordered < 0:
            self.ordered = max(self.ordered, min(self.lots, 0))
        if self.ordered == 0:
            self.limit = 0


@dataclass(slots=True)
class AccountBook:
    """One margin unit."""

    kind: int
    owner: int = 0
    wallet: int = 0
    shares: int = 0
    flagged: bool = False
    pool: int = 0
    notice: int = 0
    notice_until: int = 0
    endorsed: int = 0
    positions: dict[int, PositionBook] = field(default_factory=dict)
    holdings: dict[int, int] = field(default_factory=dict)

    @property
    def is_trader(self) -> bool:
        """True when the account is not the venue's own."""
        return self.kind in (AccountKind.CROSS, AccountKind.ISOLATED)

    @property
    def is_flat(self) -> bool:
        """True when no contract is held."""
        return all(position.lots == 0 for position in self.positions.values())


@dataclass(slots=True)
class VaultBook:
    """A pool: its account, all shares, and what it took over, unwound, and paid for unwinding."""

    account: int
    shares: int
    taken: int
    unwound: int
    cost: int


@dataclass(slots=True)
class UnwindBook:
    """The order by which a market's pool works its inventory down; `lots` are what it buys."""

    lots: int
    limit: int
    reference: int
    until: int


@dataclass(slots=True)
class LentBook:
    """Interest of one asset: when it was accrued last, and what a unit held, or owed, since the first has become."""

    accrued: int
    held: int
    owed: int


class Ladder:
    """One margin schedule, from floors and rates, curve and additions, in exact fractions."""

    def __init__(self, schedule: dict[str, int], brackets: list[dict[str, int]]) -> None:
        self.kind = schedule["kind"]
        self.terms = schedule
        self.scale = Fraction(schedule["scale_ppm"], PPM)
        rows = brackets[schedule["first_bracket"] : schedule["first_bracket"] + schedule["bracket_count"]]
        self.floors = [row["floor_quanta"] for row in rows]
        rates = [Fraction(row["numerator"], schedule["denominator"]) for row in rows]
        self.denominator = lcm(*(rate.denominator for rate in rates)) if rates else 1
        self.numerators = [int(rate * self.denominator) for rate in rates]
        self.below = [0]
        for place in range(1, len(self.floors)):
            width = self.floors[place] - self.floors[place - 1]
            self.below.append(self.below[-1] + width * self.numerators[place - 1])

    def required(self, lots: int, notional: int, leverage: int, open_interest: int) -> int:
        """What a position of this size must hold, standing alone; `open_interest` of its market in quanta."""
        if notional == 0:
            return 0
        return self.by_rate(lots, notional, leverage, open_interest) + self.added(lots, notional)

    def by_rate(self, lots: int, notional: int, leverage: int, open_interest: int) -> int:
        """The part that follows from the rates, rounded up."""
        if self.kind == Schedule.CURVE:
            driver = {Driver.SIZE: lots, Driver.NOTIONAL: notional, Driver.OPEN_INTEREST: open_interest}
            rate = self.curve_rate(driver.get(Driver(self.terms["driver"]), 0))
            return ceil(ceil(notional * rate) * self.scale)
        if self.kind == Schedule.SCENARIO:
            return ceil(ceil(notional * Fraction(self.terms["base_ppb"], PPB)) * self.scale)
        if self.kind == Schedule.ZERO or not self.floors:
            bound = 0
        else:
            size = lots if self.kind == Schedule.BRACKETS_BY_SIZE else notional
            place = bisect_right(self.floors, size) - 1
            if self.kind in (Schedule.BRACKETS_WHOLE, Schedule.BRACKETS_BY_SIZE):
                bound = ceil_ratio(notional * self.numerators[place], self.denominator)
            else:
                inside = self.below[place] + (notional - self.floors[place]) * self.numerators[place]
                bound = ceil_ratio(inside, self.denominator)
        if self.kind == Schedule.USER_LEVERAGE and leverage:
            return max(bound, ceil(notional * self.scale / leverage))
        return bound

    def curve_rate(self, driver: int) -> Fraction:
        """Rate of the curve, kept in whole parts per billion and whole steps of them."""
        terms = self.terms
        excess = max(driver - terms["threshold"], 0)
        if terms["step"]:
            excess = ceil_ratio(excess, terms["step"])
        slope = Fraction(terms["slope_num"], terms["slope_den"])
        if terms["exponent"] == Exponent.SQUARE:
            rise = floor(excess * excess * slope)
        elif terms["exponent"] == Exponent.ROOT:
            # ten binary places of the root, taken from the number while that fits 62 bits
            root = isqrt(excess << 20) if excess < 2**40 else isqrt(excess) << 10
            rise = floor(root * slope) >> 10
        else:
            rise = floor(excess * slope)
        rate = min(max(terms["base_ppb"] + rise, terms["floor_ppb"]), terms["cap_ppb"])
        return Fraction(rate // terms["rate_step_ppb"] * terms["rate_step_ppb"], PPB)

    def added(self, lots: int, notional: int) -> int:
        """What the level asks on top of the rates, every part rounded up."""
        terms = self.terms
        added = terms["add_fixed_quanta"] + ceil_ratio(notional * terms["add_ppm"], PPM)
        if terms["reward_ppm"]:
            reward = ceil_ratio(notional * terms["reward_ppm"], PPM)
            added += min(max(reward, terms["reward_min_quanta"]), terms["reward_max_quanta"])
        if terms["premium_num"]:
            premium = ceil_ratio(lots * terms["premium_num"], terms["premium_den"])
            added += ceil_ratio(notional * premium, PPB)
        return added


class Rules:
    """The terms in force as plain Python, read once for each version."""

    def __init__(self, state: Any) -> None:
        self.contracts = rows_of(state.contracts)
        self.feeds = rows_of(state.feeds)
        self.levels = rows_of(state.levels)
        self.stages = rows_of(state.stages)
        self.absorbers = [row for row in rows_of(state.absorbers) if row["used"]]
        self.assets = rows_of(state.assets)
        self.breakers = rows_of(state.breakers)
        self.pricing = rows_of(state.pricing)
        self.remedies = rows_of(state.remedies)
        self.dynamics = rows_of(state.dynamics)
        self.markets = rows_of(state.markets)
        self.triggers = rows_of(state.triggers)
        self.funding = rows_of(state.funding)
        self.corridors = rows_of(state.corridors)
        self.seats = [row["role"] for row in rows_of(state.seats)]
        self.governing = rows_of(state.governing)[0]
        self.policy = rows_of(state.policy)[0]
        self.pools = rows_of(state.pools)
        self.backings = rows_of(state.backings)
        self.offers = rows_of(state.offers)
        self.options = rows_of(state.options)
        brackets = rows_of(state.brackets)
        count = len(self.contracts)
        self.sources = len(self.feeds) // count
        self.ladders: list[list[Ladder]] = []
        schedules = rows_of(state.schedules)
        for level in range(len(self.levels)):
            self.ladders.append([])
            for instrument in range(count):
                self.ladders[level].append(Ladder(schedules[level * count + instrument], brackets))
        shocks = [row["move_ppb"] for row in rows_of(state.shocks)]
        scenarios = self.policy["scenario_count"]
        self.moves = [shocks[row * count : (row + 1) * count] for row in range(scenarios)]
        self.tiers = {
            asset: Ladder({**terms, "kind": Schedule.BRACKETS_MARGINAL, "denominator": PPM, "scale_ppm": PPM}, brackets)
            for asset, terms in enumerate(self.assets)
            if terms["weighting"] in (Weighting.TIERS_OF_AMOUNT, Weighting.TIERS_OF_VALUE)
        }

    @property
    def first_margin(self) -> int:
        """1 when the first stage also acts at the threshold itself."""
        return self.stages[0]["or_equal"]


def _read_market(state: Any, instrument: int) -> MarketBook:
    """What the tables remember of a market's price; marks of the past at the end of their eighth of a window."""
    row = rows_of(state.instruments[instrument : instrument + 1])[0]
    past: list[tuple[int, int]] = []
    for window, length in enumerate((*WINDOWS_NS.values(), DAY_NS)):
        first = (instrument * WINDOWS + window) * STRETCHES
        for stretch in rows_of(state.stretches[first : first + STRETCHES]):
            if stretch["low_ticks"]:
                until = (stretch["number"] + 1) * (length // 8) - 1
                past += [(until, stretch["low_ticks"]), (until, stretch["high_ticks"])]
    return MarketBook(
        past=past,
        bits=row["conditions"],
        mark_time=row["mark_time_ns"],
        quorum_until=row["quorum_until_ns"],
        resumed=row["resumed_ns"],
        supported=row["supported_ticks"],
        supported_time=row["supported_ns"],
        dropped=row["dropped"],
        told=row["told_conditions"],
    )


def blocked_of(state: Any, rules: Rules) -> list[int]:
    """Bits of Action that engaged breakers stop alone, by market and at last of the venue."""
    found = []
    for row in state.anchors.engaged.reshape(-1, len(rules.breakers)).tolist():
        bits = 0
        for breaker, engaged in zip(rules.breakers, row, strict=True):
            if breaker["used"] and engaged:
                bits |= breaker["blocks"]
        found.append(bits)
    return found


class Books:
    """Everything that is true, as the clerk sees it."""

    def __init__(self) -> None:
        self.rules: Rules
        self.accounts: dict[int, AccountBook] = {}
        self.marks: list[int] = []
        self.previous_marks: list[int] = []
        self.indices: list[int] = []
        self.open_interest: list[int] = []
        self.modes: list[int] = []
        self.opened: list[tuple[int, int]] = []
        self.asked: list[list[int]] = []
        self.charged: list[list[int]] = []
        self.listed: list[int] = []
        self.reports: list[ReportBook] = []
        self.markets: list[MarketBook] = []
        self.time_ns = 0
        self.sequence = 0
        self.price_version = 0
        self.terms_version = 0
        self.vaults: list[VaultBook] = []
        self.unwinds: list[UnwindBook] = []
        self.open_deficit = 0
        self.blocked: list[int] = []
        self.lent: list[LentBook] = []

    @classmethod
    def read(cls, state: Any, rules: Rules | None = None) -> "Books":
        """Books opened from the tables of a state."""
        books = cls()
        books.rules = rules or Rules(state)
        venue = rows_of(state.venue)[0]
        for number, row in enumerate(rows_of(state.accounts[: venue["account_count"]])):
            books.accounts[number] = AccountBook(
                row["kind"],
                row["owner"],
                row["wallet_quanta"],
                row["vault_shares"],
                row["status"] == Status.DISTRESSED,
                row["pool"],
                row["notice_shares"],
                row["notice_until_ns"],
                row["endorsed"],
            )
        orders = rows_of(state.orders[: venue["orders_count"]])
        for row in rows_of(state.positions[: venue["position_count"]]):
            if row["account"] == NOBODY:
                continue
            position = PositionBook(row["lots"], row["cost_quanta"], row["funding_index"], row["leverage"])
            if row["orders"] != NOBODY:
                order = orders[row["orders"]]
                position.bid_lots, position.bid_quanta = order["bid_lots"], order["bid_quanta"]
                position.ask_lots, position.ask_quanta = order["ask_lots"], order["ask_quanta"]
                position.ordered = order["ordered_lots"]
                position.limit = order["limit_ticks"] if position.ordered else 0
            books.accounts[row["account"]].positions[row["instrument"]] = position
        for row in rows_of(state.holdings[: venue["holding_count"]]):
            if row["account"] != NOBODY:
                books.accounts[row["account"]].holdings[row["asset"]] = row["amount_quanta"]
        for row in rows_of(state.instruments):
            books.marks.append(row["mark_ticks"])
            books.previous_marks.append(row["previous_mark_ticks"])
            books.indices.append(row["funding_index"])
            books.open_interest.append(row["open_interest_lots"])
            books.modes.append(row["mode"])
            books.asked.append([row["initial_long_ppm"], row["initial_short_ppm"]])
            books.charged.append([row["maintenance_long_ppm"], row["maintenance_short_ppm"]])
            books.opened.append((row["opened_ns"], row["closed_sequence"]))
            books.listed.append(row["listed"])
        books.modes.append(venue["mode"])
        books.reports = [ReportBook(*row) for row in state.reports.tolist()]
        books.markets = [_read_market(state, instrument) for instrument in range(len(state.instruments))]
        books.time_ns, books.sequence = venue["time_ns"], venue["sequence"]
        books.price_version, books.terms_version = venue["price_version"], venue["terms_version"]
        books.vaults = [VaultBook(*row) for row in state.vaults.tolist()]
        books.unwinds = [UnwindBook(*row) for row in state.unwinds.tolist()]
        books.open_deficit = venue["open_deficit_quanta"]
        books.blocked = blocked_of(state, books.rules)
        books.lent = [
            LentBook(row["accrued_ns"], row["deposit_index"], row["borrow_index"]) for row in rows_of(state.held)
        ]
        return books

    def position(self, account: int, instrument: int) -> PositionBook:
        """The position to write in, a blank one if there was none."""
        positions = self.accounts[account].positions
        if instrument not in positions:
            positions[instrument] = PositionBook(index=self.indices[instrument])
        return positions[instrument]

    def lots_of(self, account: int, instrument: int) -> int:
        """Lots held, 0 without a position."""
        position = self.accounts[account].positions.get(instrument)
        return position.lots if position else 0

    def is_inverse(self, instrument: int) -> bool:
        """True when the contract is a fixed sum of the quote currency, paid in the coin it prices."""
        return self.rules.contracts[instrument]["kind"] == ContractKind.INVERSE

    def is_option(self, instrument: int) -> bool:
        """True when the contract is an option, worth its own mark and settled by another market's."""
        return self.rules.contracts[instrument]["kind"] == ContractKind.OPTION

    def exercised(self, instrument: int, lots: int, spot: int) -> tuple[Fraction, Fraction]:
        """(worth of the underlying of so many lots, what their strike costs) at a price of the underlying, exact."""
        option = self.rules.options[instrument]
        size = lots * option["unit_quanta"]
        if option["in_coin"]:
            return Fraction(size), Fraction(size * option["strike_ticks"], max(spot, 1))
        return Fraction(size * spot), Fraction(size * option["strike_ticks"])

    def payoff(self, instrument: int, lots: int, spot: int) -> int:
        """What signed lots of an option pay at expiry, rounded down."""
        worth, strike = self.exercised(instrument, 1, spot)
        ahead = strike - worth if self.rules.options[instrument]["is_put"] else worth - strike
        return floor(lots * max(ahead, Fraction(0)))

    def option_alone(self, instrument: int, level: int, lots: int) -> int:
        """What signed lots of an option must hold: a long its worth, a short shares of the underlying."""
        value = self.size_at_mark(instrument, abs(lots))
        if lots >= 0:
            return value
        option, ladder = self.rules.options[instrument], self.rules.ladders[level][instrument]
        worth, strike = self.exercised(instrument, -lots, self.marks[option["underlying"]])
        share, least, of_put = (ladder.terms[name] for name in ("base_ppb", "floor_ppb", "cap_ppb"))
        # the strike in coin is rounded so that the option counts as less out of the money than it is
        out = max(worth - ceil(strike), Fraction(0)) if option["is_put"] else max(floor(strike) - worth, Fraction(0))
        asked = [ceil(worth * Fraction(share, PPB)) - out, Fraction(ceil(worth * Fraction(least, PPB)))]
        if option["is_put"]:
            asked.append(Fraction(ceil(max(worth, Fraction(value)) * Fraction(of_put, PPB))))
        return ceil(max(asked) * ladder.scale) + ladder.added(-lots, value)

    def option_requirement(self, instrument: int, level: int, position: PositionBook) -> int:
        """The same of a position with its orders at their worst; the multiplier is the sold side's alone."""
        terms = self.rules.levels[level]
        counts = bool(terms["includes_orders"])
        bids, asks = (position.bid_lots, position.ask_lots) if counts else (0, 0)
        required = self.option_alone(instrument, level, max(position.lots + bids, 0))
        sold = min(position.lots - asks, 0)
        if sold:
            short = self.option_alone(instrument, level, sold)
            required = max(required, ceil_ratio(short * self.multiplier(level, instrument, 1), PPM))
        if terms["open_loss"] and counts:
            required += max(position.bid_quanta - self.marked(instrument, bids), 0)
            required += max(self.marked(instrument, asks) - position.ask_quanta, 0)
        return required

    def worth(self, instrument: int, lots: int, price: int) -> Fraction:
        """Exact value of signed lots at a price; an inverse one is a debt of coin that shrinks as the price rises."""
        unit = self.rules.contracts[instrument]["quanta_per_lot_tick"]
        if lots == 0:
            return Fraction(0)
        return Fraction(-lots * unit, price) if self.is_inverse(instrument) else Fraction(lots * unit * price)

    def marked(self, instrument: int, lots: int, price: int | None = None) -> int:
        """Value of signed lots at the mark, or at a price, rounded down."""
        return floor(self.worth(instrument, lots, self.marks[instrument] if price is None else price))

    def traded(self, instrument: int, lots: int, price: int) -> int:
        """Value of signed lots that change hands: to the nearest, halves away from zero."""
        exact = self.worth(instrument, lots, price)
        size = floor(abs(exact) + Fraction(1, 2))
        return size if exact >= 0 else -size

    def size_at_mark(self, instrument: int, lots: int) -> int:
        """Notional of so many lots at the mark, rounded up."""
        return ceil(abs(self.worth(instrument, lots, self.marks[instrument])))

    def notional(self, account: int, instrument: int) -> int:
        """Size of a position at the mark."""
        return self.size_at_mark(instrument, self.lots_of(account, instrument))

    def funding_due(self, instrument: int, position: PositionBook) -> int:
        """What a position owes since it last settled, rounded against the account."""
        return ceil_ratio(position.lots * (self.indices[instrument] - position.index), FUNDING_SCALE)

    def gain(self, instrument: int, position: PositionBook) -> int:
        """Value less cost less funding owed, at the mark."""
        if position.lots == 0:
            return 0
        return self.marked(instrument, position.lots) - position.cost - self.funding_due(instrument, position)

    def gains(self, account: int) -> int:
        """Sum of the gains of all positions."""
        positions = self.accounts[account].positions
        return sum(self.gain(instrument, position) for instrument, position in positions.items())

    def collateral_value(self, asset: int, amount: int, level: int) -> int:
        """Weighted value of collateral, rounded down."""
        terms = self.rules.assets[asset]
        instrument = terms["price_instrument"]
        ticks = careful_price(self, instrument) if level == Level.INITIAL else self.marks[instrument]
        if amount < 0 and level == Level.INITIAL:
            ticks = dear_price(self, instrument)
        price = Fraction(ticks * terms["value_num"], terms["value_den"])
        if amount < 0:
            name = "maintenance" if self.rules.levels[level]["maintenance_weights"] else "initial"
            return -ceil_ratio(ceil(-amount * price) * max(terms[f"liability_{name}_ppm"], PPM), PPM)
        if terms["weighting"] == Weighting.TIERS_OF_AMOUNT:
            return floor(self.slices(asset, amount) * price)
        value = floor(amount * price)
        if terms["weighting"] == Weighting.TIERS_OF_VALUE:
            return self.slices(asset, value)
        if terms["weighting"] == Weighting.IMPACT:
            discount = ceil_ratio(amount * terms["impact_num"], terms["impact_den"])
            return value * (PPM - min(max(discount, terms["impact_floor_ppm"]), terms["impact_cap_ppm"])) // PPM
        weight = terms["maintenance_ppm"] if self.rules.levels[level]["maintenance_weights"] else terms["initial_ppm"]
        return value * weight // PPM

    def slices(self, asset: int, size: int) -> int:
        """Every slice of a size at its own weight, rounded down once."""
        tiers = self.rules.tiers[asset]
        total = 0
        for place, weight in enumerate(tiers.numerators):
            end = tiers.floors[place + 1] if place + 1 < len(tiers.floors) else size
            total += max(min(end, size) - tiers.floors[place], 0) * weight
        return total // tiers.denominator

    def equity(self, account: int, level: int = Level.MAINTENANCE) -> int:
        """Wallet, gains and weighted collateral, everything accrued."""
        book = self.accounts[account]
        collateral = sum(self.collateral_value(asset, amount, level) for asset, amount in book.holdings.items())
        return book.wallet + self.gains(account) + collateral

    def position_requirement(self, account: int, instrument: int, level: int) -> int:
        """Requirement of one position, with open orders at their worst where the level counts them."""
        position = self.accounts[account].positions.get(instrument)
        if position is None:
            return 0
        if self.is_option(instrument):
            return self.option_requirement(instrument, level, position)
        required = self.alone(instrument, level, position.lots, position.leverage)
        required += self.orders_extra(account, instrument, level)
        waiting = self.rules.levels[level]["includes_orders"] and (position.bid_lots or position.ask_lots)
        sides = (0, 1) if waiting or not position.lots else ((0,) if position.lots > 0 else (1,))
        return ceil_ratio(required * max(self.multiplier(level, instrument, side) for side in sides), PPM)

    def multiplier(self, level: int, instrument: int, side: int) -> int:
        """Multiplier of one side's requirement, in parts per million; side 0 is long."""
        if level != Level.INITIAL:
            return max(self.charged[instrument][side], PPM)
        chosen = max(self.asked[instrument][side], PPM)
        caution = self.rules.policy["caution_initial_ppm"]
        careful = self.level(instrument) >= Mode.CAUTION or answer(self, instrument, "open") != Answer.ALLOW
        return ceil_ratio(chosen * caution, PPM) if caution > PPM and careful else chosen

    def ask_multipliers(self) -> None:
        """New terms: what they ask of new risk, with the buffer of what was charged before."""
        for instrument in range(len(self.marks)):
            for side in (0, 1):
                terms = self.rules.dynamics[2 * instrument + side]
                names = ("volatility_ppm", "depth_ppm", "concentration_ppm", "open_interest_ppm")
                raw = PPM + sum(max(terms[name] - PPM, 0) for name in names)
                weight = terms["stressed_weight_ppm"]
                needed = ceil_ratio(raw * (PPM - weight), PPM) + ceil_ratio(
                    max(terms["stressed_ppm"], PPM) * weight, PPM
                )
                needed = max(needed, terms["floor_ppm"])
                full = ceil_ratio(needed * (PPM + terms["buffer_ppm"]), PPM)
                before = self.asked[instrument][side]
                chosen = min(max(needed, min(full, before)) if before else full, 20 * PPM)
                self.asked[instrument][side] = chosen
                self.charged[instrument][side] = min(self.charged[instrument][side], chosen)

    def alone(self, instrument: int, level: int, lots: int, leverage: int) -> int:
        """Requirement of signed lots of a market without orders; only an option's depends on the sign."""
        if self.is_option(instrument):
            return self.option_alone(instrument, level, lots)
        interest = self.value_of_market(instrument)
        return self.rules.ladders[level][instrument].required(
            abs(lots), self.size_at_mark(instrument, lots), leverage, interest
        )

    def value_of_market(self, instrument: int) -> int:
        """Open interest at the mark, rounded down."""
        return floor(abs(self.worth(instrument, self.open_interest[instrument], self.marks[instrument])))

    def orders_extra(self, account: int, instrument: int, level: int) -> int:
        """What the open orders of a position add at their worst, where the level counts them."""
        terms = self.rules.levels[level]
        position = self.accounts[account].positions.get(instrument)
        if position is None or not terms["includes_orders"]:
            return 0
        held = abs(position.lots)
        worst = max(held, abs(position.lots + position.bid_lots), abs(position.lots - position.ask_lots))
        extra = self.alone(instrument, level, worst, position.leverage)
        extra -= self.alone(instrument, level, held, position.leverage)
        if terms["open_loss"]:
            sign = -1 if self.is_inverse(instrument) else 1
            extra += max(sign * position.bid_quanta - self.marked(instrument, position.bid_lots), 0)
            extra += max(-self.marked(instrument, -position.ask_lots) - sign * position.ask_quanta, 0)
        return extra

    def requirement(self, account: int, level: int = Level.MAINTENANCE) -> int:
        """Sum over the positions of the account; those under scenarios are judged together."""
        total = 0
        together: dict[int, dict[int, int]] = {}
        for instrument, position in self.accounts[account].positions.items():
            ladder = self.rules.ladders[level][instrument]
            if ladder.kind != Schedule.SCENARIO:
                total += self.position_requirement(account, instrument, level)
                continue
            total += self.orders_extra(account, instrument, level)
            if position.lots:
                size = self.size_at_mark(instrument, position.lots)
                total += ladder.added(abs(position.lots), size)
                by_unit = self.rules.policy["scenario_by_unit"]
                group = self.rules.contracts[instrument]["risk_unit"] if by_unit else 0
                together.setdefault(group, {})[instrument] = size if position.lots > 0 else -size
        return total + sum(self.worst_of(values, level) for values in together.values())

    def worst_of(self, values: dict[int, int], level: int) -> int:
        """The largest loss of positions shocked together, with its charge, at the scale of the level."""
        policy = self.rules.policy
        losses = [
            ceil(-sum(Fraction(value * moves[instrument], PPB) for instrument, value in values.items()))
            for moves in self.rules.moves
        ]
        worst = max(0, *losses) if losses else 0
        net, gross = abs(sum(values.values())), sum(map(abs, values.values()))
        charge = ceil_ratio(net * policy["scenario_unhedged_ppm"], PPM)
        charge += ceil_ratio((gross - net) * policy["scenario_hedged_ppm"], PPM)
        worst = max(worst, charge) if policy["scenario_charge_least"] else worst + charge
        return ceil(worst * self.rules.ladders[level][next(iter(values))].scale)

    def surplus(self, account: int) -> int:
        """Equity above the threshold of the first stage; below zero means distressed."""
        equity, required = self.equity(account), self.requirement(account)
        if required == 0 and equity >= 0:
            return max(equity - self.rules.first_margin, 0)
        return equity - required - self.rules.first_margin

    def is_breached(self, account: int, stage: int) -> bool:
        """True when the account is below (or at, where the stage says so) the stage's threshold."""
        terms = self.rules.stages[stage]
        threshold = Fraction(self.requirement(account, terms["level"]) * terms["scale_ppm"], PPM)
        equity = self.equity(account, terms["level"])
        return equity <= threshold if terms["or_equal"] else equity < threshold

    def free(self, account: int) -> int:
        """What may leave: equity without gains above the initial requirement and the floor on the notional."""
        policy = self.rules.policy
        positions = self.accounts[account].positions
        notional = sum(self.notional(account, instrument) for instrument in positions)
        need = max(
            self.requirement(account, Level.INITIAL), ceil_ratio(notional * policy["withdraw_notional_ppm"], PPM)
        )
        gains = 0 if policy["withdraw_gains"] else max(self.gains(account), 0)
        return self.equity(account, Level.INITIAL) - need - gains

    def move(self, debit: int, credit: int, amount: int) -> None:
        """Cash from one wallet to another."""
        self.accounts[debit].wallet -= amount
        self.accounts[credit].wallet += amount

    def cost_share(self, position: PositionBook, lots: int) -> int:
        """Part of the cost that belongs to so many of the lots held, rounded down."""
        return floor(Fraction(position.cost * lots, abs(position.lots)))

    def _change_side(self, account: int, instrument: int, lots: int, price: int) -> None:
        position = self.position(account, instrument)
        closed = got = 0
        if position.lots * lots < 0:
            closed = min(abs(lots), abs(position.lots)) * (1 if lots > 0 else -1)
            got = self.traded(instrument, -closed, price)
            share = self.cost_share(position, abs(closed))
            self.accounts[account].wallet += got - share
            position.cost -= share
            position.lots += closed
        if lots != closed:
            # what both sides exchange is rounded once: what is opened is what of it was not closed
            position.cost += self.traded(instrument, lots, price) + got
        position.lots += lots - closed
        position.clamp_order()

    def exchange(self, buyer: int, seller: int, instrument: int, lots: int, price: int) -> None:
        """Contracts pass from seller to buyer at a price."""
        self._change_side(buyer, instrument, lots, price)
        self._change_side(seller, instrument, -lots, price)
        self.open_interest[instrument] = sum(max(self.lots_of(account, instrument), 0) for account in self.accounts)

    def holdings_by_asset(self) -> dict[int, int]:
        """Collateral of all accounts, asset by asset."""
        totals: dict[int, int] = defaultdict(int)
        for book in self.accounts.values():
            for asset, amount in book.holdings.items():
                totals[asset] += amount
        return {asset: amount for asset, amount in totals.items() if amount}

    def owed_of(self, asset: int) -> int:
        """What all accounts owe of an asset."""
        return sum(max(-book.holdings.get(asset, 0), 0) for book in self.accounts.values())

    def negative_accounts(self) -> list[int]:
        """Traders whose equity is below zero, and pools whose own is."""
        return [
            number
            for number, book in self.accounts.items()
            if (book.is_trader or self.is_pool(number)) and self.equity(number) < 0
        ]

    def is_pool(self, account: int) -> bool:
        """True when the account is the vault's or another pool's."""
        return any(vault.account == account for vault in self.vaults)

    def pool_of(self, instrument: int) -> int:
        """Account of the pool behind a market, -1 while it is not open; of none the vault's."""
        row = self.rules.backings[instrument]["pool"] if instrument != NOBODY else 0
        return self.vaults[row].account

    def is_halted(self, instrument: int) -> bool:
        """True when nobody may be liquidated in the market: it is halted, or in its reopening auction."""
        return self.level(instrument) >= Mode.AUCTION

    def level(self, instrument: int) -> int:
        """The mode that counts in a market: the last of `modes` is the venue's."""
        return max(self.modes[instrument], self.modes[-1])

    def level_of_account(self, account: int) -> int:
        """The strictest mode of the venue and of the account's markets."""
        held = [i for i, position in self.accounts[account].positions.items() if position.lots]
        return max([self.modes[-1], *(self.modes[i] for i in held)])

    def in_grace(self, flagged_sequence: int, instrument: int) -> bool:
        """True while an account healthy at the pause may not be closed in a market that has opened again."""
        opened, closed = self.opened[instrument]
        running = opened and self.time_ns - opened < self.rules.policy["grace_ns"]
        return bool(running and flagged_sequence >= closed)

    def is_workable(self, instrument: int, flagged_sequence: int = -1) -> bool:
        """True when positions in the market may be closed: open, no grace, no price in doubt that forbids it."""
        if self.in_grace(flagged_sequence, instrument):
            return False
        if self.is_blocked(instrument, Action.LIQUIDATE):
            return False
        return not self.is_halted(instrument) and answer(self, instrument, "liquidate") != Answer.REFUSE

    def is_blocked(self, instrument: int, action: Action) -> bool:
        """True while a breaker of the market, or of the venue, stops this one action."""
        return bool((self.blocked[instrument] | self.blocked[-1]) >> action & 1)
