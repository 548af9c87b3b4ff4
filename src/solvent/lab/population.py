"""Who trades: a seeded, heavy-tailed population, the hedgers opposite it, and the market makers between them.

Directional traders draw an equity (lognormal, with a Pareto tail of whales), a leverage (lognormal) and one to four
markets by open interest. Hedgers hold what is missing on the other side, levered little, as those do who are long
the coin elsewhere. Equities are scaled so that the longs of all markets add up to the scenario's open interest;
what rounding leaves over goes to the market makers. Entries lie around the start's price, so some begin in profit.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from solvent.codes import AccountKind, Level, Schedule, SystemAccount
from solvent.commands import COMMAND_DTYPE, CommandKind
from solvent.lab.scenario import NANOSECONDS, Scenario
from solvent.rulebook.compile import CompiledTerms

TRADERS_MAX_MARKETS = 4
MARGIN_CUSHION = 1.03
ENTRY_SLACK_QUANTA = 1_000


@dataclass(frozen=True)
class People:
    """Accounts of a scenario and the commands that bring them about."""

    providers: np.ndarray
    traders: np.ndarray
    names: dict[str, int]
    commands: np.ndarray


def _records(count: int, kind: CommandKind, time_ns: int) -> np.ndarray:
    records = np.zeros(count, dtype=COMMAND_DTYPE)
    records["kind"] = kind
    records["time_ns"] = time_ns
    return records


def initial_requirement(compiled: CompiledTerms, instrument: int, notional_quanta: np.ndarray) -> np.ndarray:
    """Initial requirement as floats: how much cash to bring, not whether the machine will accept it.

    A curve is taken where it begins, scenarios at the worst move alone.
    """
    terms = compiled.terms
    schedule = terms.schedules[Level.INITIAL * len(terms.contracts) + instrument]
    rows = terms.brackets[int(schedule.first_bracket) : int(schedule.first_bracket + schedule.bracket_count)]
    required = np.zeros(len(notional_quanta))
    for row in rows:
        deduction = float(row.deduction_whole) + float(row.deduction_rest) / float(schedule.denominator)
        rate = float(row.numerator) / float(schedule.denominator)
        required = np.maximum(required, notional_quanta * rate - deduction)
    rate = 0.0
    if schedule.kind in (Schedule.CURVE, Schedule.SCENARIO):
        rate = float(max(schedule.base_ppb, schedule.floor_ppb)) / 1e9 * float(schedule.scale_ppm) / 1e6
    rate += float(schedule.add_ppm + schedule.reward_ppm) / 1e6
    return required + notional_quanta * rate + float(schedule.add_fixed_quanta) * (notional_quanta > 0)


def _draw_directional(
    random: np.random.Generator, scenario: Scenario, count: int, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(account, market, signed notional in quanta, leverage of the account) of every directional position."""
    population = scenario.population
    equity = np.exp(random.normal(0.0, float(population["equity_sigma_ppm"]), count))
    whales = random.random(count) < float(population["whale_share_ppm"])
    equity[whales] *= 20.0 * (1.0 + random.pareto(1.2, int(whales.sum())))
    leverage = float(population["leverage_median_ppm"]) * np.exp(
        random.normal(0.0, float(population["leverage_sigma_ppm"]), count)
    )
    leverage = np.clip(leverage, 0.5, 100.0)
    isolated = random.random(count) < float(population["isolated_share_ppm"])
    markets = np.minimum(random.geometric(0.6, count), min(TRADERS_MAX_MARKETS, len(weights)))
    markets[isolated] = 1
    # Gumbel keys draw markets without repetition, by weight, for everybody at once
    keys = np.log(weights)[None, :] + random.gumbel(size=(count, len(weights)))
    ranked = np.argsort(-keys, axis=1)
    account = np.repeat(np.arange(count), markets)
    within = np.arange(len(account)) - np.repeat(np.cumsum(markets) - markets, markets)
    market = ranked[account, within]
    share = random.exponential(size=len(account))
    share /= np.bincount(account, weights=share, minlength=count)[account]
    long = random.random(len(account)) < float(population["long_share_ppm"])
    notional = equity[account] * leverage[account] * share * np.where(long, 1.0, -1.0)
    return account, market, notional, np.where(isolated, -leverage, leverage)


