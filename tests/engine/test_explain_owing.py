"""A debt explains itself: what it counts for, what it was charged, what it cost to buy back."""

from decimal import Decimal
from pathlib import Path

from solvent.codes import AccountKind, SystemAccount
from solvent.commands import (
    AccrueInterest,
    Advance,
    CoverDebt,
    Deposit,
    ListInstrument,
    OpenAccount,
    PriceReport,
    Withdraw,
)
from solvent.engine.answers import answers_of
from solvent.engine.engine import Engine, Genesis
from solvent.engine.explain import Node, explain_account, explain_charges
from solvent.events import EventKind
from solvent.rulebook.compile import compile_terms
from solvent.rulebook.contracts import Contract, Feed
from solvent.rulebook.document import parse_rulebook

SECOND = 10**9
DAY = 86_400 * SECOND
START = 1_700_000_000 * SECOND
LENDER = int(SystemAccount.MARKET_FUNDS) + 1
DEBTOR = LENDER + 1
SOUND = (Path(__file__).parents[1] / "rulebook" / "sound.toml").read_text(encoding="utf-8")
OWED = """
[collateral.borrow]
limit = "2"
maintenance_ppm = 1100000
initial_ppm = 1200000
[borrow]
kind = "kink"
optimal_ppm = 500000
base_ppm_per_year = 100000
above_ppm_per_year = 1000000
"""


def lending_venue(directory: Path) -> Engine:
    """One coin of two owed for a day."""
    text = SOUND.replace("[[margin.schedule]]", f"{OWED}[[margin.schedule]]", 1)
    rules = parse_rulebook(text, "lending")
    feeds = (Feed("book", "spot"),)
    contract = Contract("BTC", "BTC", Decimal("0.0001"), Decimal("0.1"), Decimal(1_000_000), Decimal(10_000), feeds)
    compiled = compile_terms(rules, [contract])
    documents = {"rulebook": rules.text, "rulebook_name": rules.name}
    engine = Engine.create(directory, Genesis.of(compiled.terms, compiled.symbols, documents))
    told = engine.submit(
        [
            ListInstrument(START, 0),
            PriceReport(START, 0, 0, 600_000, START),
            *(OpenAccount(START, account, account, AccountKind.CROSS) for account in (LENDER, DEBTOR)),
            Deposit(START, LENDER, 2 * 10**8, 1),
            Deposit(START, DEBTOR, 100_000 * 10**6),
            Withdraw(START, DEBTOR, 10**8, 1),
            AccrueInterest(START + DAY, 1),
        ]
    )
    assert EventKind.COMMAND_REFUSED not in told.kind
    return engine


def texts(tree: Node) -> str:
    return " ".join((tree.label, tree.rule, *(texts(part) for part in tree.children)))


def test_a_debt_is_a_part_of_the_equity(tmp_path: Path) -> None:
    engine = lending_venue(tmp_path / "venue")
    told = texts(explain_account(engine, DEBTOR))
    assert "BTC: owed" in told
    assert "liability weight" in told
    equity = answers_of(engine, DEBTOR).levels[1].equity_quanta
    owed = -int(engine.state.holdings.amount_quanta[1])
    assert owed == 10**8 + 27_398, "one coin and a day at 10 % a year, rounded up"
    assert equity == 100_000 * 10**6 - owed * 660, "at 60,000 a coin, times 1.1"
    engine.close()


def test_interest_and_buying_back_are_charges_that_explain_themselves(tmp_path: Path) -> None:
    engine = lending_venue(tmp_path / "venue")
    at = START + DAY
    engine.submit([PriceReport(at + k * SECOND, 0, 0, 600_000 + 60_000 * k, at + k * SECOND) for k in range(1, 7)])
    told = engine.submit([Advance(at + 10 * SECOND, 5)])
    order = told[told.kind == EventKind.DEBT_ORDERED][0]
    bought = CoverDebt(at + 11 * SECOND, DEBTOR, 1, int(order.amount_quanta), 97_000 * 10**6, int(order.reference))
    told = engine.submit([bought])
    assert EventKind.DEBT_COVERED in told.kind
    engine.close()
    told = " ".join(map(texts, explain_charges(tmp_path / "venue", DEBTOR)))
    assert "interest on BTC owed" in told
    assert "cost of BTC bought back" in told
