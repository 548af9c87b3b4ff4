"""Worlds made from a seed, and commands aimed at the edges of whatever state the world is in.

A world draws small but complete terms (every executor, size, limit, layer and policy appears in some world), opens a
handful of accounts and then draws commands from the state as it is: amounts near the free margin, prices near the
next trigger, lots near a limit, fills that answer the orders in the market, and some that must be refused. The same
seed gives the same world and, over the same machine, the same commands. `reach` counts what a run has met, so that
a campaign which met too little can be failed (reliability 3.4).
"""

import random
from collections import Counter, deque
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from solvent.codes import (
    Accept,
    AccountKind,
    AdlPolicy,
    AdlPrice,
    AdlScore,
    Executor,
    FeePayee,
    Level,
    Mode,
    PriceLimit,
    Refusal,
    Schedule,
    Size,
    SystemAccount,
    Tranche,
)
from solvent.commands import (
    Advance,
    CollateralSale,
    Command,
    ContributeFund,
    Deposit,
    EnactTerms,
    FundingTick,
    JoinVault,
    LeaveVault,
    LiquidationFill,
    ListInstrument,
    OpenAccount,
    PriceReport,
    ReleaseOrder,
    ReserveOrder,
    SetLeverage,
    SetMode,
    StageTerm,
    Trade,
    TransferMargin,
    Withdraw,
)
from solvent.events import EventKind
from solvent.lab.books import Books
from solvent.state.terms import (
    ABSORBERS_MAX,
    SOURCES_MAX,
    Terms,
    TermsShape,
    blank_terms,
    cell_address,
)
from solvent.units import PPM, VALUE_MAX

MILLISECOND = 1_000_000
SECOND = 1_000 * MILLISECOND
MINUTE = 60 * SECOND
START_NS = 1_700_000_000 * SECOND
BRACKETS_ROOM = 64
ROOM = {"accounts": 40, "positions": 200, "orders": 200, "holdings": 80}
"""Rows enough for any world, so no table has to grow on the way."""


