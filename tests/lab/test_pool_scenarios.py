"""JELLY and POPCAT against one vault for everything, and against ring-fenced pools with limits: lost there, held here.

Sizes and prices are the ones of the incidents (solvent.lab.incidents); the book is left out, so that what the backstop
takes is all that is tested. Every command is followed by the auditor.
"""

from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np

from solvent.codes import Level, SystemAccount
from solvent.commands import (
    Advance,
    ContributeFund,
    Deposit,
    ListInstrument,
    OpenAccount,
    OpenPool,
    PriceReport,
    Trade,
)
from solvent.lab.campaign.directed import Telling
from solvent.lab.incident import rulebook_then
from solvent.rulebook.compile import compile_terms
from solvent.rulebook.contracts import Contract, Feed
from solvent.rulebook.document import parse_rulebook
from solvent.units import NANOSECONDS_PER_MILLISECOND

MILLION = 10**12
STEP_NS = 60_000 * NANOSECONDS_PER_MILLISECOND
FENCED = """
[[pools.pool]]
id = "thin"
markets = ["THIN"]
market_cap = "500000"
market_hour_cap = "500000"
notice_ms = 86400000
"""


class Story(NamedTuple):
    """A thin market: lots of the position (short below zero), prices in ticks, deposits and vault in millions."""

    lots: int
    prices: tuple[int, ...]
    attacker: float
    others: float
    vault: int
    leverage: str


JELLY = Story(-398_000, (950, 980, 1_120, 1_250, 2_000, 3_000, 4_300), 1.1, 2.5, 230, "vault_first")
POPCAT = Story(121_400, (21_000, 19_500, 18_000, 16_000, 14_500), 2.98, 30.0, 400, "vault_first_10x")


def told(story: Story, fenced: bool, lot: str) -> tuple[Telling, int, int]:
    """The story on a rulebook without limits, or the same with a pool of its own; (it, the vault's account, the pool's)."""
    base = rulebook_then(story.leverage)
    rules = parse_rulebook(base.text + FENCED, "fenced") if fenced else base
    feeds = (Feed("own", "mark"),)
    contract = Contract("THIN/USDC:USDC", "THIN", Decimal(lot), Decimal("0.00001"), Decimal(5), Decimal(10**9), feeds)
    telling = Telling(compile_terms(rules, [contract]).terms)
    first = SystemAccount.MARKET_FUNDS + 1
    attacker, winner, pool = first, first + 1, first + 2
    telling.play(ListInstrument(telling.time, 0))
    source = int(np.flatnonzero(telling.machine.state.feeds.weight[:16])[0])

    def price(ticks: int) -> None:
        telling.time += STEP_NS
        telling.play(PriceReport(telling.time, 0, source, ticks, telling.time))

    price(story.prices[0])
    for account, amount in ((attacker, story.attacker), (winner, story.others)):
        telling.play(OpenAccount(telling.time, account, account, 1))
        telling.play(Deposit(telling.time, account, int(amount * MILLION)))
    telling.play(ContributeFund(telling.time, SystemAccount.VAULT, story.vault * MILLION))
    if fenced:
        telling.play(OpenPool(telling.time, pool, 1))
        telling.play(ContributeFund(telling.time, pool, MILLION))
    buyer, seller = (attacker, winner) if story.lots > 0 else (winner, attacker)
    events = telling.play(Trade(telling.time, buyer, seller, 0, abs(story.lots), story.prices[0]))
    assert not events["refusal"].any()
    for ticks in story.prices[1:]:
        price(ticks)
        for _visit in range(3):
            telling.time += STEP_NS
            telling.play(Advance(telling.time, 10))
    return telling, int(SystemAccount.VAULT), pool


def equity(telling: Telling, account: int) -> int:
    """What an account is worth at the marks, in the auditor's books."""
    return int(telling.auditor.books.equity(account, Level.MAINTENANCE))


def lost(story: Story, lot: str) -> dict[str, Any]:
    """What the vault lost without limits, and with a pool of its own for the market."""
    plain, vault, _none = told(story, False, lot)
    fenced, _vault, pool = told(story, True, lot)
    return {
        "vault then": story.vault * MILLION - equity(plain, vault),
        "vault now": story.vault * MILLION - equity(fenced, vault),
        "pool now": MILLION - equity(fenced, pool),
        "deficit now": fenced.auditor.books.open_deficit,
        "limited": fenced.reach["event TAKEOVER_LIMITED"],
    }


def test_jelly_is_lost_by_one_vault_and_held_by_a_fence() -> None:
    outcome = lost(JELLY, "1000")
    assert 11 * MILLION < outcome["vault then"] < 14 * MILLION
    assert outcome["vault now"] == 0
    assert outcome["pool now"] <= MILLION
    assert outcome["deficit now"] == 0
    assert outcome["limited"] > 0


def test_popcat_is_lost_by_one_vault_and_held_by_a_fence() -> None:
    outcome = lost(POPCAT, "1000")
    assert outcome["vault then"] > 3 * MILLION
    assert outcome["vault now"] == 0
    assert outcome["pool now"] <= MILLION
    assert outcome["deficit now"] == 0
    assert outcome["limited"] > 0
