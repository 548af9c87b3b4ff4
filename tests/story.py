"""Cases told in the words of the trade: a TOML file is played through the engine, every expectation held to the quantum.

    [given]      rulebook = a preset or a file of cases/rulebooks; [given.rules] replaces parts of it
                 markets = { BTC = 100.0 }                    base and opening price; the first is what steps mean
                 funds   = { market_fund = 5.0, vault = 100 } market_fund.ETH, venue_fund, venue_capital, vault
                 accounts.anna = { deposit = 10.0, kind = "isolated", owner = "ben", collateral = { BTC = 0.5 } }
                 positions = [{ long = "anna", short = "ben", size = 1.0, at = 100.0, of = "BTC" }]
    [story]      steps = [ … ], one command or one expectation a line: { price = 95.0, after = "31 s" }. The verbs are
                 the methods of Story that begin with do_ and expect_. `refused` names the reason a command must get;
                 one refused without it fails the case. Between two commands a second passes.

After every command money and lots must balance.
"""

import contextlib
import json
import sys
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from tests.plain import plain

from solvent.codes import AccountKind, Level, Mode, Refusal, Status, SystemAccount, Tranche
from solvent.commands import (
    Advance,
    BidShare,
    ClaimLiquidation,
    CollateralSale,
    Command,
    ContributeFund,
    CrossAuction,
    Deposit,
    EnactTerms,
    EndorseKeeper,
    FundingTick,
    GiveNotice,
    JoinVault,
    LeaveVault,
    LiquidationFill,
    ListInstrument,
    OpenAccount,
    OpenPool,
    PriceReport,
    ReleaseOrder,
    ReportInterest,
    ReserveOrder,
    SetLeverage,
    SetMode,
    SettleMarket,
    StageTerm,
    Trade,
    TransferMargin,
    UnwindFill,
    Withdraw,
)
from solvent.engine.engine import Engine, Genesis
from solvent.events import EventKind
from solvent.procedures.assess import assess_accounts
from solvent.procedures.laws import imbalances
from solvent.rulebook.compile import change_terms, compile_terms
from solvent.rulebook.contracts import Contract, Feed, Option
from solvent.rulebook.document import parse_rulebook, preset_names, read_rulebook
from solvent.rulebook.rules import Rulebook
from solvent.state.positions import find_holding, find_position
from solvent.state.terms import TermsShape, view_terms
from solvent.state.whole import first_user_account, queued_accounts

HERE = Path(__file__).parent / "cases"
CASES = sorted(HERE.glob("*.toml"))
SECOND = 10**9
START_NS = 1_760_000_000 * SECOND
USDC = 10**6
LOT = Decimal("0.01")
TICK = Decimal("0.01")
SYSTEM = {
    "fees": SystemAccount.FEES,
    "venue_capital": SystemAccount.VENUE_CAPITAL,
    "venue_fund": SystemAccount.VENUE_FUND,
    "vault": SystemAccount.VAULT,
    "funding": SystemAccount.FUNDING,
    "deficit": SystemAccount.DEFICIT,
}
MODIFIERS = {"after", "refused", "of"}


class CaseFailed(AssertionError):
    """A case did not go as told: the step, what was expected and got, and the events that led there."""


