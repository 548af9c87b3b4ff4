"""What a command met, in words that can be counted: a campaign that met too little has shown too little."""

from collections.abc import Iterator
from typing import Any

from solvent.codes import Condition, Mode, PriceLimit, Refusal, Size, SystemAccount, Tranche
from solvent.commands import Advance, Command, PriceReport
from solvent.events import EventKind
from solvent.lab.driver.setting import Setting


def met(world: Setting, command: Command, events: Any) -> Iterator[str]:
    """Names of what one command and its events have reached."""
    yield f"command {command.kind.name}"
    for event in events:
        kind = EventKind(int(event["kind"]))
        yield f"event {kind.name}"
        if kind == EventKind.COMMAND_REFUSED:
            yield f"refusal {Refusal(int(event['refusal'])).name}"
        elif kind == EventKind.TRANCHE_DRAWN:
            by_price = event["account"] == event["counterparty"]
            yield f"tranche {Tranche(int(event['tranche'])).name}{' by price' if by_price else ''}"
        elif kind == EventKind.MARK_CLAMPED:
            yield f"clamped by {'anchor' if event['guard'] == 1 else 'own band'}"
        elif kind == EventKind.PRICE_CONDITION_CHANGED:
            for condition in Condition:
                if event["value"] >> condition & 1:
                    yield f"condition {condition.name}"
        elif kind == EventKind.MODE_CHANGED:
            by = "breaker" if command.kind in (PriceReport.kind, Advance.kind) else "other"
            yield f"mode {Mode(int(event['mode'])).name} by {by}"
        elif kind == EventKind.LIQUIDATION_ORDERED:
            stage = world.books.rules.stages[int(event["stage"])]
            yield f"size {Size(stage['sizing']).name}"
            yield f"limit {PriceLimit(stage['price_limit']).name}"
            yield "executor ENGINE"
        elif kind == EventKind.POSITION_TAKEN_OVER:
            yield "executor BACKSTOP_VAULT"
        elif kind == EventKind.POSITION_DELEVERAGED:
            yield "executor ADL"
        elif kind == EventKind.ACCOUNT_FLAGGED and event["account"] == SystemAccount.VAULT:
            yield "vault default"