def _match(
    random: np.random.Generator, buyers: np.ndarray, bought: np.ndarray, sellers: np.ndarray, sold: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pair shuffled buyers and sellers of equal totals lot by lot: (buyer, seller, lots) of each trade."""
    order = random.permutation(len(buyers))
    buyers, bought = buyers[order], bought[order]
    order = random.permutation(len(sellers))
    sellers, sold = sellers[order], sold[order]
    upto_bought, upto_sold = np.cumsum(bought), np.cumsum(sold)
    edges = np.union1d(upto_bought, upto_sold)
    lots = np.diff(np.concatenate([[0], edges]))
    return buyers[np.searchsorted(upto_bought, edges)], sellers[np.searchsorted(upto_sold, edges)], lots


def settle_people(
    scenario: Scenario, compiled: CompiledTerms, start_ticks: np.ndarray, count: int, seed: int
) -> People:
    """The accounts of the scenario, their cash and their positions, as commands a minute before the start."""
    random = np.random.Generator(np.random.PCG64(seed))
    contracts = compiled.terms.contracts
    markets = len(scenario.markets)
    first = SystemAccount.MARKET_FUNDS + len(contracts)
    providers = first + np.arange(int(scenario.liquidity["providers"]))
    time_ns = scenario.start_ns - 60 * NANOSECONDS
    quantum = 10**compiled.settlement_decimals
    lot_quanta = np.array([int(start_ticks[k]) * int(contracts[k].quanta_per_lot_tick) for k in range(markets)])
    interest = np.array([float(market.open_interest) for market in scenario.markets]) * quantum
    trades: list[np.ndarray] = []
    next_account = int(providers[-1]) + 1
    traders = np.arange(next_account, next_account + count)
    isolated = np.zeros(count, dtype=bool)
    leverage = np.ones(count)
    if count and interest.sum() > 0:
        hedgers = max(count // 12, 1)
        directional = count - hedgers
        weights = np.where(interest > 0, interest / interest.sum(), 1e-12)
        account, market, notional, signed_leverage = _draw_directional(random, scenario, directional, weights)
        isolated[:directional] = signed_leverage < 0
        leverage[:directional] = np.abs(signed_leverage)
        leverage[directional:] = np.exp(random.normal(-0.3, 0.7, hedgers))
        notional *= interest.sum() / max(notional[notional > 0].sum(), 1.0)
        lots = np.sign(notional) * np.maximum(np.round(np.abs(notional) / lot_quanta[market]), 1)
        lots = np.clip(lots, -contracts.lots_max[market] // 2, contracts.lots_max[market] // 2).astype(np.int64)
        hedger_sizes = np.exp(random.normal(0.0, 1.5, hedgers))
        for k in range(markets):
            here = market == k
            buyers, bought = traders[account[here & (lots > 0)]], lots[here & (lots > 0)]
            sellers, sold = traders[account[here & (lots < 0)]], -lots[here & (lots < 0)]
            gap = int(bought.sum() - sold.sum())
            helping = random.random(hedgers) < 0.7
            if gap != 0 and helping.any():
                who = traders[directional:][helping]
                part = hedger_sizes[helping] / hedger_sizes[helping].sum()
                each = np.diff(np.concatenate([[0], np.floor(np.cumsum(part) * abs(gap))])).astype(np.int64)
                each = np.minimum(each, int(contracts[k].lots_max) // 2)
                who, each = who[each > 0], each[each > 0]
                if gap > 0:
                    sellers, sold = np.concatenate([sellers, who]), np.concatenate([sold, each])
                else:
                    buyers, bought = np.concatenate([buyers, who]), np.concatenate([bought, each])
            gap = int(bought.sum() - sold.sum())
            if gap != 0:
                each = np.full(len(providers), abs(gap) // len(providers), dtype=np.int64)
                each[: abs(gap) % len(providers)] += 1
                who, each = providers[each > 0], each[each > 0]
                if gap > 0:
                    sellers, sold = np.concatenate([sellers, who]), np.concatenate([sold, each])
                else:
                    buyers, bought = np.concatenate([buyers, who]), np.concatenate([bought, each])
            if len(buyers) == 0:
                continue
            buyer, seller, size = _match(random, buyers, bought, sellers, sold)
            apart = buyer != seller
            records = _records(int(apart.sum()), CommandKind.TRADE, time_ns)
            records["account"], records["counterparty"] = buyer[apart], seller[apart]
            records["instrument"], records["lots"] = k, size[apart]
            spread = float(scenario.population["entry_spread_ppm"])
            entry = start_ticks[k] * (1.0 + random.uniform(-spread, spread * 0.5, len(records)))
            records["price_ticks"] = np.clip(np.round(entry), 1, contracts[k].price_max_ticks)
            trades.append(records)
    given, given_names, given_deposits, given_kinds = _given_accounts(
        scenario, compiled, start_ticks, next_account + count, providers, time_ns
    )
    trades.extend(given)
    everyone = np.concatenate([providers, traders, np.array(list(given_names.values()), dtype=np.int64)]).astype(
        np.int64
    )
    traded = np.concatenate(trades) if trades else _records(0, CommandKind.TRADE, time_ns)
    deposits = _deposits(compiled, start_ticks, traded, everyone, traders, leverage)
    deposits[: len(providers)] = np.maximum(deposits[: len(providers)], float(scenario.liquidity["capital"]) * quantum)
    if given_deposits:
        deposits[-len(given_deposits) :] = given_deposits
    kinds = np.full(len(everyone), AccountKind.CROSS)
    kinds[len(providers) : len(providers) + count][isolated] = AccountKind.ISOLATED
    if given_kinds:
        kinds[-len(given_kinds) :] = given_kinds
    opened = _records(len(everyone), CommandKind.OPEN_ACCOUNT, time_ns)
    opened["account"], opened["owner"], opened["account_kind"] = everyone, everyone, kinds
    funded = _records(len(everyone), CommandKind.DEPOSIT, time_ns)
    funded["account"], funded["amount_quanta"] = everyone, deposits.astype(np.int64)
    brought = _collateral(scenario, compiled, given_names, time_ns)
    return People(providers, traders, given_names, np.concatenate([opened, funded[deposits >= 1], brought, traded]))


def _collateral(scenario: Scenario, compiled: CompiledTerms, names: dict[str, int], time_ns: int) -> np.ndarray:
    """Deposits of what the written-out accounts bring besides cash; what the rules do not accept stays at home."""
    records = _records(sum(len(given.collateral) for given in scenario.accounts), CommandKind.DEPOSIT, time_ns)
    row = 0
    for given in scenario.accounts:
        for name, amount in given.collateral:
            asset = compiled.asset_ids.get(name)
            if asset is None or compiled.terms.assets[asset].used == 0:
                continue
            record = records[row]
            record["account"], record["asset"] = names[given.name], asset
            record["amount_quanta"] = int(Fraction(amount) * 10 ** compiled.asset_decimals[name])
            row += 1
    return records[:row]


def _deposits(
    compiled: CompiledTerms,
    start_ticks: np.ndarray,
    traded: np.ndarray,
    everyone: np.ndarray,
    traders: np.ndarray,
    leverage: np.ndarray,
) -> np.ndarray:
    """Cash in quanta that gives every trader its leverage at the start and lets every trade through."""
    contracts = compiled.terms.contracts
    first = int(everyone[0])
    size = int(everyone[-1]) - first + 1
    lot_tick = contracts.quanta_per_lot_tick[traded["instrument"]].astype(float)
    mark = start_ticks[traded["instrument"]].astype(float)
    gain = (mark - traded["price_ticks"]) * traded["lots"] * lot_tick
    value = mark * traded["lots"] * lot_tick
    notional, required, gains, losses = (np.zeros(size) for _ in range(4))
    for who, sign in ((traded["account"] - first, 1.0), (traded["counterparty"] - first, -1.0)):
        gains += np.bincount(who, weights=sign * gain, minlength=size)
        losses += np.bincount(who, weights=np.maximum(-sign * gain, 0.0), minlength=size)
    for instrument in np.unique(traded["instrument"]):
        here = traded["instrument"] == instrument
        held = np.bincount(traded["account"][here] - first, weights=value[here], minlength=size)
        held -= np.bincount(traded["counterparty"][here] - first, weights=value[here], minlength=size)
        notional += np.abs(held)
        required += initial_requirement(compiled, int(instrument), np.abs(held))
    wanted = np.zeros(size)
    place = traders - first
    wanted[place] = notional[place] / leverage
    deposits = np.maximum(wanted - gains, MARGIN_CUSHION * required + losses) + ENTRY_SLACK_QUANTA
    deposits[notional == 0] = 0
    floored: np.ndarray = np.floor(deposits)
    return floored


def _given_accounts(
    scenario: Scenario,
    compiled: CompiledTerms,
    start_ticks: np.ndarray,
    next_account: int,
    providers: np.ndarray,
    time_ns: int,
) -> tuple[list[np.ndarray], dict[str, int], list[float], list[int]]:
    """Trades, numbers, deposits and kinds of the accounts a scenario writes out; market makers take the other side."""
    names: dict[str, int] = {}
    deposits: list[float] = []
    kinds: list[int] = []
    trades: list[np.ndarray] = []
    rows = {market.contract.symbol: row for row, market in enumerate(scenario.markets)}
    for place, given in enumerate(scenario.accounts):
        number = next_account + place
        names[given.name] = number
        deposits.append(float(Fraction(given.deposit) * 10**compiled.settlement_decimals))
        kinds.append(AccountKind.ISOLATED if given.isolated else AccountKind.CROSS)
        for position in given.positions:
            row = rows[position.symbol]
            contract = scenario.markets[row].contract
            provider = int(providers[(place + row) % len(providers)])
            record = _records(1, CommandKind.TRADE, time_ns)
            long = position.size > 0
            record["account"], record["counterparty"] = (number, provider) if long else (provider, number)
            record["instrument"] = row
            record["lots"] = round(abs(Fraction(position.size)) / Fraction(contract.lot_size))
            entry = start_ticks[row]
            if position.entry is not None:
                entry = round(Fraction(position.entry) / Fraction(contract.tick_size))
            record["price_ticks"] = entry
            trades.append(record)
    return trades, names, deposits, kinds
