"""What the rules, markets, assets and accounts are called, from the documents the venue started from."""

from __future__ import annotations

from typing import Any, final

from solvent.codes import (
    Level,
    SystemAccount,
    Tranche,
)
from solvent.engine.engine import Genesis
from solvent.rulebook.compile.loss import TRANCHES
from solvent.rulebook.document import Rulebook, RulebookError, parse_rulebook


@final
class Rules:
    """Names of things, from the documents the venue started from; plain numbers where there are none."""

    def __init__(self, genesis: Genesis) -> None:
        self.symbols = genesis.symbols
        self.name = genesis.documents.get("rulebook_name", "rulebook")
        self.book: Rulebook | None = None
        text = genesis.documents.get("rulebook")
        if text is not None:
            try:
                self.book = parse_rulebook(text, self.name, template=True)
            except RulebookError:
                self.book = None  # a text of another schema explains nothing, and the terms are in the state

    def symbol(self, instrument: int) -> str:
        """What the market is called."""
        return self.symbols[instrument] if 0 <= instrument < len(self.symbols) else f"instrument {instrument}"

    def asset(self, asset: int) -> str:
        """What the collateral is called."""
        if self.book is not None and asset < len(self.book.collateral):
            return self.book.collateral[asset].asset
        return "the settlement currency" if asset == 0 else f"asset {asset}"

    def unit(self, asset: int) -> str:
        """The unit an amount of an asset has."""
        return "quanta" if asset == 0 else f"quanta of {self.asset(asset)}"

    def stage(self, row: int) -> str:
        """The stage as the rulebook calls it."""
        if self.book is not None and 0 <= row < len(self.book.stages):
            return self.book.stages[row].id
        return str(row)

    def stage_source(self, row: int) -> str:
        """Where the stage stands."""
        return f"{self.name}, liquidation.stage {self.stage(row)}"

    def level_source(self, level: int) -> str:
        """Where the level stands."""
        name = Level(level).name.lower()
        found = [item for item in self.book.levels if item.name == name] if self.book is not None else []
        return f"{self.name}, margin.level {name}" + (f", schedule {found[0].of}" if found else "")

    def tranche_source(self, tranche: int) -> str:
        """Where the layer of the waterfall stands."""
        if self.book is not None:
            for row, loss in enumerate(self.book.losses):
                if TRANCHES.get((loss.kind, loss.scope)) == tranche:
                    return f"{self.name}, loss.stage {row + 1} {loss.kind} {loss.scope}".rstrip()
        return f"{self.name}, loss tranche {words(Tranche(tranche))}"


def words(code: Any) -> str:
    """A code in lower-case words."""
    return str(code.name).lower().replace("_", " ")


def account_name(account: int, system: bool) -> str:
    """How an account is called in a sentence."""
    if not system:
        return f"account {account}"
    if account >= SystemAccount.MARKET_FUNDS:
        return f"fund of market {account - SystemAccount.MARKET_FUNDS}"
    names = {int(row): words(row) for row in SystemAccount}
    return names.get(account, f"system account {account}")