def toml(value: Any) -> str:
    """A value as inline TOML."""
    if isinstance(value, Mapping):
        keys = {key: key if key.replace("_", "").isalnum() else json.dumps(key) for key in value}
        return "{ " + ", ".join(f"{keys[key]} = {toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return str(value) if isinstance(value, Decimal) else json.dumps(value)


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Tables are joined, everything else is replaced."""
    both = dict(below)
    for key, value in above.items():
        both[key] = (
            merged(both[key], value) if isinstance(value, Mapping) and isinstance(both.get(key), Mapping) else value
        )
    return both


def rulebook_of(name: str, rules: Mapping[str, Any]) -> Rulebook:
    """A preset or a rulebook of the cases, with some of its rules replaced."""
    text = (
        read_rulebook(name).text if name in preset_names() else (HERE / "rulebooks" / f"{name}.toml").read_text("utf-8")
    )
    document = merged(tomllib.loads(text), rules)
    return parse_rulebook("\n".join(f"{key} = {toml(value)}" for key, value in document.items()), name)


def steps_of(value: Any, unit: Decimal) -> int:
    """A decimal as a whole number of lots or ticks."""
    count = Fraction(value) / Fraction(unit)
    assert count.denominator == 1, f"{value} is not a multiple of {unit}"
    return int(count)


def quanta(value: Any) -> int:
    """An amount of the settlement currency in quanta."""
    return steps_of(value, Decimal("0.000001"))


def money(amount: int) -> str:
    """Quanta as people write them."""
    return f"{Decimal(amount) / USDC:f}"


class Story:
    """One case while it is played."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.title: str = document["title"]
        self.given: Mapping[str, Any] = document["given"]
        self.bases = list(self.given.get("markets", {"BTC": 100}))
        feeds = self.given.get("feeds", {"venue": "mark"})
        self.feeds = list(feeds)
        self.contracts = [
            Contract(
                base,
                base,
                LOT,
                TICK,
                Decimal(10_000),
                Decimal(100_000),
                tuple(Feed(*feed) for feed in feeds.items()),
                kind=self.kind_of(base),
                option=self.option_of(base),
            )
            for base in self.bases
        ]
        self.rules: dict[str, Any] = dict(self.given.get("rules", {}))
        compiled = compile_terms(rulebook_of(self.given["rulebook"], self.rules), self.contracts)
        self.assets = compiled.asset_ids
        self.shape: TermsShape = compiled.shape
        self.decimals = {
            asset.asset: asset.decimals for asset in rulebook_of(self.given["rulebook"], self.rules).collateral
        }
        self.engine = Engine.in_memory(Genesis.of(compiled.terms, compiled.symbols, {}))
        self.numbers: dict[str, int] = {name: int(row) for name, row in SYSTEM.items()}
        for place, base in enumerate(self.bases):
            self.numbers[f"market_fund.{base}"] = SystemAccount.MARKET_FUNDS + place
        self.numbers["market_fund"] = SystemAccount.MARKET_FUNDS + 0
        self.time_ns = START_NS
        self.events: list[np.recarray] = []
        self.last: np.recarray = np.recarray(0, dtype=[("kind", np.int32)])
        self.told_from = 0
        self.where = "given"
        self.settle()

    def kind_of(self, base: str) -> Any:
        """Linear, inverse where it is named, an option where it is described."""
        if base in self.given.get("options", {}):
            return "option"
        return "inverse" if base in self.given.get("inverse", ()) else "linear"

    def option_of(self, base: str) -> Option | None:
        """What [given.options] says of a market: { type = "call", strike = 100.0, of = "BTC", expires = "60 s" }."""
        given = self.given.get("options", {}).get(base)
        if given is None:
            return None
        expiry = START_NS + seconds(given["expires"])
        in_coin = given.get("in_coin", False)
        return Option(given.get("of", self.bases[0]), given["type"], Decimal(str(given["strike"])), expiry, in_coin)

    # ---- the beginning

    def settle(self) -> None:
        """Markets, prices, funds, accounts and positions."""
        for place, (base, price) in enumerate(self.given.get("markets", {"BTC": 100}).items()):
            self.send(ListInstrument(self.time_ns, place))
            for source in self.feeds:
                self.do_price({"price": price, "of": base, "source": source})
        for name, amount in self.given.get("funds", {}).items():
            self.do_contribute({"contribute": amount, "to": name})
        owners = {name: number for number, name in enumerate(self.given.get("accounts", {}), start=1)}
        for name, account in self.given.get("accounts", {}).items():
            number = first_user_account(self.engine.state) + owners[name] - 1
            self.numbers[name] = number
            kind = AccountKind[account.get("kind", "cross").upper()]
            self.send(OpenAccount(self.time_ns, number, owners[account.get("owner", name)], kind))
            if account.get("deposit"):
                self.do_deposit({"deposit": account["deposit"], "into": name})
            for asset, amount in account.get("collateral", {}).items():
                self.do_deposit({"deposit": amount, "into": name, "asset": asset})
        for position in self.given.get("positions", ()):
            at = position.get("at", self.given.get("markets", {"BTC": 100})[position.get("of", self.bases[0])])
            words = {"buy": position["size"], "who": position["long"], "from": position["short"], "at": at}
            self.do_buy({**words, "of": position.get("of", self.bases[0])})

    # ---- what may be asked, each in the trader's words

    def market(self, step: Mapping[str, Any]) -> int:
        return self.bases.index(step.get("of", self.bases[0]))

    def account(self, name: str) -> int:
        assert name in self.numbers, f"nobody here is called {name}: {', '.join(self.numbers)}"
        return self.numbers[name]

    def amount(self, value: Any, asset: str) -> int:
        return quanta(value) if self.assets[asset] == 0 else steps_of(value, Decimal(1).scaleb(-self.decimals[asset]))

    def settlement(self) -> str:
        return next(asset for asset, number in self.assets.items() if number == 0)

    def do_price(self, step: Mapping[str, Any]) -> None:
        """{ price = 95.0, of = "BTC", source = "venue", age = "3 s" }"""
        source = self.feeds.index(step.get("source", self.feeds[0]))
        seen = self.time_ns - seconds(step.get("age", "0 s"))
        self.send(PriceReport(self.time_ns, self.market(step), source, steps_of(step["price"], TICK), seen))

    def do_settle(self, step: Mapping[str, Any]) -> None:
        """{ settle = 104.0, of = "CALL" }: the market ends; an option at a price of its underlying"""
        self.send(SettleMarket(self.time_ns, self.market(step), steps_of(step["settle"], TICK)))

    def do_buy(self, step: Mapping[str, Any]) -> None:
        """{ buy = 1.0, who = "anna", from = "ben", at = 95.0, fee = 0.01, other_fee = -0.005 }"""
        sides = self.account(step["who"]), self.account(step["from"])
        fees = quanta(step.get("fee", 0)), quanta(step.get("other_fee", 0))
        size, price = steps_of(step["buy"], LOT), steps_of(step["at"], TICK)
        self.send(Trade(self.time_ns, *sides, self.market(step), size, price, *fees))

    def do_deposit(self, step: Mapping[str, Any]) -> None:
        """{ deposit = 5.0, into = "anna", asset = "BTC" }"""
        asset = step.get("asset", self.settlement())
        amount = self.amount(step["deposit"], asset)
        self.send(Deposit(self.time_ns, self.account(step["into"]), amount, self.assets[asset]))

    def do_withdraw(self, step: Mapping[str, Any]) -> None:
        """{ withdraw = 5.0, from = "anna", asset = "BTC" }"""
        asset = step.get("asset", self.settlement())
        amount = self.amount(step["withdraw"], asset)
        self.send(Withdraw(self.time_ns, self.account(step["from"]), amount, self.assets[asset]))

    def do_transfer(self, step: Mapping[str, Any]) -> None:
        """{ transfer = 5.0, from = "anna", to = "anna_isolated" }"""
        sides = self.account(step["from"]), self.account(step["to"])
        self.send(TransferMargin(self.time_ns, *sides, quanta(step["transfer"])))

    def do_bid(self, step: Mapping[str, Any]) -> None:
        """{ bid = 1.0, who = "anna", at = 95.0 }"""
        self.send(self.order(ReserveOrder, step, "bid", 1))

    def do_offer(self, step: Mapping[str, Any]) -> None:
        """{ offer = 1.0, who = "anna", at = 95.0 }"""
        self.send(self.order(ReserveOrder, step, "offer", -1))

    def do_release_bid(self, step: Mapping[str, Any]) -> None:
        """{ release_bid = 1.0, who = "anna", at = 95.0 }"""
        self.send(self.order(ReleaseOrder, step, "release_bid", 1))

    def do_release_offer(self, step: Mapping[str, Any]) -> None:
        """{ release_offer = 1.0, who = "anna", at = 95.0 }"""
        self.send(self.order(ReleaseOrder, step, "release_offer", -1))

    def order(self, command: Any, step: Mapping[str, Any], verb: str, sign: int) -> Command:
        lots = sign * steps_of(step[verb], LOT)
        price = steps_of(step["at"], TICK)
        made: Command = command(self.time_ns, self.account(step["who"]), self.market(step), lots, price)
        return made

    def do_leverage(self, step: Mapping[str, Any]) -> None:
        """{ leverage = 5, who = "anna" }"""
        self.send(SetLeverage(self.time_ns, self.account(step["who"]), self.market(step), step["leverage"]))

    def do_funding(self, step: Mapping[str, Any]) -> None:
        """{ funding = 0.001 }: longs pay a thousandth of the mark value"""
        self.send(FundingTick(self.time_ns, self.market(step), steps_of(step["funding"], Decimal("1e-9"))))

    def do_advance(self, step: Mapping[str, Any]) -> None:
        """{ advance = 8 }: work at most eight accounts"""
        self.send(Advance(self.time_ns, step["advance"]))

    def do_fill(self, step: Mapping[str, Any]) -> None:
        """{ fill = 1.0, who = "anna", with = "maker", at = 95.0 }"""
        account = self.account(step["who"])
        reference = step.get("reference", int(self.engine.state.accounts[account].order_reference))
        size, price = steps_of(step["fill"], LOT), steps_of(step["at"], TICK)
        other = self.account(step["with"])
        self.send(LiquidationFill(self.time_ns, account, other, self.market(step), size, price, reference))

    def do_sell_collateral(self, step: Mapping[str, Any]) -> None:
        """{ sell_collateral = 0.5, asset = "BTC", who = "anna", proceeds = 40.0 }"""
        account = self.account(step["who"])
        amount = self.amount(step["sell_collateral"], step["asset"])
        reference = int(self.engine.state.accounts[account].order_reference)
        asset, proceeds = self.assets[step["asset"]], quanta(step["proceeds"])
        self.send(CollateralSale(self.time_ns, account, asset, amount, proceeds, reference))

    def do_mode(self, step: Mapping[str, Any]) -> None:
        """{ mode = "halted" }"""
        self.send(SetMode(self.time_ns, self.market(step), Mode[step["mode"].upper()]))

    def do_interest(self, step: Mapping[str, Any]) -> None:
        """{ interest = -2.0, at = 95.0 }: what is wanted or offered in the reopening auction"""
        lots, price = steps_of(step["interest"], LOT), steps_of(step["at"], TICK)
        self.send(ReportInterest(self.time_ns, self.market(step), lots, price))

    def do_cross(self, step: Mapping[str, Any]) -> None:
        """{ cross = "BTC" }: the auction finds its price"""
        self.send(CrossAuction(self.time_ns, self.bases.index(step["cross"])))

    def do_contribute(self, step: Mapping[str, Any]) -> None:
        """{ contribute = 5.0, to = "venue_fund" }"""
        self.send(ContributeFund(self.time_ns, self.account(step["to"]), quanta(step["contribute"])))

    def do_open_pool(self, step: Mapping[str, Any]) -> None:
        """{ open_pool = "thin", number = 1 }: the pool of the rules that is called so has an account from now on"""
        number = int(self.engine.state.venue[0].account_count)
        self.numbers[step["open_pool"]] = number
        self.send(OpenPool(self.time_ns, number, step["number"]))

    def do_join_vault(self, step: Mapping[str, Any]) -> None:
        """{ join_vault = 10.0, who = "anna", pool = "thin" }; without a pool it is the vault"""
        pool = self.account(step["pool"]) if "pool" in step else 0
        self.send(JoinVault(self.time_ns, self.account(step["who"]), quanta(step["join_vault"]), pool))

    def do_notice(self, step: Mapping[str, Any]) -> None:
        """{ notice = "all", who = "anna" }: all her shares, or so many, are to be sold"""
        account = self.account(step["who"])
        held = int(self.engine.state.accounts[account].vault_shares)
        self.send(GiveNotice(self.time_ns, account, held if step["notice"] == "all" else step["notice"]))

    def do_endorse(self, step: Mapping[str, Any]) -> None:
        """{ endorse = "kate" }"""
        self.send(EndorseKeeper(self.time_ns, self.account(step["endorse"]), 1))

    def do_claim(self, step: Mapping[str, Any]) -> None:
        """{ claim = 5.0, who = "anna", by = "kate", worst = 88.0 }: a keeper takes lots that are on offer"""
        account = self.account(step["who"])
        reference = step.get("reference", int(self.engine.state.accounts[account].order_reference))
        lots, worst = steps_of(step["claim"], LOT), steps_of(step.get("worst", 0), TICK)
        keeper = self.account(step["by"])
        self.send(ClaimLiquidation(self.time_ns, account, keeper, self.market(step), lots, reference, worst))

    def do_take_share(self, step: Mapping[str, Any]) -> None:
        """{ take_share = "10 %", who = "anna", by = "bob" }: a bidder takes a share of the whole account"""
        account = self.account(step["who"])
        reference = int(self.engine.state.accounts[account].order_reference)
        share = int(step["take_share"].removesuffix(" %")) * 10_000
        self.send(BidShare(self.time_ns, account, self.account(step["by"]), share, reference))

    def do_unwind(self, step: Mapping[str, Any]) -> None:
        """{ unwind = 2.0, pool = "thin", with = "maker", at = 95.0 }: the venue worked a part of the pool's order"""
        instrument = self.market(step)
        reference = int(self.engine.state.unwinds[instrument].reference)
        size, price = steps_of(step["unwind"], LOT), steps_of(step["at"], TICK)
        pool, other = self.account(step["pool"]), self.account(step["with"])
        self.send(UnwindFill(self.time_ns, pool, other, instrument, size, price, reference))

    def do_leave_vault(self, step: Mapping[str, Any]) -> None:
        """{ leave_vault = "all", who = "anna" }, or "11 %" of the shares, or a number of them"""
        account = self.account(step["who"])
        shares = step["leave_vault"]
        if isinstance(shares, str):
            percent = 100 if shares == "all" else int(shares.removesuffix(" %"))
            shares = int(self.engine.state.accounts[account].vault_shares) * percent // 100
        self.send(LeaveVault(self.time_ns, account, shares))

    def do_stage_rules(self, step: Mapping[str, Any]) -> None:
        """{ stage_rules = { … } }: as [given.rules], staged value by value"""
        self.rules = merged(self.rules, step["stage_rules"])
        changed = compile_terms(rulebook_of(self.given["rulebook"], self.rules), self.contracts, room=self.shape)
        staged = view_terms(self.engine.state.staged, self.shape)
        for cell, value in change_terms(staged, changed.terms):
            self.send(StageTerm(self.time_ns, cell, value))

    def do_stage_term(self, step: Mapping[str, Any]) -> None:
        """{ stage_term = "quanta_per_lot_tick", table = "contracts", row = 0, value = 7 }: a value no rulebook would give"""
        views = view_terms(np.arange(len(self.engine.state.cells), dtype=np.int64), self.shape)
        cell = int(getattr(views, step["table"])[step["row"]][step["stage_term"]])
        self.send(StageTerm(self.time_ns, cell, step["value"]))

    def do_enact(self, step: Mapping[str, Any]) -> None:
        """{ enact = 2 }: the staged rules bind as this version"""
        self.send(EnactTerms(self.time_ns, step["enact"]))

    # ---- what is expected

    def expect_account(self, step: Mapping[str, Any]) -> None:
        """{ expect_account = "anna", status = "distressed", equity = 5.0, requirement = 4.0, initial = 8.0, wallet = 10.0,
        position = -1.0, leverage = 5, holding = 0.5 }"""
        state = self.engine.state
        account = self.account(step["expect_account"])
        row = plain(find_position)(state, account, self.market(step))
        got: dict[str, Any] = {
            "status": Status(int(state.accounts[account].status)).name.lower(),
            "wallet": money(int(state.accounts[account].wallet_quanta)),
            "position": f"{(0 if row < 0 else int(state.positions[row].lots)) * LOT:f}",
            "leverage": 0 if row < 0 else int(state.positions[row].leverage),
            "shares": int(state.accounts[account].vault_shares),
        }
        for level, words in (
            (Level.MAINTENANCE, ("equity", "requirement")),
            (Level.INITIAL, ("initial_equity", "initial")),
        ):
            answers = np.zeros((1, 4), dtype=np.int64)
            assess_accounts(state, int(level), np.array([account], dtype=np.int64), answers)
            got.update(zip(words, (money(int(answers[0, 0])), money(int(answers[0, 1]))), strict=True))
        if "holding" in step:
            asset = step.get("asset", self.bases[0])
            found = plain(find_holding)(state, account, self.assets[asset])
            amount = 0 if found < 0 else int(state.holdings[found].amount_quanta)
            got["holding"] = f"{Decimal(amount).scaleb(-self.decimals[asset]):f}"
        wanted = {key: value for key, value in step.items() if key not in {"expect_account", "of", "asset"}}
        self.compare(wanted, got)

    def expect_order(self, step: Mapping[str, Any]) -> None:
        """{ expect_order = "anna", size = -1.0, limit = 90.0 }: what the liquidation engine has in the market; 0 is none"""
        state = self.engine.state
        row = plain(find_position)(state, self.account(step["expect_order"]), self.market(step))
        orders = NONE if row < 0 else int(state.positions[row].orders)
        lots = 0 if orders < 0 else -int(state.orders[orders].ordered_lots)
        limit = 0 if orders < 0 else int(state.orders[orders].limit_ticks)
        got = {"size": f"{lots * LOT:f}", "limit": f"{limit * TICK:f}"}
        self.compare({key: value for key, value in step.items() if key in got}, got)

    def expect_market(self, step: Mapping[str, Any]) -> None:
        """{ expect_market = "BTC", mark = 95.0, mode = "halted", open_interest = 2.0 }"""
        market = self.engine.state.instruments[self.bases.index(step["expect_market"])]
        got = {
            "mark": f"{int(market.mark_ticks) * TICK:f}",
            "mode": Mode(int(market.mode)).name.lower(),
            "open_interest": f"{int(market.open_interest_lots) * LOT:f}",
        }
        self.compare({key: value for key, value in step.items() if key in got}, got)

    def expect_funds(self, step: Mapping[str, Any]) -> None:
        """{ expect_funds = { market_fund = 1.0, fees = 0.1 } }"""
        wallets = self.engine.state.accounts.wallet_quanta
        self.compare(step["expect_funds"], {name: money(int(wallets[row])) for name, row in self.numbers.items()})

    def expect_venue(self, step: Mapping[str, Any]) -> None:
        """{ expect_venue = { open_deficit = 0, queue = ["anna"], version = 2 } }"""
        venue = self.engine.state.venue[0]
        names = {number: name for name, number in self.numbers.items()}
        got = {
            "open_deficit": money(int(venue.open_deficit_quanta)),
            "queue": [names[int(account)] for account in queued_accounts(self.engine.state)],
            "version": int(venue.terms_version),
            "vault_shares": int(self.engine.state.vaults[0].shares),
        }
        self.compare(step["expect_venue"], got)

    def expect_paid(self, step: Mapping[str, Any]) -> None:
        """{ expect_paid = { market_fund = 12.5, adl = 3.0 } }: all that was drawn since it was last asked, layer by layer"""
        paid: Counter[str] = Counter()
        for event in self.since():
            if event.kind == EventKind.TRANCHE_DRAWN:
                paid[Tranche(int(event.tranche)).name.lower()] += int(event.amount_quanta)
        self.compare(step["expect_paid"], {name: money(amount) for name, amount in paid.items()}, exactly=True)
        self.told_from = len(self.events)

    def expect_paid_by(self, step: Mapping[str, Any]) -> None:
        """{ expect_paid_by = { ben = 1.0 } }: who paid, since `expect_paid` was last asked"""
        names = {number: name for name, number in self.numbers.items()}
        paid: Counter[str] = Counter()
        for event in self.since():
            if event.kind == EventKind.TRANCHE_DRAWN:
                paid[names[int(event.counterparty)]] += int(event.amount_quanta)
        self.compare(step["expect_paid_by"], {name: money(amount) for name, amount in paid.items()}, exactly=True)

    def expect_told(self, step: Mapping[str, Any]) -> None:
        """{ expect_told = ["mark_moved", "account_flagged"] }: everything the last command told, in order"""
        got = [EventKind(int(kind)).name.lower() for kind in self.last.kind]
        if got != step["expect_told"]:
            self.fail(step["expect_told"], got)

    def expect_event(self, step: Mapping[str, Any]) -> None:
        """{ expect_event = "penalty_charged", who = "anna", with = "maker", amount = 0.5, size = 1.0, at = 95.0 }"""
        kind = EventKind[step["expect_event"].upper()]
        found = [self.in_words(event) for event in self.last if event.kind == kind]
        wanted = {key: value for key, value in step.items() if key not in MODIFIERS | {"expect_event"}}
        if not any(all(same(words.get(key), value) for key, value in wanted.items()) for words in found):
            self.fail(wanted, found or "no such event")

    # ---- how it is played

    def since(self) -> list[Any]:
        return [event for batch in self.events[self.told_from :] for event in batch]

    def all_events(self) -> np.ndarray:
        return np.concatenate(self.events)

    def send(self, command: Command) -> None:
        """One command, and the laws after it."""
        self.time_ns += SECOND
        told = self.engine.submit([command])
        self.events.append(told)
        self.last = told
        if (balance := imbalances(self.engine.state)) != (0, 0, 0):
            self.fail("money and lots balance", balance)

    def play(self, steps: Sequence[Mapping[str, Any]]) -> "Story":
        """All steps in order."""
        for number, step in enumerate(steps, start=1):
            self.where = f"step {number} {toml(step)}"
            verb = next(iter(step))
            if verb.startswith("expect_"):
                getattr(self, verb)(step)
            else:
                self.time_ns += seconds(step["after"]) - SECOND if "after" in step else 0
                getattr(self, f"do_{verb}")(step)
                self.check_refusal(step.get("refused"))
        return self

    def check_refusal(self, wanted: str | None) -> None:
        got = [
            Refusal(int(event.refusal)).name.lower() for event in self.last if event.kind == EventKind.COMMAND_REFUSED
        ]
        if got != ([wanted] if wanted else []):
            self.fail(f"refused as {wanted}" if wanted else "accepted", f"refused as {got[0]}" if got else "accepted")

    def compare(self, wanted: Mapping[str, Any], got: Mapping[str, Any], *, exactly: bool = False) -> None:
        unknown = set(wanted) - set(got) if not exactly else set()
        assert not unknown, f"{self.where}: nothing is called {unknown}; there are {', '.join(got)}"
        keys = set(wanted) | (set(got) if exactly else set())
        wrong = {key for key in keys if not same(got.get(key, 0), wanted.get(key, 0))}
        if wrong:
            self.fail({key: str(wanted.get(key, 0)) for key in wrong}, {key: str(got.get(key, 0)) for key in wrong})

    def in_words(self, event: Any) -> dict[str, Any]:
        """An event in the words cases use; what is zero is left out."""
        names = {number: name for name, number in self.numbers.items()}
        words: dict[str, Any] = {"told": EventKind(int(event.kind)).name.lower()}
        if event.refusal:
            words["reason"] = Refusal(int(event.refusal)).name.lower()
        for word, column in (("who", event.account), ("with", event.counterparty)):
            if column:
                words[word] = names.get(int(column), int(column))
        for word, column, unit in (("size", event.lots, LOT), ("at", event.price_ticks, TICK)):
            if column:
                words[word] = f"{int(column) * unit:f}"
        for word in ("amount", "fee", "equity", "requirement"):
            if event[f"{word}_quanta"]:
                words[word] = money(int(event[f"{word}_quanta"]))
        if event.kind == EventKind.TRANCHE_DRAWN:
            words["layer"] = Tranche(int(event.tranche)).name.lower()
        if event.kind == EventKind.MODE_CHANGED:
            words["mode"] = Mode(int(event.mode)).name.lower()
        for word in ("stage", "value", "shares"):
            if event[word]:
                words[word] = int(event[word])
        return words

    def fail(self, wanted: Any, got: Any) -> None:
        told = "\n".join(f"    {self.in_words(event)}" for batch in self.events[-6:] for event in batch)
        raise CaseFailed(f"{self.title}\n  {self.where}\n  expected {wanted}\n  got      {got}\n  last events\n{told}")


NONE = -1


def seconds(text: str) -> int:
    """ "31 s" or "5 min" in nanoseconds."""
    count, unit = text.split()
    return int(Fraction(count) * {"ms": SECOND // 1000, "s": SECOND, "min": 60 * SECOND, "h": 3600 * SECOND}[unit])


def same(got: Any, wanted: Any) -> bool:
    """Equal as words, or as numbers; ">= 5" and "<= 5" are bounds."""
    if isinstance(wanted, str) and wanted[:3] in (">= ", "<= "):
        higher, lower = (got, wanted[3:]) if wanted[0] == ">" else (wanted[3:], got)
        return Decimal(higher) >= Decimal(lower)
    if isinstance(wanted, int | Decimal) and not isinstance(wanted, bool):
        return got is not None and Decimal(str(got)) == Decimal(wanted)
    return bool(got == wanted)


def read_case(file: Path) -> dict[str, Any]:
    """The document of a case; decimals stay decimals."""
    return tomllib.loads(file.read_text(encoding="utf-8"), parse_float=Decimal)


@cache
def played(file: Path) -> Story:
    """The case, played to its end. Raises CaseFailed."""
    document = read_case(file)
    return Story(document).play(document["story"]["steps"])


def digests() -> dict[str, str]:
    """Code of every case that holds -> fingerprint of the venue at its end."""
    found = {}
    for file in CASES:
        with contextlib.suppress(CaseFailed):
            found[read_case(file)["title"][:7]] = played(file).engine.digest()
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(digests()))
