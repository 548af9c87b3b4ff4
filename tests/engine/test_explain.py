"""Numbers explain themselves: sums add up, formulas give their number, nothing that moved a wallet is left out."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from functools import cache
from math import ceil, floor
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pytest

from solvent.cli.explain import explain
from solvent.codes import AccountKind, Level, Mode, Refusal, SystemAccount
from solvent.commands import (
    Advance,
    Command,
    ContributeFund,
    Deposit,
    FundingTick,
    JoinVault,
    LeaveVault,
    LiquidationFill,
    ListInstrument,
    OpenAccount,
    PriceReport,
    ReserveOrder,
    SetLeverage,
    SetMode,
    Trade,
    TransferMargin,
    Withdraw,
)
from solvent.engine.engine import Engine, Genesis
from solvent.engine.explain import Judged, Node, NotExplainable, Sheet, explain_account, explain_charges
from solvent.engine.faults import DirectoryUnusable
from solvent.events import EventKind
from solvent.procedures.assess import assess_accounts
from solvent.rulebook.compile import compile_terms
from solvent.rulebook.contracts import Contract, Feed
from solvent.rulebook.document import Rulebook, parse_rulebook, read_rulebook
from solvent.units import FUNDING_SCALE, PPM

SECOND = 10**9
USD = 10**6
FIRST = int(SystemAccount.MARKET_FUNDS) + 2
LONG, WINNER, OTHER, MAKER, SMALL, SPARE = range(FIRST, FIRST + 6)
FUND, VAULT, DEFICIT = int(SystemAccount.MARKET_FUNDS), int(SystemAccount.VAULT), int(SystemAccount.DEFICIT)
MEMBERS = (int(SystemAccount.VENUE_FUND), VAULT, DEFICIT, FUND, *range(FIRST, FIRST + 6))
BTC, ETH = 0, 1


class Story(NamedTuple):
    """A journal and what its engine told."""

    directory: Path
    events: Any
    sequence: int


class Venue:
    """An engine with a journal, and a clock that moves far enough for no breaker to mind."""

    def __init__(self, directory: Path, rules: Rulebook) -> None:
        feeds = (Feed("book", "spot"),)
        contracts = [
            Contract("BTC", "BTC", Decimal("0.0001"), Decimal("0.1"), Decimal(1_000_000), Decimal(10_000), feeds),
            Contract("ETH", "ETH", Decimal("0.001"), Decimal("0.01"), Decimal(100_000), Decimal(100_000), feeds),
        ]
        compiled = compile_terms(rules, contracts)
        documents = {"rulebook": rules.text, "rulebook_name": rules.name}
        self.engine = Engine.create(directory, Genesis.of(compiled.terms, compiled.symbols, documents))
        self.directory = directory
        self.now = SECOND
        self.told: list[np.ndarray] = []

    def do(self, *commands: Command) -> Any:
        """The events of commands, none of which may be refused."""
        events = self.engine.submit(list(commands))
        refused = events[events.kind == EventKind.COMMAND_REFUSED]
        assert len(refused) == 0, [Refusal(int(event.refusal)) for event in refused]
        self.told.append(events)
        return events

    def later(self) -> int:
        self.now += 1_000 * SECOND
        return self.now

    def price(self, instrument: int, ticks: int) -> list[int]:
        """The accounts a price flags."""
        at = self.later()
        told = self.do(PriceReport(at, instrument, 0, ticks, at))
        return [int(account) for account in told.account[told.kind == EventKind.ACCOUNT_FLAGGED]]

    def advance(self) -> Any:
        return self.do(Advance(self.later(), 10))

    def fill(self, ordered: Any, account: int, lots: int, price_ticks: int) -> None:
        order = ordered[(ordered.kind == EventKind.LIQUIDATION_ORDERED) & (ordered.account == account)][0]
        fill = LiquidationFill(self.now, account, MAKER, int(order.instrument), lots, price_ticks, int(order.reference))
        self.do(fill)

    def close(self) -> Story:
        sequence = self.engine.sequence
        self.engine.close()
        return Story(self.directory, np.concatenate(self.told).view(np.recarray), sequence)


def opened(directory: Path, rules: Rulebook) -> Venue:
    """Six traders, a vault, a fund, and a long of 10 BTC whose sellers are two of them."""
    venue = Venue(directory, rules)
    at = venue.now
    venue.do(ListInstrument(at, BTC), ListInstrument(at, ETH))
    venue.price(BTC, 600_000)
    venue.price(ETH, 300_000)
    at = venue.now
    money = {LONG: 20_000, WINNER: 300_000, OTHER: 60_000, MAKER: 900_000, SMALL: 4_000, SPARE: 100_000}
    for account, amount in money.items():
        kind = AccountKind.ISOLATED if account == SPARE else AccountKind.CROSS
        owner = MAKER if account == SPARE else account
        venue.do(OpenAccount(at, account, owner, kind), Deposit(at, account, amount * USD))
    venue.do(
        ContributeFund(at, FUND, 500 * USD),
        JoinVault(at, MAKER, 40_000 * USD),
        TransferMargin(at, MAKER, SPARE, 1_000 * USD),
        SetLeverage(at, WINNER, BTC, 10),
        Trade(at, LONG, WINNER, BTC, 66_667, 600_000, 12 * USD, -3 * USD),
        Trade(at, LONG, OTHER, BTC, 33_333, 600_001, 6 * USD, 0),
        Trade(at, SMALL, MAKER, ETH, 30_000, 300_000, 1, 0),
        ReserveOrder(at, WINNER, ETH, 5_000, 301_000),
        ReserveOrder(at, WINNER, ETH, -7_000, 299_500),
        ReserveOrder(at, WINNER, BTC, -1_000, 601_000),
        FundingTick(at, BTC, 12_345),
        FundingTick(at, BTC, -2_000),
        FundingTick(at, ETH, 777),
    )
    return venue


def patient(text: str, name: str = "solvent") -> Rulebook:
    """Rules for a story told in steps of a quarter of an hour: no price grows too old, no clock jumps too far."""
    guards = re.compile(r"^guards = \[.*?^\]", re.MULTILINE | re.DOTALL)
    loose = 'guards = [{ kind = "max_step", ppm = 100000 }, { kind = "max_age", ms = 45000 }, { kind = "future", ms = 2000 }]'
    tables = re.compile(r"^\[\[(?:price\.condition|breakers\.breaker)\]\]\n(?:[^\[\n].*\n)*", re.MULTILINE)
    dynamic = re.compile(r"^\[dynamic\]\n(?:[^\[\n].*\n)*", re.MULTILINE)
    # members leave inside the story, the vault takes all it is offered, and the caps have grown to their size
    at_once = text.replace("notice_ms = 86400000", "notice_ms = 0").replace("concentration_ppm = 2000000", "")
    at_once = re.sub(r"^ramp_.*\n", "", at_once, flags=re.MULTILINE)
    return parse_rulebook(dynamic.sub("", tables.sub("", guards.sub(loose, at_once, count=1))), name)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Our rules: collateral, a close-out with its penalty, a takeover, deleveraging pro rata and a shared loss."""
    venue = opened(tmp_path_factory.mktemp("house") / "journal", patient(read_rulebook("solvent").text))
    at = venue.now
    venue.do(
        Deposit(at, WINNER, 50_000_000, 1),
        Withdraw(at, WINNER, 10_000_001, 1),
        Withdraw(at, OTHER, 123 * USD),
        Trade(at, MAKER, LONG, BTC, 700, 600_100, 1, 1),
        Trade(at, SPARE, MAKER, BTC, 350, 600_000, 1, 1),
    )
    assert venue.price(BTC, 585_000) == [LONG]
    venue.fill(venue.advance(), LONG, 2_000, 584_900)
    assert venue.price(ETH, 289_500) == [SMALL]
    venue.advance()
    venue.price(ETH, 288_200)
    venue.advance()
    venue.price(BTC, 560_000)
    venue.advance()
    venue.do(SetMode(venue.now, ETH, Mode.REDUCE_ONLY), LeaveVault(venue.now, MAKER, 5 * USD))
    return venue.close()


