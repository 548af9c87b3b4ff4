"""The end of a market explains itself: what an option paid, and every movement of the wallets it ended in."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from solvent.codes import SystemAccount
from solvent.commands import CommandKind, pack
from solvent.engine.engine import Engine, Genesis
from solvent.engine.explain import Node, explain_account, explain_charges
from solvent.lab.campaign import ended
from solvent.lab.campaign.directed import Telling
from solvent.state.terms import Terms


def recorded(story: str, terms: Terms, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """The commands of a story, as records."""
    told: list[np.ndarray] = []
    play = Telling.play

    def keep(self: Telling, command: object) -> object:
        told.append(pack([command]))  # type: ignore[list-item]
        return play(self, command)

    monkeypatch.setattr(Telling, "play", keep)
    monkeypatch.setattr(ended, "option_terms", lambda: terms)
    getattr(ended, story)()
    return np.concatenate(told)


def labels(node: Node) -> Iterator[str]:
    yield node.label
    for child in node.children:
        yield from labels(child)


def test_what_an_option_paid_adds_up_to_the_change_of_every_wallet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terms = ended.option_terms()
    records = recorded("expiring_options", terms, monkeypatch)
    place = tmp_path / "venue"
    with Engine.create(place, Genesis.of(terms, ["BTC", "CALL", "PUT", "COIN"], {})) as engine:
        for record in records:
            engine.submit(np.array([record]).view(np.recarray))
        wallets = engine.state.accounts.wallet_quanta.copy()
    first = SystemAccount.MARKET_FUNDS + 4
    for account in (*range(first, first + 4), *range(SystemAccount.MARKET_FUNDS, first)):
        trees = explain_charges(place, account)
        assert sum(tree.value or 0 for tree in trees if tree.unit == "quanta") == wallets[account]
    assert "CALL: settled, the market has ended" in [tree.label for tree in explain_charges(place, first)]


def test_a_writer_is_told_the_shares_he_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    terms = ended.option_terms()
    records = recorded("expiring_options", terms, monkeypatch)
    place = tmp_path / "venue"
    with Engine.create(place, Genesis.of(terms, ["BTC", "CALL", "PUT", "COIN"], {})) as engine:
        for record in records:
            if record["kind"] == CommandKind.SETTLE_MARKET and record["time_ns"] >= ended.EXPIRY_NS:
                break
            engine.submit(np.array([record]).view(np.recarray))
        tree = explain_account(engine, SystemAccount.MARKET_FUNDS + 5)
    told = list(labels(tree))
    assert "CALL: requirement" in told
    assert "underlying, BTC" in told