class World:
    """One seeded world. `terms` opens the state, `next_command` drives it, `observe` counts what happened."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.random = random.Random(seed)
        self.instruments = self.random.randint(2, 4)
        self.shape = TermsShape(self.instruments, BRACKETS_ROOM)
        self.first = SystemAccount.MARKET_FUNDS + self.instruments
        self.time_ns = START_NS
        self.reach: Counter[str] = Counter()
        self.pending: deque[Command] = deque()
        self.start_ticks: list[int] = []
        self.sources: list[list[int]] = []
        self.assets: list[int] = []
        self.kinds: dict[int, int] = {}
        self.owners: dict[int, int] = {}
        self.brackets_used = 0
        self.terms = self._draw_terms()
        self._open()
        self.weights = self._draw_weights()

    # The rules of this world ----------------------------------------------------------------------------------------

    def _draw_terms(self) -> Terms:
        chance = self.random
        terms = blank_terms(self.shape)
        for instrument in range(self.instruments):
            self._draw_contract(terms, instrument)
        levels = [Level.INITIAL, Level.MAINTENANCE] + ([Level.CLOSE_OUT] if chance.random() < 0.5 else [])
        for level in levels:
            row = terms.levels[level]
            row.used = 1
            row.maintenance_weights = int(level != Level.INITIAL)
        terms.levels[Level.INITIAL].includes_orders = int(chance.random() < 0.7)
        terms.levels[Level.INITIAL].open_loss = int(chance.random() < 0.5)
        terms.levels[Level.INITIAL].maintenance_weights = int(chance.random() < 0.2)
        self._draw_stages(terms, Level.CLOSE_OUT in levels)
        layers = [tranche for tranche in Tranche if chance.random() < 0.6]
        for place, tranche in enumerate(layers[:ABSORBERS_MAX]):
            terms.absorbers[place].used = 1
            terms.absorbers[place].tranche = tranche
            terms.absorbers[place].cap_ppm = chance.choice([PPM, PPM, 500_000, 250_000, 1, 0])
        terms.assets[0].used = 1
        for asset in range(1, chance.randint(2, 3)):
            self._draw_asset(terms, asset)
        for row in range(chance.randint(0, 2)):
            breaker = terms.breakers[row]
            breaker.used = 1
            breaker.move_ppm = chance.choice([50_000, 100_000, 250_000])
            breaker.window_ns = chance.choice([SECOND, MINUTE, 10 * MINUTE])
            breaker.mode = chance.choice([Mode.REDUCE_ONLY, Mode.HALTED])
            breaker.release_ns = chance.choice([SECOND, 30 * SECOND, 5 * MINUTE])
        policy = terms.policy[0]
        policy.mark_combiner = chance.randint(0, 1)
        policy.mark_components = 7
        policy.sources_min = 1
        policy.future_max_ns = SECOND
        policy.funding_rate_max_ppb = chance.choice([10_000_000, 1_000_000_000])
        policy.adl_price = chance.choice(list(AdlPrice))
        policy.adl_score = chance.choice(list(AdlScore))
        policy.adl_policy = chance.choice(list(AdlPolicy))
        policy.withdraw_notional_ppm = chance.choice([0, 0, 100_000])
        policy.withdraw_gains = chance.randint(0, 1)
        policy.advance_max = chance.choice([1, 4, 50])
        return terms

    def _draw_contract(self, terms: Terms, instrument: int) -> None:
        chance = self.random
        start = chance.choice([7, 150, 5_000, 60_000, 1_000_000])
        self.start_ticks.append(start)
        contract = terms.contracts[instrument]
        contract.quanta_per_lot_tick = chance.choice([1, 3, 10, 1_000])
        contract.price_max_ticks = start * chance.choice([4, 20, 100])
        contract.lots_max = chance.choice([40, 1_000, 1_000_000])
        unit_max = int(contract.quanta_per_lot_tick) * int(contract.price_max_ticks)
        contract.lots_max = min(int(contract.lots_max), VALUE_MAX // unit_max)
        if chance.random() < 0.2:
            contract.open_interest_cap_lots = contract.lots_max * 2
        unit = start * int(contract.quanta_per_lot_tick)
        if chance.random() < 0.2:
            contract.open_interest_cap_quanta = unit * int(contract.lots_max) * 2
        self.sources.append([])
        for source in range(chance.randint(1, 3)):
            feed = terms.feeds[instrument * SOURCES_MAX + source]
            feed.weight = chance.choice([1, 1, 2])
            feed.kind = chance.choice([0, 0, 1, 2])
            feed.age_max_ns = chance.choice([0, 0, MINUTE, 10 * MINUTE])
            feed.step_max_ppm = chance.choice([0, 0, 0, 200_000])
            self.sources[instrument].append(source)
        self._draw_schedules(terms, instrument, unit * int(contract.lots_max))

    def _draw_schedules(self, terms: Terms, instrument: int, notional_max: int) -> None:
        """Three ladders of rates that rise with size, the deeper levels asking less."""
        chance = self.random
        count = chance.randint(1, 4)
        denominator = chance.choice([PPM, 1_000, 600, 7_777])
        floors = [0, *sorted(chance.sample(range(1, max(notional_max, 50)), count - 1))]
        rates = sorted(chance.randint(max(denominator // 200, 1), denominator // 6) for _ in range(count))
        kind = chance.choice(
            [Schedule.BRACKETS_MARGINAL, Schedule.BRACKETS_MARGINAL, Schedule.BRACKETS_WHOLE, Schedule.USER_LEVERAGE]
        )
        if chance.random() < 0.05:
            kind = Schedule.ZERO
        by_level = {
            Level.INITIAL: [min(rate * 2 + 1, denominator) for rate in rates],
            Level.MAINTENANCE: rates,
            Level.CLOSE_OUT: [rate // 2 for rate in rates],
        }
        for level, numerators in by_level.items():
            schedule = terms.schedules[level * self.instruments + instrument]
            schedule.kind = kind
            if kind == Schedule.USER_LEVERAGE and level != Level.INITIAL:
                schedule.kind = Schedule.BRACKETS_MARGINAL
            schedule.denominator = denominator
            schedule.first_bracket = self.brackets_used
            schedule.bracket_count = count
            schedule.scale_ppm = PPM
            schedule.rate_max_ppm = -(-max(numerators) * PPM // denominator)
            self._write_brackets(terms, schedule, floors, numerators)
            self.brackets_used += count

    def _write_brackets(self, terms: Terms, schedule: Any, floors: list[int], numerators: list[int]) -> None:
        deduction = 0
        for place, (floor, numerator) in enumerate(zip(floors, numerators, strict=True)):
            if place > 0:
                deduction += floor * (numerator - numerators[place - 1])
            bracket = terms.brackets[int(schedule.first_bracket) + place]
            bracket.floor_quanta = floor
            bracket.numerator = numerator
            bracket.deduction_whole, bracket.deduction_rest = divmod(deduction, int(schedule.denominator))

    def _draw_stages(self, terms: Terms, close_out: bool) -> None:
        chance = self.random
        ladders = [
            [Executor.ENGINE, Executor.BACKSTOP_VAULT, Executor.ADL],
            [Executor.ENGINE, Executor.ADL],
            [Executor.BACKSTOP_VAULT, Executor.ADL],
            [Executor.ENGINE, Executor.ENGINE, Executor.BACKSTOP_VAULT],
            [Executor.ENGINE],
            [Executor.ADL],
            [Executor.ENGINE, Executor.BACKSTOP_VAULT, Executor.ENGINE, Executor.ADL],
        ]
        scale = PPM
        for place, executor in enumerate(chance.choice(ladders)):
            stage = terms.stages[place]
            stage.used = 1
            stage.level = Level.MAINTENANCE
            if place > 0:
                scale = chance.choice([scale, scale, scale * 2 // 3, scale // 3, 0])
                if close_out and chance.random() < 0.3:
                    stage.level = Level.CLOSE_OUT
            stage.scale_ppm = scale
            stage.or_equal = chance.randint(0, 1)
            stage.executor = executor
            stage.sizing = chance.choice(list(Size))
            stage.size_ppm = chance.choice([1, 200_000, 500_000, PPM])
            if stage.sizing == Size.TO_HEALTH:
                stage.size_ppm = chance.choice([PPM, 1_250_000, 2 * PPM])
            stage.size_min_quanta = chance.choice([0, 1_000, 1_000_000])
            stage.cooldown_ns = chance.choice([0, SECOND, 30 * SECOND])
            stage.price_limit = chance.choice(list(PriceLimit))
            stage.timeout_ns = chance.choice([0, SECOND, MINUTE])
            stage.fee_ppm = chance.choice([0, 0, 5_000, 50_000])
            stage.fee_payee = chance.choice(list(FeePayee))
            stage.residual_payee = chance.choice(list(FeePayee))
            stage.accept = chance.choice(list(Accept))

    def _draw_asset(self, terms: Terms, asset: int) -> None:
        chance = self.random
        row = terms.assets[asset]
        row.used = 1
        row.price_instrument = chance.randrange(self.instruments)
        row.value_num = chance.choice([1, 1, 7])
        row.value_den = chance.choice([1, 3, 1_000])
        row.maintenance_ppm = chance.choice([PPM, 900_000, 333_333])
        row.initial_ppm = chance.choice([0, int(row.maintenance_ppm) // 2, int(row.maintenance_ppm)])
        self.assets.append(asset)

    def _draw_weights(self) -> dict[str, float]:
        """How often this world asks for what: some worlds never do some things, some do little else."""
        base = {
            "price": 20,
            "jump": 3,
            "trigger": 8,
            "trade": 22,
            "reduce": 6,
            "fill": 14,
            "advance": 12,
            "deposit": 3,
            "withdraw": 6,
            "transfer": 2,
            "reserve": 4,
            "release": 3,
            "leverage": 2,
            "funding": 3,
            "collateral_in": 2,
            "collateral_out": 2,
            "sale": 4,
            "fund": 1,
            "vault": 3,
            "mode": 1,
            "terms": 1,
            "wait": 2,
            "nonsense": 2,
        }
        needed = {"price", "trade", "fill", "advance", "trigger", "deposit"}
        return {
            name: weight * (1 if name in needed else self.random.choice([0, 1, 1, 3])) for name, weight in base.items()
        }

    def _open(self) -> None:
        """The first commands: markets, accounts, prices, money."""
        chance = self.random
        for instrument in range(self.instruments):
            self._ask(ListInstrument(self.time_ns, instrument))
        for place in range(chance.randint(12, 25)):
            account = self.first + place
            self.kinds[account] = AccountKind.ISOLATED if chance.random() < 0.25 else AccountKind.CROSS
            self.owners[account] = chance.randint(1, 8)
            self._ask(OpenAccount(self.time_ns, account, self.owners[account], self.kinds[account]))
        for instrument in range(self.instruments):
            for source in self.sources[instrument]:
                start = self.start_ticks[instrument]
                self._ask(PriceReport(self.time_ns, instrument, source, start, self.time_ns))
        self.scale = max(
            start * int(contract.quanta_per_lot_tick) * 10
            for start, contract in zip(self.start_ticks, self.terms.contracts, strict=True)
        )
        for account in self.kinds:
            self._ask(Deposit(self.time_ns, account, self._amount()))
        rich = chance.choice([0, 1, 100, 10_000])
        for fund in (SystemAccount.VENUE_CAPITAL, SystemAccount.VENUE_FUND, SystemAccount.VAULT):
            if rich and chance.random() < 0.8:
                self._ask(ContributeFund(self.time_ns, fund, max(self.scale * rich // 100, 1)))
        for instrument in range(self.instruments):
            if rich and chance.random() < 0.8:
                self._ask(
                    ContributeFund(
                        self.time_ns, SystemAccount.MARKET_FUNDS + instrument, max(self.scale * rich // 1000, 1)
                    )
                )

    def _amount(self) -> int:
        return max(int(self.scale * self.random.lognormvariate(0, 1.5)), 1)

    # Commands from the state ----------------------------------------------------------------------------------------

    def _ask(self, command: Command) -> None:
        self.pending.append(command)

    def next_command(self, state: Any, books: Books | None = None) -> Command:
        """The next command of this world, drawn from the state (or from books somebody already keeps of it)."""
        if self.pending:
            return self.pending.popleft()
        self.state = state
        self.books = books or Books.read(state)
        self.time_ns = max(self.time_ns, self.books.time_ns)
        self.time_ns += self.random.choice([0, MILLISECOND, 20 * MILLISECOND, SECOND, 7 * SECOND])
        names = list(self.weights)
        while True:
            name = self.random.choices(names, [self.weights[key] for key in names])[0]
            command: Command | None = getattr(self, "_ask_" + name)()
            if command is not None:
                return command
            if self.pending:
                return self.pending.popleft()

    def observe(self, command: Command, events: Any) -> None:
        """Count what this command met."""
        self.reach[f"command {command.kind.name}"] += 1
        for event in events:
            kind = EventKind(int(event["kind"]))
            self.reach[f"event {kind.name}"] += 1
            if kind == EventKind.COMMAND_REFUSED:
                self.reach[f"refusal {Refusal(int(event['refusal'])).name}"] += 1
            elif kind == EventKind.TRANCHE_DRAWN:
                by_price = event["account"] == event["counterparty"]
                self.reach[f"tranche {Tranche(int(event['tranche'])).name}{' by price' if by_price else ''}"] += 1
            elif kind == EventKind.MODE_CHANGED:
                by = "breaker" if command.kind == PriceReport.kind else "other"
                self.reach[f"mode {Mode(int(event['mode'])).name} by {by}"] += 1
            elif kind == EventKind.LIQUIDATION_ORDERED:
                stage = self.books.rules.stages[int(event["stage"])]
                self.reach[f"size {Size(stage['sizing']).name}"] += 1
                self.reach[f"limit {PriceLimit(stage['price_limit']).name}"] += 1
                self.reach["executor ENGINE"] += 1
            elif kind == EventKind.POSITION_TAKEN_OVER:
                self.reach["executor BACKSTOP_VAULT"] += 1
            elif kind == EventKind.POSITION_DELEVERAGED:
                self.reach["executor ADL"] += 1
            elif kind == EventKind.ACCOUNT_FLAGGED and event["account"] == SystemAccount.VAULT:
                self.reach["vault default"] += 1

    def _trader(self) -> int:
        return self.random.choice(list(self.kinds))

    def _market(self) -> int:
        return self.random.randrange(self.instruments)

    def _near(self, number: int) -> int:
        """A number at, just beside, or somewhat off another."""
        off = self.random.choice([0, 0, 1, -1, 2, -2, number // 7, -number // 3, number])
        return number + off

    def _held(self, *, flagged: bool | None = None) -> list[tuple[int, int]]:
        return [
            (account, instrument)
            for account in self.kinds
            if account in self.books.accounts and flagged in (None, self.books.accounts[account].flagged)
            for instrument, position in self.books.accounts[account].positions.items()
            if position.lots
        ]

    def _price_of(self, instrument: int, ticks: int) -> Command:
        source = self.random.choice(self.sources[instrument])
        most = int(self.terms.contracts[instrument].price_max_ticks)
        ticks = min(max(ticks, 1), most)
        age = self.random.choice([0, 0, 0, 0, MILLISECOND, -MILLISECOND])
        return PriceReport(self.time_ns, instrument, source, ticks, self.time_ns - age)

    def _all_sources(self, instrument: int, ticks: int) -> Command:
        most = int(self.terms.contracts[instrument].price_max_ticks)
        ticks = min(max(ticks, 1), most)
        self.time_ns += MILLISECOND
        for source in self.sources[instrument]:
            self._ask(PriceReport(self.time_ns, instrument, source, ticks, self.time_ns))
        return self.pending.popleft()

    def _ask_price(self) -> Command:
        instrument = self._market()
        mark = self.books.marks[instrument] or self.start_ticks[instrument]
        return self._price_of(instrument, round(mark * self.random.gauss(1, 0.01)))

    def _ask_jump(self) -> Command:
        instrument = self._market()
        mark = self.books.marks[instrument] or self.start_ticks[instrument]
        if self.random.random() < 0.4:
            mark = self.start_ticks[instrument]
        return self._all_sources(instrument, round(mark * self.random.uniform(0.7, 1.3)))

    def _ask_trigger(self) -> Command | None:
        """A price at, one below or one above where some account becomes distressed."""
        places = self._held(flagged=False)
        if not places:
            return None
        account, instrument = self.random.choice(places)
        books = self.books
        lots = books.lots_of(account, instrument)
        kept = books.marks[instrument]
        most = int(self.terms.contracts[instrument].price_max_ticks)
        low, high = (1, kept) if lots > 0 else (kept, most)
        while low + 1 < high:
            middle = (low + high) // 2
            books.marks[instrument] = middle
            sound = books.surplus(account) >= 0
            if sound == (lots > 0):
                high = middle
            else:
                low = middle
        books.marks[instrument] = kept
        ticks = low + self.random.choice([-1, 0, 0, 1, 1, 2])
        if abs(ticks - kept) > kept // 3 and self.random.random() < 0.7:
            return None
        return self._all_sources(instrument, ticks)

    def _most_lots(self, account: int, instrument: int, sign: int) -> int:
        """About as many lots as the account can still open."""
        books = self.books
        unit = books.marks[instrument] * books.per_lot_tick(instrument)
        free = books.equity(account, Level.INITIAL) - books.requirement(account, Level.INITIAL)
        held = books.lots_of(account, instrument)
        ladder = books.rules.ladders[Level.INITIAL][instrument]
        position = books.accounts[account].positions.get(instrument)
        leverage = position.leverage if position else 0
        now = ladder.required(abs(held) * unit, leverage)
        low, high = 0, books.rules.contracts[instrument]["lots_max"] + 2
        while low + 1 < high:
            middle = (low + high) // 2
            if ladder.required(abs(held + sign * middle) * unit, leverage) - now <= free:
                low = middle
            else:
                high = middle
        return low

    def _ask_trade(self) -> Command | None:
        chance, books = self.random, self.books
        instrument = self._market()
        mark = books.marks[instrument]
        if not mark:
            return None
        buyer, seller = chance.sample(list(self.kinds), 2)
        if chance.random() < 0.08:
            if chance.random() < 0.5:
                buyer = SystemAccount.VAULT
            else:
                seller = SystemAccount.VAULT
        traders = [number for number in (buyer, seller) if number in self.kinds]
        most = min(
            self._most_lots(number, instrument, 1 if number == buyer else -1) if number in books.accounts else 1
            for number in traders
        )
        lots = self._near(most) if chance.random() < 0.35 else chance.randint(1, max(most, 1))
        price = mark if chance.random() < 0.6 else round(mark * chance.gauss(1, 0.02))
        value = abs(lots * price) * books.per_lot_tick(instrument)
        fee = counter_fee = 0
        if chance.random() < 0.3:
            fee = value * chance.choice([0, 1, 5]) // 10_000
            counter_fee = chance.choice([0, -fee, fee, -fee - 1, -fee // 2])
            if chance.random() < 0.5:
                fee, counter_fee = counter_fee, fee
        return Trade(self.time_ns, buyer, seller, instrument, lots, price, fee, counter_fee, chance.randrange(1_000))

    def _ask_reduce(self) -> Command | None:
        """Both sides make their positions smaller, often exactly at the mark."""
        chance, books = self.random, self.books
        places = self._held()
        pairs = [
            (long, short, instrument)
            for long, instrument in places
            if books.lots_of(long, instrument) > 0
            for short, other in places
            if other == instrument and books.lots_of(short, instrument) < 0
        ]
        if not pairs:
            return None
        seller, buyer, instrument = chance.choice(pairs)
        most = min(books.lots_of(seller, instrument), -books.lots_of(buyer, instrument))
        lots = chance.choice([most, chance.randint(1, most), most + 1, 1])
        mark = books.marks[instrument]
        price = mark if chance.random() < 0.6 else round(mark * chance.gauss(1, 0.02))
        return Trade(self.time_ns, buyer, seller, instrument, lots, price)

    def _references(self) -> list[tuple[int, int]]:
        return [
            (account, int(self.state.accounts[account].order_reference))
            for account in [*self.kinds, int(SystemAccount.VAULT)]
            if account in self.books.accounts and self.books.accounts[account].flagged
        ]

    def _ask_fill(self) -> Command | None:
        chance, books = self.random, self.books
        orders = [
            (account, reference, instrument, position)
            for account, reference in self._references()
            for instrument, position in books.accounts[account].positions.items()
            if position.ordered
        ]
        if not orders:
            return None
        account, reference, instrument, position = chance.choice(orders)
        lots = chance.choice([abs(position.ordered), chance.randint(1, abs(position.ordered)), 1])
        mark = books.marks[instrument]
        price = chance.choice([mark, position.limit or mark, round(mark * chance.gauss(1, 0.03))])
        if chance.random() < 0.1:
            lots += 1
        if chance.random() < 0.1 and position.limit:
            price = position.limit + (-1 if position.lots > 0 else 1)
        if chance.random() < 0.05:
            reference += chance.choice([-1, 1])
        others = [number for number in self.kinds if number != account]
        opposite = [number for number in others if books.lots_of(number, instrument) * position.lots < 0]
        rich = sorted(others, key=lambda number: -books.accounts[number].wallet if number in books.accounts else 0)
        other = chance.choice(chance.choice([opposite or others, others, rich[:3]]))
        return LiquidationFill(self.time_ns, account, other, instrument, lots, max(price, 0), reference)

    def _ask_sale(self) -> Command | None:
        chance = self.random
        holders = [pair for pair in self._references() if self.books.accounts[pair[0]].holdings]
        if not holders:
            return None
        account, reference = chance.choice(holders)
        asset, amount = chance.choice(list(self.books.accounts[account].holdings.items()))
        sold = chance.choice([amount, amount, chance.randint(1, amount), amount + 1])
        worth = self.books.collateral_value(asset, sold, Level.MAINTENANCE)
        return CollateralSale(self.time_ns, account, asset, sold, worth * chance.randint(0, 120) // 100, reference)

    def _ask_advance(self) -> Command:
        most = int(self.books.rules.policy["advance_max"])
        count = self.random.choice([1, most, most, most, most + 1, 0]) if self.random.random() < 0.3 else most
        return Advance(self.time_ns, count)

    def _ask_wait(self) -> Command:
        self.time_ns += self.random.choice([30 * SECOND, MINUTE, 11 * MINUTE])
        return self._ask_advance()

    def _ask_deposit(self) -> Command:
        account = self._trader()
        amount = self._amount()
        if account in self.books.accounts and self.random.random() < 0.5:
            amount = max(self._near(-self.books.surplus(account)), 1)
        return Deposit(self.time_ns, account, amount)

    def _ask_withdraw(self) -> Command:
        account = self._trader()
        amount = self._near(self.books.free(account)) if account in self.books.accounts else 1
        return Withdraw(self.time_ns, account, amount)

    def _ask_transfer(self) -> Command:
        account = self._trader()
        same = [number for number, owner in self.owners.items() if owner == self.owners[account]]
        other = self.random.choice(same if self.random.random() < 0.8 else list(self.kinds))
        amount = self._near(self.books.free(account)) if account in self.books.accounts else 1
        return TransferMargin(self.time_ns, account, other, amount)

    def _ask_reserve(self) -> Command | None:
        account, instrument = self._trader(), self._market()
        mark = self.books.marks[instrument]
        if not mark or account not in self.books.accounts:
            return None
        sign = self.random.choice([1, -1])
        most = self._most_lots(account, instrument, sign)
        lots = self._near(most) if self.random.random() < 0.4 else self.random.randint(1, max(most, 1))
        return ReserveOrder(self.time_ns, account, instrument, sign * lots, round(mark * self.random.gauss(1, 0.05)))

    def _ask_release(self) -> Command | None:
        waiting = [
            (account, instrument, position)
            for account in self.kinds
            if account in self.books.accounts
            for instrument, position in self.books.accounts[account].positions.items()
            if position.bid_lots or position.ask_lots
        ]
        if not waiting:
            return None
        account, instrument, position = self.random.choice(waiting)
        bids = position.bid_lots > 0 and (position.ask_lots == 0 or self.random.random() < 0.5)
        lots, quanta = (position.bid_lots, position.bid_quanta) if bids else (position.ask_lots, position.ask_quanta)
        price = quanta // (lots * self.books.per_lot_tick(instrument))
        lots = self._near(lots) if self.random.random() < 0.3 else lots
        return ReleaseOrder(self.time_ns, account, instrument, lots if bids else -lots, price)

    def _ask_leverage(self) -> Command:
        leverage = self.random.choice([0, 1, 2, 3, 5, 10, 25, 100, 1_000, 1_001])
        return SetLeverage(self.time_ns, self._trader(), self._market(), leverage)

    def _ask_funding(self) -> Command:
        most = int(self.books.rules.policy["funding_rate_max_ppb"])
        rate = self.random.choice([most, -most, most + 1, self.random.randint(-most, most) // 50, 1, -1])
        return FundingTick(self.time_ns, self._market(), rate)

    def _ask_collateral_in(self) -> Command | None:
        if not self.assets:
            return None
        asset = self.random.choice(self.assets)
        terms = self.terms.assets[asset]
        unit = self.start_ticks[int(terms.price_instrument)] * int(terms.value_num)
        amount = max(self._amount() * int(terms.value_den) // unit, 1)
        if self.random.random() < 0.1:
            amount = 1
        return Deposit(self.time_ns, self._trader(), amount, asset)

    def _ask_collateral_out(self) -> Command | None:
        holders = [
            (account, asset, amount)
            for account in self.kinds
            if account in self.books.accounts
            for asset, amount in self.books.accounts[account].holdings.items()
        ]
        if not holders:
            return None
        account, asset, amount = self.random.choice(holders)
        return Withdraw(self.time_ns, account, max(self._near(amount), 0), asset)

    def _ask_fund(self) -> Command:
        deficit = self.books.open_deficit
        if deficit and self.random.random() < 0.8:
            amount = self.random.choice([deficit, deficit, deficit + 1, max(deficit // 2, 1)])
            return ContributeFund(self.time_ns, SystemAccount.DEFICIT, amount)
        fund = self.random.choice(list(SystemAccount))
        return ContributeFund(self.time_ns, fund, max(self._amount() // 10, 1))

    def _ask_vault(self) -> Command:
        account = self._trader()
        if account in self.books.accounts and self.books.accounts[account].shares and self.random.random() < 0.6:
            return LeaveVault(self.time_ns, account, max(self._near(self.books.accounts[account].shares), 0))
        free = self.books.free(account) if account in self.books.accounts else 1
        return JoinVault(self.time_ns, account, self.random.choice([free, free + 1, max(free // 3, 1), 1]))

    def _ask_mode(self) -> Command:
        if self.random.random() < 0.6:
            return SetMode(self.time_ns, self._market(), Mode.ACTIVE)
        return SetMode(self.time_ns, self._market(), self.random.choice([1, 2, 2, 3]))

    def _ask_nonsense(self) -> Command:
        """Commands that name what does not exist, or carry numbers beyond every bound."""
        chance = self.random
        account = chance.choice([-1, 0, int(SystemAccount.FUNDING), self.first + 39, 60, 2**31 - 1, self._trader()])
        number = chance.choice([0, -1, 2**62, 2**63 - 1, -(2**63), 1])
        instrument = chance.choice([-1, self.instruments, self.instruments + 5, self._market()])
        source = chance.choice([-1, SOURCES_MAX, 5, 0])
        now = chance.choice([self.time_ns, 0, -1, 2**62, self.time_ns - MINUTE])
        commands: Sequence[Command] = (
            Deposit(now, account, number, chance.choice([0, -1, 3, 16])),
            Withdraw(now, account, number, chance.choice([0, -1, 3, 16])),
            Trade(now, account, self._trader(), instrument, number, 1),
            Trade(now, self._trader(), account, instrument, 1, number),
            PriceReport(now, instrument, source, number, self.time_ns),
            PriceReport(self.time_ns, self._market(), 0, 5, self.time_ns + chance.choice([MINUTE, -MINUTE])),
            LiquidationFill(now, account, self._trader(), instrument, 1, 1, number),
            CollateralSale(now, account, 1, number, 1, 1),
            ContributeFund(now, account, number),
            JoinVault(now, account, number),
            LeaveVault(now, account, number),
            OpenAccount(now, account, 1, chance.choice([0, 1, 3])),
            ListInstrument(now, instrument),
            ReserveOrder(now, account, instrument, number, 1),
            FundingTick(now, instrument, number),
            SetLeverage(now, account, instrument, 5),
            EnactTerms(now, chance.choice([0, 1, 7])),
            StageTerm(now, chance.choice([-1, 10**6]), 1),
        )
        return chance.choice(commands)

    # Changes of rules -----------------------------------------------------------------------------------------------

    def _cell(self, table: str, row: int, name: str) -> int:
        return cell_address(self.shape, table, row, name)

    def _ask_terms(self) -> Command:
        """A change of rules, all its cells and the enactment; what was refused is put back."""
        chance = self.random
        changes = chance.choice([self._change_rates, self._change_stage, self._change_policy, self._change_wrong])()
        for cell, value in changes:
            self._ask(StageTerm(self.time_ns, cell, value))
        self._ask(EnactTerms(self.time_ns, self.books.terms_version + 1))
        for cell, _value in self._wrong:
            self._ask(StageTerm(self.time_ns, cell, int(self.state.cells[cell])))
        return self.pending.popleft()

    _wrong: tuple[tuple[int, int], ...] = ()

    def _change_rates(self) -> list[tuple[int, int]]:
        """All rates of one market up or down, deductions rebuilt."""
        self._wrong = ()
        instrument = self._market()
        factor = Fraction(self.random.choice([9, 10, 11, 13]), 10)
        changes = []
        for level in Level:
            row = level * self.instruments + instrument
            schedule = self.state.schedules[row]
            denominator, first = int(schedule.denominator), int(schedule.first_bracket)
            deduction, last = 0, 0
            for place in range(first, first + int(schedule.bracket_count)):
                bracket = self.state.brackets[place]
                rate = min(max(int(bracket.numerator * factor), 1), denominator)
                if place > first:
                    deduction += int(bracket.floor_quanta) * (rate - last)
                last = rate
                whole, rest = divmod(deduction, denominator)
                for name, value in (("numerator", rate), ("deduction_whole", whole), ("deduction_rest", rest)):
                    changes.append((self._cell("brackets", place, name), value))
            largest = max(-(-last * PPM // denominator), int(schedule.rate_max_ppm))
            changes.append((self._cell("schedules", row, "rate_max_ppm"), largest))
        return changes

    def _change_stage(self) -> list[tuple[int, int]]:
        self._wrong = ()
        chance = self.random
        used = [row for row, stage in enumerate(self.books.rules.stages) if stage["used"]]
        row = chance.choice(used)
        name, value = chance.choice(
            [
                ("fee_ppm", chance.choice([0, 2_500, 30_000])),
                ("timeout_ns", chance.choice([0, SECOND, MINUTE])),
                ("or_equal", chance.randint(0, 1)),
                ("sizing", chance.choice([0, 1])),
                ("executor", chance.choice(list(Executor))),
                ("accept", chance.choice(list(Accept))),
                ("price_limit", chance.randint(0, 1)),
            ]
        )
        return [(self._cell("stages", row, name), int(value))]

    def _change_policy(self) -> list[tuple[int, int]]:
        self._wrong = ()
        chance = self.random
        name, value = chance.choice(
            [
                ("adl_price", chance.choice(list(AdlPrice))),
                ("adl_score", chance.choice(list(AdlScore))),
                ("adl_policy", chance.choice(list(AdlPolicy))),
                ("withdraw_gains", chance.randint(0, 1)),
                ("withdraw_notional_ppm", chance.choice([0, 50_000])),
                ("advance_max", chance.choice([1, 5, 50])),
            ]
        )
        return [(self._cell("policy", 0, name), int(value))]

    def _change_wrong(self) -> list[tuple[int, int]]:
        """A change the machine must refuse as a whole."""
        chance = self.random
        row = chance.randrange(self.instruments)
        cell, value = chance.choice(
            [
                (self._cell("contracts", row, "quanta_per_lot_tick"), 77),
                (self._cell("contracts", row, "price_max_ticks"), 3),
                (self._cell("stages", 0, "scale_ppm"), PPM // 2),
                (self._cell("stages", 0, "used"), 0),
                (self._cell("stages", 0, "executor"), 9),
                (self._cell("levels", Level.MAINTENANCE, "used"), 0),
                (self._cell("levels", Level.MAINTENANCE, "includes_orders"), 1),
                (self._cell("policy", 0, "advance_max"), 0),
                (self._cell("policy", 0, "sources_min"), SOURCES_MAX + 1),
                (self._cell("assets", 1, "maintenance_ppm"), PPM + 1),
                (self._cell("absorbers", 0, "cap_ppm"), PPM + 1 if self.state.absorbers[0].used else 0),
                (self._cell("schedules", row, "denominator"), -1),
            ]
        )
        self._wrong = ((cell, value),)
        return list(self._wrong)