@pytest.fixture(scope="module")
def queue(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Hyperliquid's rules: winners close in the order of a score, the vault takes what is left, a deficit opens."""
    venue = opened(tmp_path_factory.mktemp("queue") / "journal", read_rulebook("hyperliquid"))
    assert venue.price(BTC, 586_000) == [LONG]
    venue.fill(venue.advance(), LONG, 5_000, 585_500)
    venue.price(BTC, 560_000)
    venue.advance()
    assert venue.price(ETH, 292_000) == [SMALL]
    venue.advance()
    venue.price(ETH, 290_000)
    venue.advance()
    venue.do(Trade(venue.now, SPARE, MAKER, ETH, 700_000, 290_000))
    assert venue.price(ETH, 281_000) == [SPARE]
    venue.fill(venue.advance(), SPARE, 140_000, 100_000)
    venue.advance()
    venue.do(ContributeFund(venue.now, DEFICIT, 1_000 * USD))
    return venue.close()


@pytest.fixture(scope="module")
def haircut(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Our rules without a limit on liquidation orders: a ruinous fill, and a loss that everybody shares."""
    text = read_rulebook("solvent").text.replace('limit = "bankruptcy"', 'limit = "none"')
    venue = opened(tmp_path_factory.mktemp("haircut") / "journal", patient(text, "ruinous.toml"))
    assert venue.price(BTC, 585_000) == [LONG]
    venue.fill(venue.advance(), LONG, 37_000, 100_000)
    venue.do(Trade(venue.now, SPARE, MAKER, BTC, 37_000, 585_000))
    venue.advance()
    return venue.close()


@pytest.fixture(params=["house", "queue", "haircut"])
def story(request: pytest.FixtureRequest) -> Story:
    """Each of the three."""
    told: Story = request.getfixturevalue(request.param)
    return told


@cache
def charges_of(directory: Path, account: int) -> list[Node]:
    """Everything charged to the account, asked for once."""
    return explain_charges(directory, account)


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it."""
    yield node
    for child in node.children:
        yield from walk(child)


def find(node: Node, label: str) -> Node:
    """The first node of that label."""
    return next(found for found in walk(node) if found.label == label)


def value(node: Node, label: str) -> int:
    """The number of the first node of that label."""
    found = find(node, label).value
    assert found is not None
    return found


def check_numbers(tree: Node) -> int:
    """Sums are sums, and formulas give their number exactly; how many numbers were checked."""
    checked = 0
    for node in walk(tree):
        given = {child.label: child.value or 0 for child in node.children}
        parts = [child.value or 0 for child in node.children]
        exact = None
        if node.adds:
            assert {child.unit for child in node.children} <= {node.unit}
            exact = sum(parts)
        elif "x quanta per lot and tick" in node.rule and "mark -" not in node.rule:
            exact = parts[0] * parts[1] * parts[2]
        elif "/ denominator, rounded up" in node.rule:
            notional, rate = given["notional"], Fraction(given["numerator"], given["denominator"])
            exact = ceil(notional * rate - Fraction(given.get("deduction", 0), given["denominator"]))
        elif node.rule.startswith("the larger of notional / leverage"):
            exact = max(parts)
        elif node.rule == "notional x scale / leverage, rounded up":
            exact = ceil(Fraction(given["notional"] * given["scale"], PPM * given["leverage"]))
        elif node.rule.startswith("lots x (index now"):
            exact = -ceil(Fraction(given["lots"] * (given["index now"] - given["index settled"]), FUNDING_SCALE))
        elif node.rule.startswith("-(lots x change of the index"):
            exact = -ceil(Fraction(parts[0] * parts[1], FUNDING_SCALE))
        elif node.label.endswith(": collateral"):
            amount, mark, multiplier, divisor, weight = parts
            exact = floor(Fraction(floor(Fraction(amount * mark * multiplier, divisor)) * weight, PPM))
        elif node.rule.startswith("the smaller of its gains"):
            exact = max(min(parts[2], parts[0] - parts[1]), 0)
        elif node.rule.startswith("equity - requirement, not below zero"):
            exact = max(parts[0] - parts[1], 0)
        elif node.rule == "means x cap, rounded down":
            exact = floor(Fraction(max(parts[0], 0) * parts[1], PPM))
        elif node.label.startswith("penalty to"):
            whole = ceil(Fraction(given["value closed"] * given["penalty rate"], PPM))
            assert whole == given["uncapped"]
            exact = -max(min(whole, given["equity after closing"], given["equity before closing"]), 0)
        if exact is not None:
            assert node.value == exact, node
            checked += 1
    return checked


def test_every_number_of_an_account_adds_up_and_is_the_machines(story: Story) -> None:
    for sequence in (23, 29, *range(31, story.sequence + 1, 4), story.sequence):
        with Engine.open(story.directory, until=sequence) as engine:
            count = int(engine.state.venue[0].account_count)
            accounts = np.arange(count, dtype=np.int64)
            for account in range(count):
                tree = explain_account(engine, account)
                check_numbers(tree)
                for level in (Level.INITIAL, Level.MAINTENANCE):
                    answers = np.zeros((count, 4), dtype=np.int64)
                    assess_accounts(engine.state, int(level), accounts, answers)
                    told = find(tree, f"level {level.name.lower()}")
                    assert value(told, "equity") == answers[account, 0]
                    assert value(told, "requirement") == answers[account, 1]
                    assert value(told, "headroom") == answers[account, 0] - answers[account, 1]
            whole = engine.digest()
            explain_account(engine, LONG if count > LONG else 0)
            assert engine.digest() == whole, "explaining changes nothing"


def test_an_account_with_everything(house: Story) -> None:
    before = next(int(event.sequence) for event in house.events if event.kind == EventKind.WITHDRAWN)
    tree = explain_account(house.directory, WINNER, before)
    assert check_numbers(tree) > 20
    initial, maintenance = find(tree, "level initial"), find(tree, "level maintenance")
    labels = {node.label for node in walk(initial)}
    assert {"BTC: collateral", "by the leverage chosen", "by the brackets", "open loss of bids", "deduction"} <= labels
    # 5,000 bids at 3010 with the mark at 3000 would lose 50 USD; 7,000 offers at 2995 would lose 35
    assert (value(initial, "open loss of bids"), value(initial, "open loss of offers")) == (50 * USD, 35 * USD)
    assert (value(initial, "weight"), value(maintenance, "weight")) == (900_000, 950_000)
    assert value(initial, "by the leverage chosen") == 67_667 * 600_000
    assert "schedule tiers" in maintenance.source
    assert find(tree, "stage backstop").source.endswith("liquidation.stage backstop")


def test_a_distressed_account_knows_its_place(house: Story) -> None:
    flag, order, *_rest = (
        int(event.sequence)
        for event in house.events
        if event.account == LONG and event.kind in (EventKind.ACCOUNT_FLAGGED, EventKind.LIQUIDATION_ORDERED)
    )
    tree = explain_account(house.directory, LONG, flag)
    assert tree.rule == f"distressed since sequence {flag}, place 1 of 1 in the queue"
    assert find(tree, "status").rule == "distressed"
    assert find(tree, "stage reduce").rule.endswith(": breached")
    assert find(tree, "stage backstop").rule.endswith(": not breached")
    ordered = explain_account(house.directory, LONG, order)
    assert ordered.rule.endswith(f"stage reduce has ordered at sequence {order}")
    limit = find(ordered, "BTC: with the liquidation engine")
    assert (limit.value, limit.children[0].value) == (37_268, 579_884)
    assert explain_account(house.directory, LONG).rule.startswith("sound")


def is_distressed(judged: Judged) -> bool:
    return judged.equity < judged.requirement


def is_bankrupt(judged: Judged) -> bool:
    return judged.equity < 0


def judged_at(sheet: Sheet, instrument: int, mark: int) -> Judged:
    market = sheet.tables.instruments[instrument]
    before = int(market.mark_ticks)
    market.mark_ticks = mark
    judged = sheet.judge(Level.MAINTENANCE)
    market.mark_ticks = before
    return judged


def test_prices_are_where_the_machine_changes_its_mind(story: Story) -> None:
    found = 0
    for sequence in (23, 33, 40):
        with Engine.open(story.directory, until=sequence) as engine:
            for account in range(FIRST, FIRST + 6):
                sheet = Sheet(engine.state, account)
                for row in sheet.positions():
                    instrument, lots = (int(sheet.tables.positions[row][name]) for name in ("instrument", "lots"))
                    if lots == 0:
                        continue
                    prices = find(explain_account(engine, account), f"{('BTC', 'ETH')[instrument]}: prices")
                    price_max = int(engine.state.contracts[instrument].price_max_ticks)
                    for label, is_bad in (("liquidation price", is_distressed), ("bankruptcy price", is_bankrupt)):
                        told = find(prices, label).value
                        ends = [is_bad(judged_at(sheet, instrument, mark)) for mark in (1, price_max)]
                        if told is None:
                            assert ends[0] == ends[1]
                            continue
                        found += 1
                        sound_side = told + (1 if lots > 0 else -1)
                        assert is_bad(judged_at(sheet, instrument, told)), (account, label)
                        assert not is_bad(judged_at(sheet, instrument, sound_side)), (account, label)
    assert found > 10


def test_a_long_paid_in_full_has_no_liquidation_price(house: Story) -> None:
    tree = explain_account(house.directory, SPARE, house.sequence)
    prices = find(tree, "BTC: prices")
    assert find(prices, "liquidation price").value is None
    assert find(prices, "liquidation price").rule.startswith("there is no mark")


@pytest.mark.parametrize("account", MEMBERS)
def test_charges_are_the_whole_change_of_the_wallet(story: Story, account: int) -> None:
    with Engine.open(story.directory, read_only=True) as engine:
        wallet = int(engine.state.accounts[account].wallet_quanta)
    nodes = charges_of(story.directory, account)
    assert sum(node.value or 0 for node in nodes if node.unit == "quanta") == wallet
    for node in nodes:
        check_numbers(node)
        assert node.rule, node.label
        assert re.search(r"sequence \d+$", node.source), node.source


def test_every_event_that_charged_somebody_is_told(story: Story) -> None:
    charged: dict[int, list[tuple[int, int]]] = {account: [] for account in MEMBERS}
    for event in story.events:
        account, other, amount = int(event.account), int(event.counterparty), int(event.amount_quanta)
        sides: list[tuple[int, int]] = []
        if event.kind == EventKind.FUNDING_PAID:
            sides = [(account, -amount)]
        elif event.kind == EventKind.PENALTY_CHARGED or event.kind == EventKind.RESIDUAL_TAKEN:
            sides = [(account, -amount), (other, amount)]
        elif event.kind == EventKind.TRANCHE_DRAWN and account != other:
            sides = [(account, amount), (other, -amount)]
        elif event.kind == EventKind.DEFICIT_OPENED:
            sides = [(account, amount), (DEFICIT, -amount)]
        elif event.kind == EventKind.POSITION_DELEVERAGED:
            sides = [(other, int(event.value))]
        elif event.kind == EventKind.MARGIN_TRANSFERRED:
            sides = [(account, -amount), (other, amount)]
        for side, moved in sides:
            charged[side].append((int(event.sequence), moved))
    assert sum(map(len, charged.values())) > 15
    for account, wanted in charged.items():
        told = [(int(node.source.rpartition(" ")[2]), node.value) for node in charges_of(story.directory, account)]
        for one in wanted:
            told.remove(one)  # each event has a node of its own


def test_why_a_winner_was_chosen_pro_rata(house: Story) -> None:
    node = next(node for node in charges_of(house.directory, WINNER) if "deleveraged" in node.label)
    why = find(node, "why this account")
    assert value(why, "lots to be closed") == 97_300
    assert (value(why, "lots of this account"), value(why, "lots of all winners")) == (66_667, 100_000)
    assert (value(why, "winners"), value(why, "share of all winners")) == (2, 666_670)
    assert value(node, "given up against the mark") == 0
    assert "liquidation.stage adl" in node.source
    loss = next(node for node in charges_of(house.directory, WINNER) if node.label.startswith("loss of"))
    assert loss.label == f"loss of account {LONG} (adl)"
    layers = find(loss, f"shortfall of account {LONG}")
    assert [child.label for child in layers.children] == ["market fund", "liquidity vault", "adl"]
    assert value(loss, "this layer paid") == layers.children[2].value
    assert -(loss.value or 0) <= value(loss, "could bear")


def test_why_a_winner_was_chosen_from_the_queue(queue: Story) -> None:
    whys = {}
    for account in (WINNER, OTHER):
        node = next(node for node in charges_of(queue.directory, account) if "deleveraged" in node.label)
        whys[account] = find(node, "why this account")
        # closed at the mark before the fall: 26,000 ticks, at 10 quanta a lot and tick
        closed = value(find(node, "result of what was closed"), "lots")
        assert value(node, "given up against the mark") == abs(closed) * 260_000
    # 200,000 of notional on 60,000 of equity comes before 400,000 on 300,000
    assert [value(whys[account], "rank") for account in (OTHER, WINNER)] == [1, 2]
    assert value(whys[WINNER], "lots ahead of it") == 33_333
    assert value(whys[OTHER], "score") > value(whys[WINNER], "score")
    met = next(node for node in charges_of(queue.directory, LONG) if node.label.startswith("shortfall met"))
    assert met.value == 0
    assert value(met, "paid by that price") == value(met, f"shortfall of account {LONG}")


def test_a_penalty_shows_its_cap(house: Story) -> None:
    node = next(node for node in charges_of(house.directory, SMALL) if node.label == "penalty to vault")
    assert value(node, "penalty rate") == 5_000
    assert value(node, "uncapped") == 432_300_000 == -(node.value or 0)
    assert value(find(node, "flagged"), "equity") == 849_930_068


def test_pieces_of_a_long_journal_make_no_difference(house: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (explain_charges(house.directory, WINNER, *ends) for ends in ((1, 25), (26, house.sequence)))
    told = [(node.label, node.value) for node in first + second]
    monkeypatch.setattr("solvent.engine.explain.charges.STRETCH_COMMANDS", 4)
    again = explain_charges(house.directory, WINNER)
    assert again == charges_of(house.directory, WINNER)
    assert told == [(node.label, node.value) for node in again]


def test_what_cannot_be_explained_is_a_sentence(house: Story, tmp_path: Path) -> None:
    end = house.sequence
    for ask in (
        lambda: explain_account(house.directory, 99),
        lambda: explain_account(house.directory, -1),
        lambda: explain_account(house.directory, WINNER, end + 1),
        lambda: explain_account(house.directory, WINNER, 6),
        lambda: explain_account(house.directory, WINNER, -1),
        lambda: explain_charges(house.directory, 99),
        lambda: explain_charges(house.directory, int(SystemAccount.FEES)),
        lambda: explain_charges(house.directory, WINNER, 1, end + 1),
        lambda: explain_charges(house.directory, WINNER, 0),
    ):
        with pytest.raises(NotExplainable, match=r"\.$"):
            ask()
    with Engine.open(house.directory, read_only=True) as engine, pytest.raises(NotExplainable, match="directory"):
        explain_account(engine, WINNER, 5)
    with pytest.raises(DirectoryUnusable):
        explain_charges(tmp_path, WINNER)


def test_the_tree_a_person_reads(house: Story, capsys: pytest.CaptureFixture[str]) -> None:
    tree = explain_account(house.directory, OTHER)
    explain(house.directory.parent, OTHER, None, False, False)
    printed = capsys.readouterr().out
    equity = value(find(tree, "level maintenance"), "equity")
    assert f"{equity // USD:,}.{equity % USD:06d} ({equity:,} quanta)" in printed
    price = value(tree, "liquidation price")
    assert f"{price:,} ticks" in printed
    assert "(as above)" in printed
    explain(house.directory, OTHER, None, True, False)
    printed = capsys.readouterr().out
    for charge in explain_charges(house.directory, OTHER):
        if charge.unit == "quanta":
            assert charge.value is not None
            sign, size = "-" if charge.value < 0 else "", abs(charge.value)
            assert f"{sign}{size // USD:,}.{size % USD:06d} ({charge.value:,} quanta)" in printed
    assert "solvent, loss.stage 6 adl" in printed


def test_the_tree_a_program_reads(house: Story, capsys: pytest.CaptureFixture[str]) -> None:
    explain(house.directory, OTHER, 32, False, True)
    assert msgspec.json.decode(capsys.readouterr().out, type=Node) == explain_account(house.directory, OTHER, 32)
    explain(house.directory, OTHER, 32, True, True)
    assert [node["value"] for node in json.loads(capsys.readouterr().out)] == [60_000 * USD, 2_068_979, -123 * USD]


@pytest.mark.parametrize(("account", "sequence", "charges"), [(99, None, False), (OTHER, 999, False), (99, None, True)])
def test_faults_leave_with_two(
    house: Story, capsys: pytest.CaptureFixture[str], account: int, sequence: int | None, charges: bool
) -> None:
    with pytest.raises(SystemExit) as left:
        explain(house.directory, account, sequence, charges, False)
    assert left.value.code == 2
    answer = capsys.readouterr()
    assert answer.out == ""
    assert answer.err.endswith(".\n")


def test_a_folder_without_a_journal_leaves_with_two(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        explain(tmp_path, 10, None, False, False)
    assert left.value.code == 2
    assert "journal" in capsys.readouterr().err
